"""No sum of enforcement heat is told to whom may not see every record in it.

Records of neighbouring counties, of another prefecture and of another province lie in shared cells.
What each reader is told is held against a count that this file makes itself.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import numpy as np
import orjson
import pytest
import shapely

from api.jobs.computed_store import reads_as
from api.jobs.store import runner
from api.network.rule_models import RuleBook, read_rules
from layers.computed.catalogue import read_computed
from layers.computed.store import Made, exchange
from layers.declare.catalog import Catalog
from layers.functions.catalogue import read_functions
from layers.functions.county_rows import CountyKeeper
from layers.functions.question import read_question
from layers.functions.service import FunctionService
from layers.heat.counted import MONDAY
from layers.heat.cubes import Cubes
from layers.heat.filters import Filters
from layers.processes.registry import check_inputs, find_processes
from layers.processes.runtime.model import Sources
from layers.processes.runtime.run import read_scene
from spatial.actor import Actor
from spatial.geo.zorder import bounds_of, columns_and_rows, key_of_cell, keys_of
from spatial.ids import uuid7
from spatial.postgres.db import Database, connect
from spatial.rule_store import load_rules
from spatial.settings import PROJECT, Settings
from tests.layers.test_heat_filters import LOOK
from tests.mvt import decode_tile, tile_of

pytestmark = pytest.mark.db
BEGIN, NOW = datetime(2026, 1, 5, 1, tzinfo=UTC), datetime(2026, 8, 1, tzinfo=UTC)
LEVEL, WEEKS, LAST_SLICES = 14, 12, 8
READERS = [Actor(code, "duty", code) for code in ("330106", "330108", "330100", "330203", "330000")]
WHERE = {"330106": 119.9, "330108": 120.1, "330203": 120.3, "320506": 120.5}
"""West of where each county looks, which is wide enough to reach into the next."""
WIDE = 0.25
CASE = """
INSERT INTO sigang.case_file (id, kind, admin_code, unit_id, visibility, origin, source_id, props,
  workflow, stage, opened_at, verdict, z_key, geom)
VALUES (%s, %s, %s, %s, %s, 'synthetic', 'f', %s, 'x', 'closed', %s, %s, 0,
  ST_SetSRID(ST_MakePoint(%s, %s), 4326))"""
SERVED = "SELECT key, props FROM sigang.derived_row WHERE kind = $1"


@dataclass(frozen=True)
class Row:
    """A record: whose, where, when, and what it counts."""

    kind: str
    code: str | None
    visibility: str
    place: tuple[float, float]
    at: datetime
    hits: int
    looks: int
    verdict: str | None

    def counts(self, events, exposure, fined):
        """Return events and exposure that a question counts of it."""
        if self.kind == "enforcement":
            return int(events == "case" and (not fined or self.verdict == "fine")), 0
        if self.kind == "passage":
            return 0, self.looks * (exposure == "passage")
        return self.hits * (events == "hit"), self.looks * (exposure == "inspection")


def drawn(dice, number):
    code = dice.choice(sorted(WHERE))
    lon, kind = WHERE[code] + WIDE * dice.random(), ("enforcement", "passage", "inspection")
    visibility = dice.choices(["unit", "public", "province"], [18, 1, 1])[0]
    if number % 60 == 0:
        code, visibility = None, "public"
    hot = 120.1 < lon < 120.15
    return Row(
        kind[min(number % 4, 2)], code, visibility, (lon, dice.uniform(30.0, 30.12)),
        BEGIN + timedelta(hours=dice.randrange(WEEKS * 168 - 24)),
        dice.randrange(8) + 12 * hot, dice.randrange(30, 90), dice.choice(["fine", None]),
    )  # fmt: skip


@pytest.fixture(scope="module")
def world(databases, migrated):
    """Yield a database with records, and these."""
    dice = random.Random(7)
    rows = [drawn(dice, number) for number in range(1100)]
    with databases.fresh(migrated) as url:
        with connect(url) as conn, conn.cursor() as cursor:
            load_rules(conn)
            cursor.execute(
                "INSERT INTO sigang.source (id, title_zh, title_en, license, attribution)"
                " VALUES ('f', 'f', 'f', 'MIT', 'f')"
            )
            cursor.executemany(CASE, [
                (uuid7(), r.kind, r.code, f"{r.code}-law", r.visibility, json.dumps(
                    {"violation": "overload"} if r.kind == "enforcement" else
                    {"inspected": r.looks, "hits": r.hits}
                ), r.at, r.verdict, *r.place) for r in rows if r.kind != "passage"
            ])  # fmt: skip
            cursor.executemany(LOOK.replace("'unit'", "%s"), [
                (str(i), r.code, f"{r.code}-law", r.visibility, r.at, r.looks,
                 int(keys_of(*r.place))) for i, r in enumerate(rows) if r.kind == "passage"
            ])  # fmt: skip
            conn.commit()
        catalog = Catalog.load(PROJECT / "layers" / "areas", read_computed, read_functions)
        rules = RuleBook.of(read_rules(), NOW).at(NOW)
        yield SimpleNamespace(url=url, rows=rows, catalog=catalog, rules=rules)


def run(world, work):
    async def inside():
        db = await Database.open(Settings(database_url=world.url, pool_size=2), world.url)
        try:
            return await work(db)
        finally:
            await db.close()

    return asyncio.run(inside())


async def features_of(world, db, name, inputs, actor, *, held):
    """Return the features that a process makes as an actor, of the held cube or by SQL."""
    process, output = find_processes()[name], "clusters" if name == "heat-scan" else "cells"
    sources = Sources(db, world.catalog, actor, None, {"rules": world.rules})
    if held:
        cubes = Cubes(db, world.url)
        sources = replace(sources, cube=lambda grain: cubes.get(actor, grain, now=True))
    asked = check_inputs(process, inputs)
    made = process.run(asked, await read_scene(process, asked, sources))
    return [orjson.loads(orjson.dumps(one)) for one in getattr(made, output).features]


def slice_of(row):
    return (row.at.astimezone(ZoneInfo("Asia/Shanghai")).date() - MONDAY).days // 7


def cells_of(world, reader, inputs, *, since=None):
    """Return by cell what a question counts of the records that a reader sees."""
    asked = (
        inputs.get("events", "hit"), inputs.get("exposure", "inspection"), "filter" in inputs
    )  # fmt: skip
    found = defaultdict(list)
    for row in world.rows:
        seen = reader.sees(row.code, row.visibility) and (since is None or slice_of(row) >= since)
        if seen and sum(row.counts(*asked)):
            found[int(keys_of(*row.place, LEVEL))].append((row, *row.counts(*asked)))
    return found


def sums_of(group):
    return sum(x for _, x, _ in group), sum(n for _, _, n in group)


def smallest(group):
    """Return the prefix of the smallest unit of some records; None where none states one."""
    codes = {row.code for row, _, _ in group}
    known = sorted(codes - {None})
    if not known:
        return None
    sizes = (2, 0) if None in codes else (6, 4, 2, 0)
    return next(known[0][:size] for size in sizes if len({code[:size] for code in known}) == 1)


def around(key):
    column, row = columns_and_rows(np.array([key]))
    near = [key_of_cell(column + x, row + y) for x in (-1, 0, 1) for y in (-1, 0, 1)]
    return np.concatenate(near).tolist()


def told_of(cells, how):
    """Return by cell all that is summed in what it shows: its own, its neighbours', or all."""
    if how == "own":
        return cells
    if how == "all":
        every = [one for group in cells.values() for one in group]
        return dict.fromkeys(cells, every)
    rated = {key for key, group in cells.items() if 0 <= sums_of(group)[0] <= sums_of(group)[1] > 0}
    near = {key: [near for near in around(key) if near in rated] for key in rated}
    return cells | {key: [one for at in keys for one in cells[at]] for key, keys in near.items()}


