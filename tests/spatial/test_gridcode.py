from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatial.errors import BadCoordinate, BadParameter
from spatial.geo import beidou_grid

lons = st.decimals(-180, 180, places=9, allow_nan=False)
lats = st.decimals("-87.999999999", "87.999999999", places=9, allow_nan=False)
levels = st.integers(1, 10)


@given(lons, lats, levels)
def test_decode_contains_the_point_and_encodes_back(lon: Decimal, lat: Decimal, level: int) -> None:
    code = beidou_grid.encode(lon, lat, level)
    cell = beidou_grid.decode(code)
    assert cell.level == level
    slack = 1e-12
    assert cell.west - slack <= float(lon) <= cell.east + slack
    assert cell.south - slack <= float(lat) <= cell.north + slack
    assert beidou_grid.encode(*cell.centre, level) == code


@given(lons, lats, levels)
def test_floats_arrays_and_decimals_agree(lon: Decimal, lat: Decimal, level: int) -> None:
    exact = beidou_grid.encode(str(lon), str(lat), level)
    assert beidou_grid.encode(float(lon), float(lat), level) == exact
    assert beidou_grid.encode_many([float(lon)], [float(lat)], level)[0] == exact


@given(lons, lats, st.integers(2, 10))
def test_a_code_starts_with_its_parent(lon: Decimal, lat: Decimal, level: int) -> None:
    assert beidou_grid.encode(lon, lat, level).startswith(beidou_grid.encode(lon, lat, level - 1))


@given(lons, lats, st.floats(-10_000, 1_000_000), levels)
def test_3d_code_holds_height_and_plane(
    lon: Decimal, lat: Decimal, height: float, level: int
) -> None:
    cell = beidou_grid.decode_3d(beidou_grid.encode_3d(lon, lat, height, level))
    assert cell.level == level
    assert cell.floor_m is not None and cell.ceiling_m is not None
    slack = 1e-6 * max(1.0, abs(height))
    assert cell.floor_m - slack <= height <= cell.ceiling_m + slack
    flat = beidou_grid.decode(beidou_grid.encode(lon, lat, level))
    assert (cell.west, cell.south) == (flat.west, flat.south)


@given(st.integers(0, 2**31 - 1))
def test_a_layer_begins_where_its_index_says(n: int) -> None:
    assert beidou_grid.height_index(beidou_grid.height_of(n)) in {n, n - 1, n + 1}
    assert (
        beidou_grid.height_index((beidou_grid.height_of(n) + beidou_grid.height_of(n + 1)) / 2) == n
    )


def test_cells_at_an_edge_are_half_open() -> None:
    assert beidou_grid.encode("120", "28", 1) == "N51H"
    assert beidou_grid.encode("119.999999999", "27.999999999", 1) == "N50G"
    assert beidou_grid.encode_many([120.0, 119.999999999], [28.0, 27.999999999], 1).tolist() == [
        "N51H",
        "N50G",
    ]


def test_quadrants_mirror() -> None:
    north_east = beidou_grid.encode("10.3", "20.7", 8)
    assert beidou_grid.encode("-10.3", "-20.7", 8) == "S29" + north_east[3:]


@pytest.mark.parametrize("lat", ["88", "-88", "90"])
def test_polar_points_are_refused(lat: str) -> None:
    with pytest.raises(BadCoordinate):
        beidou_grid.encode("120", lat)
    with pytest.raises(BadCoordinate):
        beidou_grid.encode_many([120.0], [float(lat)])


def test_not_a_number_is_refused() -> None:
    with pytest.raises(BadCoordinate):
        beidou_grid.encode(float("nan"), 30.0)
    with pytest.raises(BadCoordinate):
        beidou_grid.encode_many(np.array([np.inf]), np.array([30.0]))


@pytest.mark.parametrize(
    "code", ["", "N51", "N61H", "N00H", "N51W", "N51HC0", "N51H08", "N51H046", "N51H0429G"]
)
def test_wrong_codes_are_refused(code: str) -> None:
    with pytest.raises(BadParameter):
        beidou_grid.decode(code)


@pytest.mark.parametrize("code", ["N251H00", "N051H64", "N051H000408"])
def test_wrong_3d_codes_are_refused(code: str) -> None:
    with pytest.raises(BadParameter):
        beidou_grid.decode_3d(code)


@pytest.mark.parametrize("level", [0, 11])
def test_levels_outside_the_standard_are_refused(level: int) -> None:
    with pytest.raises(BadParameter):
        beidou_grid.encode("120", "30", level)
