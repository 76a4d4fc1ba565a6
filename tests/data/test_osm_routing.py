"""What OpenStreetMap says must decide the path: maps drawn in letters, loaded, then asked.

Every map has a short way over the top and a detour below it.
"""

import asyncio
from contextlib import suppress
from pathlib import Path

import asyncpg
import numpy as np
import psycopg
import pytest

from api.network.edge_rows import make_graph, read_rows
from api.network.rows import make_structures, read_live
from data.osm.load import load_osm
from routing.cch.engine import Topology
from routing.cost.profile import load_profiles
from routing.query.leg import line
from routing.query.model import PathQuery
from routing.query.network import RoadNetwork
from spatial.errors import NoSnap, SigangError
from spatial.networks.model import Traffic
from spatial.networks.road import ACTIVE, MOTOR
from spatial.networks.road import KIND as ROAD
from tests.data.osm_maps import ORIGIN, Map
from tests.routing.maps import NOW, shipped_rules

pytestmark = pytest.mark.db

STREET = """
  n
 wxabc
   pq
"""
DETOUR = """
 a  b  c  d
 |        |
 e        f
"""

YARD = """
    a--b--c
       |
       g
       |
       y
"""


class Asked:
    """A loaded map that answers paths as strings of node letters."""

    def __init__(self, drawn: Map, url: str, traffic: Traffic = MOTOR) -> None:
        self._drawn = drawn
        rows, live = asyncio.run(self._read(url, traffic))
        graph = make_graph(rows, ROAD, traffic)
        self.network = RoadNetwork(
            graph,
            Topology.build(graph),
            load_profiles(ROAD),
            shipped_rules(),
            make_structures(graph, live.structures),
        )

    @staticmethod
    async def _read(url: str, traffic: Traffic):
        conn = await asyncpg.connect(url)
        try:
            return await read_rows(conn, ROAD, traffic), await read_live(conn, ROAD)
        finally:
            await conn.close()

    def place(self, letter: str) -> tuple[float, float]:
        x, y = self._drawn.nodes[letter]
        return ORIGIN[0] + x / 1000, ORIGIN[1] + y / 1000

    def way(self, first: str, last: str, profile: str = "car", **sizes: float) -> str:
        query = PathQuery(profile, [self.place(first), self.place(last)], sizes=sizes)
        found = self.network.path(query, NOW)
        letters = ""
        for leg in found.legs:
            for point in line(self.network.graph, leg):
                letter = self._letter(point)
                letters += letter if not letters.endswith(letter) else ""
        return letters

    def _letter(self, point: np.ndarray) -> str:
        return min(
            self._drawn.nodes, key=lambda name: float(np.abs(self.place(name) - point).sum())
        )


@pytest.fixture
def ask(conn: psycopg.Connection, database_url: str, tmp_path: Path):
    def load(drawn: Map, traffic: Traffic = MOTOR) -> Asked:
        load_osm(conn, drawn.write(tmp_path / "map.osm.pbf"), "test", lambda line: None)
        conn.commit()
        return Asked(drawn, database_url, traffic)

    return load


def ladder(**top: str) -> Map:
    drawn = Map(DETOUR).way("abcd", **{"highway": "residential", **top})
    return drawn.way("aefd", highway="residential")


def test_the_short_way_is_open_to_everybody(ask) -> None:
    asked = ask(ladder())
    assert asked.way("a", "d") == asked.way("d", "a")[::-1] == "abcd"
    assert asked.way("a", "d", "truck") == "abcd"


def test_a_one_way_counts_in_its_direction(ask) -> None:
    asked = ask(ladder(oneway="-1"))
    assert asked.way("d", "a") == "dcba"
    assert asked.way("a", "d") == "aefd"


def test_a_bollard_stops_cars_and_a_gate_does_not(ask) -> None:
    assert ask(ladder().node("b", barrier="bollard")).way("a", "d") == "aefd"
    assert ask(ladder().node("b", barrier="gate")).way("a", "d") == "abcd"


