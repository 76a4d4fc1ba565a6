"""The worked examples beside the checkout: coordinates, grid codes, stakes and identifiers."""

import json
import re
from functools import cache
from typing import Any

import numpy as np
import pytest
import shapely

from spatial.actor import Actor, scope_prefix
from spatial.geo import beidou_grid, codes, crs
from spatial.geo.linear_reference import Carriageway, LinearReference
from spatial.geo.quality import outside_unit
from tests.conftest import shared_path
from tests.mvt import tile_of

pytestmark = pytest.mark.shared

DEGREES = 1e-9
METRES = 0.01


@cache
def example(name: str) -> Any:
    return json.loads(shared_path("worked_examples.json").read_text(encoding="utf-8"))[name]


def pair(values: Any) -> tuple[float, float]:
    return float(values[0]), float(values[1])


def near(values: Any, expected: Any, tolerance: float = DEGREES) -> bool:
    return bool(np.abs(np.array(pair(values)) - np.array(pair(expected))).max() <= tolerance)


def test_gcj02_and_bd09() -> None:
    case = example("gcj02")
    gcj, bd = crs.wgs84_to_gcj02(*case["wgs84"]), crs.wgs84_to_bd09(*case["wgs84"])
    assert near(gcj, case["gcj02"])
    assert near(bd, case["bd09"])
    assert near(crs.gcj02_to_wgs84(*gcj), case["inverse_iterated"])
    assert near(crs.bd09_to_wgs84(*bd), case["inverse_iterated"])
    assert crs.distance_m(*case["wgs84"], *gcj) == pytest.approx(case["offset_m"], abs=METRES)
    assert crs.distance_m(*case["wgs84"], *bd) == pytest.approx(case["offset_bd09_m"], abs=METRES)


def test_gcj02_is_the_identity_outside_china() -> None:
    case = example("gcj02_outside_china")
    for convert in (crs.wgs84_to_gcj02, crs.wgs84_to_bd09, crs.gcj02_to_wgs84, crs.bd09_to_wgs84):
        assert near(convert(*case["wgs84"]), case["wgs84"], 0.0)
    assert not near(crs.wgs84_to_gcj02(*case["wgs84"]), case["bbox_result"], 1e-4)


@pytest.mark.parametrize("place", ["hangzhou", "zhoushan", "quzhou"])
@pytest.mark.parametrize("system", ["EPSG:4548", "EPSG:4549", "EPSG:4550", "EPSG:4528"])
def test_projection(place: str, system: str) -> None:
    point = example("cgcs2000_projection")["points"][place]
    target = crs.parse_crs(system)
    assert near(crs.from_lonlat(*point["lonlat"], target), point[system], METRES)
    assert near(crs.to_lonlat(*point[system], target), point["lonlat"], 1e-8)
    northing_first = crs.transform_coordinates(
        point["lonlat"], crs.CRS84, target, official_axes=True
    )
    assert near(northing_first[::-1], point[system], METRES)


@pytest.mark.parametrize("zoom", [7, 12, 15])
def test_xyz_tile(zoom: int) -> None:
    case = example("xyz_tile")
    column, row = tile_of(*case["lonlat"], zoom)
    assert [int(column), int(row)] == case["tiles"][str(zoom)]


def degrees(text: str) -> str:
    d, m, s = re.fullmatch(r"(\d+)d(\d+)m([\d.]+)s [NE]", text).groups()
    units = (int(d) * 3600 + int(m) * 60) * 2048 + round(float(s) * 100) * 2048 // 100
    return f"{units / beidou_grid.UNITS_PER_DEGREE:.12f}"


@pytest.mark.parametrize("level", range(1, 9))
def test_beidou_standard_appendix_b(level: int) -> None:
    case = example("beidou_grid_2d_standard_appendix_B")
    lon, lat = (degrees(case[axis]) for axis in ("lon", "lat"))
    assert beidou_grid.encode(lon, lat, level) == case["levels"][str(level)]


@pytest.mark.parametrize("level", range(1, 11))
def test_beidou_2d(level: int) -> None:
    case = example("beidou_grid_2d_hangzhou")
    expected = case["levels"][str(level)]
    assert beidou_grid.encode(case["lon"], case["lat"], level) == expected
    many = beidou_grid.encode_many([float(case["lon"])] * 3, [float(case["lat"])] * 3, level)
    assert many.tolist() == [expected] * 3
    cell = beidou_grid.decode(expected)
    assert cell.west <= float(case["lon"]) <= cell.east


