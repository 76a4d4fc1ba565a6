"""Outlines of lattices against the cells that they are made from."""

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import label

from routing.isochrone.marching_squares import outline

LATTICE = arrays(np.bool_, st.tuples(st.integers(1, 9), st.integers(1, 9)))


def drawn(marked):
    return outline(marked, 10.0, 20.0, (1.0, 2.0))


def points(marked, wanted):
    row, column = np.nonzero(marked == wanted)
    return shapely.points(10.0 + column, 20.0 + 2.0 * row)


@settings(max_examples=60, deadline=None)
@given(LATTICE)
def test_marked_points_lie_inside_and_others_outside(marked):
    area = drawn(marked)
    assert area.is_valid
    assert shapely.contains(area, points(marked, True)).all()
    assert not shapely.intersects(area, points(marked, False)).any()


@settings(max_examples=40, deadline=None)
@given(LATTICE)
def test_every_part_is_a_polygon_and_every_gap_a_hole(marked):
    area = drawn(marked)
    outside = label(np.pad(~marked, 1, constant_values=True), np.ones((3, 3)))[1]
    assert len(area.geoms) == label(marked)[1]
    assert sum(len(p.interiors) for p in area.geoms) == outside - 1


@settings(max_examples=40, deadline=None)
@given(LATTICE, st.data())
def test_more_points_hold_the_outline_of_fewer(marked, data):
    fewer = marked & data.draw(arrays(np.bool_, marked.shape))
    rest = shapely.difference(drawn(fewer), drawn(marked))
    assert rest.area < 1e-9


def test_a_ring_keeps_its_hole_and_the_island_in_it():
    marked = np.ones((7, 7), bool)
    marked[1:6, 1:6] = False
    marked[3, 3] = True
    first, second = sorted(drawn(marked).geoms, key=lambda p: -p.area)
    assert (len(first.interiors), len(second.interiors)) == (1, 0)
    assert first.interiors[0].envelope.contains(second)
