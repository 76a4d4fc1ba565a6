"""Covers never miss what a footprint holds, whichever way round it is written."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial.errors import BadParameter, BodyTooLarge
from spatial.geo.crs import GEOD
from spatial.geo.s2_cover import LEVEL, boxes_of, cover, slot
from spatial.geo.volumes import Area, Circle

HOME = (120.155, 30.274)


def inside(boxes, lon, lat):
    return any(w <= lon <= e and s <= lat <= n for w, s, e, n in boxes)


@settings(max_examples=40, deadline=None)
@given(
    st.floats(-180, 180), st.floats(-85, 85), st.floats(5, 5000), st.floats(0, 360), st.floats(0, 1)
)
def test_every_point_of_a_circle_lies_in_its_cells_and_boxes(lon, lat, radius_m, azimuth, share):
    s2 = pytest.importorskip("s2geometry")
    found = cover(Circle((lon, lat), radius_m))
    x, y, _ = GEOD.fwd(lon, lat, azimuth, radius_m * share)
    cell = s2.S2CellId(s2.S2LatLng.FromDegrees(y, x).ToPoint()).parent(LEVEL).id()
    assert cell in {one % 2**64 for one in found.cells}
    assert inside(found.boxes, x, y)
    assert inside(boxes_of(found.cells), x, y)


def test_both_windings_have_one_cover():
    ring = [(120.0, 30.0), (120.02, 30.0), (120.02, 30.02), (120.0, 30.02)]
    assert cover(Area(shapely.Polygon(ring))) == cover(Area(shapely.Polygon(ring[::-1])))


def test_vertices_said_twice_change_nothing():
    ring = [(120.0, 30.0), (120.02, 30.0), (120.02, 30.02), (120.0, 30.02)]
    twice = [place for place in ring for _ in range(2)]
    assert cover(Area(shapely.Polygon(twice))) == cover(Area(shapely.Polygon(ring)))


def test_what_meets_itself_on_the_globe_is_refused():
    with pytest.raises(BadParameter):
        cover(Area(shapely.Polygon([(0, 89.9), (90, 90.0), (180, 90.0), (180, 89.9)])))


def test_an_area_over_the_antimeridian_has_a_box_on_each_side():
    ring = [(179.9, 10.0), (180.1, 10.0), (180.1, 10.1), (179.9, 10.1)]
    boxes = cover(Area(shapely.Polygon(ring))).boxes
    assert len(boxes) == 2
    assert inside(boxes, 179.95, 10.05)
    assert inside(boxes, -179.95, 10.05)
    assert not inside(boxes, 0.0, 10.05)


@pytest.mark.parametrize(
    "footprint",
    [
        Circle(HOME, 29_000.0),
        Area(shapely.Polygon([(100, 30), (108, 30.0), (108, 30.0001), (100, 30.0001)])),
    ],
)
def test_what_is_too_large_or_too_long_is_refused(footprint):
    with pytest.raises(BodyTooLarge):
        cover(footprint)


def test_neighbours_fall_into_different_slots():
    cells = cover(Circle(HOME, 900.0)).cells
    slots = [slot(cell, 256) for cell in cells]
    assert len(set(slots)) == len(cells)
    assert np.all(np.array(slots) < 256)
