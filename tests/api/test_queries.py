"""POST /paths with more than a path, and /matrix, /reach, /nearest, on the small province."""

import json
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.answer.polyline import decode
from spatial.geo.crs import distance_m, parse_crs, write_places
from spatial.ids import stable_uuid7
from spatial.postgres.db import connect
from tests.api.roadworld import EAST as EAST_CODE
from tests.api.roadworld import WEST as WEST_CODE
from tests.api.roadworld import ask, at, close, path, undo, world
from tests.mvt import decode_tile, tile_of

pytestmark = pytest.mark.db
WEST, EAST = (1, 2), (13, 2)
BASES = {
    "near": ((3, 1), "public", WEST_CODE), "over": ((10, 2), "public", EAST_CODE),
    "far": ((13, 0), "public", EAST_CODE), "own": ((1, 2), "unit", WEST_CODE),
    "sea": ((200, 200), "public", WEST_CODE),
}  # fmt: skip


@pytest.fixture(scope="module")
def server(module_database_url):
    with world(module_database_url) as running:
        with connect(module_database_url) as conn:
            for name, (place, visibility, code) in BASES.items():
                conn.execute(
                    "INSERT INTO sigang.facility (id, kind, name_zh, name_en, admin_code,"
                    " visibility, origin, source_id, props, geom) VALUES (%s, 'service_area', %s,"
                    " %s, %s, %s, 'synthetic', 'world', '{}', ST_GeomFromText(%s, 4326))",
                    [stable_uuid7("base", name), name, name, code, visibility,
                     shapely.Point(at(*place)).wkt],
                )  # fmt: skip
        yield running


@pytest.fixture(scope="module")
def dispatcher(server):
    return server.client("dispatcher")


def told(answer):
    assert answer.status_code == 200, answer.text
    return answer.json()


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


def test_a_filter_of_nearest_may_be_in_another_system(client):
    box = "S_INTERSECTS(geom, BBOX(30.2, 120.9, 30.4, 120.95))"
    body = {"point": at(*WEST), "layer": "service_areas", "filter": box, "filter_crs": "4326"}
    found = told(client.post("/api/nearest", json=body))["features"]
    assert [feature["properties"]["name_en"] for feature in found] == ["near"]


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
    stops = [WEST, (13, 0), (3, 4), (10, 4), (4, 0), EAST]
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


# tables


def table(client, sources, targets=None, **more):
    body = {"sources": [at(*p) for p in sources], **more}
    if targets is not None:
        body["targets"] = [at(*p) for p in targets]
    return client.post("/api/matrix", json=body)


def test_a_table_holds_what_single_paths_take(client):
    sources, targets = [WEST, (3.3, 0), (2, 6)], [EAST, WEST, (11, 3.2), (14, 7)]
    found = told(table(client, sources, targets))
    for row, source in zip(found["durations_s"], sources, strict=True):
        for seconds, target in zip(row, targets, strict=True):
            single = path(client, source, target)["properties"]["duration_s"]
            assert seconds == pytest.approx(single, abs=0.2)
    assert found["network_version"] >= 1
    assert (len(found["sources_snap_m"]), len(found["targets_snap_m"])) == (3, 4)


def test_a_table_without_targets_is_square_and_null_where_there_is_no_way(client):
    found = told(table(client, [WEST, EAST, (14, 7.9)], profile="truck", unit="min"))
    rows = found["durations_min"]
    assert [rows[i][i] for i in range(3)] == [0, 0, 0]
    assert rows[0][2] is None and rows[0][1] > 1
    assert found["reached_share"] < 1


def test_too_many_places_and_places_without_roads_are_told(client):
    many = table(client, [WEST] * 1001)
    assert (many.status_code, many.json()["type"]) == (400, "/problems/bad-parameter")
    none = table(client, [WEST], [EAST, (60, 60)])
    assert (none.status_code, none.json()["type"]) == (422, "/problems/no-snap")
    assert (none.json()["side"], none.json()["waypoint"]) == ("targets", 1)
    assert table(client, []).status_code == 400


