"""Airspace classes of the sample, computed from airports and their runways by Rule.

Class B is stacked: discs around the aerodrome's reference point, each from the top of the one
before up to its own. Class C is that of fields for general aviation, uncertain as nobody tells
which have a tower. Nothing is a published procedure: every zone is `derived`, names the rule
version that made it, and is not for navigation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import psycopg
from psycopg.rows import class_row
from shapely import MultiPolygon, Polygon

from data.things import clear, write_sources
from spatial.airspace_rules import CLASS_B_RINGS, CLASS_C, LimitOfHeight, Ring, RingsByRunways
from spatial.geo.volumes import geodesic_ring
from spatial.ids import stable_uuid7
from spatial.postgres.bulk import copy_rows
from spatial.rule_files import read_rule

SOURCE = "sample-airspace"
ABOVE_AERODROME = "AAE"  # heights above an aerodrome whose elevation is unknown
ZONE_COLUMNS = (
    "id", "kind", "admin_code", "visibility", "origin", "source_id", "rule_version", "name_zh",
    "name_en", "code", "level", "restriction", "reason", "floor_m", "floor_datum", "ceiling_m",
    "ceiling_datum", "centre", "radius_m", "geom", "props",
)  # fmt: skip
_AERODROMES = """
SELECT f.id, f.name_zh, f.name_en, f.admin_code, coalesce(f.icao, f.codes ->> 'ourairports') AS ref,
  f.elevation_m, ST_X(f.geom) AS lon, ST_Y(f.geom) AS lat,
  (SELECT count(*) FROM sigang.facility r
   WHERE r.kind = 'runway' AND r.props ->> 'airport_id' = f.id::text) AS runways,
  coalesce(f.props ->> 'transport' = 'true', false) AS transport
FROM sigang.facility f
WHERE f.kind = 'airport' AND ST_GeometryType(f.geom) = 'ST_Point'
ORDER BY 5, f.id"""
Row = tuple[object, ...]


@dataclass(frozen=True)
class Aerodrome:
    """An airport of the sample, its elevation (m AMSL) None where nobody gives it."""

    id: UUID
    name_zh: str | None
    name_en: str | None
    admin_code: str | None
    ref: str | None
    elevation_m: float | None
    lon: float
    lat: float
    runways: int
    transport: bool


def load_airspace(conn: psycopg.Connection) -> None:
    """Compute the airspace zones of every airport."""
    write_sources(conn, SOURCE)
    clear(conn, [SOURCE], "zone")
    rings, field = read_rule(CLASS_B_RINGS), read_rule(CLASS_C)
    versions = (f"{rings.key}@{rings.version}", f"{field.key}@{field.version}")
    with conn.cursor(row_factory=class_row(Aerodrome)) as cursor:
        aerodromes = cursor.execute(_AERODROMES).fetchall()
    rows = [
        row for one in aerodromes for row in _zones(one, rings.value, field.value, versions)
    ]  # fmt: skip
    copy_rows(conn, "zone", ZONE_COLUMNS, rows)


def _zones(
    aerodrome: Aerodrome, rings: RingsByRunways, field: Ring, versions: tuple[str, str]
) -> Iterator[Row]:
    if aerodrome.transport and aerodrome.runways:
        for number, ring in enumerate(rings.of(aerodrome.runways), start=1):
            yield _zone(aerodrome, ring, "B", number, versions[0])
    elif not aerodrome.transport:
        yield _zone(aerodrome, field, "C", 1, versions[1])


def _zone(aerodrome: Aerodrome, ring: Ring, level: str, number: int, version: str) -> Row:
    ref = aerodrome.ref or str(aerodrome.id)
    floor_m, floor_datum = _limit(aerodrome, ring.floor)
    top_m, top_datum = _limit(aerodrome, ring.top)
    props = {
        "airport_id": str(aerodrome.id), "runways": aerodrome.runways, "ring": number,
        "elevation_known": aerodrome.elevation_m is not None,
        "floor_included": ring.floor is None or ring.floor.included,
        "ceiling_included": ring.top.included,
    }  # fmt: skip
    if level == "C":
        props["uncertain"] = "tower"
    circle = Polygon(geodesic_ring(aerodrome.lon, aerodrome.lat, ring.radius_m)[::-1])
    return (
        stable_uuid7(SOURCE, f"{ref}:{level}{number}"), "airspace", aerodrome.admin_code, "public",
        "derived", SOURCE, version, f"{aerodrome.name_zh} {level}类空域 第{number}环",
        f"{aerodrome.name_en} class {level} ring {number}", f"{ref}-{level}{number}", level,
        "REQ_AUTHORISATION", "AIR_TRAFFIC", floor_m, floor_datum, top_m, top_datum,
        f"SRID=4326;POINT({aerodrome.lon} {aerodrome.lat})", ring.radius_m,
        MultiPolygon([circle]), props,
    )  # fmt: skip


def _limit(aerodrome: Aerodrome, limit: LimitOfHeight | None) -> tuple[float, str]:
    """Return height and datum of a limit; none is the ground."""
    if limit is None:
        return 0.0, "AGL"
    if limit.datum != "AAE":
        return limit.value_m, limit.datum
    if aerodrome.elevation_m is None:
        return limit.value_m, ABOVE_AERODROME
    return aerodrome.elevation_m + limit.value_m, "AMSL"
