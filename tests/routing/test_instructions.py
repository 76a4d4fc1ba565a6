"""Step instructions on drawn maps, and the GPX that carries them."""

from xml.etree import ElementTree

import numpy as np
import pytest

from routing.answer.gpx import Track, write
from routing.answer.instructions import Drive, Instructor
from routing.query.leg import line
from tests.routing.maps import Town

CROSSING = """
    N
  P   Q
W   X   E
  R   S
    T
"""
NAMES = {
    "WX": {"name_zh": "环城路", "name_en": "Ring Road"},
    "XE": {"name_zh": "环城路", "name_en": "Ring Road"},
    "XN": {"name_zh": "北街", "name_en": "North Street"},
    "XT": {"name_zh": "南街", "name_en": "South Street"},
    "XP": {"name_zh": "一路", "name_en": "First"}, "XQ": {"name_zh": "二路", "name_en": "Second"},
    "XR": {"name_zh": "三路", "name_en": "Third"}, "XS": {"name_zh": "四路", "name_en": "Fourth"},
}  # fmt: skip


def steps(town, *stops, **more):
    found = town.find(*stops, **more)
    drives = []
    for leg in found.legs:
        part = leg.stop - leg.start
        length = town.graph.edges.length_m[leg.edges] * part
        drives.append(Drive(leg, length, length / 10))
    told = Instructor(town.graph).steps(drives, found.costs.passable)
    total = sum(drive.length_m.sum() for drive in drives)
    assert sum(step.length_m for step in told) == pytest.approx(total)
    assert sum(step.duration_s for step in told) == pytest.approx(total / 10)
    return told


def maneuvers(*given, **more):
    return [step.maneuver for step in steps(*given, **more)]


@pytest.mark.parametrize(
    ("goal", "told"),
    [
        ("N", "left"), ("T", "right"), ("Q", "slight_left"), ("S", "slight_right"),
        ("P", "sharp_left"), ("R", "sharp_right"),
    ],
)  # fmt: skip
def test_turns_at_a_crossing(goal, told):
    town = Town(CROSSING, NAMES)
    assert maneuvers(town, "W", goal) == ["depart", told, "arrive"]


def test_straight_on_along_the_same_road_says_nothing():
    assert maneuvers(Town(CROSSING, NAMES), "W", "E") == ["depart", "arrive"]


def test_straight_on_where_the_name_changes_says_so():
    town = Town(CROSSING, NAMES | {"XE": {"ref": "G320"}})
    assert maneuvers(town, "W", "E") == ["depart", "continue", "arrive"]


def test_the_words_in_both_languages():
    first, turn, last = steps(
        Town(CROSSING, NAMES | {"XN": {"ref": "G60", **NAMES["XN"]}}), "W", "N"
    )
    assert first.text == {"zh": "向东出发，沿环城路行驶", "en": "Head east on Ring Road"}
    assert first.bearing == 90
    assert turn.text == {
        "zh": "左转，进入G60 北街", "en": "Turn left onto North Street (G60)",
    }  # fmt: skip
    assert (turn.ref, turn.name) == ("G60", {"zh": "北街", "en": "North Street"})
    assert turn.point == pytest.approx(Town(CROSSING, NAMES).places["X"])
    assert last.text == {"zh": "到达目的地", "en": "Arrive at the destination"}
    assert last.length_m == 0


def test_a_bend_without_a_choice_says_nothing():
    town = Town(CROSSING, {"WX": NAMES["WX"], "XN": NAMES["WX"]})
    assert maneuvers(town, "W", "N") == ["depart", "arrive"]


def test_a_way_that_the_vehicle_may_not_take_is_no_choice():
    shut = {"access": '{"motor_vehicle": "no"}'}
    town = Town(CROSSING, {"WX": NAMES["WX"], "XN": NAMES["WX"], "XE": shut})
    assert maneuvers(town, "W", "N") == ["depart", "arrive"]


def test_a_stop_on_the_way_and_turning_round_there():
    told = steps(Town(CROSSING, NAMES), "W", "XE:0.5", "N")
    assert [step.maneuver for step in told] == ["depart", "arrive", "depart", "right", "arrive"]
    assert told[1].text["en"] == "Arrive at stop 1"


FREEWAY = """
        B
A    X     C   D
      L
              R
"""
ROADS = {
    "AX": {"class": "motorway", "ref": "G92", "oneway": True},
    "XC": {"class": "motorway", "ref": "G92", "oneway": True},
    "CD": {"class": "motorway", "ref": "G92", "oneway": True},
    "XL": {"class": "motorway_link", "oneway": True},
    "LR": {"class": "secondary", "ref": "S15"},
    "LC": {"class": "motorway_link", "oneway": True},
}


