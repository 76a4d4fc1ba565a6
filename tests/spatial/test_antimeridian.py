import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from spatial.errors import BadCoordinate
from spatial.geo.antimeridian import cut_line, split
from spatial.geo.crs import length_m

STRIP = [(170, 10), (-170, 10), (-170, 20), (170, 20), (170, 10)]
WRITTEN_ON = [(170, 10), (190, 10), (190, 20), (170, 20), (170, 10)]


@pytest.mark.parametrize("ring", [STRIP, WRITTEN_ON, [(x - 360, y) for x, y in WRITTEN_ON]])
def test_a_polygon_across_is_cut(ring):
    found = split(shapely.Polygon(ring))
    assert found.equals(
        shapely.union(shapely.box(170, 10, 180, 20), shapely.box(-180, 10, -170, 20))
    )


def test_a_hole_goes_with_its_shell():
    hole = [(-179, 14), (-176, 14), (-176, 16), (-179, 16), (-179, 14)]
    found = split(shapely.Polygon(STRIP, [hole]))
    assert found.area == pytest.approx(200 - 6)
    assert not found.contains(shapely.Point(-178, 15))


def test_shapes_that_do_not_cross_stay_as_they_are():
    world = shapely.box(-180, -85, 180, 85)
    line = shapely.LineString([(120, 30), (180, 30)])
    for shape in (world, line, shapely.Point(180, 0), shapely.box(-180, 0, -170, 5)):
        assert split(shape).equals(shape)


def test_what_goes_round_is_refused():
    pole = [(0, 80), (90, 80), (170, 80), (-100, 80), (-10, 80), (0, 80)]
    with pytest.raises(BadCoordinate):
        split(shapely.Polygon(pole))
    with pytest.raises(BadCoordinate):
        split(shapely.Polygon([(-300, 0), (300, 0), (300, 10), (-300, 0)]))


def test_a_line_ends_and_begins_at_the_antimeridian():
    found = split(shapely.LineString([(179, 10), (-179, 20)]))
    assert [list(part.coords) for part in found.geoms] == [
        [(179, 10), (180, 15)], [(-180, 15), (-179, 20)]
    ]  # fmt: skip
    at_it = cut_line(np.array([(179.0, 1.0), (180.0, 2.0), (-179.0, 3.0)]))
    assert [part.tolist() for part in at_it] == [[[179, 1], [180, 2]], [[-180, 2], [-179, 3]]]
    assert [part.tolist() for part in cut_line(np.array([(180.0, 2.0), (-179.0, 3.0)]))] == [
        [[-180, 2], [-179, 3]]
    ]


@given(st.lists(st.tuples(st.floats(-0.4, 0.4), st.floats(-60, 60)), min_size=2, max_size=8))
def test_a_cut_line_is_as_long_as_the_whole(steps):
    xy = np.array(steps).cumsum(axis=0)
    xy[:, 1] = np.clip(xy[:, 1], -80, 80)
    here, there = xy + np.array([120, 0]), xy + np.array([180, 0])
    there[:, 0] = (there[:, 0] + 180) % 360 - 180
    parts = [part for part in cut_line(there) if len(part) > 1]
    assert all(np.abs(part[:, 0]).max() <= 180 for part in parts)
    whole = length_m(shapely.LineString(here))
    assert sum(length_m(shapely.LineString(p)) for p in parts) == pytest.approx(
        whole, rel=1e-3, abs=1
    )
