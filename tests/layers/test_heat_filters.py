"""Free filters of heat: on the cube where it has the column, else counted from the rows."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from api.network.rule_models import RuleBook, read_rules
from layers.declare.catalog import Catalog
from layers.functions.catalogue import read_functions
from layers.functions.county_rows import CountyKeeper
from layers.functions.question import read_question
from layers.functions.service import FunctionService
from layers.heat import filters
from layers.heat.counted import Counted
from layers.heat.cubes import Cubes
from layers.heat.filters import Filters
from layers.heat.heat_filter import NeedsJob
from layers.processes.readers.heat_rows import READER, HeatAsked
from layers.processes.runtime.model import Sources
from spatial.actor import Actor
from spatial.errors import BadParameter, OutOfScope
from spatial.geo.zorder import keys_of
from spatial.ids import uuid7
from spatial.postgres.db import Database, connect
from spatial.settings import PROJECT, Settings
from tests.mvt import tile_of

pytestmark = pytest.mark.db
BEGIN, NOW = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 8, 1, tzinfo=UTC)
SINCE, UNTIL = date(2026, 2, 1), date(2026, 5, 1)
DESK = Actor("desk", "dispatcher", "330000", "330000-desk")
CODES = ("330102", "330203", "330206")
CASE = """
INSERT INTO sigang.case_file (id, kind, admin_code, unit_id, visibility, origin, source_id, props,
  workflow, stage, opened_at, verdict, z_key, geom)
VALUES (%s, %s, %s, %s, 'unit', 'synthetic', 'f', %s, 'x', %s, %s, %s, 0,
  ST_SetSRID(ST_MakePoint(%s, %s), 4326))"""
LOOK = """
INSERT INTO sigang.exposure (source_id, key, kind, admin_code, unit_id, visibility, origin, at, n,
  z_key) VALUES ('f', %s, 'passage', %s, %s, 'unit', 'synthetic', %s, %s, %s)"""


def drawn(dice, number):
    code = dice.choice(CODES)
    case = number % 3 > 0
    props = {"violation": dice.choice(["overload", "hazmat"])} if case else {
        "inspected": dice.randrange(1, 80), "hits": dice.randrange(9),
    }  # fmt: skip
    if case and dice.random() < 0.1:
        props = {}
    place = dice.uniform(120, 121), dice.uniform(29, 30)
    return SimpleNamespace(
        kind="enforcement" if case else "inspection", code=code, props=props, place=place,
        stage=dice.choice(["closed", "closed", "withdrawn"]), verdict=dice.choice(["fine", None]),
        at=BEGIN + timedelta(minutes=dice.randrange(200 * 1440)), n=dice.randrange(1, 50),
    )  # fmt: skip


@pytest.fixture(scope="module")
def world(databases, migrated):
    """Yield a database with cases, inspections and passages, and these."""
    dice = random.Random(5)
    rows, looks = [drawn(dice, i) for i in range(3000)], [drawn(dice, i) for i in range(300)]
    with databases.fresh(migrated) as url:
        with connect(url) as conn, conn.cursor() as cursor:
            cursor.execute(
                "INSERT INTO sigang.source (id, title_zh, title_en, license, attribution)"
                " VALUES ('f', 'f', 'f', 'MIT', 'f')"
            )
            cursor.executemany(CASE, [
                (uuid7(), r.kind, r.code, f"{r.code}-law", json.dumps(r.props), r.stage, r.at,
                 r.verdict, *r.place) for r in rows
            ])  # fmt: skip
            cursor.executemany(LOOK, [
                (str(i), r.code, f"{r.code}-law", r.at, r.n, int(keys_of(*r.place)))
                for i, r in enumerate(looks)
            ])  # fmt: skip
            conn.commit()
        yield SimpleNamespace(url=url, rows=rows, looks=looks)


@pytest.fixture(scope="module")
def catalog():
    return Catalog.load(PROJECT / "layers" / "areas", read_functions)


def counted(text, events="case", exposure="passage", **more):
    asked = {"hours": None, "kinds": None, "units": None} | more
    return Counted(SINCE, UNTIL, asked["hours"], events, asked["kinds"], exposure, asked["units"],
                   text)  # fmt: skip


def run(world, work):
    async def inside():
        db = await Database.open(Settings(database_url=world.url), world.url)
        try:
            return await work(db)
        finally:
            await db.close()

    return asyncio.run(inside())


def sums(world, catalog, asked, actor=DESK):
    """Return sums by county's cell of what a filter leaves, by the cube and by the process."""

    async def work(db):
        cube = await Cubes(db, world.url).get(actor, asked.grain)
        narrowed = await Filters(db, catalog).narrow(actor, cube, [asked])
        found = narrowed.sum(asked, "16", lambda cells: cells >> 8)
        sources = Sources(db, catalog, actor, None)
        told = await READER.read(sources, "heat", HeatAsked(12, asked))
        return narrowed, found, told

    narrowed, found, told = run(world, work)
    by_cell = {
        key: (events, exposure)
        for key, events, exposure in zip(
            found.keys.tolist(), found.events, found.exposure, strict=True
        )
    }
    process = zip(told.keys.tolist(), told.events, told.exposure, strict=True)
    assert {key: pair for key, *pair in process if any(pair)} == {
        key: list(pair) for key, pair in by_cell.items()
    }
    return narrowed, by_cell


