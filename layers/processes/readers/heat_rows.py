"""Cases, hits and exposure by cell, as the caller may see them: sums over the cube."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from typing import Any

import asyncpg
import numpy as np

from layers.heat.cell_units import cells_with_units
from layers.heat.counted import Counted
from layers.heat.filter_rows import count_rows, find_series, resolve_filter
from layers.heat.held_cube import HeldCube
from layers.heat.narrowed import NOTHING
from layers.heat.recorded import check_recorded
from layers.offload import offload
from layers.processes.runtime.model import Need, Reader, Sources
from layers.processes.runtime.readers import register
from routing.graph.weights import Floats, Ints
from spatial.common_units import UNIT_SQL, between, common_units, unit_codes, unit_numbers
from spatial.schema.heat_tables import CUBE_LEVEL

SERIES = f"""
WITH s AS MATERIALIZED (SELECT id, measure, kind, unit_id, {UNIT_SQL} AS unit
  FROM sigang.heat_series)"""  # noqa: S608
BOUNDS = "min(s.unit) AS least, max(s.unit) AS most, bool_or(s.unit IS NULL) AS unknown"
"""Of the units of all rows of a sum: what `units_of` reads."""
_CELLS = f"""{SERIES}
SELECT c.cell >> (2 * $1::int) AS cell, {BOUNDS},
  coalesce(sum(c.n) FILTER (WHERE s.measure = $6), 0)::bigint AS events,
  coalesce(sum(c.n) FILTER (WHERE s.measure = 'exposure'), 0)::bigint AS exposure
FROM sigang.heat_cube c JOIN s ON s.id = c.series
WHERE c.grain = $2 AND c.at >= $3 AND c.at < $4 AND ($5::int[] IS NULL OR c.hour = ANY($5))
  AND ((s.measure = $6 AND ($7::text[] IS NULL OR s.kind = ANY($7)))
    OR (s.measure = 'exposure' AND s.kind = $8))
  AND ($9::text[] IS NULL OR s.unit_id = ANY($9)) AND c.n <> 0
  AND ($10::int[] IS NULL OR s.id = ANY($10))
GROUP BY 1 HAVING sum(c.n) <> 0 ORDER BY 1"""  # noqa: S608

_RECORDED = """
SELECT array_agg(DISTINCT kind) FILTER (WHERE measure = $1),
  array_agg(DISTINCT unit_id) FILTER (WHERE unit_id IS NOT NULL) FROM sigang.heat_series"""


@dataclass(frozen=True)
class HeatAsked:
    """Which cells: their level, and what is counted in them."""

    level: int
    counted: Counted


@dataclass(frozen=True)
class HeatCells:
    """Sums of each cell, by key: events, exposure, and the smallest unit that has all its rows."""

    keys: Ints
    admin_codes: Sequence[str | None]
    events: Floats
    exposure: Floats


async def _read(sources: Sources, _: str, asked: HeatAsked) -> HeatCells:
    what = asked.counted
    await check_kinds_and_units(sources, what)
    if what.filter is not None:
        return await _read_filtered(sources, asked)
    if sources.cube is not None:
        return await offload(held_cells, await sources.cube(what.grain), asked)
    async with sources.db.session(sources.actor) as conn:
        return await _cells(conn, asked, what.events)


async def check_kinds_and_units(sources: Sources, asked: Counted) -> None:
    """Refuse kinds and units of which the caller sees no record.

    Raises
    ------
    BadParameter
    """
    if asked.kinds is None and asked.units is None:
        return
    async with sources.db.session(sources.actor) as conn:
        kinds, units = await conn.fetchrow(_RECORDED, asked.events)
    check_recorded(sources.catalog, asked, frozenset(kinds or ()), frozenset(units or ()))


async def _cells(
    conn: asyncpg.Connection, asked: HeatAsked, events: str, among: Set[int] | None = None
) -> HeatCells:
    what = asked.counted
    rows = await conn.fetch(
        _CELLS, CUBE_LEVEL - asked.level, what.grain, what.since, what.until, what.hours,
        events, what.kinds, what.exposure, what.units, None if among is None else list(among),
    )  # fmt: skip
    return await asyncio.to_thread(_made, rows)


async def _read_filtered(sources: Sources, asked: HeatAsked) -> HeatCells:
    """Return the cells that a free filter leaves, however long its rows take to count."""
    what = asked.counted
    found, relation = resolve_filter(sources.catalog, sources.actor, what)
    async with sources.db.session(sources.actor) as conn:
        among = await find_series(conn, found, what)
        if found.on_cube:
            return await _cells(conn, asked, what.events, among)
        rows = await count_rows(conn, relation, sources.actor, found, what, budget_ms=None)
        own = HeatCells(
            rows.cells >> 2 * (CUBE_LEVEL - asked.level), rows.admin_codes, rows.events,
            np.zeros(len(rows.cells)) if rows.exposure is None else rows.exposure,
        )  # fmt: skip
        looked = None if found.same_rows else await _cells(conn, asked, NOTHING, among)
    return _together([own] if looked is None else [looked, own])


def _together(parts: Sequence[HeatCells]) -> HeatCells:
    """Return the sums of several by cell."""
    keys, at = np.unique(np.concatenate([part.keys for part in parts]), return_inverse=True)
    codes = [code for part in parts for code in part.admin_codes]
    return HeatCells(keys, common_units(codes, at, len(keys)), *(
        np.bincount(at, np.concatenate(columns), len(keys)).astype(np.float64)
        for columns in ([p.events for p in parts], [p.exposure for p in parts])
    ))  # fmt: skip


def held_cells(cube: HeldCube, asked: HeatAsked) -> HeatCells:
    """Return the cells of a question without a filter, of a cube in memory."""
    shift = 2 * (CUBE_LEVEL - asked.level)
    sums, codes = cells_with_units(
        cube, asked.counted, f"zorder-{asked.level}", lambda cells: cells >> shift
    )
    return HeatCells(sums.keys, codes, sums.events, sums.exposure)


def units_of(rows: Sequence[asyncpg.Record]) -> Ints:
    """Return the smallest unit of the rows of each sum, by their bounds."""
    least, most = (unit_numbers([row[name] for row in rows]) for name in ("least", "most"))
    return between(least, most, np.array([row["unknown"] for row in rows], np.bool_))


def _made(rows: Sequence[asyncpg.Record]) -> HeatCells:
    return HeatCells(
        np.array([row["cell"] for row in rows], np.int64),
        unit_codes(units_of(rows)),
        np.array([row["events"] for row in rows], np.float64),
        np.array([row["exposure"] for row in rows], np.float64),
    )


READER = register(Reader("heat", _read))


def heat(of: Callable[[Any], HeatAsked]) -> Need[HeatCells]:
    """Return the need of the cells of a period."""
    return Need(READER.name, READER.name, of)
