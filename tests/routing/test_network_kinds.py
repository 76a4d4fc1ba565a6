"""Kinds of networks: road is one of several, another one is declared in one place and asked."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import pytest

from routing.cch.engine import Topology
from routing.cost.network_rules import rules_of
from routing.cost.profile import load_profiles
from routing.graph.graph import both_ways
from routing.graph.turns import split
from routing.index.mapped_store import open_graph, place_of, save_graph
from routing.index.snap import SnapIndex
from routing.query.model import PathQuery
from routing.query.network import RoadNetwork
from spatial import rules as rules_module
from spatial.errors import BadParameter, LimitViolated, NoSnap
from spatial.networks.model import (
    Limit,
    NetworkKind,
    Traffic,
    network_kinds,
    networks_of,
    searched_kinds,
)
from spatial.networks.road import KIND as ROAD
from tests.conftest import ROOT
from tests.routing.maps import NOW, Town, changed, edge_id, edges_of, node_id

HOME = "spatial/networks/road.py"
SLOTS = {"layers/declare/style.py": "a slot of the map is called so"}
LITERAL = re.compile(r"""["']road["']""")

TOWPATH = NetworkKind(
    name="towpath",
    zh="纤道",
    en="towpath",
    modes=("towpath",),
    traffics=(Traffic("horse", ("towpath",)),),
    limits=(Limit("tow_t", "max_tow_t", most=60), Limit("rope_m", "max_rope_m", most=100)),
    classes=Literal["towpath", "bridge"],
    usual_class="towpath",
    rule_prefix="towpath",
    vehicle_rules="towpath.vehicle.*",
)
HORSE = """
id = "horse"
title = { zh = "马", en = "Horse" }
group = "freight"
order = 1
modes = ["towpath"]
access = ["horse"]
refused = ["no"]
class_speed = "towpath.class_speed_kmh"
u_turn = "horse"
"""
DRAWING = """
A----B----C----E
     |
     D----F
"""
PLACES = Town(DRAWING, {}).places


def row(name: str, **columns):
    ends = [PLACES[letter] for letter in name]
    return {
        "id": edge_id(name), "from_node": node_id(name[0]), "to_node": node_id(name[1]),
        "length_m": 500.0, "shape": ends, "class": "towpath", **columns,
    }  # fmt: skip


@pytest.fixture(scope="module")
def towpath(tmp_path_factory):
    """Return a network of towpaths, of which one bears no heavy barge."""
    tmp_path, before = tmp_path_factory.mktemp("profiles"), dict(rules_module._kinds)
    try:
        yield make(tmp_path)
    finally:
        rules_module._kinds.clear()
        rules_module._kinds.update(before)


def make(folder: Path) -> RoadNetwork:
    named = rules_of(TOWPATH)
    (folder / "towpath").mkdir()
    (folder / "towpath" / "horse.toml").write_text(HORSE)
    rules = (
        changed(named.snap, {"max_m": 200, "tie_m": 1, "island_nodes": 1})
        | changed(named.class_speed, {"towpath": 4, "bridge": 3})
        | changed(named.limit_law, ["max_tow_t"])
    )
    rows = [row("AB"), row("BC", max_tow_t=20.0), row("CE"), row("BD", max_rope_m=30.0), row("DF")]
    graph = split(edges_of(rows, kind=TOWPATH), [])
    profiles = load_profiles(TOWPATH, folder)
    return RoadNetwork(graph, Topology.build(graph), profiles, rules)


def asked(*stops: str, **sizes: float) -> PathQuery:
    return PathQuery("horse", [PLACES[stop] for stop in stops], sizes=sizes)


def test_a_path_on_another_kind_has_its_own_speeds(towpath):
    found = towpath.path(asked("A", "C"), NOW)
    length, duration_ms = found.sums()
    assert length == pytest.approx(1000)
    assert duration_ms == pytest.approx(1000 / 4 * 3600)


def test_a_limit_of_its_own_column_is_named_with_the_law_of_the_kind(towpath):
    towpath.path(asked("A", "E", tow_t=20.0), NOW)
    with pytest.raises(LimitViolated) as refused:
        towpath.path(asked("A", "E", tow_t=25.0), NOW)
    named = refused.value.extra["edges"][0]
    assert (named["limit"], named["value"], named["vehicle"]) == ("max_tow_t", 20.0, 25.0)
    assert named["rule_version"] == "towpath.limit_law@test"
    with pytest.raises(LimitViolated) as refused:
        towpath.path(asked("A", "F", rope_m=40.0), NOW)
    assert refused.value.extra["edges"][0]["limit"] == "max_rope_m"


def test_it_knows_its_own_dimensions_only_and_says_what_it_is(towpath):
    with pytest.raises(BadParameter, match="towpath is about height_m; known: tow_t, rope_m"):
        towpath.path(asked("A", "C", height_m=2.0), NOW)
    with pytest.raises(NoSnap, match="no towpath within 200 m"):
        towpath.path(PathQuery("horse", [PLACES["A"], (100.0, 10.0)]), NOW)


def test_its_rules_are_read_under_its_own_prefix(towpath):
    assert rules_of(TOWPATH).snap.key == "towpath.snap"
    assert rules_module.find_kind("towpath.snap") is rules_of(TOWPATH).snap
    assert rules_of(ROAD).snap.key == "road.snap"
    model = rules_of(TOWPATH).class_speed.model
    with pytest.raises(ValueError, match="towpath must be there"):
        model.model_validate({"bridge": 3})
    with pytest.raises(ValueError, match="'towpath' or 'bridge'"):
        model.model_validate({"towpath": 4, "motorway": 100})


def test_it_is_kept_apart_on_disk(towpath, tmp_path):
    place = place_of(tmp_path, "rows", TOWPATH)
    assert place != place_of(tmp_path, "rows", ROAD)
    save_graph(place, towpath.graph, SnapIndex(towpath.graph.edges))
    graph, _ = open_graph(place, TOWPATH)
    assert graph.edges.kind is TOWPATH
    assert graph.edges.limits.shape == (5, 2)
    assert both_ways(graph.edges).kind is TOWPATH


def test_the_declared_kinds_are_found_and_claim_each_mode_once():
    kinds = network_kinds()
    assert {"road", "rail", "waterway", "sea"} <= set(kinds)
    assert networks_of(["ferry", "sea_lane", "air_route"]) == ["road", "sea"]
    modes = [mode for kind in kinds.values() for mode in kind.modes]
    assert len(modes) == len(set(modes))
    for kind in searched_kinds():
        assert load_profiles(kind)
        assert kind.usual_class in kind.class_names
        assert all(set(traffic.modes) <= set(kind.modes) for traffic in kind.traffics)


def test_no_code_knows_the_name_of_roads_but_their_declaration():
    found = {
        path.relative_to(ROOT).as_posix()
        for package in ("api", "data", "layers", "routing", "spatial")
        for path in sorted((ROOT / package).rglob("*.py"))
        if LITERAL.search(path.read_text("utf-8")) and "migrations" not in path.parts
    }
    assert found == {HOME, *SLOTS}
    assert all(Path(ROOT / name).is_file() for name in found)
