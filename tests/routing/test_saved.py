"""A kept graph is the same graph, is read without its rows, and only the few used last are kept."""

from dataclasses import fields

import numpy as np
import pytest

from routing.cch.engine import Topology
from routing.cost.profile import load_profiles
from routing.graph.graph import Coded
from routing.index import mapped_store
from routing.index.mapped_store import open_graph, place_of, save_graph
from routing.index.snap import SnapIndex
from routing.query.model import PathQuery
from routing.query.network import RoadNetwork
from spatial.networks.road import KIND as ROAD
from tests.routing.maps import NOW, Town

DRAWING = "A----B----C\n|    |    |\nD----E----F"
ROADS = {
    "AB": {"ref": "G1", "name_zh": "甲路", "max_height_m": 4.0},
    "BC": {"oneway": True, "access": '{"hgv": "no"}'},
    "AD": {"toll": True},
    "BE": {"class": "primary", "speed_kmh": 60.0},
    "CF": {},
    "DE": {"ref": None},
    "EF": {},
}
TURNS = [("no", "AB", "BE"), ("no", "DE", "BE", "BC", "exempt=hgv")]


@pytest.fixture
def town():
    return Town(DRAWING, ROADS, TURNS)


def equal(a, b):
    if isinstance(a, Coded):
        return a.values == b.values and equal(a.codes, b.codes)
    return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


def test_a_kept_graph_is_the_same_graph(town, tmp_path):
    place = place_of(tmp_path / "graphs", "rows 1", ROAD)
    assert open_graph(place, ROAD) is None
    save_graph(place, town.graph, SnapIndex(town.graph.edges))
    graph, index = open_graph(place, ROAD)
    for part in ("edges", "arcs"):
        ours, kept = getattr(town.graph, part), getattr(graph, part)
        for field in (one for one in fields(ours) if one.name != "kind"):
            assert equal(getattr(ours, field.name), getattr(kept, field.name)), field.name
    assert graph.digest == town.graph.digest
    assert all(equal(index.arrays()[n], a) for n, a in town.network.snapper.index.arrays().items())


def test_paths_on_a_kept_graph_are_the_same(town, tmp_path):
    place = place_of(tmp_path / "graphs", "rows 1", ROAD)
    save_graph(place, town.graph, SnapIndex(town.graph.edges))
    graph, index = open_graph(place, ROAD)
    again = RoadNetwork(graph, Topology.build(graph), load_profiles(ROAD), town.rules, None, index)
    for profile in ("car", "truck"):
        for ends in ("AF", "FA", "DC", "CD", "BE"):
            query = PathQuery(profile, [town.at(end) for end in ends])
            found, kept = (network.path(query, NOW) for network in (town.network, again))
            assert [leg.keys.tolist() for leg in found.legs] == [
                leg.keys.tolist() for leg in kept.legs
            ]
            assert found.legs[0].source == kept.legs[0].source


def test_other_rows_or_another_layout_have_another_place(tmp_path, monkeypatch):
    places = {place_of(tmp_path, rows, ROAD) for rows in ("1 2", "1 3", "2 2")}
    monkeypatch.setattr(mapped_store, "LAYOUT", mapped_store.LAYOUT + 1)
    assert len(places | {place_of(tmp_path, "1 2", ROAD)}) == 4


def test_graphs_no_longer_used_are_deleted(town, tmp_path):
    index = SnapIndex(town.graph.edges)
    for rows in range(5):
        save_graph(place_of(tmp_path, str(rows), ROAD), town.graph, index)
    assert len(list(tmp_path.iterdir())) == mapped_store.KEPT
    assert open_graph(place_of(tmp_path, "4", ROAD), ROAD) is not None


def test_two_who_keep_the_same_graph_leave_one(town, tmp_path):
    place, index = place_of(tmp_path, "1", ROAD), SnapIndex(town.graph.edges)
    save_graph(place, town.graph, index)
    save_graph(place, town.graph, index)
    assert [p.name for p in tmp_path.iterdir()] == [place.name]
