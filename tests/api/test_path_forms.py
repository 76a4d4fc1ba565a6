"""POST /paths: forms of a line and systems of coordinates, steps, order of stops, stakes, files."""

from xml.etree import ElementTree

import numpy as np
import pytest

from routing.answer.polyline import decode
from spatial.geo.crs import parse_crs, write_places
from tests.api.roadworld import FAR_EAST as EAST
from tests.api.roadworld import FAR_WEST as WEST
from tests.api.roadworld import ask, at, path, told

pytestmark = pytest.mark.db


@pytest.fixture(scope="module")
def server(roads):
    return roads


def coordinates(feature):
    return np.array(feature["geometry"]["coordinates"])


def test_a_polyline_is_the_line_rounded(client):
    line = coordinates(path(client, (0.3, 0), (13.7, 4)))
    feature = path(client, (0.3, 0), (13.7, 4), geometry="polyline6")
    assert feature["geometry"] is None
    read = decode(feature["properties"]["polyline6"].encode())
    assert np.unique(np.abs(read[:, None] - line).max(axis=2).min(axis=1) < 6e-7).tolist() == [True]
    assert read[[0, -1]] == pytest.approx(line[[0, -1]], abs=6e-7)


def test_a_polyline_follows_the_coordinates_asked_for(client):
    moved = {"waypoints": [at(*WEST), at(*EAST)], "geometry": "polyline6"}
    answer = told(client.post("/api/paths?crs=GCJ02", json=moved))["features"][0]["properties"]
    assert decode(answer["polyline6"].encode())[0] == pytest.approx(
        answer["snap_points"][0], abs=6e-7
    )
    refused = client.post(
        "/api/paths?crs=4549", json=moved | {"waypoints": [[5e5, 3e6], [5e5, 3e6]]}
    )
    assert (refused.status_code, refused.json()["type"]) == (400, "/problems/bad-parameter")


def test_every_system_of_coordinates_asks_and_answers(client):
    plain = coordinates(path(client, WEST, EAST))
    for name in ("4326", "4490", "4549", "3857", "GCJ02", "BD09"):
        moved = told(client.post("/api/paths?crs=" + name, json={"waypoints": ends(client, name)}))[
            "features"
        ][0]
        assert len(coordinates(moved)) == len(plain)
        assert moved["properties"]["snap_m"] == pytest.approx([0, 0], abs=1.5)


def ends(client, crs):
    """Return both shores in a system, as the items of a layer give them."""
    return write_places(np.array([at(*WEST), at(*EAST)]), parse_crs(crs)).tolist()


EPSG = "http://www.opengis.net/def/crs/EPSG/0/4326"


def test_a_uri_of_epsg_means_latitude_first_in_question_and_answer(client):
    west, east = at(*WEST), at(*EAST)
    square = [[120.95, 30.2], [120.96, 30.2], [120.96, 30.21], [120.95, 30.2]]
    avoid = {"polygons": [{"type": "Polygon", "coordinates": [square]}]}
    turned = {"polygons": [{"type": "Polygon", "coordinates": [[p[::-1] for p in square]]}]}
    contour = {"contours": [{"duration_s": 300}], "resolution_m": 100}
    near = {"layer": "service_areas", "limit": 1}
    for name, body, moved, places in (
        ("paths", {"waypoints": [west, east], "include": ["steps"], "avoid": avoid},
         {"waypoints": [west[::-1], east[::-1]], "avoid": turned, "include": ["steps"]},
         lambda a: [*a["features"][0]["geometry"]["coordinates"],
                    *a["features"][0]["properties"]["snap_points"],
                    *(step["point"] for step in a["features"][0]["properties"]["steps"])]),
        ("matrix", {"sources": [west], "targets": [east]},
         {"sources": [west[::-1]], "targets": [east[::-1]]},
         lambda a: a["sources_snap_points"] + a["targets_snap_points"]),
        ("reach", {"points": [west], **contour}, {"points": [west[::-1]], **contour},
         lambda a: a["features"][0]["geometry"]["coordinates"][0][0]),
        ("match", {"points": [at(0.3, 0), at(1.7, 0), at(3.7, 0)], "include": ["points"]},
         {"points": [at(0.3, 0)[::-1], at(1.7, 0)[::-1], at(3.7, 0)[::-1]], "include": ["points"]},
         lambda a: [*a["features"][0]["geometry"]["coordinates"],
                    *(fix["point"] for fix in a["points"])]),
        ("nearest", {"point": west, **near}, {"point": west[::-1], **near},
         lambda a: [a["features"][0]["geometry"]["coordinates"]]),
    ):  # fmt: skip
        plain = told(client.post(f"/api/{name}", json=body))
        answer = client.post(f"/api/{name}", params={"crs": EPSG}, json=moved)
        assert places(plain) == pytest.approx(np.array(places(told(answer)))[:, ::-1], abs=2e-6)
        assert answer.headers["content-crs"] == f"<{EPSG}>"
        refused = client.post(f"/api/{name}", params={"crs": EPSG}, json=body)
        assert refused.status_code == 400, name
        assert "应为 [纬度, 经度]" in refused.json()["detail"], name