@pytest.mark.parametrize(
    ("tags", "passing", "stopped"),
    [
        (
            {"barrier": "gate", "access": "private"},
            ["emergency", "patrol", "maintenance"],
            ["car", "truck", "bus"],
        ),
        ({"barrier": "gate", "hgv": "no"}, ["car", "bus", "emergency"], ["truck", "maintenance"]),
        ({"barrier": "bollard", "bus": "yes"}, ["bus"], ["car", "truck", "emergency"]),
        ({"barrier": "gate", "access": "no", "emergency": "yes"}, ["emergency"], ["car", "patrol"]),
        ({"barrier": "gate", "access": "military"}, ["emergency"], ["car", "bus", "truck"]),
    ],
)
def test_a_barrier_tells_vehicles_apart(ask, tags, passing, stopped) -> None:
    asked = ask(ladder().node("b", **tags))
    assert {p: asked.way("a", "d", p) for p in passing} == dict.fromkeys(passing, "abcd")
    assert {p: asked.way("a", "d", p) for p in stopped} == dict.fromkeys(stopped, "aefd")


@pytest.mark.parametrize(
    ("tags", "ways"),
    [
        ({"barrier": "gate", "access": "private"},
         {"car": "aefd", "truck": "aefd", "bus": "aefd", "emergency": "abcd", "patrol": "abcd"}),
        ({"barrier": "gate", "access": "destination"},
         {"car": "aefd", "taxi": "aefd", "maintenance": "abcd", "emergency": "abcd"}),
        ({"barrier": "gate", "access": "customers", "bus": "yes"}, {"car": "aefd", "bus": "abcd"}),
        ({"barrier": "gate", "motor_vehicle": "private"},
         {"car": "aefd", "bicycle": "abcd", "foot": "abcd"}),
        ({"barrier": "gate", "access": "private", "foot": "yes"},
         {"bicycle": "aefd", "foot": "abcd"}),
        ({"barrier": "bollard", "access": "destination"}, {"bicycle": "abcd", "foot": "abcd"}),
        ({"barrier": "gate", "motor_vehicle": "agricultural"}, {"car": "aefd", "patrol": "abcd"}),
    ],
)  # fmt: skip
def test_everybody_goes_by_the_own_tags_of_a_barrier(ask, tags, ways) -> None:
    asked = [ask(ladder().node("b", **tags), traffic) for traffic in (MOTOR, ACTIVE)]
    found = {who: asked[who in ("bicycle", "foot")].way("a", "d", who) for who in ways}
    assert found == ways


@pytest.mark.parametrize(
    ("tags", "inside"),
    [
        ({"barrier": "gate", "access": "private"}, {"car", "truck", "bus", "patrol", "emergency"}),
        ({"barrier": "gate", "locked": "yes"}, {"car", "truck", "bus", "patrol", "emergency"}),
        (
            {"barrier": "gate", "access": "customers", "hgv": "no"},
            {"car", "bus", "patrol", "emergency"},
        ),
        ({"barrier": "gate", "access": "no"}, set()),
        ({"barrier": "gate", "motor_vehicle": "agricultural"}, {"patrol", "emergency"}),
        ({"barrier": "bollard"}, set()),
    ],
)
def test_who_may_come_behind_a_gate(ask, tags, inside) -> None:
    drawn = Map(YARD).way("abc", highway="residential").way("bgy", highway="service")
    asked = ask(drawn.node("g", **tags))
    came = set()
    for who in ("car", "truck", "bus", "patrol", "emergency"):
        with suppress(SigangError):
            came |= {who} if asked.way("a", "y", who).endswith("gy") else set()
    assert came == inside


def test_nobody_walks_through_a_gate_that_is_shut_to_all(ask) -> None:
    asked = ask(ladder().node("b", barrier="gate", access="no"), ACTIVE)
    assert asked.way("a", "d", "bicycle") == asked.way("a", "d", "foot") == "aefd"


def test_access_tells_vehicles_apart(ask) -> None:
    asked = ask(ladder(hgv="no"))
    assert asked.way("a", "d") == "abcd"
    assert asked.way("a", "d", "truck") == "aefd"
    assert ask(ladder(access="no", motor_vehicle="yes")).way("a", "d") == "abcd"


def test_a_low_bridge_turns_a_high_truck_away(ask) -> None:
    asked = ask(ladder(bridge="yes", maxheight="3.8"))
    assert asked.way("a", "d", "truck", height_m=3.5) == "abcd"
    assert asked.way("a", "d", "truck", height_m=4.0) == "aefd"


def test_a_height_restrictor_turns_a_high_truck_away(ask) -> None:
    asked = ask(ladder().node("b", barrier="height_restrictor", maxheight="2.5"))
    assert asked.way("a", "d", "truck", height_m=2.0) == "abcd"
    assert asked.way("a", "d", "truck", height_m=4.0) == "aefd"


