"""POST /nearest: by the road and in its direction, to whom it may concern, past closures."""

import pytest
import shapely

from tests.api.roadworld import FAR_WEST as WEST
from tests.api.roadworld import at, close, told, undo

pytestmark = pytest.mark.db


@pytest.fixture(scope="module")
def server(roads):
    return roads


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


def test_a_filter_of_nearest_may_be_in_another_system(client):
    box = "S_INTERSECTS(geom, BBOX(30.2, 120.9, 30.4, 120.95))"
    body = {"point": at(*WEST), "layer": "service_areas", "filter": box, "filter_crs": "4326"}
    found = told(client.post("/api/nearest", json=body))["features"]
    assert [feature["properties"]["name_en"] for feature in found] == ["near"]
