"""Geometries of filters in other systems of coordinates, and across the antimeridian."""

import numpy as np
import pytest

from spatial.geo.crs import parse_crs, write_places
from spatial.postgres.db import connect
from tests.api.ogcworld import ITEMS

pytestmark = pytest.mark.db
COUNT = "/api/collections/ports/count"
RING = [[120.1, 29.1], [121, 29.1], [121, 30], [120.1, 30], [120.1, 29.1]]
EDGE = """
INSERT INTO sigang.facility (kind, visibility, origin, source_id, name_zh, geom)
SELECT 'port', 'public', 'synthetic', 'test', 'edge ' || x,
  ST_SetSRID(ST_MakePoint(x, 10), 4326) FROM unnest(ARRAY[179.9, -179.9, 170, 0]) x"""


@pytest.fixture(scope="module", autouse=True)
def edge(served):
    with connect(served.database_url) as conn:
        conn.execute(EDGE)
        conn.commit()
        yield
        conn.execute("DELETE FROM sigang.facility WHERE name_zh LIKE 'edge%'")
        conn.commit()


def ring(system):
    return write_places(np.array(RING), parse_crs(system)).tolist()


def inside(system):
    places = ", ".join(f"{x!r} {y!r}" for x, y in ring(system))
    return f"S_INTERSECTS(geom, POLYGON(({places})))"


def boxed(system):
    (x0, y0), (x1, y1) = ring(system)[0], ring(system)[2]
    return f"S_INTERSECTS(geom, BBOX({x0!r}, {y0!r}, {x1!r}, {y1!r}))"


@pytest.mark.parametrize("make", [inside, boxed])
@pytest.mark.parametrize(
    "name", ["4326", "http://www.opengis.net/def/crs/EPSG/0/4490", "4549", "3857", "GCJ02"]
)
def test_the_same_area_in_any_system(api, make, name):
    plain = {"filter": make("CRS84")}
    moved = {"filter": make(name), "filter-crs": name}
    expected = api.get(COUNT, params=plain).json()["count"]
    assert expected > 10
    assert api.get(COUNT, params=moved).json() == {"count": expected}
    page = api.get(ITEMS, params=moved | {"limit": 1000}).json()
    assert len(page["features"]) == expected
    rows = api.get(ITEMS, params=moved | {"f": "csv"}).text.splitlines()
    assert len(rows) == expected + 1
    other = api.get(COUNT, params={"filter": make(name)})
    assert other.status_code == 400 or abs(other.json()["count"] - expected) < expected


def test_an_unknown_system_is_refused(api):
    for more in ({}, {"filter": inside("CRS84")}):
        assert api.get(COUNT, params=more | {"filter-crs": "4711"}).status_code == 400


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("S_INTERSECTS(geom, BBOX(175, 0, -175, 20))", {"179.9", "-179.9"}),
        ("S_WITHIN(geom, BBOX(165, 0, 0, -175, 20, 9))", {"170", "179.9", "-179.9"}),
        ("S_INTERSECTS(geom, BBOX(-175, 0, 175, 20))", {"170", "0"}),
        ("S_INTERSECTS(geom, POLYGON((175 0, 185 0, 185 20, 175 20, 175 0)))", {"179.9", "-179.9"}),
        ("S_INTERSECTS(geom, POLYGON((175 0, -175 0, -175 20, 175 20, 175 0)))",
         {"179.9", "-179.9"}),
        ("S_DWITHIN(geom, POINT(179.9 10), 50, 'km')", {"179.9", "-179.9"}),
        ("S_DWITHIN(geom, BBOX(179.95, 9, -179.95, 11), 50, 'km')", {"179.9", "-179.9"}),
        ("NOT S_INTERSECTS(geom, BBOX(175, 0, -175, 20))", {"170", "0"}),
    ],
)  # fmt: skip
def test_a_filter_reaches_over_the_antimeridian(api, asked, found):
    answer = api.get(ITEMS, params={"filter": f"name_zh LIKE 'edge%' AND {asked}"})
    names = {f["properties"]["name_zh"] for f in answer.json()["features"]}
    assert names == {f"edge {x}" for x in found}


def test_a_bbox_in_degrees_of_another_system_may_cross(api):
    box = {"bbox": "0,175,20,-175", "bbox-crs": "4326", "name_zh": "edge 179.9"}
    assert api.get(COUNT, params=box).json() == {"count": 1}
    assert api.get(COUNT, params=box | {"name_zh": "edge 170"}).json() == {"count": 0}
