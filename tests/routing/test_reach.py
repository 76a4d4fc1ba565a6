"""Reach polygons against Dijkstra's own distances, place by place along every road."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.cch.engine import Metric, Topology
from routing.cch.reference import Reference
from routing.graph.weights import INFINITE
from routing.index.snap import EVERY, SnapIndex
from routing.isochrone.isochrone import Grid, Pieces, areas, draw
from routing.query.one_to_many import span
from tests.routing.maps import Town

GRID = """
A  B  C  D

E  F  G  H


I  J  K  L
"""
ROADS = [
    *("AB", "BC", "CD", "EF", "FG", "GH", "IJ", "JK", "KL"),
    *("AE", "BF", "CG", "DH", "EI", "FJ", "GK", "HL"),
]
BENDS = {"CD": (0.3, 8e-4), "JK": (0.6, -7e-4)}
METRES = np.array([96_500.0, 110_900.0])
SHARES = np.linspace(0, 1, 41)


def shape(places, name):
    (x, y), (u, v) = places[name[0]], places[name[1]]
    if name not in BENDS:
        return [(x, y), (u, v)]
    share, off = BENDS[name]
    return [(x, y), (x + (u - x) * share, y + (v - y) * share + off), (u, v)]


PLACES = Town(GRID, {}).places
ONEWAY = {"BC", "FG", "EI"}
TOWN = Town(GRID, {n: {"shape": shape(PLACES, n), "oneway": n in ONEWAY} for n in ROADS})
GRAPH = TOWN.graph
TOPOLOGY, SNAP = Topology.build(GRAPH), SnapIndex(GRAPH.edges)
WEIGHTS = st.integers(1_000, 90_000) | st.just(INFINITE)
KEYS = 2 * len(ROADS)  # copies of a junction's arcs take as long as each other


def spot(name, share):
    place = TOWN.at(f"{name}:{share}") if name not in BENDS else shape(PLACES, name)[1]
    found = SNAP.nearest(*place, EVERY, 500, 0.5)
    return [s for s in found if TOWN.names[s.edge] == name]


def along(edge, share):
    """Return the place at a share of an edge's length."""
    points = GRAPH.edges.vertices(edge)
    lengths = np.concatenate([[0], np.cumsum(np.hypot(*(np.diff(points, axis=0) * METRES).T))])
    at = share * lengths[-1]
    return [np.interp(at, lengths, points[:, axis]) for axis in (0, 1)]


def truth(weights, spots, *, backward):
    """Return (lon, lat, cost) of many places of the network, by the plain search."""
    reference = Reference(GRAPH, weights)
    nodes = range(GRAPH.node_count)
    arcs = GRAPH.arcs
    table = reference.matrix(list(nodes), list(nodes)).astype(float)
    table[table >= INFINITE] = np.inf
    best = {}
    for s in spots:
        for key in (2 * s.edge, 2 * s.edge + 1):
            for arc in range(arcs.first[key], arcs.first[key + 1]):
                if weights[arc] == INFINITE:
                    continue
                begin = 1 - s.fraction if key & 1 else s.fraction
                for number, share in enumerate(SHARES):
                    ahead = (begin - share if backward else share - begin) * weights[arc]
                    if ahead >= -1e-9:
                        place = (key >> 1, 40 - number if key & 1 else number)
                        best[place] = min(best.get(place, np.inf), ahead)
                rest = (begin if backward else 1 - begin) * weights[arc]
                node = arcs.tail[arc] if backward else arcs.head[arc]
                far = table[:, node] if backward else table[node]
                for other in range(len(arcs)):
                    if weights[other] == INFINITE:
                        continue
                    way = int(arcs.key[other])
                    join = far[arcs.head[other] if backward else arcs.tail[other]]
                    for number, share in enumerate(SHARES):
                        part = (1 - share if backward else share) * weights[other]
                        place = (way >> 1, 40 - number if way & 1 else number)
                        best[place] = min(best.get(place, np.inf), rest + join + part)
    return np.array([(*along(e, SHARES[n]), cost) for (e, n), cost in best.items()])


