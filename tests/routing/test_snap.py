"""Snapping against a look at every segment."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from routing.graph.weights import INFINITE
from routing.index.snap import EVERY, SnapIndex, Usable, metres_per_degree
from tests.routing.maps import edge_id, edges_of, node_id

SPAN = st.tuples(st.floats(120.9, 121.1), st.floats(29.95, 30.05))
EARTH = st.tuples(st.floats(-180, 180), st.floats(-89.9, 89.9))
CROWDED = st.tuples(st.integers(0, 6), st.integers(0, 4)).map(
    lambda at: (121 + at[0] * 1e-4, 30 + at[1] * 1e-4)
)
NONE = np.zeros(0, np.bool_)


def roads_of(lines):
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


def lines(places, most=8):
    return st.lists(st.lists(places, min_size=2, max_size=4), min_size=1, max_size=most)


def distances(edges, lon, lat):
    """Return how far each edge is from a place, in metres."""
    scale = np.array(metres_per_degree(lat))
    found = []
    for edge in range(len(edges)):
        points = (edges.vertices(edge) - (lon, lat)) * scale
        step = points[1:] - points[:-1]
        square = (step * step).sum(axis=1)
        share = -(points[:-1] * step).sum(axis=1) / np.maximum(square, 1e-12)
        near = points[:-1] + step * np.clip(share, 0, 1)[:, None]
        found.append(float(np.hypot(*near.T).min()))
    return np.array(found)


def check(edges, usable, mask, place, most, tie):
    """Hold what is found against the distance of every edge; within rounding both are right."""
    spots = SnapIndex(edges).nearest(*place, usable, most, tie)
    far = np.where(mask, distances(edges, *place), np.inf)
    hair = 1e-9 * far[np.isfinite(far)].max(initial=0) + 1e-6
    if not spots:
        assert far.min() > most - hair
        return
    assert spots[0].distance_m == pytest.approx(far.min(), abs=hair)
    limit, found = min(far.min() + tie, most), {spot.edge for spot in spots}
    assert set(np.flatnonzero(far <= limit - hair).tolist()) <= found
    assert found <= set(np.flatnonzero(far <= limit + hair).tolist())
    assert len(found) == len(spots)
    assert spots == sorted(spots, key=lambda spot: (spot.distance_m, spot.edge))
    for spot in spots:
        check_spot(edges, spot, far[spot.edge], hair, place)


def check_spot(edges, spot, far, hair, place):
    """Hold a spot's place against its distance and its share of the edge."""
    assert spot.distance_m == pytest.approx(far, abs=hair)
    low, high = edges.shape_start[spot.edge], edges.shape_start[spot.edge + 1]
    assert low <= spot.vertex < high - 1
    east, north = metres_per_degree(place[1])
    x, y = (spot.lon - place[0]) * east, (spot.lat - place[1]) * north
    assert math.hypot(x, y) == pytest.approx(spot.distance_m, abs=0.02 + 2 * hair)
    scale = metres_per_degree(edges.shape[spot.vertex][1])
    step = np.hypot(*(np.diff(edges.shape[low:high], axis=0) * scale).T)
    total, at = max(step.sum(), 1e-9), spot.vertex - low
    before, after = step[:at].sum() / total, step[: at + 1].sum() / total
    assert before - 1e-9 <= spot.fraction <= after + 1e-9
    assert 0 <= spot.fraction <= 1


