"""Exchange with networkx and osmnx: a round trip keeps the network, osmnx can use the graph."""

import networkx
import numpy as np
import osmnx
import pytest

from routing.planning.networkx_io import from_networkx, statistics, to_graphml, to_networkx
from routing.query.model import Conditions
from spatial.errors import BadParameter
from spatial.networks.road import KIND as ROAD
from tests.routing.maps import NOW, Town, node_id

MAP = """
A---B---C
|       |
D---E---F
"""
ROADS = {
    "AB": {"length_m": 400.0, "speed_kmh": 50.0, "ref": "G1", "name_zh": "一路"},
    "BC": {"length_m": 410.0, "oneway": True, "class": "primary"},
    "CF": {"length_m": 230.0},
    "EF": {"length_m": 400.0, "speed_kmh": 80.0},
    "DE": {"length_m": 400.0},
    "AD": {"length_m": 230.0, "name_en": "First"},
}


@pytest.fixture(scope="module")
def town():
    return Town(MAP, ROADS, turns=[("no", "AB", "BC")])


@pytest.fixture(scope="module")
def made(town):
    prepared = town.network.prepared(Conditions("car"), NOW)
    return to_networkx(town.graph, np.arange(len(ROADS)), prepared.costs.speed_kmh)


def node_at(made, place):
    """Return the node of a graph at a place."""
    return next(n for n, row in made.nodes(data=True) if (row["x"], row["y"]) == place)


def test_every_direction_is_an_edge_with_what_osmnx_expects(town, made):
    assert made.number_of_nodes() == 6 and made.number_of_edges() == 11
    assert made.graph["crs"] == "epsg:4326"
    for _, _, key, row in made.edges(keys=True, data=True):
        assert row["edge_id"] == str(town.graph.edges.row_id(key)) and row["osmid"] == key
        assert row["travel_time"] == pytest.approx(row["length"] * 3.6 / row["speed_kph"])
    assert all({"x", "y", "street_count"} <= row.keys() for _, row in made.nodes(data=True))


def test_shortest_paths_are_those_of_the_network_without_turn_restrictions(town, made):
    free = Town(MAP, ROADS)
    for first in "ABCDEF":
        prepared = free.network.prepared(Conditions("car"), NOW)
        spots = free.network.snap(prepared, [free.at(stop) for stop in "ABCDEF"])
        here = free.network.snap(prepared, [free.at(first)])
        ours = prepared.durations(here, spots)[0]
        names = [node_at(made, free.at(stop)) for stop in "ABCDEF"]
        start = names["ABCDEF".index(first)]
        theirs = networkx.single_source_dijkstra_path_length(made, start, weight="travel_time")
        assert ours == pytest.approx([theirs[name] for name in names], abs=0.01)


def test_the_round_trip_keeps_edges_lengths_and_shapes(town, made):
    names = {}
    for name in "ABCDEF":
        names[node_at(made, town.at(name))] = node_id(name)
    back = from_networkx(made, names, ROAD)
    old = town.graph.edges
    order = [next(e for e in range(len(back)) if back.row_id(e) == old.row_id(n))
             for n in range(len(old))]  # fmt: skip
    assert sorted(order) == list(range(len(old)))
    for number, edge in enumerate(order):
        assert back.length_m[edge] == old.length_m[number]
        assert back.oneway[edge] == old.oneway[number]
        assert (back.vertices(edge) == old.vertices(number)).all()
        for column in ("edge_class", "ref", "name_zh", "name_en"):
            assert getattr(back, column).get(edge) == getattr(old, column).get(number)
    assert np.array_equal(back.speed_kmh[order], old.speed_kmh, equal_nan=True)


def test_osmnx_reads_the_file_and_its_statistics_are_ours(made, tmp_path):
    path = tmp_path / "town.graphml"
    path.write_text(to_graphml(made), encoding="utf-8")
    read = osmnx.load_graphml(path)
    assert read.number_of_edges() == made.number_of_edges()
    theirs, ours = osmnx.basic_stats(read), statistics(made)
    assert ours.length_km == pytest.approx(theirs["street_length_total"] / 1000)
    assert ours.length_km == pytest.approx(sum(r["length_m"] for r in ROADS.values()) / 1000)
    assert (ours.nodes, ours.edges, ours.arcs) == (6, 6, 11)
    assert ours.strongly_connected_parts == 1 and ours.largest_part_share == 1
    assert ours.km_by_class == {"primary": 0.41, "secondary": 1.66}


def test_too_large_a_part_is_refused(town, monkeypatch):
    monkeypatch.setattr("routing.planning.networkx_io.MOST_ARCS", 3)
    with pytest.raises(BadParameter, match="too many"):
        to_networkx(town.graph, np.arange(6), np.full(6, 50.0))
