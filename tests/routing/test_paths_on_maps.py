"""What a path does, each case drawn as a map; one character is about 200 m, an edge 1000 m."""

from datetime import timedelta

import numpy as np
import pytest
import shapely

from routing.answer.summary import summarise
from routing.cost.rule_models import OF_ROADS
from routing.query.leg import line
from routing.query.refusal import first_unsure, list_to_check
from spatial.errors import BadParameter, LimitViolated, NoSnap, Unreachable
from tests.routing.maps import NOW, Town, changed, edge_id, shipped_rules

SQUARE = """
  A----B
  |    |
  C----D
"""


def square(**roads):
    return Town(SQUARE, {"AB": {}, "BD": {}, "AC": {}, "CD": {"length_m": 3000.0}, **roads})


def test_the_shorter_way_is_taken_both_ways():
    town = square()
    assert town.way("A", "D") == "ABD"
    assert town.way("D", "A") == "DBA"


def test_one_way_streets_are_driven_one_way():
    town = square(AB={"oneway": True})
    assert town.way("A", "D") == "ABD"
    assert town.way("D", "A") == "DCA"


def test_the_line_runs_exactly_from_snap_to_snap():
    town = square()
    found = town.find("AB:0.25", "BD:0.5")
    points = line(town.graph, found.legs[0])
    assert points.tolist() == [
        list(np.round(town.at("AB:0.25"), 7)),
        list(town.places["B"]),
        list(np.round(town.at("BD:0.5"), 7)),
    ]
    assert summarise(town.graph.edges, found, found.legs).length_m == pytest.approx(1250, abs=0.5)


@pytest.mark.parametrize(
    ("start", "stop", "metres"), [("AB:0.2", "AB:0.7", 500), ("AB:0.7", "AB:0.2", 500)]
)
def test_two_places_on_one_edge(start, stop, metres):
    town = square()
    found = town.find(start, stop)
    assert len(found.legs[0].keys) == 1
    assert summarise(town.graph.edges, found, found.legs).length_m == pytest.approx(metres, abs=0.5)


def test_back_on_a_one_way_edge_goes_around_the_block():
    town = square(AB={"oneway": True})
    found = town.find("AB:0.7", "AB:0.2")
    assert town.nodes(found) == "BDCA"
    assert summarise(town.graph.edges, found, found.legs).length_m == pytest.approx(5500, abs=1)


def test_the_same_point_twice_is_a_path_of_no_length():
    town = square()
    found = town.find("AB:0.5", "AB:0.5")
    points = line(town.graph, found.legs[0])
    assert summarise(town.graph.edges, found, found.legs).length_m == 0
    assert points.tolist() == [points[0].tolist()] * 2


def test_waypoints_are_passed_in_order():
    town = square()
    found = town.find("A", "CD:0.5", "B")
    assert len(found.legs) == 2
    assert town.nodes(found) == "ACDB"
    assert found.legs[0].target == found.legs[1].source


def test_a_longer_shape_is_followed_in_either_direction():
    town = square()
    (x, y), (u, v) = town.places["A"], town.places["B"]
    bend = Town(SQUARE, {"AB": {"shape": [(x, y), (x, y + 0.01), (u, y + 0.01), (u, v)]}, "BD": {}})
    there = line(bend.graph, bend.find("A", "D").legs[0])
    back = line(bend.graph, bend.find("D", "A").legs[0])
    assert len(there) == 5
    assert there.tolist() == back[::-1].tolist()


# closures


def test_a_closed_edge_is_avoided_and_reopened():
    town = square()
    before = line(town.graph, town.find("A", "D").legs[0])
    rows = town.close(1, "AB")
    closed = town.find("A", "D")
    assert (town.nodes(closed), closed.version) == ("ACD", 1)
    town.network.apply(2, [], rows, NOW)
    after = town.find("A", "D")
    assert after.version == 2
    assert line(town.graph, after.legs[0]).tobytes() == before.tobytes()


def test_a_closure_in_one_direction_leaves_the_other_open():
    town = square()
    town.close(1, "AB", direction="forward")
    assert town.way("A", "D") == "ACD"
    assert town.way("D", "A") == "DBA"