@settings(max_examples=20, deadline=None)
@given(
    st.lists(WEIGHTS, min_size=KEYS, max_size=KEYS),
    st.sampled_from(ROADS), st.sampled_from((0.1, 0.5, 0.9)), st.booleans(),
    st.integers(5_000, 120_000),
)  # fmt: skip
def test_reached_places_lie_inside_and_far_ones_outside(weights, name, share, backward, limit):
    weights = np.array(weights, np.uint32)[GRAPH.arcs.key]
    spots = spot(name, share)
    metric = Metric(TOPOLOGY, weights)
    reached = span(GRAPH, metric, spots, limit, backward=backward)
    if not len(reached.keys):
        return
    limits = [limit // 3, limit]
    (small, large), resolution = areas(GRAPH, reached, limits, 60.0)
    assert resolution == pytest.approx(60.0)
    assert shapely.difference(small, large).area < 1e-12
    places = truth(weights, spots, backward=backward)
    points = shapely.points(places[:, :2])
    for area, most in ((small, limits[0]), (large, limits[1])):
        assert area.is_valid
        assert shapely.covers(area, points[places[:, 2] <= most]).all()
        beyond = places[places[:, 2] > most][:, :2]
        near = np.concatenate(
            [places[places[:, 2] <= most][:, :2], [[s.lon, s.lat] for s in spots]]
        )
        if not len(beyond):
            continue
        gap = np.hypot(*((beyond[:, None] - near) * METRES).transpose(2, 0, 1)).min(axis=1)
        spacing = 40.0  # between two places that the truth looks at
        outside = shapely.points(beyond[gap > resolution + spacing])
        assert not shapely.intersects(area, outside).any()


def test_blocks_between_roads_stay_holes():
    weights = np.full(len(GRAPH.arcs), 1_000, np.uint32)
    reached = span(GRAPH, Metric(TOPOLOGY, weights), spot("AB", 0.5), 10**6)
    (area,), _ = areas(GRAPH, reached, [10**6], 50.0)
    assert [len(part.interiors) for part in area.geoms] == [6]
    (filled,), _ = areas(GRAPH, reached, [10**6], 700.0)
    assert [len(part.interiors) for part in filled.geoms] == [0]


def test_a_grid_too_fine_is_made_coarser_and_says_so(monkeypatch):
    monkeypatch.setattr("routing.isochrone.isochrone.MOST_CELLS", 10_000)
    weights = np.full(len(GRAPH.arcs), 1_000, np.uint32)
    reached = span(GRAPH, Metric(TOPOLOGY, weights), spot("AB", 0.5), 10**6)
    _, resolution = areas(GRAPH, reached, [10**6], 10.0)
    assert resolution > 40


CELL = st.floats(0.01, 9.99)


@settings(max_examples=100, deadline=None)
@given(st.tuples(CELL, CELL), st.tuples(CELL, CELL))
def test_a_line_is_drawn_into_every_cell_that_it_runs_through(start, end):
    grid = Grid(0.0, 0.0, (1.0, 1.0), 1.0, 10, 10)
    ends = np.array([start]), np.array([end])
    cells = draw(Pieces(*ends, np.array([0.0]), np.array([100.0])), grid)
    line = shapely.LineString([start, end])
    for (row, column), cost in np.ndenumerate(cells):
        inner = shapely.box(column + 1e-9, row + 1e-9, column + 1 - 1e-9, row + 1 - 1e-9)
        if line.length and shapely.intersection(line, inner).length > 1e-6:
            part = shapely.intersection(line, inner)
            nearest = line.project(shapely.Point(part.coords[0])) / line.length
            assert cost == pytest.approx(100 * nearest, abs=1e-3)
        elif not shapely.intersects(line, shapely.box(column, row, column + 1, row + 1)):
            assert np.isinf(cost)
