"""Routes with their stakes, and cases, hits and exposure where each of them lies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import asyncpg
import numpy as np
import shapely
from numpy.typing import NDArray

from layers.heat.counted import MONDAY, Counted
from layers.processes.readers.heat_rows import check_kinds_and_units
from layers.processes.runtime.model import Need, Reader, Sources
from layers.processes.runtime.readers import register
from routing.graph.weights import Floats, Ints
from spatial.common_units import unit_numbers
from spatial.geo.admin_units import AdminUnits
from spatial.geo.carriageway_rows import CARRIAGEWAY_SQL, STAKE_SQL, TOWARDS_SQL
from spatial.geo.linear_reference import Carriageway, LinearReference
from spatial.geo.zorder import LEVEL, bounds_of

Rows = Sequence[asyncpg.Record]
LOCAL = ZoneInfo("Asia/Shanghai")
_HOUR = """(extract(isodow FROM {at} AT TIME ZONE 'Asia/Shanghai') - 1) * 24
  + extract(hour FROM {at} AT TIME ZONE 'Asia/Shanghai')"""
_WHEN = (
    "{at} >= $1 AND {at} < $2 AND ($3::text[] IS NULL OR r.unit_id = ANY ($3))"
    f" AND ($4::int[] IS NULL OR {_HOUR} = ANY ($4))"
)
_DAY = f"({{at}} AT TIME ZONE 'Asia/Shanghai')::date - '{MONDAY}'::date"
_CASES = f"""
SELECT ST_X(p.geom) AS lon, ST_Y(p.geom) AS lat, r.props ->> 'route_id' AS route,
  r.props ->> 'stake' AS stake, r.props ->> 'side' AS side, r.admin_code AS unit,
  {_DAY.format(at="r.opened_at")} AS day,
  sum(CASE WHEN $5 = 'case' AND r.kind = 'enforcement' THEN 1
    WHEN $5 = 'hit' AND r.kind = 'inspection' AND ($6::text[] IS NULL OR 'inspection' = ANY ($6))
      THEN greatest(sigang.json_int(r.props -> 'hits'), 0) ELSE 0 END)::bigint AS events,
  sum(CASE WHEN $7 = 'inspection' AND r.kind = 'inspection'
    THEN greatest(sigang.json_int(r.props -> 'inspected'), 0) ELSE 0 END)::bigint AS exposure
FROM sigang.case_file r, LATERAL (SELECT CASE WHEN GeometryType(r.geom) = 'POINT' THEN r.geom
  ELSE ST_PointOnSurface(r.geom) END) p (geom)
WHERE {_WHEN.format(at="r.opened_at")} AND r.stage <> 'withdrawn' AND NOT ST_IsEmpty(p.geom)
  AND (r.kind = 'inspection' OR (r.kind = 'enforcement' AND $5 = 'case' AND ($6::text[] IS NULL
    OR coalesce(r.props ->> 'violation', 'unknown') = ANY ($6))))
GROUP BY 1, 2, 3, 4, 5, 6, 7"""  # noqa: S608
_EXPOSURE = f"""
SELECT r.z_key, r.admin_code AS unit, {_DAY.format(at="r.at")} AS day, sum(r.n)::bigint AS exposure
FROM sigang.exposure r WHERE r.kind = $5 AND {_WHEN.format(at="r.at")}
GROUP BY 1, 2, 3"""  # noqa: S608
_COUNTIES = """
SELECT DISTINCT ON (admin_code) admin_code, ST_AsBinary(geom) AS geom
FROM sigang.zone WHERE kind = 'county' AND admin_code IS NOT NULL ORDER BY admin_code"""


@dataclass(frozen=True)
class Places:
    """Where records lie: degrees, and route, stake and side where they state one."""

    lon: Floats
    lat: Floats
    route: Sequence[str | None]
    stake: Sequence[str | None]
    side: Sequence[str | None]


@dataclass(frozen=True)
class Records:
    """Events and exposure by place, day and unit: parallel columns, days since `MONDAY`.

    `units` are those that rows state, as numbers.
    """

    places: Places
    place: Ints
    day: Ints
    events: Floats
    exposure: Floats
    units: Ints


@dataclass(frozen=True)
class RouteRows:
    """Carriageways with stakes, where each side leads to, counties, and the records."""

    ways: Sequence[Carriageway]
    towards: dict[tuple[str, str], tuple[str | None, str | None]]
    counties: AdminUnits
    records: Records


async def _read(sources: Sources, _: str, asked: Counted) -> RouteRows:
    await check_kinds_and_units(sources, asked)
    first, last = (
        datetime(day.year, day.month, day.day, tzinfo=LOCAL) for day in (asked.since, asked.until)
    )
    async with sources.db.session(sources.actor) as conn:
        common = (first, last, asked.units, asked.hours)
        cases = await conn.fetch(_CASES, *common, asked.events, asked.kinds, asked.exposure)
        seen = await conn.fetch(_EXPOSURE, *common, asked.exposure)
        ways, stakes = await conn.fetch(CARRIAGEWAY_SQL), await conn.fetch(STAKE_SQL)
        towards = await conn.fetch(TOWARDS_SQL, None)
        counties = await conn.fetch(_COUNTIES)
    return await asyncio.to_thread(_made, ways, stakes, towards, counties, cases, seen)


def _made(
    ways: Rows, stakes: Rows, towards: Rows, counties: Rows, cases: Rows, seen: Rows
) -> RouteRows:  # fmt: skip
    reference = LinearReference.from_rows(ways, stakes)
    return RouteRows(
        [way for route in reference.routes() for way in reference.carriageways(route)],
        {(r["route_id"], r["side"]): (r["towards_zh"], r["towards_en"]) for r in towards},
        AdminUnits({r["admin_code"]: shapely.from_wkb(r["geom"]) for r in counties}),
        records_of(cases, seen),
    )


def records_of(cases: Rows, seen: Rows) -> Records:
    """Return rows of both statements as records."""
    keys = np.array([row["z_key"] for row in seen], np.int64)
    west, south, east, north = bounds_of(keys, LEVEL)
    lon, lat = _column(cases, "lon"), _column(cases, "lat")
    spots = [
        *((x, y, row["route"], row["stake"], row["side"])
          for x, y, row in zip(lon, lat, cases, strict=True)),
        *((x, y, None, None, None)
          for x, y in zip((west + east) / 2, (south + north) / 2, strict=True)),
    ]  # fmt: skip
    numbers = {spot: number for number, spot in enumerate(dict.fromkeys(spots))}
    columns = list(zip(*numbers, strict=True)) or [()] * 5
    return Records(
        Places(
            np.array(columns[0], np.float64), np.array(columns[1], np.float64), columns[2],
            columns[3], columns[4],
        ),
        np.array([numbers[spot] for spot in spots], np.int64),
        np.concatenate([_column(cases, "day"), _column(seen, "day")]).astype(np.int64),
        np.concatenate([_column(cases, "events"), np.zeros(len(seen))]),
        np.concatenate([_column(cases, "exposure"), _column(seen, "exposure")]),
        unit_numbers([row["unit"] for row in (*cases, *seen)]),
    )  # fmt: skip


def _column(rows: Rows, name: str) -> NDArray[np.float64]:
    return np.array([row[name] for row in rows], np.float64)


def day_of(number: int) -> date:
    """Return the day of a number of records."""
    return MONDAY + timedelta(days=number)


READER = register(Reader("routes", _read))


def routes(of: Callable[..., Counted]) -> Need[RouteRows]:
    """Return the need of routes and records of a period."""
    return Need(READER.name, READER.name, of)