def test_two_closures_of_one_edge_end_one_by_one():
    town = square()
    first, second = town.close(1, "AB"), town.close(2, "AB")
    town.network.apply(3, [], first, NOW)
    assert town.way("A", "D") == "ACD"
    town.network.apply(4, [], second, NOW)
    assert town.way("A", "D") == "ABD"


def test_closures_begin_and_expire_by_the_clock():
    town = square()
    town.close(1, "AB", since=NOW + timedelta(hours=1), until=NOW + timedelta(hours=2))
    hours = [town.way("A", "D", now=NOW + timedelta(hours=h)) for h in (0, 1, 1.99, 2, 3)]
    assert hours == ["ABD", "ACD", "ACD", "ABD", "ABD"]


def test_departure_decides_which_closures_count():
    town = square()
    town.close(1, "AB", since=NOW + timedelta(hours=1), until=NOW + timedelta(hours=2))
    town.close(2, "AC", until=NOW + timedelta(minutes=30))
    times = [NOW + timedelta(hours=h) for h in (0, 1.5, 2.5)]
    assert [town.way("A", "D", depart_at=t) for t in times] == ["ABD", "ACD", "ABD"]
    assert town.way("A", "D") == "ABD"


def test_a_speed_cap_slows_and_diverts():
    town = square()
    town.close(1, "AB", kind="speed", value=1.0)
    assert town.way("A", "D") == "ACD"
    rows = town.close(2, "CD", kind="speed", value=1.0)
    found = town.find("A", "D")
    assert town.nodes(found) == "ABD"
    seconds = summarise(town.graph.edges, found, found.legs).duration_s
    assert seconds == pytest.approx(3600 + 3.6 * 1000 / 50)
    assert rows


def test_a_place_cut_off_by_closures_says_so():
    town = Town("A----B----C----D", {"AB": {}, "BC": {}, "CD": {}})
    town.close(1, "BC")
    with pytest.raises(Unreachable) as cut:
        town.find("A", "D")
    assert cut.value.extra["closures"] == [
        {"edge": str(edge_id("BC")), "event": "e", "until": None}
    ]


# vehicles


LOW = {"AC": {"length_m": 100.0, "max_height_m": 3.8}, "CD": {"length_m": 100.0}}


def test_a_high_truck_keeps_off_a_low_bridge_that_a_car_takes():
    town = square(**LOW)
    assert town.way("A", "D") == "ACD"
    assert town.way("A", "D", profile="truck") == "ABD"
    assert town.way("A", "D", profile="truck", sizes={"height_m": 3.8}) == "ACD"


def test_a_limit_that_the_vehicle_just_meets_lets_it_pass():
    town = square(**LOW)
    assert town.way("A", "D", sizes={"height_m": 3.8}) == "ACD"
    assert town.way("A", "D", sizes={"height_m": 3.801}) == "ABD"


def test_a_limit_on_the_only_way_is_named():
    town = Town("A----B----C----D", {"AB": {}, "BC": {"max_mass_t": 20.0, "ref": "X1"}, "CD": {}})
    with pytest.raises(LimitViolated) as refused:
        town.find("A", "D", profile="truck")
    (edge,) = refused.value.extra["edges"]
    assert edge["edge"] == str(edge_id("BC"))
    assert (edge["limit"], edge["value"], edge["vehicle"]) == ("max_mass_t", 20.0, 49.0)
    assert edge["ref"] == "X1"
    assert "第三条" in refused.value.extra["rule"]["source"]


def test_unknown_limits_are_declared_or_refused():
    town = square(AB={"limits_known": False})
    found = town.find("A", "D", profile="truck")
    assert town.nodes(found) == "ABD"
    assert summarise(town.graph.edges, found, found.legs).limits_unknown_share == 0.5
    assert town.way("A", "D", profile="truck", unknown_limits="refuse") == "ACD"
    half = square(AB={"limits_known": False, "max_height_m": 5.0})
    kept = {"profile": "car", "sizes": {"height_m": 4.0}}
    found = half.find("A", "D", **kept)
    assert summarise(half.graph.edges, found, found.legs).limits_unknown_share == 0.0
    assert first_unsure(half.graph.edges, found) is None