def truth(events, exposures):
    """Return the sums of rows of the period by cell: of pairs of a row and what it counts."""
    found = ({}, {})
    for at, pairs in enumerate((events, exposures)):
        total = Counter()
        for row, n in pairs:
            day = row.at.astimezone(ZoneInfo("Asia/Shanghai")).date()
            if SINCE <= day < UNTIL:
                total[int(keys_of(*row.place, 12))] += n
        found[at].update(total)
    every = {cell for part in found for cell, n in part.items() if n}
    return {cell: tuple(part.get(cell, 0) for part in found) for cell in every}


def cases(world, keep):
    return [(r, 1) for r in world.rows
            if r.kind == "enforcement" and r.stage != "withdrawn" and keep(r)]  # fmt: skip


def hour_of_week(row):
    local = row.at.astimezone(ZoneInfo("Asia/Shanghai"))
    return local.weekday() * 24 + local.hour


KIND = "violation = 'overload' OR violation IS NULL"
FINED = "verdict = 'fine' AND admin_code = '330203'"


@pytest.mark.parametrize(
    ("text", "on_cube", "keep", "looked"),
    [
        (KIND, True, lambda r: r.props.get("violation") != "hazmat", lambda r: True),
        ("admin_code LIKE '3302%' AND violation <> 'hazmat'", True,
         lambda r: r.code > "3302" and r.props.get("violation") == "overload",
         lambda r: r.code > "3302"),
        (FINED, False, lambda r: r.verdict == "fine" and r.code == "330203",
         lambda r: r.code == "330203"),
        ("stage IS NOT NULL AND verdict IS NULL", False, lambda r: r.verdict is None,
         lambda r: True),
    ],
)  # fmt: skip
def test_what_a_filter_leaves_is_what_its_rows_say(world, catalog, text, on_cube, keep, looked):
    narrowed, found = sums(world, catalog, counted(text))
    assert (narrowed.rows is None) == on_cube
    looks = [(r, r.n) for r in world.looks if looked(r)]
    assert found == truth(cases(world, keep), looks) and len(found) > 20


