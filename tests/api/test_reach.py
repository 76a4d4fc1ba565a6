"""POST /matrix and /reach: tables that single paths bear out, and areas that tables bear out."""

from itertools import pairwise

import numpy as np
import pytest
import shapely

from spatial.geo.crs import distance_m
from tests.api.roadworld import FAR_EAST as EAST
from tests.api.roadworld import FAR_WEST as WEST
from tests.api.roadworld import at, close, path, told, undo
from tests.mvt import decode_tile, tile_of

pytestmark = pytest.mark.db


@pytest.fixture(scope="module")
def server(roads):
    return roads


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
    assert table(client, []).status_code == 400
    for include in ([], ["distances"]):
        found = told(table(client, [WEST, (60, 60)], [EAST, (60, 60), (11, 3.2)], include=include))
        rows = found["durations_s"]
        assert rows[1] == [None] * 3 and rows[0][1] is None
        assert min(rows[0][0], rows[0][2]) > 0
        assert [m is None for m in found["sources_snap_m"]] == [False, True]
        assert [p is None for p in found["targets_snap_points"]] == [False, True, False]
        assert found["reached_share"] == round(2 / 6, 6)
    nowhere = told(table(client, [(60, 60)]))
    assert (nowhere["durations_s"], nowhere["sources_snap_m"]) == ([[None]], [None])
    beside = [(3.3, 0.05)]
    assert told(table(client, beside, [EAST]))["durations_s"][0][0] > 0
    assert told(table(client, beside, [EAST], snap_radius_m=0.01))["durations_s"] == [[None]]


def test_a_table_has_the_lengths_of_the_same_ways(client):
    places = [WEST, (3.3, 0), (2, 6), EAST, (14, 7)]
    found = told(table(client, places, include=["distances"]))
    plain = told(table(client, places))
    assert found["durations_s"] == [pytest.approx(row, abs=0.2) for row in plain["durations_s"]]
    for row, source in zip(found["distances_m"], places, strict=True):
        for metres, target in zip(row, places, strict=True):
            single = path(client, source, target)["properties"]["length_m"]
            assert metres == pytest.approx(single, abs=0.2)
    assert "distances_m" not in plain


def test_a_thousand_by_a_thousand_is_answered(client):
    rng = np.random.default_rng(2)
    places = [(x, y) for x, y in zip(rng.uniform(0, 4, 1000), rng.uniform(0, 4, 1000), strict=True)]
    found = np.array(told(table(client, places))["durations_s"])
    assert found.shape == (1000, 1000)
    assert (np.diag(found) == 0).all()
    assert (found[:50, :50] <= found[:50, 60:61] + found[60:61, :50] + 0.3).all()


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