def test_a_thousand_by_a_thousand_is_answered(client):
    rng = np.random.default_rng(2)
    places = [(x, y) for x, y in zip(rng.uniform(0, 4, 1000), rng.uniform(0, 4, 1000), strict=True)]
    found = np.array(told(table(client, places))["durations_s"])
    assert found.shape == (1000, 1000)
    assert (np.diag(found) == 0).all()
    assert (found[:50, :50] <= found[:50, 60:61] + found[60:61, :50] + 0.3).all()


# reach


def reach(client, *places, contours, **more):
    body = {"points": [at(*p) for p in places], "contours": contours, **more}
    return client.post("/api/reach", json=body)


def areas(answer):
    return [
        (feature["properties"], shapely.geometry.shape(feature["geometry"]))
        for feature in told(answer)["features"]
    ]


def test_reach_holds_the_places_that_a_table_says_are_near(client):
    contours = [{"duration_s": s} for s in (120, 400, 700)]
    found = areas(reach(client, WEST, contours=contours, resolution_m=100))
    assert [p["contour"]["duration_s"] for p, _ in found] == [700, 400, 120]
    rng = np.random.default_rng(3)
    places = [
        (round(x), y) for x, y in zip(rng.uniform(0, 14, 60), rng.uniform(0, 4, 60), strict=True)
    ]
    snapped = told(table(client, [WEST], places))
    points = shapely.points(snapped["targets_snap_points"])
    for properties, area in found:
        assert area.is_valid
        near = np.array(snapped["durations_s"][0]) <= properties["contour"]["duration_s"]
        assert shapely.covers(area, points[near]).all()
        assert not shapely.covers(area, shapely.Point(at(7, 6)))
    for (_, larger), (_, smaller) in pairwise(found):
        assert smaller.difference(larger).area < 1e-12


def test_reach_keeps_holes_and_counts_metres_too(client):
    ((properties, area),) = areas(
        reach(client, (2, 2), contours=[{"length_m": 5_000}], resolution_m=150, direction="to")
    )
    assert properties["contour"] == {"length_m": 5000}
    assert sum(len(part.interiors) for part in area.geoms) >= 4
    assert properties["resolution_m"] == pytest.approx(150)
    ring = shapely.get_coordinates(area)
    far = distance_m(*at(2, 2), ring[:, 0], ring[:, 1]).max()
    assert far <= 5_000 + 150


def test_a_closure_shrinks_the_next_reach_and_its_tiles(dispatcher, client):
    asked = {"contours": [{"duration_s": 900}], "resolution_m": 200}
    answer = told(reach(client, WEST, **asked))
    url = answer["tiles"]
    assert answer["id"] in url
    x, y = tile_of(*at(*WEST), 12)
    tile = url.format(z=12, y=int(y), x=int(x))

    def across():
        found = client.get(tile)
        assert found.status_code in (200, 204), found.text
        return found.headers["sigang-network-version"], decode_tile(
            found.content
        ) if found.content else {}

    version, layers = across()
    across_bay = shapely.geometry.mapping(shapely.box(*at(5, -2), *at(9, 9)))
    event = close(dispatcher, {"polygon": across_bay}).json()
    try:
        ((smaller, _),) = areas(reach(client, WEST, **asked))
        later, _ = across()
    finally:
        undo(dispatcher, event)
    assert smaller["area_km2"] < answer["features"][0]["properties"]["area_km2"]
    assert int(later) >= smaller["network_version"] > int(version)
    assert layers["reach"]