def test_the_first_unknown_limit_of_a_path_is_named():
    town = square(BD={"limits_known": False})
    found = town.find("A", "D", profile="truck")
    assert town.nodes(found) == "ABD"
    about, metres, place = first_unsure(town.graph.edges, found)
    assert (about["edge"], metres) == (str(edge_id("BD")), 1000.0)
    assert place == pytest.approx(town.places["B"])
    begun = town.find("BD:0.25", "D", profile="truck")
    about, metres, place = first_unsure(town.graph.edges, begun)
    assert (about["edge"], metres) == (str(edge_id("BD")), 0.0)
    assert place == pytest.approx(town.at("BD:0.25"))
    assert first_unsure(town.graph.edges, town.find("A", "D")) is None, "a car has no dimensions"


def test_access_by_vehicle():
    town = square(AB={"access": '{"hgv": "no"}'})
    assert town.way("A", "D") == "ABD"
    assert town.way("A", "D", profile="truck") == "ACD"
    town = square(AB={"access": '{"motor_vehicle": "no", "motorcar": "yes"}'})
    assert town.way("A", "D") == "ABD"
    town = square(AB={"access": '{"motor_vehicle:backward": "no"}'})
    assert (town.way("A", "D"), town.way("D", "A")) == ("ABD", "DCA")


def test_streets_for_residents_are_a_goal_and_not_a_way():
    town = square(AB={"access": '{"motor_vehicle": "destination"}'})
    assert town.way("A", "D") == "ACD"
    assert town.way("C", "AB:0.5") == "CA"


def test_other_modes_are_not_driven():
    town = square(AB={"mode": "rail"}, AC={"mode": "ferry", "class": "ferry"})
    assert town.way("A", "D") == "ACD"


# avoid


def test_avoid_edges_classes_and_polygons():
    town = square(AB={"class": "primary"})
    assert town.way("A", "D", avoid_edges=[edge_id("AB")]) == "ACD"
    assert town.way("A", "D", avoid_classes=["primary"]) == "ACD"
    middle = shapely.Point(town.at("AB:0.5")).buffer(0.0005)
    assert town.way("A", "D", avoid_polygons=[middle]) == "ACD"
    assert town.way("A", "D") == "ABD"
    with pytest.raises(BadParameter):
        town.find("A", "D", avoid_edges=[edge_id("nowhere")])


def test_a_closure_reaches_the_metric_that_was_made_for_a_vehicle():
    town = square(**LOW)
    assert town.way("A", "D", profile="truck") == "ABD"
    rows = town.close(1, "BD")
    with pytest.raises(LimitViolated):
        town.find("A", "D", profile="truck")
    town.network.apply(2, [], rows, NOW)
    assert town.way("A", "D", profile="truck") == "ABD"


# snapping


def test_far_from_the_network_is_an_error():
    town = square()
    query = (121.2, 30.2)
    town.places["Z"] = query
    with pytest.raises(NoSnap) as far:
        town.find("A", "Z")
    assert far.value.extra["waypoint"] == 1


def test_the_distance_to_the_network_is_told_in_metres():
    town = square()
    town.places["Z"] = (town.places["A"][0] + 0.002, town.places["A"][1] + 0.001)
    spot = town.find("Z", "D").legs[0].source
    assert spot.distance_m == pytest.approx(110.85, abs=0.1)
    assert spot.fraction == pytest.approx(0.2)


def test_twins_at_the_same_place_are_both_tried():
    town = Town("A----B", {"AB": {"oneway": True}, "BA": {"oneway": True}})
    assert town.way("AB:0.2", "AB:0.8") == ""
    assert len(town.find("AB:0.2", "AB:0.8").legs[0].keys) == 1
    assert len(town.find("AB:0.8", "AB:0.2").legs[0].keys) == 1


def test_an_island_of_the_network_gives_way_to_the_main_one():
    drawing = "A----B----C\n X-Y"
    town = Town(drawing, {"AB": {}, "BC": {}, "XY": {}, "CB": {"length_m": 1200.0}})
    found = town.find("X", "C")
    assert town.names[found.legs[0].source.edge] == "AB"
    assert found.legs[0].source.distance_m == pytest.approx(222, abs=1)
    assert town.way("X", "Y") == "XY"