def junction() -> Map:
    """Ways 100 a–b, 101 b–c–d, 102 a–e–f–d."""
    drawn = Map(DETOUR).way("ab", highway="residential").way("bcd", highway="residential")
    return drawn.way("aefd", highway="residential")


def test_a_turn_that_is_forbidden_is_not_made(ask) -> None:
    drawn = junction().restriction(
        [("w", 100, "from"), ("n", "b", "via"), ("w", 101, "to")], restriction="no_straight_on"
    )
    asked = ask(drawn)
    assert asked.way("a", "d") == "aefd"
    assert asked.way("d", "a") == "dcba"


@pytest.mark.parametrize(
    ("tags", "bound", "free"),
    [
        ({"restriction:hgv": "no_straight_on"}, ["truck", "hazmat"], ["car", "bus", "emergency"]),
        (
            {"type": "restriction:hgv", "restriction": "no_straight_on"},
            ["truck", "maintenance"],
            ["car", "taxi", "emergency"],
        ),
        ({"restriction:bus": "no_straight_on"}, ["bus"], ["car", "taxi", "truck", "emergency"]),
        ({"restriction:motor_vehicle": "no_straight_on"}, ["car", "truck", "bus", "emergency"], []),
        ({"restriction:motorcar": "no_straight_on"}, ["car", "taxi"], ["truck", "bus"]),
        (
            {"restriction:conditional": "no_straight_on @ (weight>7.5)"},
            ["truck", "bus", "emergency"],
            ["car", "taxi"],
        ),
        ({"restriction": "No_Straight_On"}, ["car", "truck"], []),
        (
            {"restriction:hgv": "no_straight_on", "restriction:bus": "no_straight_on"},
            ["truck", "bus"],
            ["car", "taxi"],
        ),
    ],
)
def test_a_restriction_binds_those_whom_it_names(ask, tags, bound, free) -> None:
    members = [("w", 100, "from"), ("n", "b", "via"), ("w", 101, "to")]
    asked = ask(junction().restriction(members, **tags))
    ways = {"aefd": set(bound), "abcd": set(free)}
    for way, profiles in ways.items():
        assert {p for p in profiles if asked.way("a", "d", p) == way} == profiles


def test_a_restriction_binds_buses_against_a_one_way_street(ask) -> None:
    drawn = Map(DETOUR).way("ab", highway="residential", oneway="-1", oneway__bus="no")
    drawn.way("bcd", highway="residential").way("aefd", highway="residential")
    members = [("w", 100, "from"), ("n", "b", "via"), ("w", 101, "to")]
    asked = ask(drawn.restriction(members, restriction="no_straight_on"))
    assert asked.way("a", "d", "bus") == "aefd"
    assert asked.way("d", "a", "bus") == "dcba"


def test_a_restriction_over_a_way_binds_the_whole_sequence(ask) -> None:
    drawn = Map(DETOUR).way("ab", highway="residential").way("bc", highway="residential")
    drawn.way("cd", highway="residential").way("aefd", highway="residential")
    drawn.restriction(
        [("w", 100, "from"), ("w", 101, "via"), ("w", 102, "to")], restriction="no_straight_on"
    )
    asked = ask(drawn)
    assert asked.way("a", "d") == "aefd"
    assert asked.way("a", "c") == "abc"
    assert asked.way("b", "d") == "bcd"


@pytest.mark.parametrize(
    ("tags", "open_to"),
    [
        ({"hgv": "no", "hgv:conditional": "yes @ (00:00-24:00 AND weight<7.5)"}, {"car"}),
        ({"access": "no", "access:conditional": "yes @ (00:00-24:00 AND Nov-Mar)"}, set()),
        ({"motor_vehicle:conditional": "no (00:00-24:00)"}, set()),
        ({"hazmat:conditional": "no @ (22:00-06:00)"}, {"car", "truck"}),
        ({"hazmat": "restricted"}, {"car", "truck"}),
        ({"hgv": "no", "hgv:conditional": "yes @ (00:00-24:00)"}, {"car", "truck", "hazmat"}),
    ],
)
def test_what_nobody_can_read_opens_no_road(ask, tags, open_to) -> None:
    asked = ask(ladder(**tags))
    assert {
        who for who in ("car", "truck", "hazmat") if asked.way("a", "d", who) == "abcd"
    } == open_to


