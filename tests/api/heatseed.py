"""The sample's enforcement drawn anew: another seed, other places, without a load."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from api.network.rule_models import RuleBook, read_rules
from api.services import load_catalog
from data.generate.shifts import Shifts, begin_of, enforcement, plan_shifts
from data.generate.world import read_roads, stake_text
from layers.processes.law import hot_stretches, space_time
from layers.processes.readers.heat_slices import HeatSlices
from layers.processes.readers.route_rows import MONDAY, Places, Records, RouteRows
from layers.processes.registry import check_inputs
from layers.processes.runtime.model import Scene, Sources
from layers.processes.runtime.run import read_scene
from spatial.actor import Actor
from spatial.geo.zorder import keys_of
from spatial.postgres.db import Database, connect
from spatial.settings import Settings
from tests.conftest import ANCHOR

LEVEL = 14
SEED = 7
MOVED = (40_000, 160_000, 100_000, 470_000, 50_000, 100_000)
"""Where the rows of posts begin, metres of stake."""
OFFICER = Actor("second", "dispatcher", "330000", "330000-duty")
NOW = datetime(2026, 11, 29, tzinfo=UTC)


@dataclass(frozen=True)
class Second:
    """Another draw, and what is to be found of it."""

    shifts: Shifts
    spots: object
    routes: list
    rows: RouteRows
    rising = ["G320 K40+000–K41+000", "G320 K41+000–K43+500"]
    falling = ["G330 K160+000–K163+500"]
    hot_by_night = "G104 K470+000–K471+000"
    over_patrolled = "G104 K266+000–K266+500"

    @property
    def day(self):
        """Days since the Monday of the records."""
        begin = (begin_of(enforcement(), ANCHOR).date() - MONDAY).days
        return begin + np.floor(self.shifts.start_s / 86_400).astype(np.int64)

    def stretches(self, hours=None):
        """Return the stretches of the last 30 weeks, of some hours of the week."""
        week_hour = (self.shifts.start_s // 3600).astype(np.int64) % 168
        kept = ~self.shifts.withdrawn
        if hours is not None:
            kept &= np.isin(week_hour, hours)
        at = np.flatnonzero(kept)
        stakes = [
            stake_text(k) if r else None for k, r in zip(self.spots.k, self.routes, strict=True)
        ]
        places = Places(self.spots.lon, self.spots.lat, self.routes, stakes, [None] * len(stakes))
        records = Records(
            places, at, self.day[at], self.shifts.hits[at].astype(float),
            self.shifts.inspected[at].astype(float),
        )  # fmt: skip
        found = ran(hot_stretches.PROCESS, {"routes": replace(self.rows, records=records)})
        return [one["properties"] for one in found.stretches.features]

    def cells(self):
        """Return the cells in space and time."""
        kept = ~self.shifts.withdrawn
        keys = keys_of(self.spots.lon, self.spots.lat, LEVEL)[kept]
        cells, at = np.unique(keys, return_inverse=True)
        week = self.day[kept] // 7
        table = np.zeros((2, int(week.max() - week.min()) + 1, len(cells)))
        for row, column in zip(table, (self.shifts.hits, self.shifts.inspected), strict=True):
            np.add.at(row, (week - week.min(), at), column[kept])
        given = HeatSlices(LEVEL, int(week.min()), 7, cells, [None] * len(cells), *table)
        found = ran(space_time.PROCESS, {"heat slices": given})
        return [one["properties"] for one in found.cells.features]


def ran(process, given):
    """Run a process on what is given, by the shipped rules."""
    inputs = check_inputs(process, {"slices": 30})
    rules = RuleBook.of(read_rules(), NOW).at(NOW)
    return process.run(inputs, Scene({"rules": rules, **given}, NOW))


def second_world(url):
    """Draw the enforcement of a sample's roads with another seed at other places."""
    plan = enforcement()
    moved = [{**row, "k_m": k} for row, k in zip(plan["row"], MOVED, strict=True)]
    with connect(url) as conn:
        roads = read_roads(conn)
    plan = {**plan, "seed": SEED, "row": moved}
    shifts = plan_shifts(np.random.default_rng([SEED, 1]), roads, plan)
    routes = [roads.routes[edge] for edge in shifts.edges]
    return Second(shifts, roads.at(shifts.edges, shifts.share), routes, asyncio.run(_read(url)))


async def _read(url):
    """Read the routes of a sample."""
    db = await Database.open(replace(Settings(), pool_size=2), url)
    try:
        sources = Sources(db, load_catalog(Settings().areas), OFFICER, None)
        inputs = check_inputs(hot_stretches.PROCESS, {})
        return (await read_scene(hot_stretches.PROCESS, inputs, sources)).get(hot_stretches.ROUTES)
    finally:
        await db.close()
