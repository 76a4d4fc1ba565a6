"""The air as the database knows it: zones, what is known of the ground, terrain; public rows."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeAlias, cast

import asyncpg
import shapely

from layers.processes.runtime.model import Need, Reader, Sources
from layers.processes.runtime.readers import register
from routing.airspace.coverage import County, Coverage
from routing.airspace.judge import Air, Judge
from routing.airspace.levels import Joins
from routing.airspace.zones import Limit, Sort, Zone, Zones
from spatial.airspace_rules import (
    ACCURACY,
    AUTHORITIES,
    CLASS_BANDS,
    GROUND,
    UAS_CEILING,
    Authorities,
    Category,
    GroundCategories,
    Restriction,
)
from spatial.errors import SetupError
from spatial.geo.geoid import Geoid, open_geoid
from spatial.geo.heights import KINDS, Datum
from spatial.geo.terrain import Grid, Terrain, find_tile, keep_tile, unpack
from spatial.geo.volumes import Circle
from spatial.geozones.schedule import Timetable
from spatial.geozones.schedule_json import read_periods
from spatial.postgres.db import Database
from spatial.rule_store import SELECT
from spatial.rules import ALWAYS, Period, RuleBook, Rules, get_rule

VERSION = "SELECT version, changed_at FROM sigang.airspace_version"
_COLUMNS = """
SELECT id::text, kind, level, name_zh, name_en, restriction, floor_m, floor_datum, ceiling_m,
  ceiling_datum, ST_X(centre) AS lon, ST_Y(centre) AS lat, radius_m, valid_from, valid_to,
  rule_version, origin, props, ST_AsBinary(geom) AS geom, id AS number, admin_code
FROM sigang.zone WHERE kind"""
_ZONES = f"""{_COLUMNS} IN (
  'airspace', 'airspace_superseded', 'controlled_ground', 'airspace_restriction')
ORDER BY kind, id"""
RESTRICTION = f"{_COLUMNS} = 'airspace_restriction' AND id = $1"
"""One restriction, as `make_zone` takes it."""
_COUNTIES = """
SELECT admin_code, name_zh, name_en, props, ST_AsBinary(geom) AS geom FROM sigang.zone
WHERE kind = 'ground_coverage' ORDER BY admin_code"""
_TILES = """
SELECT t.lon, t.lat, t.cells, t.digest, s.title_en, s.props ->> 'origin' AS origin,
  (s.props ->> 'accuracy_m')::float8 AS accuracy_m
