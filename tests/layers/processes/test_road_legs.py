"""Legs between hubs: however many there are, all that are near enough and lead somewhere."""

import numpy as np
import pytest

from layers.processes.ports.road_legs import BLOCK, join_near
from routing.multimodal.question import Drives
from spatial.geo.crs import distance_m

MOST_M = 30_000


def world(seed, count):
    rng = np.random.default_rng(seed)
    lon, lat = rng.uniform(118, 122.5, count), rng.uniform(27, 31, count)
    seconds = rng.uniform(60, 9_000, (count, count))
    seconds[rng.random((count, count)) < 0.2] = np.inf
    return lon, lat, Drives(seconds, seconds * 20)


@pytest.mark.parametrize("count", [0, 1, 2, BLOCK, 3 * BLOCK + 7])
def test_legs_are_those_of_the_whole_table(count):
    lon, lat, whole = world(count, count)
    asked = []

    def drives(rows, columns):
        asked.append(len(rows) * len(columns))
        block = np.ix_(rows, columns)
        return Drives(whole.seconds[block], whole.metres[block])

    found = join_near(lon, lat, MOST_M, drives)
    one, other = np.divmod(np.arange(count**2), max(count, 1))
    near = distance_m(lon[one], lat[one], lon[other], lat[other]) <= MOST_M
    near &= (one != other) & np.isfinite(whole.seconds.ravel())
    assert np.array_equal(np.repeat(np.arange(count), np.diff(found.first)), one[near])
    assert np.array_equal(found.to, other[near])
    assert np.array_equal(found.drives.seconds, whole.seconds.ravel()[near])
    assert np.array_equal(found.drives.metres, whole.metres.ravel()[near])
    if count > 2 * BLOCK:
        assert sum(asked) < count**2 / 2
