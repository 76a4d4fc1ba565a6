"""POST /paths over HTTP: what an answer holds, and what a bad question is told."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spatial.geo.crs import distance_m
from spatial.geo.datum import wgs84_to_gcj02
from spatial.postgres.db import connect
from tests.api.roadworld import BRIDGE, ask, at, edge, node, path, until

pytestmark = pytest.mark.db
WEST, EAST = (1, 2), (13, 2)


@pytest.fixture(scope="module")
def server(roads):
    return roads


def version(server):
    """Return the version of the network as the database has it."""
    with connect(server.database_url) as conn:
        query = "SELECT version FROM sigang.network_version WHERE network = 'road'"
        return conn.execute(query).fetchone()[0]


def test_an_answer_says_how_good_it_is(client, server):
    feature = path(client, WEST, (4.1, 2.1), EAST)
    told = feature["properties"]
    assert told["length_m"] == pytest.approx(sum(leg["length_m"] for leg in told["legs"]), abs=0.2)
    assert told["duration_s"] == pytest.approx(sum(x["duration_s"] for x in told["legs"]), abs=0.2)
    assert told["duration_basis"] == "assumed"
    assert told["duration_basis_share"] == {"assumed": 1.0}
    assert told["origins"] == {"synthetic": 1.0}
    assert told["network_version"] == version(server)
    assert told["limits_unknown_share"] == 1.0
    assert [s["id"] for s in told["structures"]] == [str(BRIDGE)]
    assert len(told["snap_m"]) == len(told["snap_points"]) == 3
    assert told["snap_m"][1] == pytest.approx(96.2, abs=0.5)
    line = feature["geometry"]["coordinates"]
    assert [line[0], line[-1]] == [told["snap_points"][0], told["snap_points"][2]]
    assert {edge("4,2 10,2"), edge("4,2 10,2 twin")} & set(told["edges"])


def test_the_length_is_that_of_the_line(client):
    feature = path(client, (0.3, 0), (13.7, 4))
    x, y = np.array(feature["geometry"]["coordinates"]).T
    metres = distance_m(x[:-1], y[:-1], x[1:], y[1:]).sum()
    assert feature["properties"]["length_m"] == pytest.approx(metres, rel=1e-4)


def test_a_question_in_gcj02_is_answered_in_gcj02(client):
    plain = path(client, WEST, EAST)["geometry"]["coordinates"]
    ends = np.array([at(*WEST), at(*EAST)])
    moved = np.column_stack(wgs84_to_gcj02(*ends.T)).tolist()
    answer = client.post("/api/paths?crs=GCJ02", json={"waypoints": moved})
    assert "GCJ02" in answer.headers["content-crs"]
    x, y = np.array(answer.json()["features"][0]["geometry"]["coordinates"]).T
    expected = np.array(wgs84_to_gcj02(*np.array(plain).T))
    assert distance_m(x, y, *expected).max() < 1.0


def test_swapped_axes_are_told_apart(client):
    answer = client.post("/api/paths", json={"waypoints": [at(*WEST)[::-1], at(*EAST)]})
    assert answer.status_code == 400
    assert answer.json()["type"] == "/problems/bad-coordinate"
    assert "坐标顺序应为 [经度, 纬度]" in answer.json()["detail"]
    english = client.post(
        "/api/paths", json={"waypoints": [at(*WEST)[::-1], at(*EAST)]},
        headers={"Accept-Language": "en"},
    )  # fmt: skip
    assert "[longitude, latitude]" in english.json()["detail"]


BAD = [
    {"waypoints": [at(*WEST)]},
    {"waypoints": [at(*WEST)] * 51},
    {"waypoints": [at(*WEST), [121.0]]},
    {"waypoints": [at(*WEST), [121.0, 30.0, 5.0]]},
    {"waypoints": [at(*WEST), [200.0, 95.0]]},
    {"waypoints": [at(*WEST), at(*EAST)], "profile": "rocket"},
    {"waypoints": [at(*WEST), at(*EAST)], "speed": 5},
    {"waypoints": [at(*WEST), at(*EAST)], "vehicle": {"height_m": -1}},
    {"waypoints": [at(*WEST), at(*EAST)], "vehicle": {"colour": "red"}},
    {"waypoints": [at(*WEST), at(*EAST)], "depart_at": "2026-11-22T08:00:00"},
    {"waypoints": [at(*WEST), at(*EAST)], "avoid": {"edges": [edge("nowhere")]}},
    {"waypoints": [at(*WEST), at(*EAST)], "avoid": {"polygons": [{"type": "Point"}]}},
    {
        "waypoints": [at(*WEST), at(*EAST)],
        "avoid": {"polygons": [{"type": "Polygon", "coordinates": [
            [at(0, 0), at(1, 1), at(1, 0), at(0, 1), at(0, 0)]]}]},
    },
]  # fmt: skip


@pytest.mark.parametrize("body", BAD, ids=range(len(BAD)))
def test_a_bad_question_is_refused(client, body):
    answer = client.post("/api/paths", json=body)
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["type"] in ("/problems/bad-parameter", "/problems/bad-coordinate")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "null", '"120.9"', "true"])
def test_a_coordinate_that_is_no_number_is_refused(client, number):
    text = f'{{"waypoints": [[{number}, 30.3], [121, 30.3]]}}'
    answer = client.post("/api/paths", content=text, headers={"content-type": "application/json"})
    assert answer.status_code == 400


@pytest.mark.parametrize("text", ['"2"', "true", "1.5", "2.0000001"])
@pytest.mark.parametrize("member", ["alternatives", "min_network_version"])
def test_a_whole_number_is_one(client, member, text):
    body = f'{{"waypoints": [{list(at(*WEST))}, {list(at(*EAST))}], "{member}": {text}}}'
    answer = client.post("/api/paths", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["pointer"]) == (400, f"/{member}")


def test_waypoints_are_passed_in_the_direction_and_on_the_side_asked_for(client):
    east, west = (path(client, (3.3, 0), EAST, headings=[h, None], heading_tolerance=80)
                  for h in (90, 270))  # fmt: skip
    assert east["properties"]["length_m"] < west["properties"]["length_m"]
    curb = path(client, (3.3, 0), EAST, sides=["any", "curb"])
    assert curb["properties"]["length_m"] >= east["properties"]["length_m"]
    few = ask(client, WEST, EAST, headings=[90])
    assert (few.status_code, few.json()["pointer"]) == (400, "/headings")
    none = ask(client, (3.3, 0), EAST, headings=[45, None], heading_tolerance=1)
    assert (none.status_code, none.json()["waypoint"]) == (422, 0)
    for wrong in ({"headings": [360, None]}, {"headings": ["90", None]}, {"sides": ["left", "any"]},
                  {"snap_radius_m": 0}, {"snap_radius_m": True}):  # fmt: skip
        assert ask(client, WEST, EAST, **wrong).status_code == 400


def test_an_unknown_parameter_is_refused(client):
    answer = client.post("/api/paths?fast=1", json={"waypoints": [at(*WEST), at(*EAST)]})
    assert answer.status_code == 400


def test_a_place_without_roads_says_how_far_it_looked(client):
    answer = ask(client, WEST, (40, 40))
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/no-snap")
    assert answer.json()["waypoint"] == 1


def test_the_way_round_is_taken_where_the_bridge_is_avoided(client):
    avoid = {"edges": [edge("4,2 10,2"), edge("4,2 10,2 twin")]}
    assert path(client, WEST, EAST, avoid=avoid)["properties"]["refs"] == ["X1"]
    answer = ask(client, WEST, EAST, vehicle={"height_m": 3.6}, avoid=avoid)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/unreachable")


def test_a_limit_on_the_only_way_is_named(client):
    answer = ask(client, EAST, (14, 7.9), profile="truck")
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/limit-violated")
    (blocking,) = answer.json()["edges"]
    assert blocking["edge"] == edge("14,4 14,6")
    assert (blocking["limit"], blocking["value"], blocking["vehicle"]) == ("max_height_m", 3.0, 4.0)
    assert ask(client, EAST, (14, 7.9)).status_code == 200


def test_unknown_limits_are_declared_or_refused(client):
    told = path(client, WEST, EAST, profile="truck")["properties"]
    assert told["vehicle"] == {
        "height_m": 4.0,
        "width_m": 2.55,
        "length_m": 18.1,
        "mass_t": 49.0,
        "axle_t": 11.5,
    }
    assert (told["limits_unknown_share"], told["unknown_limits"]) == (1.0, "allow")
    first = told["limits_unknown_first"]
    assert (first["at_m"], first["point"]) == (0.0, told["snap_points"][0])
    refused = ask(client, WEST, EAST, profile="truck", unknown_limits="refuse")
    assert refused.status_code == 422


def test_a_version_that_is_not_reached_yet_is_stale(client):
    answer = ask(client, WEST, EAST, min_network_version=10**9)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/stale-version")
    assert ask(client, WEST, EAST, min_network_version=1).status_code == 200


JUNK = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
NEARLY = st.fixed_dictionaries(
    {"waypoints": st.lists(st.tuples(st.floats(-200, 200), st.floats(-100, 100)), max_size=4)},
    optional={"vehicle": JUNK, "avoid": JUNK, "depart_at": JUNK, "profile": JUNK},
)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(JUNK | NEARLY)
def test_no_question_breaks_the_server(client, body):
    answer = client.post(
        "/api/paths", content=json.dumps(body), headers={"content-type": "application/json"}
    )
    assert answer.status_code < 500, answer.text


def change_topology(server, text, *values):
    with connect(server.database_url) as conn:
        conn.execute(text, values)
        conn.execute(
            "UPDATE sigang.network_version SET topology = topology + 1, version = version + 1"
            " WHERE network = 'road'"
        )


def test_a_new_topology_is_taken_over_while_the_old_one_serves(server, client):
    here, there = (10.5, -1), (13.5, -1)
    before = path(client, (1, 0), (1, 4))["properties"]["length_m"]
    change_topology(
        server,
        "INSERT INTO sigang.turn_restriction (kind, from_edge, via_node, to_edge, source_id)"
        " VALUES ('no', %s, %s, %s, 'world')",
        edge("1,0 1,1"), node((1, 1)), edge("1,1 1,2"),
    )  # fmt: skip

    def lengths():
        fresh = [server.client() for _ in range(4)]
        found = [path(c, (1, 0), (1, 4))["properties"]["length_m"] for c in fresh]
        for c in fresh:
            c.close()
        return found

    until(lambda: min(lengths()) > before + 100, seconds=60)
    assert path(client, here, there)["properties"]["length_m"] > 0
    change_topology(server, "DELETE FROM sigang.turn_restriction WHERE source_id = 'world'")
    until(lambda: max(lengths()) == before, seconds=60)