FROM sigang.terrain_tile t JOIN sigang.source s ON s.id = t.source_id ORDER BY 1, 2"""
_PACKED = "SELECT packed FROM sigang.terrain_tile WHERE lon = $1 AND lat = $2 AND digest = $3"
Row: TypeAlias = asyncpg.Record
Props: TypeAlias = Mapping[str, str]


@dataclass(frozen=True)
class Known:
    """One version of the air: what does not depend on the rules of a time, and their words."""

    version: int
    changed_at: datetime
    zones: Zones
    coverage: Coverage
    terrain: Terrain | None
    terrain_digests: tuple[str, ...] = ()

    def judge(self, rules: Rules, geoid: Geoid | None) -> Judge:
        """Return the judge by the rules of a time.

        Raises
        ------
        RuleMissing
            One that every judgement needs is not in force.
        """
        bands, ceilings = get_rule(rules, CLASS_BANDS).value, get_rule(rules, UAS_CEILING).value
        joins = Joins(self.terrain, geoid)
        return Judge(Air(self.zones, self.coverage, bands, ceilings, joins))


def find_geoid(rules: Rules) -> Geoid | None:
    """Return the geoid, None where its grid is not installed: answers say what is lacking."""
    try:
        return open_geoid(get_rule(rules, ACCURACY).value.geoid_m)
    except SetupError:
        return None


async def read_version(db: Database) -> tuple[int, datetime]:
    """Return the version of the air, and since when it is that."""
    row = await db.urgent.fetchrow(VERSION)
    assert row is not None  # noqa: S101
    return row["version"], row["changed_at"]


async def read_known(
    db: Database, folder: Path | None, rules: Rules, held: Known | None = None
) -> Known:
    """Return the air as it is now; with a folder, tiles of terrain are mapped from it.

    What is known of the ground is taken from `held` where it is the same there.
    """
    while True:
        version, changed_at = await read_version(db)
        zones, counties = await db.public.fetch(_ZONES), await db.public.fetch(_COUNTIES)
        terrain, digests = await _read_terrain(db, folder)
        if (await read_version(db))[0] == version:
            break
    words = words_of(rules)

    def made() -> Known:
        return Known(
            version, changed_at, Zones([make_zone(row, words) for row in zones]),
            _coverage([_county(row) for row in counties], held), terrain, digests,
        )  # fmt: skip

    return await asyncio.to_thread(made)


def _coverage(counties: Sequence[County], held: Known | None) -> Coverage:
    if held is not None and held.coverage.counties == tuple(counties):
        return held.coverage
    return Coverage(counties)


async def _read_terrain(
    db: Database, folder: Path | None
) -> tuple[Terrain | None, tuple[str, ...]]:
    """Return the terrain, None without one, and the digests of its tiles."""
    rows = await db.public.fetch(_TILES)
    tiles: dict[tuple[int, int], Grid] = {}
    for row in rows:
        grid = await _tile(db, folder, row)
        if grid is not None:
            tiles[row["lon"], row["lat"]] = grid
    if not tiles:
        return None, ()
    first = rows[0]
    digests = tuple(str(row["digest"]) for row in rows)
    return Terrain(first["title_en"], first["origin"], first["accuracy_m"], tiles), digests


async def _tile(db: Database, folder: Path | None, row: Row) -> Grid | None:
    """Return a tile; None where it was replaced meanwhile, so that all is read again."""
    digest, cells = row["digest"], row["cells"]
    held = None if folder is None else find_tile(folder, digest, cells)
    if held is not None:
        return held
    packed = await db.public.fetchrow(_PACKED, row["lon"], row["lat"], digest)
    if packed is None:
        return None
    if folder is None:
        return await asyncio.to_thread(unpack, packed["packed"], cells)
    await asyncio.to_thread(keep_tile, folder, digest, packed["packed"])
    return find_tile(folder, digest, cells)


@dataclass(frozen=True)
class Words:
    """What zones are told with: categories, authorities, legal texts by rule version."""

    grounds: GroundCategories
    who: Authorities
    texts: Mapping[str, str | None]


def words_of(rules: Rules) -> Words:
    """Return the words that the rules of a time have for zones."""
    grounds, who = get_rule(rules, GROUND), get_rule(rules, AUTHORITIES).value
    return Words(grounds.value, who, _texts(rules))


def _texts(rules: Rules) -> Mapping[str, str | None]:
    return {f"{key}@{rule.version}": rule.legal_text for key, rule in rules.items()}


def make_zone(row: Row, words: Words) -> Zone:
    """Return the zone of a row."""
    props = row["props"] or {}
    circle = None
    if row["radius_m"] is not None and row["lon"] is not None:
        circle = Circle((row["lon"], row["lat"]), row["radius_m"])
    kind = cast(Sort, row["kind"].removesuffix("_superseded"))
    text = props.get("legal_text") or words.texts.get(row["rule_version"] or "")
    return Zone(
        row["id"], kind, row["level"] or kind,
        cast(Restriction, row["restriction"] or "REQ_AUTHORISATION"), shapely.from_wkb(row["geom"]),
        circle, _floor(row, props), _limit(row, "ceiling", props), row["valid_from"],
        row["valid_to"], row["name_zh"] or "", row["name_en"] or "", row["rule_version"], text,
        _authority(kind, row["level"], props, words), row["origin"], bool(props.get("uncertain")),
        _timetable(row, props),
    )  # fmt: skip


def _timetable(row: Row, props: Props) -> Timetable | None:
    """Return the times of a row that a feed states by period or by hour, at the zone's middle."""
    given = props.get("applicability")
    if not given:
        return None
    periods = read_periods(given)
    if not periods:
        return None
    middle = shapely.point_on_surface(shapely.from_wkb(row["geom"]))
    return Timetable(periods, middle.x, middle.y)


def _authority(kind: Sort, level: str | None, props: Props, words: Words) -> tuple[str, str]:
    if "authority_zh" in props:
        return props["authority_zh"], props["authority_en"]
    if kind == "controlled_ground":
        ground = words.grounds.root.get(cast(Category, level))
        if ground is not None:
            return ground.authority_zh, ground.authority_en
    found = words.who.root["restriction" if kind == "airspace_restriction" else "airspace"]
    return found.zh, found.en


def _floor(row: Row, props: Props) -> Limit | None:
    """Return the floor of a row; from the ground up there is none."""
    if row["floor_datum"] == "AGL" and (row["floor_m"] or 0.0) <= 0.0:
        return None
    return _limit(row, "floor", props)


def _limit(row: Row, side: str, props: Props) -> Limit | None:
    """Return a limit of a row: none, unknown above an aerodrome, or a height with its datum."""
    value, datum = row[f"{side}_m"], row[f"{side}_datum"]
    if value is None:
        return None
    included = bool(props.get(f"{side}_included", True))
    if datum not in KINDS:
        return Limit(None, None, included)
    return Limit(value, cast(Datum, datum), included)


def _county(row: Row) -> County:
    shape = shapely.from_wkb(row["geom"])
    return County(row["admin_code"], row["name_zh"], row["name_en"], shape, row["props"])


@dataclass(frozen=True)
class AirOfTime:
    """The judge by the rules of a time, and what its answers name."""

    known: Known
    judge: Judge
    rules: Rules


def air_of_nothing(rules: Rules) -> AirOfTime:
    """Return an air of which nothing is loaded: an example's own world."""
    known = Known(0, ALWAYS, Zones([]), Coverage([]), None)
    return AirOfTime(known, known.judge(rules, find_geoid(rules)), rules)


async def _read(sources: Sources, _: str, moment: datetime) -> AirOfTime:
    rows = await sources.db.public.fetch(SELECT)
    rules = RuleBook.of([Period(**row) for row in rows], moment).at(moment, early=True)
    known = await read_known(sources.db, None, rules)
    return AirOfTime(known, known.judge(rules, find_geoid(rules)), rules)


READER = register(Reader("airspace", _read))


def airspace_at(moment: str) -> Need[AirOfTime]:
    """Return the need of the air and the rules in force at a time, an input by its name."""
    return Need(READER.name, READER.name, moment)
