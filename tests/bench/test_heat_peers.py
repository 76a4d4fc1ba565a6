"""What is asked of the peers: our answer is the plain count, and points are sent as they are."""

import numpy as np
import pytest

from bench.heat_peer_data import LEVEL, answer_of, make_seen, to_client
from bench.heat_peer_engines import Ours, where
from bench.heat_peers import busiest
from spatial.geo.zorder import keys_of


@pytest.fixture(scope="module")
def seen():
    return make_seen(20_000, 2_000, 200)


def test_the_cube_answers_as_a_plain_count(seen):
    ours = Ours(seen)
    for z in (7, 10, 13):
        tile = busiest(seen, z)
        inside = seen.asked(tile)
        right = answer_of(seen.key[inside], seen.kind[inside])
        assert 0 < sum(cases + passages for _, cases, passages in right) < len(seen)
        assert ours.ask(tile).answer == right


def test_a_page_is_sent_the_points_of_the_tile(seen):
    tile = busiest(seen, 10)
    inside, sent = seen.asked(tile), to_client(seen, tile)
    size = int(inside.sum())
    assert len(sent) == 9 * size
    lon, lat = np.frombuffer(sent, "<f4", 2 * size).astype(np.float64).reshape(2, -1)
    assert np.array_equal(keys_of(lon, lat, LEVEL), seen.key[inside] >> 4)
    bounds = where(tile)
    assert bounds["west"] <= lon.min() <= lon.max() < bounds["east"]
    assert bounds["first"] <= seen.key[inside].min() <= seen.key[inside].max() < bounds["last"]
