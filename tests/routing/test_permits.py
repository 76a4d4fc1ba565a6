"""Units along a path: every metre in exactly one of them."""

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from routing.answer.admin_crossings import Unit, Units, listed, rounded
from spatial.geo.crs import GEOD

WEST = Unit("330400", "嘉兴市", "Jiaxing City", shapely.box(120, 30, 121, 31))
EAST = Unit("330200", "宁波市", "Ningbo City", shapely.box(121, 30, 122, 31))
PROVINCE = Unit("330000", "浙江省", "Zhejiang Province", shapely.box(119, 30, 122, 31))
UNITS = Units([EAST, WEST, PROVINCE])


def crossed(*points, length_m=1000.0):
    found = UNITS.crossed(np.array(points, np.float64), length_m)
    return [(c.unit and c.unit.code, round(c.length_m)) for c in found]


def test_a_path_is_cut_at_borders():
    assert crossed((120.5, 30.5), (121.5, 30.5)) == [("330400", 500), ("330200", 500)]


def test_the_province_answers_where_no_prefecture_is_loaded():
    assert crossed((119.5, 30.5), (120.5, 30.5)) == [("330000", 500), ("330400", 500)]


def test_what_lies_outside_is_listed_too():
    assert crossed((121.5, 30.5), (122.5, 30.5)) == [("330200", 500), (None, 500)]


def test_a_unit_that_is_left_and_entered_again_is_listed_once():
    there_and_back = [(120.9, 30.5), (121.1, 30.5), (120.9, 30.5)]
    assert crossed(*there_and_back) == [("330400", 500), ("330200", 500)]


def test_a_path_along_a_border_belongs_to_one_unit():
    assert crossed((121.0, 30.2), (121.0, 30.8)) == [("330200", 1000)]


def test_a_path_without_length_lies_in_its_unit():
    assert crossed((120.5, 30.5), (120.5, 30.5), length_m=0.0) == [("330400", 0)]


def test_units_are_listed_with_both_names():
    found = UNITS.crossed(np.array([(120.5, 30.5), (122.5, 30.5)]), 1234.56)
    assert [row["admin_code"] for row in listed(found)] == ["330400", "330200", None]
    assert listed(found)[0]["name"] == {"zh": "嘉兴市", "en": "Jiaxing City"}
    assert sum(row["length_m"] for row in listed(found)) == pytest.approx(1234.6)


PLACE = st.tuples(st.floats(118.5, 122.5), st.floats(29.5, 31.5))


@settings(max_examples=60, deadline=None)
@given(st.lists(PLACE, min_size=2, max_size=12), st.floats(0, 1e6))
def test_lengths_sum_to_the_path(points, length_m):
    found = UNITS.crossed(np.array(points), length_m)
    assert sum(c.length_m for c in found) == pytest.approx(length_m, rel=1e-9, abs=1e-6)
    assert sum(rounded(found)) == pytest.approx(length_m, abs=0.0501)


@settings(max_examples=40, deadline=None)
@given(st.lists(PLACE, min_size=2, max_size=8, unique=True))
def test_each_unit_has_what_an_intersection_has(points):
    line = shapely.LineString(points)
    assume(not line.intersection(EAST.shape.intersection(WEST.shape)).length)  # along the border
    total = GEOD.geometry_length(line)
    found = {c.unit and c.unit.code: c.length_m for c in UNITS.crossed(np.array(points), total)}
    for unit in (EAST, WEST):
        inside = GEOD.geometry_length(line.intersection(unit.shape))
        assert found.get(unit.code, 0.0) == pytest.approx(inside, rel=1e-4, abs=20)
