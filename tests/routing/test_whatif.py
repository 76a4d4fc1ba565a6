"""What if: each change has the effect of the same network drawn with it."""

from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest

from routing.cost.profile import load_profiles
from routing.planning.whatif import Changes, NewEdge, vary
from routing.query.model import Conditions
from spatial.errors import BadParameter
from spatial.networks.road import KIND as ROAD
from tests.routing.maps import NOW, Town

MAP = """
A-----B-----C
|           |
D-----------E
"""
LENGTHS = {"AB": 1000.0, "BC": 1000.0, "AD": 2000.0, "DE": 3000.0, "CE": 2000.0}
NEW = UUID(int=7)


def road(metres, **more):
    return {"length_m": metres, "speed_kmh": 60.0, "speed_basis": "posted", **more}


@pytest.fixture
def town():
    return Town(MAP, {name: road(metres) for name, metres in LENGTHS.items()})


def changes(**given):
    nothing = np.zeros(0, np.int64)
    return replace(Changes(nothing, nothing, {}, {}), **given)


def times(network, conditions, town, stops="ACE"):
    prepared = network.prepared(conditions, NOW)
    spots = network.snap(prepared, [town.at(stop) for stop in stops])
    return prepared.durations(spots, spots)


def varied(town, given, profile="car", **conditions):
    asked = Conditions(profile, **conditions)
    prepared = town.network.prepared(asked, NOW)
    return vary(town.network, prepared, asked, load_profiles(ROAD)[profile], given)


def edge(town, name):
    return np.array([town.names.index(name)])


def test_a_closed_edge_is_driven_round_and_the_network_stays_as_it_is(town):
    found = varied(town, changes(shut=edge(town, "BC")))
    assert found.network is town.network
    assert times(town.network, found.conditions, town)[0, 1] == pytest.approx(420)
    assert times(town.network, Conditions("car"), town)[0, 1] == pytest.approx(120)


def test_a_live_closure_holds_on_both_sides_and_may_be_opened(town):
    town.close(1, "BC")
    still = varied(town, changes(shut=edge(town, "DE")))
    assert np.isinf(times(town.network, still.conditions, town)[0, 1])
    opened = varied(town, changes(opened=edge(town, "BC")))
    assert times(town.network, opened.conditions, town)[0, 1] == pytest.approx(120)
    limited = varied(town, changes(limits={int(edge(town, "AB")[0]): {"height_m": 2.0}}))
    assert times(limited.network, limited.conditions, town)[0, 1] == pytest.approx(420)


def test_a_speed_may_fall_and_rise(town):
    at = int(edge(town, "AB")[0])
    for speed, seconds in ((30.0, 180), (120.0, 90)):
        found = varied(town, changes(speed_kmh={at: speed}))
        assert times(found.network, found.conditions, town)[0, 1] == pytest.approx(seconds)


def test_a_stream_slows_its_direction_and_lifts_no_live_limit(town):
    key = 2 * int(edge(town, "AB")[0])
    found = varied(town, changes(stream_kmh={key: 30.0}))
    assert found.network is town.network
    after = times(found.network, found.conditions, town)
    assert (after[0, 1], after[1, 0]) == (pytest.approx(180), pytest.approx(120))
    limited = varied(
        town, changes(stream_kmh={key: 30.0, key + 1: 100.0}, speed_kmh={key >> 1: 40.0})
    )
    both = times(limited.network, limited.conditions, town)
    assert (both[0, 1], both[1, 0]) == (pytest.approx(180), pytest.approx(150))
    town.close(1, "AB", kind="speed", value=20.0)
    slow = varied(town, changes(stream_kmh={key: 30.0}))
    assert times(slow.network, slow.conditions, town)[0, 1] == pytest.approx(240)


def test_a_limit_stops_the_vehicle_that_breaks_it_only(town):
    at = int(edge(town, "AB")[0])
    given = changes(limits={at: {"height_m": 3.5}})
    truck = varied(town, given, "truck", sizes={"height_m": 4.0})
    low = varied(town, given, "truck", sizes={"height_m": 3.4})
    assert times(truck.network, truck.conditions, town)[0, 1] == pytest.approx(420)
    assert times(low.network, low.conditions, town)[0, 1] == pytest.approx(120)


def test_a_limit_taken_away_lets_the_vehicle_through():
    town = Town(MAP, {n: road(m, max_height_m=3.5 if n == "AB" else None)
                      for n, m in LENGTHS.items()})  # fmt: skip
    at = int(edge(town, "AB")[0])
    asked = Conditions("truck", sizes={"height_m": 4.0})
    assert times(town.network, asked, town)[0, 1] == pytest.approx(420)
    found = varied(town, changes(limits={at: {"height_m": None}}), "truck", sizes=asked.sizes)
    assert times(found.network, found.conditions, town)[0, 1] == pytest.approx(120)


def new(town, first, last, **more):
    points = np.array([town.at(first), town.at(last)])
    return NewEdge(NEW, points, "secondary", more.pop("oneway", False), 60.0, more, 50.0)


def test_an_added_edge_shortens_the_way_in_its_directions(town):
    before = times(town.network, Conditions("car"), town, "AE")
    both = varied(town, changes(added=[new(town, "A", "E")]))
    after = times(both.network, both.conditions, town, "AE")
    assert (after[0, 1], after[1, 0]) < (before[0, 1], before[1, 0])
    graph = both.network.graph
    assert len(graph.edges) == len(town.graph.edges) + 1
    assert graph.edges.row_id(len(graph.edges) - 1) == NEW
    assert after[0, 1] == pytest.approx(graph.edges.length_m[-1] * 3.6 / 60, abs=0.01)
    oneway = varied(town, changes(added=[new(town, "A", "E", oneway=True)]))
    once = times(oneway.network, oneway.conditions, town, "AE")
    assert once[0, 1] == after[0, 1] and once[1, 0] == before[1, 0]


def test_an_added_edge_has_limits_and_ends_at_junctions(town):
    low = varied(town, changes(added=[new(town, "A", "E", height_m=3.0)]), "truck",
                 sizes={"height_m": 4.0})  # fmt: skip
    same = times(town.network, Conditions("truck", sizes={"height_m": 4.0}), town, "AE")
    assert (times(low.network, low.conditions, town, "AE") == same).all()
    with pytest.raises(BadParameter, match="nearest node"):
        varied(town, changes(added=[new(town, "AB:0.5", "E")]))


def test_an_added_edge_can_be_entered_from_a_restricted_junction():
    roads = {name: road(metres) for name, metres in LENGTHS.items()}
    town = Town(MAP, roads, turns=[("no", "AB", "BC")])
    assert np.isfinite(times(town.network, Conditions("car"), town, "AC")[0, 1])
    found = varied(town, changes(added=[new(town, "B", "E")], shut=edge(town, "AD")))
    after = times(found.network, found.conditions, town, "AE")
    length = found.network.graph.edges.length_m[-1]
    assert after[0, 1] == pytest.approx(60 + length * 3.6 / 60, abs=0.01)
