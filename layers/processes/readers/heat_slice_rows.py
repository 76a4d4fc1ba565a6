"""Hits, cases and exposure by cell and slice of time, as the caller may see them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import asyncpg
import numpy as np

from layers.heat.counted import MONDAY, Counted
from layers.processes.readers.heat_rows import BOUNDS, SERIES, check_kinds_and_units, units_of
from layers.processes.readers.rules_in_force import READER as RULES
from layers.processes.runtime.model import Need, Reader, Sources
from layers.processes.runtime.readers import register
from routing.graph.weights import Floats, Ints
from routing.statistics.rule_models import CELLS, SPACE_TIME
from spatial.common_units import NO_ROWS
from spatial.rules import get_rule
from spatial.schema.heat_tables import CUBE_LEVEL

_SLICES = f"""{SERIES}
SELECT c.cell >> (2 * $1::int) AS cell, (c.at - '{MONDAY}'::date) / $2::int AS slice,
  {BOUNDS},
  coalesce(sum(c.n) FILTER (WHERE s.measure = $5), 0)::bigint AS events,
  coalesce(sum(c.n) FILTER (WHERE s.measure = 'exposure'), 0)::bigint AS exposure
FROM sigang.heat_cube c JOIN s ON s.id = c.series
WHERE c.grain = 'd' AND c.at >= $3 AND c.at < $4 AND c.at >= '{MONDAY}'::date
  AND ((s.measure = $5 AND ($6::text[] IS NULL OR s.kind = ANY($6)))
    OR (s.measure = 'exposure' AND s.kind = $7))
  AND ($8::text[] IS NULL OR s.unit_id = ANY($8))
GROUP BY 1, 2 HAVING sum(c.n) <> 0 ORDER BY 1, 2"""  # noqa: S608


@dataclass(frozen=True)
class SlicesAsked:
    """Which cells: level or that of the rule, days from and until, what, of whom."""

    level: int | None
    since: date
    until: date
    events: str
    kinds: Sequence[str] | None
    exposure: str
    units: Sequence[str] | None


@dataclass(frozen=True)
class HeatSlices:
    """Sums by cell and slice, (slices, cells): the first slice, days of one, keys.

    `units` is the number of the smallest unit that has all rows of a sum, `NO_ROWS` for none.
    """

    level: int
    first: int
    days: int
    keys: Ints
    units: Ints
    events: Floats
    exposure: Floats

    def begins(self, number: int) -> date:
        """Return the first day of a slice, by its row."""
        return MONDAY + timedelta(days=(self.first + number) * self.days)


async def _read(sources: Sources, name: str, asked: SlicesAsked) -> HeatSlices:
    counted = Counted(
        asked.since, asked.until, None, asked.events, asked.kinds, asked.exposure, asked.units
    )
    await check_kinds_and_units(sources, counted)
    rules = await RULES.read(sources, name, datetime.now(UTC))
    level = asked.level or get_rule(rules, CELLS).value.level
    days = get_rule(rules, SPACE_TIME).value.slice_days
    async with sources.db.session(sources.actor) as conn:
        rows = await conn.fetch(
            _SLICES, CUBE_LEVEL - level, days, asked.since, asked.until, asked.events, asked.kinds,
            asked.exposure, asked.units,
        )  # fmt: skip
    return await asyncio.to_thread(_made, level, days, rows)


def _made(level: int, days: int, rows: Sequence[asyncpg.Record]) -> HeatSlices:
    keys, at = np.unique(np.array([row["cell"] for row in rows], np.int64), return_inverse=True)
    slices = np.array([row["slice"] for row in rows], np.int64)
    begin = int(slices.min()) if len(slices) else 0
    table = np.zeros((2, int(slices.max()) - begin + 1 if len(slices) else 0, len(keys)))
    for measure, column in enumerate(("events", "exposure")):
        table[measure, slices - begin, at] = [row[column] for row in rows]
    units = np.full(table.shape[1:], NO_ROWS, np.int64)
    units[slices - begin, at] = units_of(rows)
    return HeatSlices(level, begin, days, keys, units, table[0], table[1])


READER = register(Reader("heat_slices", _read))


def heat_slices(of: Callable[..., SlicesAsked]) -> Need[HeatSlices]:
    """Return the need of the cells of a period by slice."""
    return Need(READER.name, READER.name, of)
