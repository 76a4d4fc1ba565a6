"""Shared rides, zones of low emissions and one-way streets, as rules open or shut them."""

from datetime import datetime

import pytest

from routing.answer.stretches import against_oneway
from routing.cost.network_rules import rules_of
from routing.query.model import PathQuery
from spatial.errors import LimitViolated
from spatial.networks.road import KIND as ROAD
from tests.routing.maps import NOW, Town, changed, edge_id, shipped_rules

KINDS = rules_of(ROAD)
DRAWN = """
A-B-C
|   |
D---E
"""
HOV = {"access": '{"hov": "designated", "goods": "no", "emergency": "yes"}'}
NOON, NIGHT = (datetime.fromisoformat(f"2026-12-01T{at}:00+08:00") for at in ("12:00", "23:00"))


def town(road, rules=None):
    roads = {"AB": road, "BC": {}, "AD": {"length_m": 3000.0}, "DE": {}, "CE": {}}
    return Town(DRAWN, roads, rules=rules or shipped_rules())


def way(asked, profile="car", stops="AC", **more):
    found = asked.network.path(PathQuery(profile, [asked.places[s] for s in stops], **more), NOW)
    return len(found.keys)


def clean(asked, **more):
    """Return rules with a zone around AB."""
    (x, y), (u, _) = asked.places["A"], asked.places["B"]
    half = (u - x) / 3
    ring = [[x + half, y - half], [u - half, y - half], [u - half, y + half], [x + half, y + half]]
    zone = {"zh": "老城", "en": "Old town", "ring": ring, "least_stage": 5, "profiles": ["car"]}
    return shipped_rules() | changed(KINDS.clean_zones, {"zones": [zone | more]})


@pytest.mark.parametrize(
    ("profile", "occupants", "edges"),
    [("car", None, 3), ("car", 1, 3), ("car", 2, 2), ("taxi", None, 2), ("bus", None, 2),
     ("emergency", None, 2), ("truck", 3, 3)],
)  # fmt: skip
def test_a_road_for_many_occupants_is_open_to_those_alone(profile, occupants, edges):
    assert way(town(HOV), profile, occupants=occupants) == edges


def test_without_the_rule_it_is_open_to_buses_alone():
    rules = {key: rule for key, rule in shipped_rules().items() if key != KINDS.sharing.key}
    assert way(town(HOV, rules), occupants=9) == 3
    assert way(town(HOV, rules), "bus") == 2


def test_a_zone_keeps_out_who_emits_more_or_does_not_tell():
    rules = clean(town({}))
    assert [way(town({}, rules), emission_stage=n) for n in (None, 4, 5)] == [3, 3, 2]
    assert way(town({}, rules), "taxi") == 2


def test_a_zone_has_hours():
    asked = town({}, clean(town({}), hours="07:00-22:00"))
    assert [way(asked, depart_at=at) for at in (NOON, NIGHT)] == [3, 2]
    assert way(asked, depart_at=NOON, emission_stage=6) == 2


def test_a_refusal_has_the_words_of_the_rule():
    drawn, roads = "X-A-B-C", {"XA": {}, "AB": {}, "BC": {}}
    plain = Town(drawn, roads)
    for asked, limit in (
        (Town(drawn, roads | {"AB": HOV}), "hov"),
        (Town(drawn, roads, rules=clean(plain)), "low_emission"),
        (Town(drawn, roads, rules=clean(plain, hours="07:00-22:00")), "hours"),
    ):
        with pytest.raises(LimitViolated) as refused:
            way(asked, depart_at=NOON, stops="XC")
        row = refused.value.extra["edges"][0]
        assert row["limit"] == limit
        key = (KINDS.sharing if limit == "hov" else KINDS.clean_zones).key
        assert row["rule_version"].startswith(key)
        assert row["law"] == asked.rules[key].source
        if limit != "hours":
            assert row["vehicle"] is None
            (give,) = refused.value.extra["relaxations"][0]["give"]
            assert (give["limit"], give["from"]) == (limit, row["value"])
            assert "not told" in str(refused.value)


def oneway(turns=(), **more):
    """Return a one-way street from B to A, and a long way round."""
    road = {"oneway": True, "class": "residential", **more}
    roads = {"BA": road, "BC": {}, "AD": {"length_m": 3000.0}, "DE": {}, "CE": {}}
    return Town(DRAWN, roads)


def test_emergency_vehicles_go_against_one_way_streets_slowly_and_say_so():
    asked = oneway()
    found = asked.find("A", "C", profile="emergency")
    assert asked.nodes(found) == "ABC"
    (told,) = against_oneway(asked.graph, found)
    assert told == {"edge": str(edge_id("BA")), "at_m": 0.0, "length_m": 1000.0}
    _, _, driving = found.parts()
    assert driving[0] - found.waits_ms()[0] == pytest.approx(1000 * 3600 / 15)
    assert against_oneway(asked.graph, asked.find("C", "A", profile="emergency")) == []
    assert asked.nodes(asked.find("A", "C")) == "ADEC"


@pytest.mark.parametrize("more", [{"class": "secondary"}, {"roundabout": True}])
def test_one_way_traffic_elsewhere_binds_emergency_vehicles_too(more):
    asked = oneway(**more)
    assert asked.nodes(asked.find("A", "C", profile="emergency")) == "ADEC"


def test_without_the_rule_nobody_goes_against_one_way_streets():
    asked = oneway()
    asked.rules = {key: r for key, r in shipped_rules().items() if key != KINDS.contraflow.key}
    assert asked.nodes(asked.find("A", "C", profile="emergency")) == "ADEC"


@pytest.mark.parametrize(("more", "nodes"), [((), "ABC"), (("wall",), "ADEC")])
def test_barriers_not_signs_stop_who_goes_against_one_way_traffic(more, nodes):
    asked = oneway()
    asked.turns = [("no", "BA", "BC", *more)]
    assert asked.nodes(asked.find("A", "C", profile="emergency")) == nodes