def test_beidou_3d() -> None:
    case, plane = example("beidou_grid_3d_hangzhou_120m"), example("beidou_grid_2d_hangzhou")
    height = case["ellipsoidal_height_m"]
    assert beidou_grid.height_index(height) == case["n"]
    assert beidou_grid.encode_height(height) == case["height_code"]
    for level in (8, 10):
        code = beidou_grid.encode_3d(plane["lon"], plane["lat"], height, level)
        assert code == case[f"code_level{level}"]
    assert len(case["code_level10"]) == case["length"]
    floor = beidou_grid.decode_3d(case["code_level10"]).floor_m
    assert floor == pytest.approx(case["height_of_cell_floor_m"], abs=0.001)


def test_beidou_edge() -> None:
    case = example("beidou_grid_edge_trap")
    assert beidou_grid.encode(case["lon"], case["lat"], 4) == case["exact_level4"]
    assert beidou_grid.encode(float(case["lon"]), float(case["lat"]), 4) == case["exact_level4"]
    many = beidou_grid.encode_many([float(case["lon"])], [float(case["lat"])], 4)
    assert many.tolist() == [case["exact_level4"]]


def test_beidou_sheets_of_the_province() -> None:
    corners = beidou_grid.encode_many([118.1, 118.1, 122.9, 122.9], [27.1, 31.1, 27.1, 31.1], 1)
    assert corners.tolist() == example("beidou_grid_zhejiang_sheets")["sheets"]


def test_linear_referencing() -> None:
    case = example("linear_referencing")
    line = shapely.LineString(case["line"])
    row = {
        "route_id": case["route"],
        "side": "up",
        "part": 0,
        "calibrated": True,
        "accuracy_m": 10.0,
        "source_id": "example",
        "geom": line,
    }
    stakes = [
        {"k_m": codes.parse_stake(k), "chainage_m": at, "accuracy_m": None}
        for k, at in zip(case["line_k"], (0.0, crs.length_m(line)), strict=True)
    ]
    reference = LinearReference([Carriageway(row, stakes)])
    fix = reference.locate(case["route"], case["query"])[0]
    assert near((fix.lon, fix.lat), case["point"])
    assert fix.chainage_m / crs.length_m(line) == pytest.approx(case["fraction"], abs=DEGREES)
    assert fix.calibrated and fix.accuracy_m is not None and fix.source_id == "example"
    assert reference.stake_of(*case["point"], within_m=1.0)[0].stake == case["query"]


def test_identifiers() -> None:
    case = example("identifiers")
    container, company = case["iso6346"], case["uscc_gb32100"]
    assert codes.iso6346_check_digit(container["body"]) == container["check"]
    assert codes.is_iso6346(f"{container['body']}{container['check']}")
    assert codes.is_imo(case["imo"]["number"]) is case["imo"]["valid"]
    assert codes.uscc_check_sign(company["body"]) == company["check"]
    assert codes.is_uscc(company["body"] + company["check"])
    assert {scope_prefix(code)[:2] for code in case["gbt2260_zhejiang"]} == {"33"}


def test_unlocode_aliases() -> None:
    table = {
        place: [text.split()[0] for text in texts]
        for place, texts in example("unlocode_aliases")["aliases"].items()
    }
    for place, listed in table.items():
        for code in listed:
            assert place in codes.find_by_unlocode(code, table)
    assert codes.find_by_unlocode("CN NGB", table) == ["Ningbo"]


def test_gbt2260_scope() -> None:
    case = example("gbt2260_scope")
    actor = Actor("someone", "duty", case["user_scope"].ljust(6, "0"))
    for admin_code, visible in case["rows"].items():
        assert actor.sees(admin_code, "unit") is visible


def test_port_coordinate_trap() -> None:
    case = example("port_coordinate_trap")
    away = crs.distance_m(*case["given"], *case["real_city_about"])
    assert away / 1000 == pytest.approx(case["error_km"], abs=0.1)
    jiaxing = shapely.box(120.3, 30.3, 121.3, 31.05)
    points = np.array([shapely.Point(case["given"]), shapely.Point(case["real_city_about"])])
    flagged = outside_unit(points, ["330400", "330400"], {"330400": jiaxing})
    assert flagged.tolist() == [True, False]