def test_a_gate_opens_only_where_all_of_its_condition_is_hours(ask) -> None:
    gate = {"barrier": "gate", "access": "no"}
    for hours, way in (("00:00-24:00 AND Nov-Mar", "aefd"), ("00:00-24:00", "abcd")):
        asked = ask(ladder().node("b", **gate, access__conditional=f"yes @ ({hours})"))
        assert asked.way("a", "d") == way
    shut = ladder().node("b", barrier="gate", access__conditional="no (22:00-05:00)")
    assert ask(shut).way("a", "d") == "aefd"


@pytest.mark.parametrize("key", ["maxweight__hgv", "maxheight__conditional", "maxlength__physical"])
def test_a_limit_of_a_node_counts_however_it_is_qualified(ask, key) -> None:
    asked = ask(
        ladder().node("b", **{key: "2 @ (00:00-24:00)" if key.endswith("conditional") else "2"})
    )
    assert asked.way("a", "d", "truck") == "aefd"
    assert asked.way("a", "d") == "abcd"


def test_a_ferry_for_cars_carries_no_lorry(ask) -> None:
    drawn = Map(DETOUR).way("abcd", route="ferry", motorcar="yes", duration="00:00:30")
    asked = ask(drawn.way("aefd", highway="residential"))
    assert {who: asked.way("a", "d", who) for who in ("car", "truck", "bus")} == {
        "car": "abcd",
        "truck": "aefd",
        "bus": "aefd",
    }


def test_a_foot_ferry_carries_no_car(ask) -> None:
    drawn = Map(DETOUR).way("abcd", route="ferry").way("aefd", highway="residential")
    assert ask(drawn).way("a", "d") == "aefd"


# on foot and bicycle


@pytest.mark.parametrize(
    ("tags", "bicycle", "foot"),
    [
        ({"oneway": "yes"}, "dfea", "dcba"),
        ({"oneway": "yes", "oneway__bicycle": "no"}, "dcba", "dcba"),
        ({"oneway": "yes", "cycleway": "opposite_lane"}, "dcba", "dcba"),
        ({"oneway__motor_vehicle": "yes"}, "dcba", "dcba"),
        ({"oneway__vehicle": "yes"}, "dfea", "dcba"),
        ({"highway": "path"}, "dcba", "dcba"),
        ({"highway": "footway"}, "dfea", "dcba"),
        ({"highway": "cycleway", "foot": "no"}, "dcba", "dfea"),
        ({"highway": "motorway"}, "dfea", "dfea"),
        ({"motor_vehicle": "no"}, "dcba", "dcba"),
        ({"access": "private"}, "dfea", "dfea"),
    ],
)
def test_foot_and_bicycle_go_where_tags_let_them(ask, tags, bicycle, foot) -> None:
    asked = ask(ladder(**tags), ACTIVE)
    assert asked.way("d", "a", "bicycle") == bicycle
    assert asked.way("d", "a", "foot") == foot


def test_a_footway_is_open_to_bicycles_where_it_says_so(ask) -> None:
    footway = {"highway": "footway"}
    assert ask(Map(DETOUR).way("ad", **footway, bicycle="yes"), ACTIVE).way("a", "d", "bicycle")
    with pytest.raises(NoSnap):
        ask(Map(DETOUR).way("ad", **footway), ACTIVE).way("a", "d", "bicycle")


def test_a_forbidden_turn_binds_bicycles_and_not_walkers(ask) -> None:
    drawn = junction().restriction(
        [("w", 100, "from"), ("n", "b", "via"), ("w", 101, "to")], restriction="no_straight_on"
    )
    asked = ask(drawn, ACTIVE)
    assert asked.way("a", "d", "bicycle") == "aefd"
    assert asked.way("a", "d", "foot") == "abcd"


def test_a_bollard_lets_bicycles_through_and_a_wall_nobody(ask) -> None:
    asked = ask(ladder().node("b", barrier="bollard"), ACTIVE)
    assert asked.way("a", "d", "bicycle") == asked.way("a", "d", "foot") == "abcd"
    shut = ask(ladder().node("b", barrier="wall", bicycle="no", foot="no"), ACTIVE)
    assert shut.way("a", "d", "bicycle") == shut.way("a", "d", "foot") == "aefd"


