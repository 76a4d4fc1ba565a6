"""Snapping against a look at every segment."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.snap import SnapIndex, metres_per_degree
from tests.routing.maps import edge_id, edges_of, node_id

SPAN = st.tuples(st.floats(120.9, 121.1), st.floats(29.95, 30.05))


@st.composite
def roads(draw):
    lines = draw(st.lists(st.lists(SPAN, min_size=2, max_size=4), min_size=1, max_size=8))
    return [
        {
            "id": edge_id(str(number)),
            "from_node": node_id(f"{number} a"),
            "to_node": node_id(f"{number} b"),
            "length_m": 1.0,
            "shape": [(round(x, 7), round(y, 7)) for x, y in line],
        }
        for number, line in enumerate(lines)
    ]


def distances(edges, lon, lat):
    """Return how far each edge is from a place, in metres."""
    scale = np.array(metres_per_degree(lat))
    found = []
    for edge in range(len(edges)):
        points = (edges.vertices(edge) - (lon, lat)) * scale
        step = points[1:] - points[:-1]
        square = (step * step).sum(axis=1)
        share = -(points[:-1] * step).sum(axis=1) / np.where(square > 0, square, 1)
        near = points[:-1] + step * np.clip(share, 0, 1)[:, None]
        found.append(float(np.hypot(*near.T).min()))
    return np.array(found)


@settings(max_examples=120, deadline=None)
@given(roads(), SPAN, st.sampled_from([60.0, 900.0, 5000.0]), st.data())
def test_the_nearest_usable_edge_is_found(rows, place, most, data):
    edges = edges_of(rows)
    usable = np.array(data.draw(st.lists(st.booleans(), min_size=len(edges), max_size=len(edges))))
    spots = SnapIndex(edges).nearest(*place, lambda e: usable[e], most, 1.0)
    far = np.where(usable, distances(edges, *place), np.inf)
    if far.min() > most:
        assert spots == []
        return
    assert spots[0].distance_m == pytest.approx(far.min(), abs=1e-6)
    assert {s.edge for s in spots} == set(np.flatnonzero(far <= min(far.min() + 1, most)).tolist())
    for spot in spots:
        low, high = edges.shape_start[spot.edge], edges.shape_start[spot.edge + 1]
        assert 0 <= spot.fraction <= 1
        assert low <= spot.vertex < high - 1


@settings(max_examples=60, deadline=None)
@given(roads(), SPAN, SPAN)
def test_a_box_holds_every_edge_that_meets_it(rows, one, other):
    edges = edges_of(rows)
    west, east = sorted([one[0], other[0]])
    south, north = sorted([one[1], other[1]])
    found = set(SnapIndex(edges).in_box(west, south, east, north).tolist())
    for edge in range(len(edges)):
        share = np.linspace(0, 1, 200)[:, None]
        shape = edges.vertices(edge)
        points = np.concatenate([a * (1 - share) + b * share for a, b in pairwise(shape)])
        inside = (points >= (west, south)).all(axis=1) & (points <= (east, north)).all(axis=1)
        assert not inside.any() or edge in found