def test_structures_of_unknown_limits_are_listed_or_refused():
    unknown = {"limits_known": False}
    town = square(AB={**unknown, "structure": "bridge"}, AC=unknown, BD=unknown)
    found = town.find("A", "D", profile="truck")
    listed = list_to_check(town.graph.edges, found.vehicle, found.edges)
    assert [(one["edge"], one["structure"]) for one in listed] == [(str(edge_id("AB")), "bridge")]
    wary = {"profile": "truck", "unknown_limits": "structures"}
    assert town.way("A", "D", **wary) == "ACD"
    tunnel = {**unknown, "structure": "tunnel"}
    alone = Town("A----B----C----D", {"AB": unknown, "BC": tunnel, "CD": unknown})
    with pytest.raises(LimitViolated) as refused:
        alone.find("A", "D", **wary)
    (blocking,) = refused.value.extra["edges"]
    assert (blocking["edge"], blocking["limit"]) == (str(edge_id("BC")), "unknown")
    known = {**unknown, "structure": "bridge", "max_height_m": 5.0, "max_mass_t": 55.0}
    signed = square(AB=known)
    told = signed.find("A", "D", profile="car", sizes={"height_m": 4.0, "mass_t": 9.0})
    assert list_to_check(signed.graph.edges, told.vehicle, told.edges) == []


@pytest.mark.parametrize(
    ("profile", "sizes", "way"),
    [
        ("truck", {}, "ABD"),  # as large as the law allows without a permit
        ("truck", {"height_m": 4.1}, "ACD"),
        ("truck", {"mass_t": 49.5}, "ACD"),
        ("oversize", {}, "ACD"),
        ("hazmat", {}, "ABD"),  # a bridge says nothing of its cargo
        ("car", {}, "ABD"),
        ("car", {"width_m": 3.0}, "ACD"),
    ],
)
def test_only_who_exceeds_the_general_limits_keeps_off_unknown_ones(profile, sizes, way):
    town = square(AB={"limits_known": False, "structure": "bridge"})
    assert town.way("A", "D", profile=profile, sizes=sizes) == way
    assert town.way("A", "D", profile=profile, sizes=sizes, unknown_limits="allow") == "ABD"


def test_who_may_not_take_a_chance_is_told_what_to_check():
    bridge = {"limits_known": False, "structure": "bridge"}
    town = Town("A----B----C----D", {"AB": {}, "BC": bridge, "CD": {}})
    with pytest.raises(LimitViolated, match="not known") as refused:
        town.find("A", "D", profile="oversize")
    (named,) = refused.value.extra["structures_to_check"]
    assert (named["edge"], named["structure"]) == (str(edge_id("BC")), "bridge")
    assert "allow" in str(refused.value.mend_en)


def gated_yard() -> Town:
    """Return a road with a gate at G to a yard GXY, larger than an island."""
    drawing = "A----B----C\n     G\n     X----Y"
    roads = {"AB": {}, "BC": {}, "BG": {}, "GX": {}, "XY": {}}
    turns = [("no", *pair, "exempt=emergency", "wall") for pair in (("BG", "GX"), ("GX", "BG"))]
    rules = shipped_rules()
    rules |= changed(OF_ROADS.snap, rules[OF_ROADS.snap.key].given | {"island_nodes": 1})
    return Town(drawing, roads, turns, rules=rules)


@pytest.mark.parametrize(("first", "last"), [("A", "XY:0.2"), ("XY:0.2", "A")])
def test_a_place_behind_a_gate_is_reached_at_the_gate(first, last):
    town = gated_yard()
    found = town.find(first, last)
    ends = {town.names[found.legs[0].source.edge], town.names[found.legs[0].target.edge]}
    assert ends == {"AB", "BG"}
    assert town.way("X", "Y") == "XY"


def test_an_ambulance_passes_a_gate_that_is_open_to_it():
    town = gated_yard()
    assert town.way("A", "Y", profile="emergency") == "ABGXY"
    assert town.way("Y", "A", profile="emergency") == "YXGBA"


def test_separate_networks_are_unreachable():
    town = Town("A----B          C----D", {"AB": {}, "CD": {}})
    with pytest.raises(Unreachable) as cut:
        town.find("AB:0.5", "CD:0.5")
    assert "closures" not in cut.value.extra


def test_where_every_road_nearby_refuses_the_vehicle_the_error_tells_the_nearest():
    town = Town("A----B", {"AB": {}})
    town.close(1, "AB")
    with pytest.raises(NoSnap) as near:
        town.find("A", "B")
    assert near.value.extra == {"waypoint": 0, "nearest_m": 0}
