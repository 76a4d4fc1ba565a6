"""Assets and feeds: processes and views tell the same of the sample, at any time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from api.services import load_catalog
from layers.processes.office.uptime import down_within, runs_of, seconds, up_within
from layers.processes.registry import check_inputs, find_processes
from layers.processes.runtime.model import Sources
from layers.processes.runtime.run import read_scene
from layers.scenarios.truth_rows import PROVINCE
from spatial.actor import Actor
from spatial.errors import BadParameter
from spatial.postgres.db import Database, connect
from spatial.settings import Settings
from spatial.truths import read_truths
from tests.conftest import ANCHOR

NOON = ANCHOR + timedelta(hours=12)
T0 = datetime(2026, 3, 2, tzinfo=UTC)


def at(minute: float) -> datetime:
    return T0 + timedelta(minutes=minute)


def test_a_run_ends_where_a_heartbeat_comes_late():
    assert runs_of([], 300) == []
    beats = [at(10), at(0), at(5), at(15.5), at(20)]
    assert runs_of(beats, 300) == [(at(0), at(10)), (at(15.5), at(20))]


def test_an_asset_is_up_until_a_period_after_its_last_heartbeat():
    runs, span = [(at(0), at(10)), (at(20), at(58))], (at(5), at(60))
    up = up_within(runs, 300, span)
    assert up == [(at(5), at(15)), (at(20), at(60))]
    assert down_within(up, span) == [(at(15), at(20))]
    assert seconds(up) + seconds(down_within(up, span)) == seconds([span])
    assert up_within(runs, 300, (at(100), at(110))) == []
    assert up_within([(at(0), at(10)), (at(12), at(20))], 300, span)[0] == (at(5), at(25))


def ran(url, process_id, given, actor=PROVINCE):
    """Return the outputs of a process over a database."""
    process = find_processes()[process_id]
    inputs = check_inputs(process, given)

    async def ask():
        db = await Database.open(replace(Settings(), pool_size=2), url)
        try:
            sources = Sources(db, load_catalog(Settings().areas), actor, lambda kind: None)
            return process.run(inputs, await read_scene(process, inputs, sources))
        finally:
            await db.close()

    return asyncio.run(ask())


@pytest.mark.db
def test_the_planted_silence_is_all_that_availability_lacks(sample_url):
    given = {"since": (ANCHOR - timedelta(days=1)).isoformat(), "until": ANCHOR.isoformat()}
    found = ran(sample_url, "availability", given)
    lacking = {one.name: one for one in found.assets if one.offline}
    silent = read_truths()["outages"].planted["silent_h"]
    assert set(lacking) == set(silent)
    for name, (fell, rose) in silent.items():
        begin, end = ANCHOR + timedelta(hours=fell, seconds=600), ANCHOR + timedelta(hours=rose)
        assert lacking[name].offline == [(begin, min(end, ANCHOR))]
    assert len(found.assets) > 100
    days = [row["properties"] for row in found.days.features]
    assert sum(row["up_s"] for row in days) == sum(one.up_s for one in found.assets)
    assert {row["day"] for row in days} == {"2026-03-01"}
    ningbo = ran(sample_url, "availability", given, Actor("n", "duty", "330200"))
    assert 0 < len(ningbo.assets) < len(found.assets)
    with pytest.raises(BadParameter, match="until"):
        ran(sample_url, "availability", given | {"until": given["since"]})


@pytest.mark.db
def test_view_and_process_tell_the_same_of_feeds(sample_url):
    with connect(sample_url) as conn:
        rows = conn.execute(
            "SELECT id, state, late_by_s, now() FROM sigang.feed_ledger ORDER BY id"
        ).fetchall()
    found = ran(sample_url, "feed-ledger", {"at": rows[0][3].isoformat()})
    states = {one.code: (one.state, one.late_by_s) for one in found.feeds}
    for code, state, late_s, _ in rows:
        assert states[code][0] == state
        assert states[code][1] == (pytest.approx(late_s, abs=1) if state == "late" else None)
    noon = ran(sample_url, "feed-ledger", {"at": NOON.isoformat()})
    late = sorted(one.code for one in noon.feeds if one.state == "late")
    assert late == list(read_truths()["late_feeds"].finds)
    assert noon.feeds[0].state == "never"


@pytest.mark.db
def test_a_load_that_is_done_counts_as_a_delivery(conn):
    conn.execute(
        "INSERT INTO sigang.source (id, title_zh, title_en, license, attribution)"
        " VALUES ('t', 't', 't', 't', 't')"
    )
    conn.execute(
        "INSERT INTO sigang.feed (id, origin, source_id, owner, every_s, supplies)"
        " VALUES ('f', 'real', 't', 'o', 60, 't')"
    )
    state = "SELECT state FROM sigang.feed_ledger"
    assert conn.execute(state).fetchone() == ("never",)
    conn.execute("INSERT INTO sigang.load_run (source_id, state) VALUES ('t', 'running')")
    assert conn.execute(state).fetchone() == ("never",)
    conn.execute("UPDATE sigang.load_run SET state = 'done', finished_at = now()")
    assert conn.execute(state).fetchone() == ("on_time",)
    conn.execute("UPDATE sigang.feed SET last_at = now() - interval '60 s'")
    assert conn.execute(state).fetchone() == ("late",)


@pytest.mark.db
def test_an_asset_is_off_line_within_one_period(conn):
    conn.execute(
        "INSERT INTO sigang.rule (key, version, value, source, valid_from, origin) VALUES"
        " ('office.heartbeat_s', '1', '{\"camera\": 300}', 't', '2020-01-01Z', 'schematic')"
    )
    conn.execute(
        "INSERT INTO sigang.source (id, title_zh, title_en, license, attribution)"
        " VALUES ('t', 't', 't', 't', 't')"
    )
    for number, ago in enumerate((299, 301)):
        conn.execute(
            "WITH a AS (INSERT INTO sigang.asset (kind, origin, source_id, name_en)"
            " VALUES ('camera', 'synthetic', 't', %s) RETURNING id)"
            " INSERT INTO sigang.asset_uptime SELECT id, now() - interval '1 day',"
            " now() - make_interval(secs => %s) FROM a",
            [str(number), ago],
        )
    states = conn.execute("SELECT name_en, state FROM sigang.asset_state ORDER BY 1").fetchall()
    assert states == [("0", "online"), ("1", "offline")]
    assert conn.execute("SELECT name_en, valid_to FROM sigang.asset_outage").fetchall() == [
        ("1", None)
    ]
