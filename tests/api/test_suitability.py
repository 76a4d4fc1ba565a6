"""Where one may fly, as tiles and items: what the judge says of each place, told of whole cells."""

from __future__ import annotations

import random
from contextlib import closing
from datetime import datetime, timedelta

import pytest

from tests.api.roadworld import LAT, LON
from tests.api.test_airspace import AT, air, ask, point, restriction  # noqa: F401
from tests.mvt import decode_tile, tile_of

pytestmark = pytest.mark.db

PATH = "/api/airspace/suitability"
TILES = f"{PATH}/tiles/WebMercatorQuad"
ASKED = {"height": 100, "datum": "AGL", "aircraft": "light", "at": AT.isoformat()}


@pytest.fixture(scope="module")
def anyone(planning):
    with closing(planning.client()) as client:
        yield client


def tile_at(lon, lat, z):
    x, y = tile_of(lon, lat, z)
    return f"{TILES}/{z}/{y}/{x}"


def cells_in(answer):
    assert answer.status_code == 200, answer.text
    features = decode_tile(answer.content)["suitability"]
    return {one["properties"]["code"]: one["properties"] for one in features}


def items(client, **more):
    box = f"{LON - 0.02},{LAT - 0.02},{LON + 0.08},{LAT + 0.03}"
    answer = client.get(PATH, params={**ASKED, "bbox": box, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_cells_say_what_the_judge_says_of_their_places(air, anyone):  # noqa: F811
    document, shuffled = items(anyone), random.Random(2)
    seen = set()
    for cell in shuffled.sample(document["features"], 12):
        (ring,) = cell["geometry"]["coordinates"]
        (west, south), (east, north) = ring[0], ring[2]
        place = shuffled.uniform(west, east), shuffled.uniform(south, north)
        said, told = ask(anyone, geometry=point(*place)), cell["properties"]
        seen.add(told["verdict"])
        assert told["verdict"] in (said["verdict"], "mixed")
        assert said["beidou_cell"].startswith(told["code"])
    assert {"needs_confirmation", "mixed"} & seen


def test_a_tile_has_the_cells_with_codes_verdicts_and_zones(air, anyone):  # noqa: F811
    found = cells_in(anyone.get(tile_at(LON + 0.005, LAT + 0.005, 13), params=ASKED))
    whole = [one for one in found.values() if one.get("zones") == "store"]
    assert {one["verdict"] for one in whole} == {"needs_approval", "mixed"}
    assert all(len(one["code"]) == 11 for one in found.values())
    assert all(one["code_3d"][2:5] == one["code"][1:4] for one in found.values())
    coarse = cells_in(anyone.get(tile_at(LON, LAT, 11), params=ASKED))
    assert {len(code) for code in coarse} == {9}


def test_where_something_is_unknown_no_cell_says_that_flight_is_free(air, anyone):  # noqa: F811
    for cell in items(anyone)["features"]:
        told = cell["properties"]
        if told["ground"] != "known":
            values = {told["verdict"], told["mildest"], told["heaviest"]}
            assert "suitable" not in values
    beyond = cells_in(anyone.get(tile_at(110.0, 40.0, 11), params=ASKED))
    assert {one["verdict"] for one in beyond.values()} == {"needs_confirmation"}


def test_the_legend_says_each_verdict_in_words(air, anyone):  # noqa: F811
    document = anyone.get(TILES, params=ASKED).json()
    legend = {one["verdict"]: one for one in document["legend"]}
    assert set(legend) == {
        "prohibited", "needs_approval", "needs_confirmation", "undetermined", "mixed", "suitable",
    }  # fmt: skip
    assert all(one["sign"]["zh"] and one["zh"] and one["en"] for one in legend.values())
    assert "不是批准" in legend["suitable"]["zh"]
    assert document["tiles"][0].endswith(anyone.get(TILES, params=ASKED).url.query.decode())


def test_a_restriction_changes_the_tiles_at_once(air, planning, anyone):  # noqa: F811
    address, at = tile_at(LON + 0.02, LAT + 0.02, 13), AT + timedelta(minutes=30)
    asked = ASKED | {"at": at.isoformat()}
    before = anyone.get(address, params=asked)
    same = anyone.get(address, params=asked | {"at": AT.isoformat()})
    assert before.headers["etag"] == same.headers["etag"]
    with closing(planning.client("dispatcher")) as officer:
        made = officer.post("/api/airspace/restrictions", json=restriction())
        assert made.status_code == 201, made.text
        number = made.json()["id"]
        try:
            after = anyone.get(address, params=asked)
            assert after.headers["etag"] != before.headers["etag"]
            assert "prohibited" in {one["verdict"] for one in cells_in(after).values()}
            until = datetime.fromisoformat(after.headers["sigang-valid-until"])
            assert until > at
        finally:
            officer.post(f"/api/airspace/restrictions/{number}/end")
    assert anyone.get(address, params=asked).headers["etag"] == before.headers["etag"]


def test_a_tile_is_asked_again_by_its_tag(air, anyone):  # noqa: F811
    address = tile_at(LON, LAT, 14)
    tag = anyone.get(address, params=ASKED).headers["etag"]
    again = anyone.get(address, params=ASKED, headers={"If-None-Match": tag})
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("more", "named"),
    [({"height": "nan"}, "height"), ({"datum": None}, "datum"), ({"datum": "AAE"}, "datum"),
     ({"aircraft": "kite"}, "aircraft"), ({"task": "fun"}, "task"), ({"at": "noon"}, "at"),
     ({"at": (AT + timedelta(days=40)).isoformat()}, "at"), ({"level": "9"}, "level"),
     ({"bbox": "1,2,3"}, "bbox"), ({"bbox": "100,20,130,50"}, "bbox"), ({"colour": "1"}, "colour")],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(air, anyone, more, named):  # noqa: F811
    asked = {**ASKED, "bbox": "120,30,120.1,30.1", **more}
    answer = anyone.get(PATH, params={k: v for k, v in asked.items() if v is not None})
    assert answer.status_code == 400, answer.text
    assert named in answer.text


def test_tiles_that_are_not_there_are_not_found(air, anyone):  # noqa: F811
    assert anyone.get(f"{TILES}/3/1/1", params=ASKED).status_code == 404
    assert anyone.get(f"{TILES}/10/5000/1", params=ASKED).status_code == 404