def test_a_file_and_an_encoded_line_keep_their_own_axes(client):
    moved = {"waypoints": [at(*WEST)[::-1], at(*EAST)[::-1]]}
    gpx = client.post("/api/paths", params={"crs": EPSG, "f": "gpx"}, json=moved)
    assert gpx.headers["content-crs"].endswith("CRS84>")
    assert f'lat="{at(*WEST)[1]:.7f}"' in gpx.text
    encoded = client.post(
        "/api/paths", params={"crs": EPSG}, json=moved | {"geometry": "polyline6"}
    )
    line = told(encoded)["features"][0]["properties"]["polyline6"]
    assert decode(line.encode())[0] == pytest.approx(at(*WEST), abs=2e-5)


def test_steps_lead_along_the_path(client):
    told_ = path(client, WEST, EAST, include=["steps"])["properties"]
    steps = told_["steps"]
    assert [steps[0]["maneuver"], steps[-1]["maneuver"]] == ["depart", "arrive"]
    assert sum(s["length_m"] for s in steps) == pytest.approx(
        told_["length_m"], abs=0.1 * len(steps)
    )
    assert all(set(s["text"]) == {"zh", "en"} for s in steps)


def test_the_best_order_is_taken_and_said(client):
    stops = [WEST, (13.3, 0), (3.3, 4), (10.3, 4), (4.3, 0), EAST]  # off junctions
    given = path(client, *stops)["properties"]
    best = path(client, *stops, order="optimal")["properties"]
    assert best["waypoint_order"] == [0, 2, 4, 3, 1, 5] or best["duration_s"] < given["duration_s"]
    assert best["waypoint_order_proven"]
    assert best["duration_s"] == pytest.approx(best["waypoint_order_duration_s"], abs=1)
    round_ = path(client, *stops, order="optimal", fixed="start")["properties"]
    assert round_["waypoint_order"][0] == 0
    assert round_["duration_s"] <= best["duration_s"]


def test_arriving_in_time_says_when_to_leave(client):
    feature = path(client, WEST, EAST, arrive_by="2030-05-05T08:00:00+08:00")["properties"]
    assert feature["arrive_at"] <= "2030-05-05T08:00:00+08:00"
    assert feature["arrive_at"] >= "2030-05-05T07:59:58+08:00"
    both = {"arrive_by": "2030-05-05T08:00:00Z", "depart_at": "2030-05-05T08:00:00Z"}
    assert ask(client, WEST, EAST, **both).status_code == 400


def test_stakes_fall_on_the_side_on_which_they_fall(client):
    up = path(client, (10.2, -1), (13.4, -1), include=["stakes"])["properties"]["stakes"]
    assert [(s["route"], s["side"], s["calibrated"]) for s in up] == [("G1", "up", False)]
    assert (up[0]["k_from"], up[0]["k_to"]) == pytest.approx((200, 3400), abs=5)
    assert up[0]["stake_to"] == "K3+400"
    down = path(client, (13.4, -1.0001), (10.2, -1.0001), include=["stakes"])["properties"][
        "stakes"
    ]
    assert down[0]["k_from"] > down[0]["k_to"]
    both = path(client, (0.2, -1), (0.9, -1), include=["stakes"])["properties"]["stakes"]
    assert (both[0]["route"], both[0]["side"]) == ("G2", "both")
    assert both[0]["k_from"] > both[0]["k_to"], "G2's stakes rise towards the west"


def test_gpx_is_the_same_line_in_wgs84(client):
    line = coordinates(path(client, WEST, EAST))
    answer = client.post("/api/paths?f=gpx&lang=en", json={"waypoints": [at(*WEST), at(*EAST)]})
    assert answer.headers["content-type"] == "application/gpx+xml"
    root = ElementTree.fromstring(answer.content)
    points = root.iterfind(".//{*}trkpt")
    read = [[float(p.get("lon")), float(p.get("lat"))] for p in points]
    assert np.array(read) == pytest.approx(line)
    assert root.find(".//{*}rtept/{*}desc").text.startswith("Head ")
    assert (
        client.post("/api/paths?f=kml", json={"waypoints": [at(*WEST), at(*EAST)]}).status_code
        == 400
    )


def test_the_same_place_twice_is_a_path_of_no_length(client):
    feature = path(client, WEST, WEST)
    assert feature["properties"]["length_m"] == 0
    assert len(feature["geometry"]["coordinates"]) == 2


def test_a_polygon_of_too_many_corners_is_refused(client):
    angle = np.linspace(0, 2 * np.pi, 10_002)
    ring = np.column_stack([121 + np.cos(angle), 30 + np.sin(angle)]).tolist()
    ring[-1] = ring[0]
    answer = ask(
        client, WEST, EAST, avoid={"polygons": [{"type": "Polygon", "coordinates": [ring]}]}
    )
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/bad-parameter")


def test_stops_that_no_order_reaches_say_why(client):
    answer = ask(client, WEST, (14, 7.9), (3, 1), EAST, order="optimal", profile="truck")
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/limit-violated")