KEPT = [
    ("heat_rate", {}, "own"),
    ("heat_rate", {"surface": "count", "events": "case", "exposure": "passage"}, "own"),
    ("heat_rate", {"hours": [*range(168)], "since": "2025-01-01", "until": "2027-01-01"}, "own"),
    ("heat_rate", {"events": "case", "filter": "verdict = 'fine'"}, "own"),
    ("heat_rate", {"surface": "gi_count"}, "near"),
    ("heat_rate", {"surface": "gi"}, "near"),
    ("heat_rate", {"surface": "kde"}, "all"),
    ("heat_classes", {"slices": LAST_SLICES}, "near"),
]


@pytest.mark.parametrize(("layer", "inputs", "how", "held"), [
    (*one, held) for one in KEPT for held in (False, True)
    if not held or (one[0] == "heat_rate" and "filter" not in one[1])
])  # fmt: skip
def test_kept_rows_are_served_to_whom_may_see_all_that_is_in_them(world, layer, inputs, how, held):
    computed = world.catalog.part(read_computed)[layer]
    job = Actor("computed", "admin", reads_as(computed, "330000"))

    async def work(db):
        name = computed.process.id
        features = await features_of(world, db, name, inputs, job, held=held)
        async with runner(db) as conn, conn.transaction():
            await exchange(conn, computed, uuid7(), Made("test", (), ()), None, features)
        served = []
        for reader in READERS:
            async with db.session(reader) as conn:
                rows = await conn.fetch(SERVED, layer)
            served.append({int(row["key"]): row["props"] for row in rows})
        return features, served

    features, served = run(world, work)
    last = max(slice_of(row) for row in world.rows if row.kind == "inspection")
    since = last - LAST_SLICES + 1 if "slices" in inputs else None
    cells = cells_of(world, job, inputs, since=since)
    before = cells_of(world, job, inputs)  # of slices that are not shown
    groups = before | told_of(cells, how)
    assert len(features) == len(groups) > 80
    for reader, rows in zip(READERS, served, strict=True):
        for key, props in rows.items():
            unseen = [row for row, _, _ in groups[key] if not reader.sees(row.code, row.visibility)]
            assert not unseen, (reader.scope, key, unseen)
            assert (props["events"], props["exposure"]) == sums_of(cells[key])
        own = {key for key, group in groups.items()
               if (smallest(group) or "").startswith(reader.prefix)}  # fmt: skip
        assert rows.keys() == own, reader.scope
        assert own or how == "all"


