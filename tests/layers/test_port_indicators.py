"""Indicators of locks and waterways against plain statements and a judge of one row at a time."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from layers.declare.catalog import Catalog
from layers.indicators.catalog import read_indicators
from layers.indicators.numbers import Asked, read_numbers
from layers.indicators.periods import parse_period
from layers.indicators.units import units_of
from layers.processes.ports.lock_annual import PROCESS as LOCK_ANNUAL
from layers.processes.ports.waterway_census import CODES, CensusInputs, run
from layers.processes.registry import check_inputs
from layers.processes.runtime.model import Scene
from routing.waterway.census import CAUSES
from spatial.actor import Actor
from spatial.errors import BadParameter
from spatial.ids import stable_uuid7
from spatial.postgres.db import Database, connect
from spatial.rules import RuleSet
from spatial.settings import Settings
from tests.conftest import shared_path
from tests.layers.test_indicator_values import UNITS
from tests.routing.maps import NOW as WORLD_NOW
from tests.routing.waterways import random_world, ways_of

pytestmark = pytest.mark.db
CHINA = ZoneInfo("Asia/Shanghai")
LOCKS = [stable_uuid7("indicator", name) for name in ("first", "second")]
CODE = {LOCKS[0]: "330203", LOCKS[1]: "330206"}
NOW = datetime.now(CHINA)
DAY = (NOW - timedelta(days=2)).strftime("%Y-%m-%d")
HOME = {"p": "330000", "c": "330203"}
ACTORS = [Actor("p", "dispatcher", "330000"), Actor("c", "duty", "330203")]


def numbers(url, keys, actor, period, now=NOW):
    async def ask():
        db = await Database.open(Settings(database_url=url, pool_size=2), url)
        try:
            indicators = Catalog.load(Settings().areas, read_indicators).part(read_indicators)
            asked = Asked(keys, actor, [parse_period(period)], now)
            found = await read_numbers(
                db, indicators, units_of(UNITS), lambda _: RuleSet(()), asked, stored=False
            )
            unit = units_of(UNITS).get(HOME[actor.account_id], actor, public=False)
            return {key: found.of(key, unit) for key in keys}
        finally:
            await db.close()

    return asyncio.run(ask())


@pytest.fixture(scope="module")
def filled(module_database_url):
    """Two locks with plans of three days; some vessels are synthetic, absent or withdrawn."""
    with connect(module_database_url) as conn:
        conn.execute(
            "INSERT INTO sigang.source (id, title_zh, title_en, license, attribution)"
            " VALUES ('locks', '测试', 'Test', 'CC0', 'Test')"
        )
        for lock in LOCKS:
            conn.execute(
                "INSERT INTO sigang.facility (id, kind, admin_code, visibility, origin, source_id,"
                " geom) VALUES (%s, 'lock', %s, 'public', 'real', 'locks',"
                " 'SRID=4326;POINT(121 30)')",
                [lock, CODE[lock]],
            )
            for number in (1, 2):
                conn.execute(
                    "INSERT INTO sigang.structure_opening VALUES (%s, %s, 'chamber', NULL, NULL,"
                    " NULL, 1200, 'locks', 'real')",
                    [lock, number],
                )
            plan(conn, lock)
    return module_database_url


def plan(conn, lock):
    lockages, at = [], int((NOW - timedelta(days=3)).timestamp())
    states = ["declared", "checked_in", "absent", "withdrawn", "declared"]
    for n in range(90):  # every hour, some ahead of now
        ships = []
        for k in range(n % 3):
            row = conn.execute(
                "INSERT INTO sigang.lock_declaration (facility_id, vessel, way, ready_at, length_m,"
                " beam_m, cargo, rank, state, account_id, admin_code, visibility, origin)"
                " VALUES (%s, 'v', %s, to_timestamp(%s), 50, 10, 'ordinary', 'ordinary', %s, 'a',"
                " %s, 'unit', %s) RETURNING id",
                [lock, "up" if n % 2 else "down", at - 600 * (k + n % 5), states[(n + k) % 5],
                 CODE[lock], "synthetic" if n < 30 else "real"],
            ).fetchone()  # fmt: skip
            ships.append(str(row[0]))
        lockages.append({"chamber": str(1 + n % 2), "way": "up" if n % 2 else "down", "start": at,
                         "end": at + 1500, "ships": ships, "berths": []})  # fmt: skip
        at += 3600
    for version, told in enumerate((lockages[:5], lockages), 1):  # an earlier plan counts no more
        conn.execute(
            "INSERT INTO sigang.lock_plan (facility_id, version, made_by, document)"
            " VALUES (%s, %s, 'a', %s)", [lock, version, json.dumps({"lockages": told})],
        )  # fmt: skip


def counted(url, locks, first, last):
    """Return by rows and Python what begins between two times: vessels, their waiting, busy s."""
    with connect(url) as conn:
        rows = {
            str(row[0]): row[1:] for row in conn.execute(
                "SELECT id, state, extract(epoch FROM ready_at) FROM sigang.lock_declaration")
        }  # fmt: skip
        plans = conn.execute(
            "SELECT document FROM sigang.lock_plan p WHERE facility_id = ANY (%s) AND version = 2",
            [locks],
        ).fetchall()
    vessels = waited = busy = 0
    for (document,) in plans:
        for x in document["lockages"]:
            if not first <= x["start"] < last:
                continue
            there = [k for k in x["ships"] if rows[k][0] in ("declared", "checked_in")]
            if there or not x["ships"]:
                busy += x["end"] - x["start"]
            vessels += len(there)
            waited += sum(x["start"] - int(rows[k][1]) for k in there)
    return vessels, waited, busy


@pytest.mark.parametrize("actor", ACTORS, ids=lambda one: one.account_id)
def test_waiting_and_use_by_day_are_those_of_the_plans(filled, actor):
    keys = ("lock_vessels", "lock_wait", "lock_chamber_use")
    found = numbers(filled, keys, actor, DAY)
    begin = datetime.fromisoformat(f"{DAY}T00:00:00+08:00").timestamp()
    locks = LOCKS if actor.account_id == "p" else LOCKS[:1]
    vessels, waited, busy = counted(filled, locks, begin, begin + 86_400)
    assert vessels > 10 and busy > 0
    assert found["lock_vessels"].numerator == vessels
    assert found["lock_wait"].value == pytest.approx(waited / vessels)
    assert found["lock_chamber_use"].value == pytest.approx(100 * busy / (86_400 * 2 * len(locks)))


def test_rows_say_which_are_synthetic_and_what_lies_ahead_is_not_counted(filled):
    with connect(filled) as conn:
        months = {NOW.strftime("%Y-%m"), DAY[:7]}
        found = sum(numbers(filled, ("lock_vessels",), ACTORS[0], m)["lock_vessels"].numerator
                    for m in months)  # fmt: skip
        vessels, _, _ = counted(filled, LOCKS, 0, NOW.timestamp())
        ahead, _, _ = counted(filled, LOCKS, NOW.timestamp(), 4e9)
        assert (found, ahead > 0) == (vessels, True)
        origins = conn.execute(
            "SELECT p.origin, d.origin FROM sigang.lock_passage p JOIN sigang.lock_declaration d"
            " USING (id) GROUP BY 1, 2 ORDER BY 1"
        ).fetchall()
        assert origins == [("real", "real"), ("synthetic", "synthetic")]
        days = dict(conn.execute("SELECT day, max(origin) FROM sigang.lock_day GROUP BY 1"))
        assert set(days.values()) == {"derived", "synthetic"}


def test_the_census_is_what_a_plain_judge_says_of_each_edge():
    seen = Counter()
    for seed in range(8):
        world = random_world(seed)
        network = world.network()
        ids = [network.graph.edges.row_id(n) for n in range(len(network.graph.edges))]
        read = [{"id": one, "admin_code": "330203"} for one in ids]
        scene = Scene({"network waterway": network, CODES.name: read}, WORLD_NOW)
        judged = run(CensusInputs(), scene).judged
        tonnes = {"III": 1000.0, "IV": 500.0, "V": 300.0, "VI": 100.0}
        for vessel, body in world.rules["waterway.census"].value.root.items():
            sizes = {**body.model_dump(), "deadweight_t": tonnes[vessel]}
            expected = Counter()
            for number, name in enumerate(world.edges):
                ways = ways_of(world, name, sizes, WORLD_NOW)
                verdict, cause = "passes", None
                if not ways:
                    verdict = "refused"
                elif frozenset() not in ways:
                    verdict, few = "cannot_tell", min(map(len, ways))
                    least = [w for w in ways if len(w) == few]
                    cause = {min((u[0] for u in w), key=CAUSES.index) for w in least}
                    cause = cause.pop() if len(cause) == 1 else "any"
                expected[verdict, cause] += 1000.0 + number
                seen[verdict, cause] += 1
            if any(cause == "any" for _, cause in expected):
                continue
            told = Counter()
            for one in judged:
                if one.vessel == vessel:
                    told[one.verdict, one.cause] += one.km * 1000
            assert told == pytest.approx(dict(expected))
    assert len({cause for _, cause in seen}) > 4


@pytest.mark.shared
def test_a_year_of_a_lock_is_that_of_the_worked_example():
    said = json.loads(shared_path("worked_examples.json").read_text("utf-8"))["lock_annual_check"]
    sums = said["fuchunjiang_2024"]
    year = {"id": "fuchunjiang_2024", "lockages": sums["lockages"], "ships": sums["ships"],
            "cargo_mt": sums["cargo_Mt"], "design_mt": said["design_Mt"]}  # fmt: skip
    none = {"id": "shut", "lockages": 0, "ships": 0, "cargo_mt": 0}
    asked = check_inputs(LOCK_ANNUAL, {"years": [year, none]})
    found, shut = LOCK_ANNUAL.run(asked, Scene({}, WORLD_NOW)).years
    assert round(found.ships_per_lockage, 4) == said["ships_per_lockage"]
    assert round(found.tonnes_per_ship, 2) == said["tonnes_per_ship"]
    assert round(found.tonnes_per_lockage, 1) == said["tonnes_per_lockage"]
    assert round(found.utilisation_pct, 2) == said["utilisation_pct"]
    assert found.above_design
    assert (shut.ships_per_lockage, shut.tonnes_per_ship, shut.above_design) == (None, None, None)
    with pytest.raises(BadParameter):
        check_inputs(LOCK_ANNUAL, {"years": [year | {"design_mt": 0}]})


def test_shares_that_cannot_be_told_are_those_of_the_rows(filled):
    cells = [("III", "passes", None, 10.5), ("III", "cannot_tell", "level", 4.25),
             ("IV", "cannot_tell", "limit", 2.0), ("IV", "refused", None, 3.0)]  # fmt: skip
    with connect(filled) as conn:
        for number, (vessel, verdict, cause, km) in enumerate(cells):
            props = {"vessel": vessel, "verdict": verdict, "cause": cause, "km": km, "edges": 1}
            conn.execute(
                "INSERT INTO sigang.derived_row (id, kind, key, admin_code, visibility, valid_from,"
                " props, run, inputs_digest, origin) VALUES (%s, 'waterway_census', %s, '330203',"
                " 'public', now() - interval '1 hour', %s, %s, 'd', 'derived')",
                [stable_uuid7("cell", str(number)), str(number), json.dumps(props), UUID(int=0)],
            )
        ((km, unsure, level),) = conn.execute(
            "SELECT sum((props ->> 'km')::numeric), sum((props ->> 'km')::numeric) FILTER (WHERE"
            " props ->> 'verdict' = 'cannot_tell'), sum((props ->> 'km')::numeric) FILTER (WHERE"
            " props ->> 'cause' = 'level') FROM sigang.derived_row WHERE kind = 'waterway_census'"
        ).fetchall()
    keys = ("waterway_cannot_tell", "waterway_cannot_tell_level", "waterway_cannot_tell_value")
    found = numbers(
        filled, keys, ACTORS[0], datetime.now(CHINA).strftime("%Y-%m"), datetime.now(CHINA)
    )
    assert [round(found[key].value, 6) for key in keys] == [
        round(float(100 * part / km), 6) for part in (unsure, level, 0)
    ]
