"""The depth over the sills of a lock in time, by the level forecasts of their gauges."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import numpy as np

from api.ports.locks import lock_rows as rows
from routing.graph.weights import Floats
from routing.locks.model import Chamber
from routing.locks.rule_models import GAPS
from routing.locks.tides import with_tides
from routing.waterway.levels import HOUR_S, STEP_S, GaugeRow, LevelRow, Levels
from routing.waterway.rule_models import LEVELS
from spatial.rules import Rules, get_rule

PAST, AHEAD = timedelta(days=3), timedelta(days=7)
FAR = timedelta(days=400)
"""How long the depth of the reference holds after the last look at levels."""


@dataclass(frozen=True)
class Sills:
    """The sills of a lock by number of its chamber, and the levels of their gauges."""

    of: Mapping[str, Sequence[asyncpg.Record]] = field(default_factory=dict)
    levels: Levels = field(default_factory=Levels.none)

    def on(self, chamber: Chamber, draughts: Iterable[float], rules: Rules, now: datetime)\
            -> Chamber:  # fmt: skip
        """Return a chamber with the windows of its depth; as it is where no level tells of it."""
        sills = self.of.get(chamber.id, ())
        begin = now.timestamp()
        when = np.arange(begin, begin + AHEAD.total_seconds() + 1, STEP_S)
        depths = [self._depth(sill, when, rules) for sill in sills]
        if not any(known for _, known in depths):
            return chamber
        depth = np.min([one for one, _ in depths], axis=0)
        at_reference = min(float(sill["value"]) for sill in sills)
        when = np.append(when, begin + FAR.total_seconds())
        depth = np.append(depth, at_reference)
        margin = get_rule(rules, GAPS).value.sill_margin_m
        return with_tides(chamber, when, depth, draughts, margin)

    def _depth(self, sill: asyncpg.Record, when: Floats, rules: Rules) -> tuple[Floats, bool]:
        """Return the depth over a sill at some times, and whether a level tells of any of them.

        It is the least that is forecast (p10); where no level is known, or its datum is another
        one, it is that at the reference.
        """
        reach, gauge = get_rule(rules, LEVELS).value, sill["gauge_id"]
        depth = np.full(len(when), float(sill["value"]))
        number = self.levels.number.get(gauge, -1)
        if number < 0 or sill["reference_level_m"] is None:
            return depth, False
        if sill["datum"] != self.levels.gauges[number].datum:
            return depth, False
        holds = reach.reading_hours * HOUR_S, reach.gap_hours * HOUR_S
        low = self.levels.at(when, *holds)[0, number]
        known = np.isfinite(low)
        depth[known] += low[known] - sill["reference_level_m"]
        return depth, bool(known.any())


async def read_sills(conn: asyncpg.Connection, lock: UUID, now: datetime) -> Sills:
    """Return the sills of a lock with the levels of their gauges."""
    of = defaultdict(list)
    for row in await conn.fetch(rows.SILLS, lock):
        of[str(row["number"])].append(row)
    gauges = {row["gauge_id"]: row for sills in of.values() for row in sills if row["gauge_id"]}
    levels = await conn.fetch(rows.SILL_LEVELS, list(gauges), now - PAST)
    told = [
        GaugeRow(key, None, {"zh": None, "en": None}, row["gauge_datum"])
        for key, row in gauges.items()
    ]
    return Sills(of, Levels(told, (LevelRow(*row.values()) for row in levels)))
