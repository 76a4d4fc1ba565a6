"""Synthetic exposure beside inspections: what passed the posts, how long they were manned."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np
import psycopg

from data.facts import Facts
from data.generate.shifts import begin_of, enforcement, plan_shifts
from data.generate.world import SOURCE, Lines
from spatial.geo.zorder import keys_of
from spatial.postgres.bulk import copy_rows

_COLUMNS = [
    "source_id", "key", "kind", "admin_code", "unit_id", "visibility", "origin", "at", "n",
    "z_key", "recorded_at",
]  # fmt: skip


def write_exposure(
    conn: psycopg.Connection, roads: Lines, anchor: datetime, plan: Facts | None = None
) -> int:
    """Write passages and minutes on duty of the shifts that count; return the number of records.

    Parameters
    ----------
    conn, roads
        The owner's connection, and the roads on which posts stand.
    anchor
        Start of the sample's day.
    plan
        What is planted; None takes enforcement.toml. Its shifts are those of `write_cases`.
    """
    told = enforcement() if plan is None else plan
    return copy_rows(conn, "exposure", _COLUMNS, _records(roads, anchor, told))


def _records(roads: Lines, anchor: datetime, plan: Facts) -> Iterator[list[object]]:
    shifts = plan_shifts(np.random.default_rng([plan["seed"], 1]), roads, plan)
    spots, begin = roads.at(shifts.edges, shifts.share), begin_of(plan, anchor)
    keys = keys_of(spots.lon, spots.lat)
    random = np.random.default_rng([plan["seed"], 2])
    for kind, by in plan["per_inspected"].items():
        least, most = by
        counts = np.round(shifts.inspected * random.uniform(least, most, len(keys))).astype(int)
        for i in np.flatnonzero(~shifts.withdrawn).tolist():
            at = begin + timedelta(seconds=float(shifts.start_s[i]))
            code = roads.admin[spots.edges[i]]
            yield [
                SOURCE, f"{kind}:{i}", kind, code, f"{code}-law", "unit", "synthetic", at,
                int(counts[i]), int(keys[i]), anchor if shifts.late[i] else min(at, anchor),
            ]  # fmt: skip
