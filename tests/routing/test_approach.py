"""Places passed in a direction, or on the side on which one drives; how far they may be off."""

import pytest

from routing.query.approach import Approach
from routing.query.model import Conditions, PathQuery
from spatial.errors import BadParameter, NoSnap
from tests.routing.maps import NOW, Town

NORTH, EAST, SOUTH, WEST = 0.0, 90.0, 180.0, 270.0
SQUARE = """
A------B------C
|      |      |
D------E------F
"""
ROADS = {name: {} for name in ("AB", "BC", "DE", "EF", "AD", "BE", "CF")}


def driven(town: Town, first, last, approaches, **more) -> str:
    query = PathQuery("car", [first, last], approaches=approaches, **more)
    return town.nodes(town.network.path(query, NOW))


def off(town: Town, stop: str, dx: float = 0.0, dy: float = 0.0) -> tuple[float, float]:
    x, y = town.at(stop)
    return x + dx, y + dy


@pytest.mark.parametrize(
    ("heading", "first_nodes"), [(EAST, "B"), (WEST, "A"), (60, "B"), (300, "A"), (359, "")]
)
def test_a_place_is_left_in_the_direction_asked_for(heading, first_nodes):
    town, approach = Town(SQUARE, ROADS), Approach(heading)
    asked = town.at("AB:0.5"), town.at("EF:0.5"), [approach, Approach()]
    if not first_nodes:
        with pytest.raises(NoSnap, match="driven towards 359° ± 45°"):
            driven(town, *asked)
        return
    assert driven(town, *asked).startswith(first_nodes)


def test_a_place_is_come_to_in_the_direction_asked_for():
    town = Town(SQUARE, ROADS)
    for heading, last in ((EAST, "E"), (WEST, "F")):
        nodes = driven(town, town.at("AB:0.9"), town.at("EF:0.5"), [Approach(), Approach(heading)])
        assert nodes.endswith(last)


def test_a_road_beside_is_taken_where_the_nearest_is_not_driven_so():
    town = Town(SQUARE, ROADS)
    near_corner = off(town, "B", dx=0.0002, dy=-0.0001)
    north = driven(town, near_corner, town.at("AB:0.5"), [Approach(NORTH), Approach()])
    assert north == "B"
    far = town.at("AB:0.5")
    with pytest.raises(NoSnap, match="nor within 100 m"):
        driven(town, far, town.at("EF:0.5"), [Approach(SOUTH), Approach()])


@pytest.mark.parametrize(("dy", "last"), [(-0.0001, "E"), (0.0001, "F")])
def test_the_side_of_the_road_is_the_one_on_which_one_drives(dy, last):
    """South of a road from west to east is its right side."""
    town = Town(SQUARE, ROADS)
    goal = off(town, "EF:0.5", dy=dy)
    nodes = driven(town, town.at("AB:0.5"), goal, [Approach(), Approach(curb=True)])
    assert nodes.endswith(last)


def test_a_side_does_not_count_on_a_road_of_the_other_direction_and_on_its_line():
    town = Town(SQUARE, {**ROADS, "EF": {"oneway": True}})
    for dy in (-0.0001, 0.0, 0.0001):
        goal = off(town, "EF:0.5", dy=dy)
        nodes = driven(town, town.at("AB:0.5"), goal, [Approach(), Approach(curb=True)])
        assert nodes.endswith("E")
    plain = Town(SQUARE, ROADS)
    on_it = driven(plain, plain.at("BC:0.9"), plain.at("EF:0.9"), [Approach(), Approach(curb=True)])
    assert on_it.endswith("F")


def test_a_via_keeps_its_direction_and_its_order():
    town = Town(SQUARE, ROADS)
    places = [town.at(at) for at in ("AD:0.5", "BE:0.5", "CF:0.5")]
    for heading, wanted in ((NORTH, "DEBC"), (SOUTH, "ABEF")):
        query = PathQuery("car", places, approaches=[Approach(), Approach(heading), Approach()])
        assert town.nodes(town.network.path(query, NOW)) == wanted
    turned = query.in_order([2, 1, 0])
    assert turned.waypoints == places[::-1]
    assert [one.heading for one in turned.approaches] == [None, SOUTH, None]


def test_a_radius_of_the_question_counts_instead_of_the_rule():
    town = Town(SQUARE, ROADS)
    away = off(town, "DE:0.5", dy=-0.01)
    assert driven(town, away, town.at("C"), [])
    with pytest.raises(NoSnap, match="within 900 m"):
        driven(town, away, town.at("C"), [], snap_radius_m=900.0)
    far = off(town, "DE:0.5", dy=-0.1)
    with pytest.raises(NoSnap, match="within 5000 m"):
        driven(town, far, town.at("C"), [])
    assert driven(town, far, town.at("C"), [], snap_radius_m=20_000.0)


@pytest.mark.parametrize("member", ["avoid_classes", "prefer_classes"])
def test_a_class_that_there_is_not_is_refused(member):
    net = Town(SQUARE, ROADS).network
    with pytest.raises(BadParameter, match="Unknown class 'motorwy'; there are: motorway"):
        net.prepared(Conditions("car", **{member: ["motorwy"]}), NOW)
    assert net.prepared(Conditions("car", **{member: ["motorway"]}), NOW)


@pytest.mark.parametrize(
    ("feature", "column"),
    [("toll", {"toll": True}), ("ferry", {"mode": "ferry"}), ("tunnel", {"structure": "tunnel"}),
     ("bridge", {"structure": "bridge"})],
)  # fmt: skip
def test_a_feature_is_kept_off_while_there_is_another_way(feature, column):
    town = Town(SQUARE, {**ROADS, "BC": column})
    ends = [town.at("AB:0.5"), town.at("C")]
    assert town.nodes(town.network.path(PathQuery("car", ends), NOW)) == "BC"
    other = sorted({"toll", "ferry", "tunnel", "bridge"} - {feature})
    for features, wanted in (([feature], "BEFC"), (other, "BC")):
        query = PathQuery("car", ends, avoid_features=features)
        assert town.nodes(town.network.path(query, NOW)) == wanted
    assert not query.plain
