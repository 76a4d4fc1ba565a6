"""Whatever is asked of roads: no answer is a 5xx."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.api.roadworld import FAR_EAST as EAST
from tests.api.roadworld import at

pytestmark = pytest.mark.db


@pytest.fixture(scope="module")
def server(roads):
    return roads


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
        if name == "matrix" and answer.status_code == 200 and 200 not in expected:
            assert answer.json()["durations_s"] == [[None]]
            continue
        assert answer.status_code in expected, (name, answer.text)