def test_the_cells_of_the_world_are_shared(world):
    """Else the tests above would hold of whatever is told to whomever."""
    job = Actor("computed", "admin", "3")
    kinds = [smallest(group) for group in cells_of(world, job, {}).values()]
    assert {"330106", "330108", "3301", "330203", "33", "320506", ""} <= {*kinds}
    assert kinds.count("3301") > 10 and kinds.count("330106") > 10


def test_a_cluster_is_of_whom_may_see_all_of_its_cells(world):
    job = Actor("computed", "admin", "3")
    inputs = {"replications": 99, "seed": 1}
    found = run(world, lambda db: features_of(world, db, "heat-scan", inputs, job, held=False))
    cells, units = cells_of(world, job, {}), []
    for one in found:
        outline = shapely.geometry.shape(one["geometry"])
        inside = [
            row for key, group in cells.items() for row in group
            if outline.contains(shapely.box(*(float(side[0]) for side in bounds_of([key], LEVEL)))
                                .representative_point())
        ]  # fmt: skip
        assert one["properties"]["admin_code"] == smallest(inside).ljust(6, "0")
        assert one["properties"]["events"] == sums_of(inside)[0]
        units.append(one["properties"]["admin_code"])
    assert "330100" in units or "330000" in units


@pytest.mark.parametrize("reader", READERS[:4], ids=lambda one: one.scope)
@pytest.mark.parametrize("held", [False, True], ids=["sql", "cube"])
def test_a_desk_that_asks_itself_counts_its_own_rows(world, reader, held):
    """Where a border cell is kept for the prefecture, a county's own rows of it are its own."""
    found = run(world, lambda db: features_of(world, db, "heat-surface", {}, reader, held=held))
    told = {int(one["id"]): one["properties"] for one in found}
    own = cells_of(world, reader, {})
    assert {key: (one["events"], one["exposure"]) for key, one in told.items()} == {
        key: sums_of(group) for key, group in own.items()
    }
    assert len(own) > 20
    for key, group in own.items():
        assert told[key]["admin_code"] == smallest(group).ljust(6, "0")


PERIODS = {
    "surface": "difference", "since": "2026-02-16", "until": "2026-04-01",
    "before": "2026-01-01", "before_until": "2026-02-16",
}  # fmt: skip


@pytest.mark.parametrize("reader", READERS, ids=lambda one: one.scope)
def test_a_function_layer_sums_what_its_reader_may_see(world, reader):
    function, day = world.catalog.part(read_functions)["heat"], date.fromisoformat
    own = cells_of(world, reader, {})
    totals = sums_of([one for group in own.values() for one in group])
    zxy = 6, *tile_of(120.2, 30.05, 6)

    async def work(db):
        service = FunctionService(
            Cubes(db, world.url), Filters(db, world.catalog), lambda: world.rules, CountyKeeper(db)
        )

        async def told(**given):
            asked = read_question(function.layer, function.engine.parameters, given)
            surface = await service.get_surface(function, asked, reader)
            units = await service.get_units(function, asked, reader, surface)
            tile = await service.get_tile(function, asked, zxy, reader)
            return surface, units, [one["properties"] for one in decode_tile(tile.plain())["heat"]]

        return [await told(cells=cells) for cells in ("zorder", "beidou", "h3")], await told(
            **PERIODS
        )

    plain, (change, units, _) = run(world, work)
    squares, _, _ = plain[0]
    assert {
        key: (x, n) for key, x, n in zip(
            squares.keys.tolist(), squares.events.tolist(), squares.exposure.tolist(), strict=True
        )
    } == {key: sums_of(group) for key, group in own.items()}  # fmt: skip
    for surface, _, tile in plain:
        assert (surface.events.sum(), surface.exposure.sum()) == totals
        assert (sum(one["events"] for one in tile), sum(one["exposure"] for one in tile)) == totals
    in_both = defaultdict(list)
    for key, group in own.items():
        in_both[key] = [one for one in group if one[0].at.date() < day("2026-04-01")]
    assert units == {key: smallest(group).ljust(6, "0") for key, group in in_both.items() if group}
    assert {*change.keys.tolist()} == {*units}


@pytest.mark.parametrize("reader", READERS, ids=lambda one: one.scope)
def test_counties_as_cells_hold_what_their_reader_may_see(world, reader):
    async def work(db):
        cube = await Cubes(db, world.url).get(reader, "m")
        function = world.catalog.part(read_functions)["heat"]
        asked = read_question(function.layer, function.engine.parameters, {}).inputs
        (period,) = function.engine.counted(asked)
        return cube.sum_by_county(period)

    found = run(world, work)
    own = defaultdict(list)
    for group in cells_of(world, reader, {}).values():
        for one in group:
            own[int(one[0].code or 0)].append(one)
    assert {
        key: (x, n) for key, x, n in zip(
            found.keys.tolist(), found.events.tolist(), found.exposure.tolist(), strict=True
        )
    } == {key: sums_of(group) for key, group in own.items()}  # fmt: skip
