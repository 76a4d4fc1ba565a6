"""Reads limits that hold by the levels of a time, with structures, openings, gauges and levels."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from routing.waterway.levels import GaugeRow, LevelRow, Levels
from routing.waterway.limits import LimitRow, LimitRows, Opening, Structure
from spatial.networks.model import NetworkKind

PAST_DAYS = 3
"""How old levels may be to be read; a question about an earlier time finds none."""
_LIMITS = """
SELECT id, kind, value, edge_id, facility_id, opening, datum, reference_level_m, gauge_id,
  valid_from, valid_to, source_id, origin
FROM sigang.waterway_limit ORDER BY id"""
_NOTICES = """
SELECT id, edge_id, value, lower(valid) AS valid_from, upper(valid) AS valid_to
FROM sigang.edge_state WHERE kind = 'depth_limit' AND version_to IS NULL
  AND (upper(valid) IS NULL OR upper(valid) > now()) ORDER BY id"""
_STRUCTURES = """
SELECT f.id, f.kind, f.name_zh, f.name_en, array_agg(s.edge_id ORDER BY s.edge_id) AS edges
FROM sigang.edge_structure s JOIN sigang.facility f ON f.id = s.facility_id
  JOIN sigang.edge e ON e.id = s.edge_id
WHERE e.mode = ANY ($1) AND s.relation IN ('carries', 'under') GROUP BY f.id ORDER BY f.id"""
_OPENINGS = """
SELECT facility_id, number, kind, name_zh, name_en, hours, lockage_s
FROM sigang.structure_opening ORDER BY facility_id, number"""
_GAUGES = """
SELECT id, props ->> 'code' AS code, name_zh, name_en, props ->> 'datum' AS datum
FROM sigang.facility WHERE kind = 'gauge' ORDER BY id"""
_LEVELS = """
SELECT gauge_id, kind, at, issued_at, p10_m, p50_m, p90_m
FROM sigang.water_level WHERE at > $1 ORDER BY gauge_id, at, issued_at"""


async def read_limits(conn: asyncpg.Connection, kind: NetworkKind) -> LimitRows | None:
    """Return what is known of limits now, None for a kind that has none of their own."""
    if not kind.levelled:
        return None
    since = datetime.now(UTC) - timedelta(days=PAST_DAYS)
    limits = [limit_of(row) for row in await conn.fetch(_LIMITS)]
    limits += [_notice(row) for row in await conn.fetch(_NOTICES)]
    openings: dict[UUID, list[Opening]] = defaultdict(list)
    for row in await conn.fetch(_OPENINGS):
        openings[row["facility_id"]].append(
            Opening(row["number"], row["kind"], _name(row), row["hours"], row["lockage_s"])
        )
    structures = [
        Structure(
            row["id"], row["kind"], _name(row), tuple(row["edges"]), tuple(openings[row["id"]])
        )
        for row in await conn.fetch(_STRUCTURES, kind.modes)
    ]
    gauges = [
        GaugeRow(row["id"], row["code"], _name(row), row["datum"])
        for row in await conn.fetch(_GAUGES)
    ]
    levels = (LevelRow(*row.values()) for row in await conn.fetch(_LEVELS, since))
    return LimitRows(limits, structures, Levels(gauges, levels))


def limit_of(row: asyncpg.Record, *, declared: bool = False) -> LimitRow:
    """Return a limit of a row of `waterway_limit`, or of one that an account declares."""
    return LimitRow(
        id=str(row["id"]),
        kind=row["kind"],
        value=row["value"],
        edge=row["edge_id"],
        facility=row["facility_id"],
        opening=row["opening"],
        datum=row["datum"],
        reference_level_m=row["reference_level_m"],
        gauge=row["gauge_id"],
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
        source=None if declared else row["source_id"],
        origin="real" if declared else row["origin"],
        declared=declared,
    )


def _notice(row: asyncpg.Record) -> LimitRow:
    """Return the limit that a notice of depth is, of an edge as the water stands."""
    return LimitRow(
        id=f"notice {row['id']}", kind="depth", value=row["value"], edge=row["edge_id"],
        valid_from=row["valid_from"], valid_to=row["valid_to"], source="decisions", notice=True,
    )  # fmt: skip


def _name(row: asyncpg.Record) -> dict[str, str | None]:
    return {"zh": row["name_zh"], "en": row["name_en"]}