def test_tiles_of_what_was_never_asked_are_not_found(client):
    for name in ("x", "eNoDAAAAAAE", "A" * 2000, "....", "eJyrVgoAARQAqg"):
        answer = client.get(f"/api/reach/{name}/tiles/3/2/1")
        assert answer.status_code in (400, 404), answer.text
    url = told(reach(client, WEST, contours=[{"duration_s": 60}]))["tiles"]
    assert client.get(url.format(z=2, y=4, x=0)).status_code == 400
    assert client.get(url.format(z=30, y=4, x=0)).status_code == 400


BAD_REACH = [
    {"contours": []},
    {"contours": [{"duration_s": 0}]},
    {"contours": [{"duration_s": 60, "length_m": 60}]},
    {"contours": [{"duration_s": 60}, {"length_m": 60}]},
    {"contours": [{"duration_s": 1e9}]},
    {"contours": [{"duration_s": 60}] * 9},
    {"contours": [{"duration_s": 60}], "resolution_m": 1},
    {"contours": [{"duration_s": 60}], "direction": "up"},
]


@pytest.mark.parametrize("more", BAD_REACH, ids=range(len(BAD_REACH)))
def test_a_bad_reach_is_refused(client, more):
    answer = reach(client, WEST, **more)
    assert answer.status_code == 400
    assert answer.json()["type"] == "/problems/bad-parameter"


# nearest


def nearest(client, place, **more):
    return client.post("/api/nearest", json={"point": at(*place), "layer": "service_areas", **more})


def names(answer):
    return [f["properties"]["name_en"] for f in told(answer)["features"]]


def test_nearest_is_by_the_road_and_in_its_direction(client):
    found = told(nearest(client, WEST, limit=3, max_duration_s=7200))
    told_ = [f["properties"] for f in found["features"]]
    assert [p["name_en"] for p in told_] == ["near", "over", "far"]
    assert [p["duration_s"] for p in told_] == sorted(p["duration_s"] for p in told_)
    for one in found["features"]:
        place = one["geometry"]["coordinates"]
        body = {"waypoints": [place, at(*WEST)]}
        single = told(client.post("/api/paths", json=body))["features"][0]["properties"]
        assert one["properties"]["duration_s"] == pytest.approx(single["duration_s"], abs=0.2)
        assert one["properties"]["length_m"] == pytest.approx(single["length_m"], abs=0.2)
    assert names(nearest(client, WEST, limit=1)) == ["near"]
    assert names(nearest(client, WEST, direction="from_point", limit=2)) == ["near", "over"]


def test_nearest_within_a_time_may_be_none(client):
    assert names(nearest(client, WEST, max_duration_s=30)) == []


def test_only_what_the_asker_may_see_is_near(dispatcher, client):
    assert "own" not in names(nearest(client, WEST))
    assert names(nearest(dispatcher, WEST))[0] == "own"


def test_a_filter_narrows_and_a_wrong_one_is_refused(client):
    assert names(nearest(client, WEST, filter="name_en = 'far'")) == ["far"]
    assert nearest(client, WEST, filter="colour = 'red'").status_code == 400
    assert nearest(client, WEST, layer="roads").status_code == 400
    assert nearest(client, WEST, layer="nothing").status_code == 404
    assert nearest(client, (200, 10)).status_code == 422


def test_a_closure_makes_what_lies_beyond_it_farther(dispatcher, client):
    def seconds():
        found = told(nearest(client, WEST, limit=3, max_duration_s=7200))
        return {
            f["properties"]["name_en"]: f["properties"]["duration_s"] for f in found["features"]
        }

    before = seconds()
    bridge = shapely.geometry.mapping(shapely.box(*at(6, 1.5), *at(8, 2.5)))
    event = close(dispatcher, {"polygon": bridge}).json()
    try:
        after = seconds()
    finally:
        undo(dispatcher, event)
    assert after["near"] == before["near"]
    assert after["over"] > before["over"] + 60
    assert seconds() == before


# whatever is sent

