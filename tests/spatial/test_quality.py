import numpy as np
import shapely

from spatial.geo import quality

HANGZHOU, OSLO = shapely.Point(120.15, 30.27), shapely.Point(10.75, 59.91)
BOW_TIE = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
SQUARE = shapely.box(120, 30, 121, 31)
LOOP = shapely.LineString([(0, 0), (2, 2), (2, 0), (0, 2)])
ROUNDABOUT = shapely.LineString([(0, 0), (1, 0), (1, 1), (0, 0)])


def test_absent_and_empty_geometries() -> None:
    assert quality.missing([HANGZHOU, None, shapely.Point()]).tolist() == [False, True, True]


def test_coordinates_that_are_no_numbers() -> None:
    line = shapely.linestrings([[120, 30], [np.inf, 30]])
    nan = shapely.points(np.nan, 30.0)
    assert quality.not_finite([HANGZHOU, line, nan, None]).tolist() == [False, True, True, False]


def test_the_vertex_beyond_the_map_is_named() -> None:
    polar = shapely.LineString([(120, 30), (121, 85.06), (121, 90)])
    across = shapely.LineString([(179, 30), (181, 30)])
    beyond = shapely.LineString([(181, 30), (182, 30)])
    rows = [HANGZHOU, shapely.Point(190, 30), None, polar, across, beyond]
    assert quality.off_map(rows) == {1: (1, 190, 30), 3: (2, 121, 85.06), 5: (1, 181, 30)}
    assert quality.off_map([None]) == {}


def test_lines_without_length() -> None:
    rows = [LOOP, shapely.LineString([(1, 1), (1, 1)]), HANGZHOU, None]
    assert quality.zero_length(rows).tolist() == [False, True, False, False]


def test_swapped_axes() -> None:
    rows = [HANGZHOU, shapely.Point(30.27, 120.15), OSLO, None]
    assert quality.swapped_axes(rows).tolist() == [False, True, False, False]


def test_all_but_the_first_of_equal_keys() -> None:
    assert quality.duplicate_ids(["a", "b", "a", None, None]).tolist() == [
        False,
        False,
        True,
        False,
        False,
    ]


def test_crossed_shapes() -> None:
    rows = [SQUARE, BOW_TIE, LOOP, ROUNDABOUT, HANGZHOU]
    assert quality.self_intersecting(rows).tolist() == [False, True, True, False, False]


def test_features_outside_their_unit() -> None:
    units = {"330100": SQUARE}
    beside = shapely.Point(119.999, 30.5)
    rows = [HANGZHOU, beside, OSLO, OSLO, OSLO]
    declared = ["330100", "330100", "330100", None, "330200"]
    assert quality.outside_unit(rows, declared, units).tolist() == [
        False,
        True,
        True,
        False,
        False,
    ]
    assert not quality.outside_unit([beside], ["330100"], units, tolerance_m=100.0)[0]
    assert quality.outside_unit([beside], ["330100"], units, tolerance_m=90.0)[0]


def test_lines_are_judged_as_a_network_and_points_are_not() -> None:
    ends = [(0, 0), (1, 0), (1, 1)]
    ring = [shapely.LineString([ends[i], ends[(i + 1) % 3]]) for i in range(3)]
    rows = [HANGZHOU, *ring, shapely.LineString([(5, 5), (6, 6)])]
    assert quality.dangling(rows).tolist() == [False, False, False, False, True]
    assert quality.small_component(rows, 2).tolist() == [False, False, False, False, True]