def test_a_filter_stands_beside_hours_kinds_and_units(world, catalog):
    hours = list(range(40, 120))
    asked = counted("verdict = 'fine'", hours=hours, kinds=["hazmat"], units=["330102-law"])
    _, found = sums(world, catalog, asked)
    looks = [(r, r.n) for r in world.looks if r.code == "330102" and hour_of_week(r) in hours]
    kept = cases(world, lambda r: r.verdict == "fine" and r.code == "330102"
                 and r.props.get("violation") == "hazmat" and hour_of_week(r) in hours)  # fmt: skip
    assert found == truth(kept, looks) and kept


def test_hits_and_what_was_inspected_are_of_the_same_rows(world, catalog):
    asked = counted("inspected > 40", events="hit", exposure="inspection")
    _, found = sums(world, catalog, asked)
    kept = [r for r in world.rows
            if r.stage != "withdrawn" and r.props.get("inspected", 0) > 40]  # fmt: skip
    of = ([(r, r.props[name]) for r in kept] for name in ("hits", "inspected"))
    assert found == truth(*of)


@pytest.mark.parametrize(
    ("text", "actor", "error", "says"),
    [
        ("plate_hash = 'x'", DESK, BadParameter, "No property 'plate_hash'"),
        ("verdict = ", DESK, BadParameter, ""),
        ("opened_at > TIMESTAMP('2026-03-01T00:00:00Z')", DESK, BadParameter, "since and until"),
        ("S_INTERSECTS(geom, POINT(120 30))", DESK, BadParameter, "geom"),
        ("verdict = 'fine'", Actor("d", "developer", "330000", "330000-app"), OutOfScope, "cases"),
        ("violation = 'x'", Actor("d", "developer", "330000", "330000-app"), OutOfScope, "cases"),
    ],
)
def test_what_may_not_be_filtered_by_is_told(world, catalog, text, actor, error, says):
    with pytest.raises(error) as told:
        sums(world, catalog, counted(text), actor)
    assert says in told.value.en + told.value.mend_en
    assert told.value.extra["parameter"] == "filter"


def test_too_many_rows_need_a_job_and_counts_of_near_tiles_none(world, catalog, monkeypatch):
    plain, boxes = filters.count_rows, []

    async def hasty(*given, box=None):
        boxes.append(box)
        return await plain(*given, box=box, budget_ms=1 if box is None else 10_000)

    monkeypatch.setattr(filters, "count_rows", hasty)
    rules = RuleBook.of(read_rules(), NOW).at(NOW)
    function = catalog.part(read_functions)["heat"]

    def ask(**given):
        given = {"filter": "verdict = 'fine'", "events": "case", "exposure": "passage",
                 "since": str(SINCE), "until": str(UNTIL), **given}  # fmt: skip
        return read_question(function.layer, function.engine.parameters, given)

    async def work(db):
        service = FunctionService(
            Cubes(db, world.url), Filters(db, catalog), lambda: rules, CountyKeeper(db)
        )
        for surface, z in (("rate", 12), ("count", 9)):
            with pytest.raises(NeedsJob) as told:
                zxy = z, *tile_of(120.5, 29.5, z)
                await service.get_tile(function, ask(surface=surface), zxy, DESK)
            assert told.value.extra["process"] == "heat-surface"
        zxy = 11, *tile_of(120.5, 29.5, 11)
        near = await service.get_tile(function, ask(surface="count"), zxy, DESK)
        counted = len(boxes)
        for x in range(zxy[1] * 2, zxy[1] * 2 + 2):  # four farther in, of the same rows
            for y in range(zxy[2] * 2, zxy[2] * 2 + 2):
                await service.get_tile(function, ask(surface="count"), (12, x, y), DESK)
        assert len(boxes) == counted and None in boxes and boxes[-1] is not None
        monkeypatch.setattr(filters, "count_rows", plain)
        other = FunctionService(
            Cubes(db, world.url), Filters(db, catalog), lambda: rules, CountyKeeper(db)
        )
        return near, await other.get_tile(function, ask(surface="count"), zxy, DESK)

    near, whole = run(world, work)
    assert near.plain() == whole.plain() and len(near.plain()) > 300
