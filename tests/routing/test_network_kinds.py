"""Kinds of networks: road is one of several, another one is declared in one place and asked."""

from __future__ import annotations

import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

import spatial.networks
from routing.cch.engine import Topology
from routing.cost import profile, profile_files
from routing.cost.network_rules import rules_of
from routing.cost.profile import list_profiles, load_profiles
from routing.graph.arcs import both_ways
from routing.graph.turns import split
from routing.index.mapped_store import open_graph, place_of, save_graph
from routing.index.snap import SnapIndex
from routing.query.model import PathQuery
from routing.query.network import RoadNetwork
from spatial import rules as rules_module
from spatial.errors import BadParameter, ConfigError, LimitViolated, NoSnap
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
SLOTS = {
    "api/events/place_rows.py": "a part of a place in words is",
    "layers/declare/style.py": "a slot of the map is called so",
    "layers/processes/ports/disruption_answer.py": "what cargo goes round by is",
    "layers/processes/ports/disruption_inputs.py": "a kind of disruption is",
    "layers/processes/ports/disruption_runs.py": "how a planned leg is found is",
    "layers/processes/ports/linkage_disruption.py": "a kind of disruption is",
    "spatial/schema/kinds.py": "a line of business is",
    "spatial/transport_modes.py": "a mode of carrying goods is",
}
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
    assert next(iter(kinds)) == "road"
    for kind in searched_kinds():
        assert load_profiles(kind)
        assert kind.usual_class in kind.class_names
        assert all(set(traffic.modes) <= set(kind.modes) for traffic in kind.traffics)


def declared(**members: object) -> str:
    given = {
        "name": "canal", "zh": "渠", "en": "canal", "modes": ("canal",),
        "traffics": (Traffic("boat", ("canal",)),), "limits": (Limit("boat_m", "max_boat_m", 9),),
        "classes": Literal["canal", "lock"], "usual_class": "canal", "rule_prefix": "canal",
        "vehicle_rules": "canal.vehicle.*", **members,
    }  # fmt: skip
    return (
        "from typing import Literal\n"
        "from spatial.networks.model import Limit, NetworkKind, Traffic\n"
        f"KIND = NetworkKind(**{given!r})\n".replace("typing.Literal", "Literal")
    )


@pytest.fixture
def kind_file(tmp_path, monkeypatch):
    """Return what has a module scanned that comes before roads by its name."""

    def write(text: str) -> None:
        (tmp_path / "canal.py").write_text(text, "utf-8")
        sys.modules.pop("spatial.networks.canal", None)
        network_kinds.cache_clear()

    monkeypatch.setattr(spatial.networks, "__path__", [*spatial.networks.__path__, str(tmp_path)])
    yield write
    sys.modules.pop("spatial.networks.canal", None)
    network_kinds.cache_clear()