def test_dangerous_goods_keep_out_of_tunnels_shut_to_them(ask) -> None:
    asked = ask(ladder(tunnel="yes", hazmat="no"))
    assert asked.way("a", "d", "truck") == "abcd"
    assert asked.way("a", "d", "hazmat") == "aefd"


BOTH, ALONG, BACK = {"ad", "da"}, {"ad"}, {"da"}


@pytest.mark.parametrize(
    ("tags", "open_to"),
    [
        ({"oneway": "yes", "oneway__bus": "no"}, {"bus": BOTH, "car": ALONG}),
        ({"oneway": "yes", "oneway__psv": "no"}, {"bus": BOTH, "taxi": BOTH, "truck": ALONG}),
        ({"oneway": "yes", "oneway__bus": "-1"}, {"bus": BACK, "car": ALONG}),
        ({"oneway": "-1", "oneway__bus": "no"}, {"bus": BOTH, "car": BACK}),
        ({"oneway": "-1", "oneway__bus": "-1"}, {"bus": BACK, "car": BACK}),
        ({"oneway": "-1", "hgv__forward": "no"}, {"truck": BACK, "car": BACK}),
        ({"oneway": "-1", "hgv__backward": "no"}, {"truck": set(), "car": BACK}),
        ({"oneway__motor_vehicle": "yes"}, {"car": ALONG, "bus": ALONG, "emergency": ALONG}),
        ({"oneway__motor_vehicle": "yes", "oneway__psv": "no"}, {"car": ALONG, "bus": BOTH}),
        ({"oneway__vehicle": "-1"}, {"car": BACK, "truck": BACK}),
        ({"oneway__hgv": "yes"}, {"car": BOTH, "truck": ALONG, "hazmat": ALONG}),
        ({"oneway": "yes", "oneway__emergency": "no"}, {"emergency": BOTH, "patrol": ALONG}),
        ({"oneway": "alternating"}, {"car": BOTH, "truck": BOTH}),
        ({"oneway": "reversible"}, {"car": set(), "bus": set()}),
        ({"oneway:conditional": "yes @ (Nov-Mar)"}, {"car": ALONG, "truck": ALONG}),
        ({"oneway": "yes", "oneway:conditional": "no @ (Nov-Mar)"}, {"car": ALONG}),
        ({"oneway": "yes", "oneway:conditional": "-1 @ (Nov-Mar)"}, {"car": set()}),
        ({"oneway:bus": "maybe"}, {"bus": ALONG, "car": BOTH}),
    ],
)
def test_one_way_is_read_by_vehicle(ask, tags, open_to) -> None:
    asked = ask(ladder(**tags))
    top = {"ad": "abcd", "da": "dcba"}
    for profile, ways in open_to.items():
        taken = {ends for ends, way in top.items() if asked.way(*ends, profile) == way}
        assert taken == ways, profile


def test_a_roundabout_of_the_map_is_one_in_the_network(ask) -> None:
    ring = Map("a b\nd c\n\ne f")
    ring.way("dcbad", highway="tertiary", junction="roundabout").way("de", highway="service")
    edges = ask(ring.way("cf", highway="service")).network.graph.edges
    assert edges.edge_class.mask(["tertiary"]).tolist() == edges.roundabout.tolist()
    assert 0 < edges.roundabout.sum() < len(edges)


@pytest.mark.parametrize(("kind", "way"), [("unmarked", "wxabaxn"), ("zebra", "wxabcbaxn")])
def test_nobody_turns_round_on_a_marked_crossing(ask, kind, way) -> None:
    drawn = Map(STREET).way("wx", highway="secondary").way("xn", highway="secondary")
    drawn.way("xabc", highway="secondary").way("ap", highway="service").way("bq", highway="service")
    drawn.node("b", highway="crossing", crossing=kind).restriction(
        [("w", 100, "from"), ("n", "x", "via"), ("w", 101, "to")], restriction="no_left_turn"
    )
    assert ask(drawn).way("w", "n") == way


def test_going_straight_on_is_no_turning_round(ask) -> None:
    drawn = Map(" abc\n  d").way("abc", highway="residential").way("bd", highway="residential")
    drawn.restriction(
        [("w", 100, "from"), ("n", "b", "via"), ("w", 100, "to")], restriction="no_u_turn"
    )
    asked = ask(drawn)
    assert (asked.way("a", "c"), asked.way("c", "a")) == ("abc", "cba")