def test_leaving_and_joining_a_motorway():
    town = Town(FREEWAY, ROADS)
    assert maneuvers(town, "A", "D") == ["depart", "arrive"]
    told = steps(town, "A", "R")
    assert [step.maneuver for step in told] == ["depart", "exit_right", "slight_left", "arrive"]
    assert maneuvers(town, "R", "D") == ["depart", "ramp_right", "merge", "arrive"]


FORK = """
                 B
A        X
                 C
"""


def test_a_fork_of_equal_roads_says_which_side_to_keep():
    town = Town(FREEWAY, {
        "AX": {"class": "motorway", "ref": "G92"}, "XB": {"class": "motorway", "ref": "G15"},
        "XC": {"class": "motorway", "ref": "G92"}, "CD": {"class": "motorway", "ref": "G92"},
    })  # fmt: skip
    assert maneuvers(town, "A", "D") == ["depart", "arrive"]
    assert maneuvers(town, "A", "B") == ["depart", "keep_left", "arrive"]
    fork = Town(FORK, {
        "AX": {"class": "motorway", "ref": "G92"}, "XB": {"class": "motorway", "ref": "G15"},
        "XC": {"class": "motorway", "ref": "G60"},
    })  # fmt: skip
    assert maneuvers(fork, "A", "B") == ["depart", "keep_left", "arrive"]
    assert maneuvers(fork, "A", "C") == ["depart", "keep_right", "arrive"]


CIRCLE = """
      N
      A
 W  D   B  E
      C
      S
"""
RING = {name: {"roundabout": True, "oneway": True, "name_en": "Circle"}
        for name in ("DC", "CB", "BA", "AD")}  # fmt: skip
SPOKES = {name: {"name_en": name, "name_zh": name} for name in ("WD", "SC", "EB", "NA")}


@pytest.mark.parametrize(("goal", "exit_"), [("S", 1), ("E", 2), ("N", 3)])
def test_a_roundabout_is_one_step_that_counts_exits(goal, exit_):
    spoke = next(name for name in SPOKES if name[0] == goal)
    told = steps(Town(CIRCLE, RING | SPOKES), "W", goal)
    assert [s.maneuver for s in told] == ["depart", "roundabout", "arrive"]
    assert told[1].exit == exit_
    assert told[1].text == {
        "zh": f"进入环岛，从第 {exit_} 个出口驶出，进入{spoke}",
        "en": f"At the roundabout take exit {exit_} onto {spoke}",
    }
    assert told[1].point == pytest.approx(Town(CIRCLE, {}).places["D"])


def test_stops_within_a_roundabout():
    told = steps(Town(CIRCLE, RING | SPOKES), "W", "CB:0.5", "N")
    assert [s.maneuver for s in told] == [
        "depart", "roundabout_enter", "arrive", "depart", "right", "arrive",
    ]  # fmt: skip
    assert told[1].text["en"] == "Enter the roundabout Circle"


def test_an_exit_that_is_closed_to_the_vehicle_or_an_entrance_is_not_counted():
    shut = SPOKES | {"SC": {"access": '{"motor_vehicle": "no"}'}, "EB": {"oneway": True}}
    told = steps(Town(CIRCLE, RING | shut), "W", "N")
    assert [(s.maneuver, s.exit) for s in told] == [
        ("depart", None), ("roundabout", 1), ("arrive", None),
    ]  # fmt: skip


def test_a_ferry_is_told_once():
    town = Town("A B C D", {
        "AB": {"name_en": "Quay"}, "BC": {"class": "ferry", "mode": "ferry"},
        "CD": {"name_en": "Island"},
    })  # fmt: skip
    assert maneuvers(town, "A", "D") == ["depart", "ferry", "continue", "arrive"]


def test_gpx_holds_the_line_the_stops_and_the_steps():
    town = Town(CROSSING, NAMES)
    found = town.find("W", "N")
    told = [(step.text["zh"], step.point) for step in steps(town, "W", "N")]
    points = np.concatenate([line(town.graph, leg) for leg in found.legs])
    text = write([town.at("W"), town.at("N")], [Track("一 & 二", points, told)])
    root = ElementTree.fromstring(text)
    ns = {"g": "http://www.topografix.com/GPX/1/1"}
    assert len(root.findall("g:wpt", ns)) == 2
    assert [d.text for d in root.findall("g:rte/g:rtept/g:desc", ns)] == [t for t, _ in told]
    read = [(float(p.get("lon")), float(p.get("lat"))) for p in root.iterfind(".//g:trkpt", ns)]
    assert np.array(read) == pytest.approx(points)
    assert root.find("g:trk/g:name", ns).text == "一 & 二"
