"""Airspace classes of the sample, computed from airports and their runways by Rule.

Rings are geodesic circles around the aerodrome's reference point. Nothing is a published
procedure: every zone is `derived`, names the rule version that made it, and is not for navigation.
"""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import numpy as np
import psycopg
import pyproj
from shapely import MultiPolygon, Polygon

from data.things import clear, write_sources
from spatial.ids import stable_uuid7
from spatial.postgres.bulk import copy_rows
from spatial.rule_files import read_rule
from spatial.rule_models import CLASS_B_RINGS, RingsByRunways

SOURCE = "sample-airspace"
VERTICES = 128
ABOVE_AERODROME = "AAE"  # heights above an aerodrome whose elevation is unknown
_GEOD = pyproj.Geod(ellps="GRS80")
_COLUMNS = (
    "id", "kind", "admin_code", "visibility", "origin", "source_id", "rule_version", "name_zh",
    "name_en", "code", "level", "restriction", "reason", "floor_m", "floor_datum", "ceiling_m",
    "ceiling_datum", "centre", "radius_m", "geom", "props",
)  # fmt: skip
_AERODROMES = """
SELECT f.id, f.name_zh, f.name_en, f.admin_code, f.icao, coalesce(f.elevation_m, 0),
  f.elevation_m IS NOT NULL, ST_X(f.geom), ST_Y(f.geom),
  (SELECT count(*) FROM sigang.facility r
   WHERE r.kind = 'runway' AND r.icao = f.icao),
  f.props ->> 'transport' = 'true'
FROM sigang.facility f
WHERE f.kind = 'airport' AND ST_GeometryType(f.geom) = 'ST_Point'
ORDER BY f.icao"""


def geodesic_ring(lon: float, lat: float, radius_m: float) -> np.ndarray:
    """Return a closed circle (VERTICES + 1, 2) in degrees at a geodesic distance from a point."""
    azimuth = np.linspace(360.0, 0.0, VERTICES, endpoint=False)
    lons, lats, _ = _GEOD.fwd(
        np.full(VERTICES, lon), np.full(VERTICES, lat), azimuth, np.full(VERTICES, radius_m)
    )
    ring = np.column_stack([lons, lats])
    return np.vstack([ring, ring[:1]])


def load_airspace(conn: psycopg.Connection) -> None:
    """Compute the airspace zones of every transport airport with a runway."""
    write_sources(conn, SOURCE)
    clear(conn, [SOURCE], "zone")
    rule = read_rule(CLASS_B_RINGS)
    rows = [
        row
        for aerodrome in conn.execute(_AERODROMES).fetchall()
        for row in _zones(aerodrome, rule.value, f"{rule.key}@{rule.version}")
    ]
    copy_rows(conn, "zone", _COLUMNS, rows)


Aerodrome = tuple[UUID, str, str | None, str, str | None, float, bool, float, float, int, bool]
"""Id, names, area, ICAO code, elevation (m), whether it is surveyed, place, runways, transport."""
Row = tuple[object, ...]


def _zones(aerodrome: Aerodrome, rings: RingsByRunways, rule_version: str) -> Iterator[Row]:
    key, zh, en, code, icao, elevation, surveyed, lon, lat, runways, transport = aerodrome
    if not transport or runways == 0:
        return
    steps = rings.of(runways)
    datum = "AMSL" if surveyed else ABOVE_AERODROME
    inner: np.ndarray | None = None
    for number, step in enumerate(steps, start=1):
        circle = geodesic_ring(lon, lat, step.radius_m)
        holes = [] if inner is None else [inner[::-1]]
        inner = circle
        props = {"airport_id": str(key), "icao": icao, "runways": runways, "ring": number,
                 "elevation_known": surveyed}  # fmt: skip
        yield (
            stable_uuid7(SOURCE, f"{icao}:B{number}"), "airspace", code, "public", "derived",
            SOURCE, rule_version, f"{zh} B类空域 第{number}环", f"{en} class B ring {number}",
            f"{icao}-B{number}", "B", "REQ_AUTHORISATION", "AIR_TRAFFIC",
            elevation + step.floor_m, datum, elevation + step.top_m, datum,
            f"SRID=4326;POINT({lon} {lat})", step.radius_m,
            MultiPolygon([Polygon(circle, holes)]), props,
        )  # fmt: skip