NUMBER = st.floats() | st.integers(-200, 200)
NEAR = st.tuples(st.floats(120.9, 121.0), st.floats(30.3, 30.36))
POINT = st.integers(0, 9).flatmap(lambda n: NEAR if n else st.tuples(NUMBER, NUMBER))
GOOD = st.fixed_dictionaries({"duration_s": st.floats(1, 5000)})
LIMIT = st.fixed_dictionaries({}, optional={"duration_s": NUMBER, "length_m": NUMBER})
MORE = {
    "profile": st.sampled_from(("car", "truck", "foot", "hazmat", "oversize")),
    "vehicle": st.fixed_dictionaries(
        {}, optional={"height_m": st.floats(1, 4) | NUMBER, "hazmat": st.booleans()}
    ),
    "prefer": st.fixed_dictionaries({"classes": st.lists(st.sampled_from(("motorway", "x")))}),
    "avoid": st.fixed_dictionaries({"classes": st.lists(st.sampled_from(("motorway", "x")))}),
}
BODIES = {
    "paths": st.fixed_dictionaries(
        {"waypoints": st.lists(POINT, min_size=2, max_size=4)},
        optional={
            "alternatives": st.integers(0, 3), "order": st.sampled_from(("optimal", "given")),
            "fixed": st.sampled_from(("both", "start", "end", "none")),
            "arrive_by": st.just("2031-01-01T00:00:00Z"),
            "include": st.lists(st.sampled_from(("edges", "steps", "stakes", "areas"))),
            "geometry": st.sampled_from(("polyline6", "geojson")), **MORE,
        },
    ),
    "matrix": st.fixed_dictionaries(
        {"sources": st.lists(POINT, max_size=3)},
        optional={"targets": st.lists(POINT, max_size=3), "unit": st.just("min"), **MORE},
    ),
    "reach": st.fixed_dictionaries(
        {
            "points": st.lists(POINT, min_size=1, max_size=3),
            "contours": st.lists(GOOD, min_size=1, max_size=3) | st.lists(LIMIT, max_size=2),
        },
        optional={
            "resolution_m": st.floats(20, 500) | NUMBER,
            "direction": st.sampled_from(("to", "from")), **MORE,
        },
    ),
    "nearest": st.fixed_dictionaries(
        {"point": POINT, "layer": st.sampled_from(("service_areas", "service_areas", "roads"))},
        optional={"limit": st.integers(0, 100), "max_duration_s": st.floats(1, 9000) | NUMBER,
                  "filter": st.just("name_en = 'near'") | st.text(), **MORE},
    ),
}  # fmt: skip
SYSTEMS = st.just("CRS84") | st.sampled_from(("CRS84", "4326", "4490", "GCJ02", "BD09", "4549"))


@pytest.mark.parametrize("name", BODIES)
def test_no_question_breaks_the_server(client, name):
    @settings(max_examples=60, deadline=None, derandomize=True, database=None)
    @given(BODIES[name], SYSTEMS)
    def one(body, system):
        answer = client.post(
            f"/api/{name}?crs={system}", content=json.dumps(body),
            headers={"content-type": "application/json"},
        )  # fmt: skip
        answered.append(answer.status_code)
        assert answer.status_code < 500, (body, answer.text)
        if answer.status_code != 200:
            assert answer.headers["content-type"] == "application/problem+json"

    answered = []
    one()
    assert 200 in answered, answered


@pytest.mark.parametrize("place", [[0, 90], [0, -90], [180, 0], [-180, 89.9999], [120.9, 30.3]])
def test_the_ends_of_the_world_are_places_without_roads(client, place):
    questions = {
        "paths": {"waypoints": [place, at(*EAST)]}, "matrix": {"sources": [place]},
        "reach": {"points": [place], "contours": [{"duration_s": 60}]},
        "nearest": {"point": place, "layer": "service_areas"},
    }  # fmt: skip
    for name, body in questions.items():
        answer = client.post(f"/api/{name}", json=body)
        expected = (200,) if place == [120.9, 30.3] else (400, 422)
        assert answer.status_code in expected, (name, answer.text)


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