def test_a_further_kind_does_not_take_the_place_of_roads(kind_file):
    kind_file(declared())
    assert [kind.name for kind in searched_kinds()] == ["road", "canal", "waterway"]


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"name": "Canal"}, "name: .'Canal'. is not of lower case"),
        ({"modes": ("canal", "walk")}, "mode 'walk' is that of road"),
        ({"modes": ("canal", "canal")}, "modes: one stands twice"),
        ({"name": "road"}, "name 'road' is that of road"),
        ({"traffics": (Traffic("boat", ("road",)),)}, "traffics: boat has modes"),
        ({"limits": (Limit("a_m", "max_m", 9), Limit("b_m", "max_m", 9))}, "limits: one stands"),
        ({"usual_class": "canl"}, "usual_class: 'canl' is none of canal, lock"),
        ({"rule_prefix": ""}, "rule_prefix: '' is not"),
        ({"rule_prefix": "road"}, "rule_prefix 'road' is that of road"),
        ({"vehicle_rules": ""}, r"vehicle_rules: '' is no key, as 'canal\.vehicle"),
        ({"usual": 1}, "TypeError: .*'usual'"),
    ],
)
def test_a_wrong_kind_is_named_with_file_and_member(kind_file, members, told):
    kind_file(declared(**members))
    with pytest.raises(ConfigError, match=rf"^spatial/networks/canal\.py: {told}"):
        network_kinds()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("u_turn", "u_trun", "horse.toml: u_trun: is not known; did you mean u_turn"),
        ('["towpath"]', '["towpth"]', "horse.toml: modes: 'towpth' is none of towpath"),
        ('["horse"]', "[]", "horse.toml: access"),
        ('"freight"', '"active"', "horse.toml: group: nothing on a towpath moves as 'active'"),
        ("class_speed_kmh", "class_sped", "horse.toml: class_speed: .* is no key as towpath"),
        ('id = "horse"', 'id = "pony"', "horse.toml: id: the file must be called pony.toml"),
        ('u_turn = "horse"', 'u_turn = "a"\nwith_hazmat = "b"', "horse.toml: with_hazmat: 'b'"),
        ("order = 1", "order = = 1", "horse.toml: Invalid value"),
    ],
)
def test_a_wrong_profile_is_named_with_file_and_key(towpath, tmp_path, old, new, told):
    (tmp_path / "towpath").mkdir()
    (tmp_path / "towpath" / "horse.toml").write_text(HORSE.replace(old, new), "utf-8")
    with pytest.raises(ConfigError, match=f"^profiles/towpath/{told}"):
        load_profiles(TOWPATH, tmp_path)


def test_no_two_kinds_share_a_profile_and_each_folder_is_a_kinds(tmp_path, monkeypatch, towpath):
    monkeypatch.setattr(profile_files, "PROFILES", tmp_path)
    monkeypatch.setattr(profile, "searched_kinds", lambda: [ROAD, TOWPATH])
    shutil.copytree(ROOT / "routing" / "profiles" / "road", tmp_path / "road")
    (tmp_path / "towpath").mkdir()
    path = tmp_path / "towpath" / "horse.toml"
    path.write_text(HORSE, "utf-8")
    assert list(list_profiles()["towpath"]) == ["horse"]
    path.rename(path.with_name("car.toml")).write_text(HORSE.replace('"horse"\nt', '"car"\nt'))
    with pytest.raises(ConfigError, match=r"towpath/car\.toml: id: 'car' is a profile of road"):
        list_profiles()
    (tmp_path / "towpth").mkdir()
    with pytest.raises(ConfigError, match=r"profiles/towpth.*networks are of kinds road, towpath"):
        list_profiles()


def test_a_kind_may_have_no_limits(tmp_path, monkeypatch):
    monkeypatch.setattr(rules_module, "_kinds", dict(rules_module._kinds))
    ditch = replace(TOWPATH, limits=(), rule_prefix="ditch", vehicle_rules="ditch.vehicle.*")
    named = rules_of(ditch)
    (tmp_path / "towpath").mkdir()
    (tmp_path / "towpath" / "horse.toml").write_text(HORSE.replace("towpath.c", "ditch.c"), "utf-8")
    rules = changed(named.snap, {"max_m": 200, "tie_m": 1, "island_nodes": 1}) | changed(
        named.class_speed, {"towpath": 4, "bridge": 3}
    )
    graph = split(edges_of([row("AB"), row("BC")], kind=ditch), [])
    profiles = load_profiles(ditch, tmp_path)
    network = RoadNetwork(graph, Topology.build(graph), profiles, rules)
    assert network.path(asked("A", "C"), NOW).sums()[0] == pytest.approx(1000)
    with pytest.raises(BadParameter, match="known: "):
        network.path(asked("A", "C", tow_t=2.0), NOW)


def test_no_code_knows_the_name_of_roads_but_their_declaration():
    found = {
        path.relative_to(ROOT).as_posix()
        for package in ("api", "data", "layers", "routing", "spatial")
        for path in sorted((ROOT / package).rglob("*.py"))
        if LITERAL.search(path.read_text("utf-8")) and "migrations" not in path.parts
    }
    assert found == {HOME, *SLOTS}
    assert all(Path(ROOT / name).is_file() for name in found)
