import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from spatial.errors import BadCoordinate, BadParameter
from spatial.geo import crs
from tests.mvt import tile_of

inside = st.tuples(st.floats(100.5, 121.0), st.floats(25.5, 40.0))
anywhere = st.tuples(st.floats(-180, 180), st.floats(-85, 85))

ABROAD = {
    "osaka": (135.5, 34.7),
    "taipei": (121.5, 25.04),
    "kaohsiung": (120.3, 22.6),
    "penghu": (119.57, 23.57),
    "naha": (127.7, 26.2),
    "seoul": (127.0, 37.5),
    "hanoi": (105.85, 21.03),
    "ulaanbaatar": (106.9, 47.9),
    "delhi": (77.2, 28.6),
    "vladivostok": (131.9, 43.1),
    "vaduz": (9.52, 47.14),
}
SHIFTED = {
    "hangzhou": (120.155, 30.274),
    "zhoushan": (122.2, 30.0),
    "shengsi": (122.8, 30.7),
    "pingtan": (119.8, 25.5),
    "hong kong": (114.17, 22.3),
    "urumqi": (87.6, 43.8),
    "lhasa": (91.1, 29.65),
    "kunming": (102.7, 25.04),
    "sanya": (109.5, 18.25),
    "mohe": (122.5, 53.0),
}


@given(inside)
def test_inverse_of_the_offsets_is_exact(point: tuple[float, float]) -> None:
    for there, back in (
        (crs.wgs84_to_gcj02, crs.gcj02_to_wgs84),
        (crs.wgs84_to_bd09, crs.bd09_to_wgs84),
    ):
        shifted = there(*point)
        assert crs.distance_m(*point, *shifted) < 2000
        lon, lat = back(*shifted)
        assert abs(lon - point[0]) < 1e-9 and abs(lat - point[1]) < 1e-9


@pytest.mark.parametrize("name", ABROAD)
def test_points_abroad_are_not_shifted(name: str) -> None:
    point = ABROAD[name]
    for convert in (crs.wgs84_to_gcj02, crs.wgs84_to_bd09, crs.gcj02_to_wgs84, crs.bd09_to_wgs84):
        assert tuple(float(v) for v in convert(*point)) == point


@pytest.mark.parametrize("name", SHIFTED)
def test_points_in_the_hull_are_shifted(name: str) -> None:
    assert 50 < crs.distance_m(*SHIFTED[name], *crs.wgs84_to_gcj02(*SHIFTED[name])) < 1000


def test_a_strait_crossing_track_comes_back_within_one_offset() -> None:
    lon, lat = np.linspace(118.0, 122.5, 2001), np.full(2001, 25.0)
    back = crs.gcj02_to_wgs84(*crs.wgs84_to_gcj02(lon, lat))
    error = crs.distance_m(lon, lat, *back)
    assert error.max() < 1000
    assert (error > 0.01).mean() < 0.01


@given(st.sampled_from([4548, 4549, 4550, 4528]), inside)
def test_projections_return(srid: int, point: tuple[float, float]) -> None:
    lon, lat = crs.unproject(*crs.project(*point, srid), srid)
    assert crs.distance_m(*point, lon, lat) < 0.05 or abs(point[0] - 120) > 9


def test_lengths_are_geodesic() -> None:
    degree = shapely.LineString([(120, 30), (121, 30)])
    branch = shapely.MultiLineString([[(120, 30), (120, 31)], [(122, 30), (122, 31)]])
    lengths = crs.lengths_m(np.array([degree, branch, shapely.LineString()]))
    assert lengths[0] == pytest.approx(96_485.974, abs=0.001)
    assert lengths[1] == pytest.approx(2 * 110_860.926, abs=0.01)
    assert lengths[2] == 0
    assert crs.length_m(degree) == lengths[0]


def test_area_subtracts_holes() -> None:
    outer, hole = shapely.box(120, 30, 121, 31), shapely.box(120.2, 30.2, 120.4, 30.4)
    whole = crs.area_m2(outer)
    assert whole == pytest.approx(1.0640e10, rel=1e-3)
    assert crs.area_m2(outer - hole) == pytest.approx(whole - crs.area_m2(hole), rel=1e-9)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("CRS84", "CRS84"),
        ("http://www.opengis.net/def/crs/OGC/1.3/CRS84", "CRS84"),
        ("4326", "4326"),
        ("EPSG:4490", "4490"),
        ("http://www.opengis.net/def/crs/EPSG/0/4549", "4549"),
        ("[EPSG:3857]", "3857"),
        ("gcj-02", "GCJ02"),
        ("BD09", "BD09"),
    ],
)
def test_systems_have_names(name: str, expected: str) -> None:
    assert crs.parse_crs(name).name == expected


def test_an_unknown_system_is_refused_with_the_list() -> None:
    with pytest.raises(BadParameter) as caught:
        crs.parse_crs("EPSG:2056")
    assert "GCJ02" in caught.value.mend_en


@given(anywhere, st.sampled_from(["4549", "GCJ02", "BD09", "3857", "4490", "CRS84"]))
def test_geojson_arrays_keep_their_shape(point: tuple[float, float], name: str) -> None:
    if name == "4549" and not 110 < point[0] < 130:
        point = (120.0 + point[0] / 36, point[1])
    target = crs.parse_crs(name)
    nested = [[[*point, 7.0], list(point)], [list(point)]]
    moved = crs.transform_coordinates(nested, crs.CRS84, target)
    assert moved[0][0][2] == 7.0
    assert moved[0][0][:2] == moved[0][1] == moved[1][0]
    assert len(moved[0][1]) == 2


def test_official_axes_put_latitude_first() -> None:
    moved = crs.transform_coordinates(
        [120.0, 30.0], crs.CRS84, crs.parse_crs("4326"), official_axes=True
    )
    assert moved == [30.0, 120.0]


def test_geometries_keep_z() -> None:
    line = shapely.LineString([(120, 30, 5), (120.1, 30.1, 6)])
    moved = crs.transform_geometry(line, crs.CRS84, crs.GCJ02)
    assert [z for _, _, z in moved.coords] == [5, 6]
    back = crs.transform_geometry(moved, crs.GCJ02, crs.CRS84)
    assert back.equals_exact(line, 1e-9)


def test_swapped_axes_are_named_in_chinese() -> None:
    with pytest.raises(BadCoordinate) as caught:
        crs.check_lonlat(30.27, 120.15)
    assert "坐标顺序应为 [经度, 纬度]" in caught.value.zh


@pytest.mark.parametrize(("lon", "lat"), [(float("nan"), 30), (120, float("inf")), (190, 30)])
def test_impossible_coordinates_are_refused(lon: float, lat: float) -> None:
    with pytest.raises(BadCoordinate):
        crs.check_lonlat(lon, lat)


@pytest.mark.parametrize("point", [(120.15, 30.27), (9.5, 47.1), (47.1, 9.5), (-70, -30)])
def test_possible_coordinates_pass(point: tuple[float, float]) -> None:
    crs.check_lonlat(*point)


@given(anywhere, st.integers(0, 22))
def test_a_tile_contains_its_point(point: tuple[float, float], z: int) -> None:
    x, y = tile_of(*point, z)
    west, south, east, north = crs.tile_bounds(z, int(x), int(y))
    assert west - 1e-9 <= point[0] <= east + 1e-9
    assert south - 1e-9 <= point[1] <= north + 1e-9
