"""Polygons of requests: the vertex that cannot be is named; over the antimeridian they are cut."""

from __future__ import annotations

import math

import pytest

from api.http.polygons import MOST_VERTICES, read_polygon
from spatial.errors import BadCoordinate, BadParameter
from spatial.geo.crs import GCJ02

SQUARE = [[120.0, 30.0], [121.0, 30.0], [121.0, 31.0], [120.0, 30.0]]


def polygon(*rings):
    return {"type": "Polygon", "coordinates": list(rings)}


@pytest.mark.parametrize(
    "vertex",
    [[120.5, 85.06], [120.5, -90.0], [120.5, 89.9], [500.0, 30.0], [math.nan, 30.0],
     [120.5, math.inf], [30.2, 120.1]],
)  # fmt: skip
def test_a_vertex_that_cannot_be_is_named(vertex):
    ring = [*SQUARE[:2], vertex, SQUARE[-1]]
    with pytest.raises(BadCoordinate) as caught:
        read_polygon({"type": "MultiPolygon", "coordinates": [[SQUARE], [ring]]})
    assert caught.value.extra["index"] == [1, 0, 2]
    assert caught.value.extra["value"] == [v if math.isfinite(v) else str(v) for v in vertex]
    with pytest.raises(BadCoordinate):
        read_polygon(polygon(ring), GCJ02)


def test_one_that_lies_wholly_beyond_is_refused():
    with pytest.raises(BadCoordinate):
        read_polygon(polygon([[200, 30], [201, 30], [201, 31], [200, 30]]))


@pytest.mark.parametrize("east", [-179.0, 181.0])
def test_one_over_the_antimeridian_is_cut(east):
    found = read_polygon(polygon([[179, 30], [east, 30], [east, 31], [179, 31], [179, 30]]))
    assert sorted(part.bounds for part in found.geoms) == [(-180, 30, -179, 31), (179, 30, 180, 31)]


def test_heights_are_left_out():
    ring = [[*place, 12.5] for place in SQUARE]
    assert not read_polygon(polygon(ring)).has_z


def test_what_is_no_polygon_is_refused():
    many = [[120 + i * 1e-5, 30] for i in range(MOST_VERTICES)]
    bow = [[179, 30], [-179, 31], [-179, 30], [179, 31], [179, 30]]
    for shape in (
        polygon(), polygon([]), {}, {"type": "Polygon"}, {"type": "Point", "coordinates": [1, 2]},
        polygon([*many, [120, 31], many[0]]), polygon([["a", 1]] * 4), polygon(bow),
        polygon([[120, 30], [121, 31], [121, 30], [120, 31], [120, 30]]),
        polygon([[-100, 80], [20, 80], [140, 80], [-100, 80]]),
    ):  # fmt: skip
        with pytest.raises(BadParameter):
            read_polygon(shape)
