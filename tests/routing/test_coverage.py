"""Coverage: shares of edges from spans of both directions, without counting twice."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.planning.coverage import by_group, reached_share, soonest
from routing.query.model import Conditions
from routing.query.one_to_many import Span
from tests.routing.maps import NOW, Town


def span(rows):
    table = np.array(rows, float).reshape(-1, 5)
    return Span(table[:, 0].astype(np.int64), *table[:, 1:].T)


PARTS = st.tuples(st.integers(0, 7), st.integers(0, 10), st.integers(0, 10))


@settings(max_examples=100, deadline=None)
@given(st.lists(PARTS, max_size=12))
def test_the_share_is_that_of_the_union(parts):
    rows = [(key, min(a, b) / 10, max(a, b) / 10, 0, 0) for key, a, b in parts]
    covered = np.zeros((4, 10), bool)
    for key, start, stop, *_ in rows:
        first, last = round(start * 10), round(stop * 10)
        if key & 1:
            first, last = 10 - last, 10 - first
        covered[key >> 1, first:last] = True
    assert reached_share(span(rows), 4) == pytest.approx(covered.mean(axis=1))


def test_half_an_edge_is_half_covered_and_its_time_is_that_of_the_near_end():
    roads = {name: {"length_m": 1000.0, "speed_kmh": 60.0} for name in ("AB", "BC")}
    town = Town("A-----B-----C", roads)
    prepared = town.network.prepared(Conditions("car"), NOW)
    (spots,) = town.network.snap(prepared, [town.at("A")])
    found = prepared.span(spots, 90)
    assert reached_share(found, 2) == pytest.approx([1, 0.5], abs=1e-4)
    assert soonest(found, 2) == pytest.approx([0, 60], abs=0.01)


def test_sums_by_group_leave_out_what_is_nowhere():
    covered, whole = by_group(
        np.array([1.0, 0.5, 1.0]), np.array([10.0, 20.0, 40.0]), np.array([0, 1, -1]), 3
    )
    assert covered.tolist() == [10, 10, 0] and whole.tolist() == [10, 20, 0]