def masks(data, edges):
    """Draw which edges are usable, and say it in one of the ways there are."""
    count = len(edges)
    flags = st.lists(st.booleans(), min_size=count, max_size=count)
    off, only = np.array(data.draw(flags)), np.array(data.draw(flags))
    ways = np.array(data.draw(st.lists(st.integers(0, 4), min_size=2 * count, max_size=2 * count)))
    first = np.concatenate([[0], np.cumsum(ways > 0)])  # 0: no arc, 1: shut, more: open
    weights = np.where(ways[ways > 0] == 1, INFINITE, 1000).astype(np.uint32)
    passable = (ways.reshape(-1, 2) > 1).any(axis=1)
    return data.draw(
        st.sampled_from(
            [
                (EVERY, np.ones(count, np.bool_)),
                (Usable(first, weights), passable),
                (Usable(first, weights, off), passable & ~off),
                (Usable(first, weights, NONE, only), passable & only),
                (Usable(first, weights, off, only), passable & ~off & only),
                (Usable.among(only), only),
            ]
        )
    )


@settings(max_examples=120, deadline=None)
@given(lines(SPAN), SPAN, st.sampled_from([60.0, 900.0, 5000.0]), st.data())
def test_the_nearest_usable_edges_are_found(drawn, place, most, data):
    edges = edges_of(roads_of(drawn))
    check(edges, *masks(data, edges), place, most, 1.0)


@settings(max_examples=80, deadline=None)
@given(lines(CROWDED, 60), CROWDED, st.sampled_from([0.0, 1.0, 15.0]), st.data())
def test_all_edges_at_one_place_are_found(drawn, place, tie, data):
    edges = edges_of(roads_of(drawn))
    check(edges, *masks(data, edges), place, 200.0, tie)


@settings(max_examples=80, deadline=None)
@given(lines(EARTH, 40), EARTH, st.sampled_from([10.0, 1e5, 3e7]), st.data())
def test_places_anywhere_on_earth(drawn, place, most, data):
    edges = edges_of(roads_of(drawn))
    check(edges, *masks(data, edges), place, most, 1.0)


def test_many_segments_are_all_found():
    rng = np.random.default_rng(5)
    steps = rng.normal(0, 3e-4, (400, 6, 2))
    drawn = np.cumsum(steps, axis=1) + rng.uniform((121, 30), (121.1, 30.1), (400, 2))[:, None]
    edges = edges_of(roads_of(drawn.tolist()))
    for place in rng.uniform((120.99, 29.99), (121.11, 30.11), (60, 2)).tolist():
        check(edges, EVERY, np.ones(400, np.bool_), place, 5000.0, 20.0)


def test_a_network_without_edges_has_no_place():
    edges = edges_of(roads_of([[(121.0, 30.0), (121.1, 30.0)]]))
    shape, start = np.zeros((0, 2)), np.zeros(1, np.int64)
    empty = SnapIndex(type("Lines", (), {"shape": shape, "shape_start": start})())
    assert empty.nearest(121.0, 30.0, EVERY, 5000.0, 1.0) == []
    assert empty.in_box(-180, -90, 180, 90).tolist() == []
    assert SnapIndex(edges).in_box(-180, -90, 180, 90).tolist() == [0]


@given(st.floats(-89, 89))
def test_the_scale_is_that_of_the_ellipsoid(lat):
    geod = Geod(ellps="WGS84")
    step = 1e-5
    east, north = (degree * step for degree in metres_per_degree(lat))
    assert geod.inv(0, lat, step, lat)[2] == pytest.approx(east, rel=1e-6)
    low, high = lat - step / 2, lat + step / 2
    assert geod.inv(0, low, 0, high)[2] == pytest.approx(north, rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(lines(SPAN), SPAN, SPAN)
def test_a_box_holds_every_edge_that_meets_it(drawn, one, other):
    edges = edges_of(roads_of(drawn))
    west, east = sorted([one[0], other[0]])
    south, north = sorted([one[1], other[1]])
    found = set(SnapIndex(edges).in_box(west, south, east, north).tolist())
    for edge in range(len(edges)):
        share = np.linspace(0, 1, 200)[:, None]
        shape = edges.vertices(edge)
        points = np.concatenate([a * (1 - share) + b * share for a, b in pairwise(shape)])
        inside = (points >= (west, south)).all(axis=1) & (points <= (east, north)).all(axis=1)
        assert not inside.any() or edge in found
