"""Who runs next of many waiting jobs: accounts in turn, and how many of one may wait."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from api.jobs import store
from spatial.actor import Actor
from spatial.postgres.db import Database, connect
from spatial.settings import Settings
from tests.api.planningworld import ASYNC, covering, hard, run, submit

pytestmark = pytest.mark.db

ROW = """
INSERT INTO sigang.job (id, process, account_id, role, scope, request, created_at)
VALUES (gen_random_uuid(), 'cover', $1, $2, '330000', '{}', $3)"""
WAITING = """
INSERT INTO sigang.job (id, process, account_id, role, scope, request, created_at)
VALUES (gen_random_uuid(), 'cover', 'planner', 'planner', '330000', %s,
  now() + make_interval(secs => %s)) RETURNING id::text"""
RUNNERS = 2
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def server(planning):
    return planning


def served(url: str, waiting: list[tuple[str, str]], at_once: int) -> list[str]:
    """Return the accounts whose jobs run, in order, when so many run at once."""

    async def work() -> list[str]:
        conn = await asyncpg.connect(url)
        await conn.execute("SET search_path = sigang, public")
        for number, (account, role) in enumerate(waiting):
            await conn.execute(ROW, account, role, BEGIN + timedelta(seconds=number))
        order, running = [], []
        while (job := await store.claim(conn, "test")) is not None:
            order.append(job["account_id"])
            running.append(job["id"])
            if len(running) == at_once:
                done = "UPDATE sigang.job SET state = 'successful' WHERE id = $1"
                await conn.execute(done, running.pop(0))
        await conn.close()
        return order

    return asyncio.run(work())


@pytest.mark.parametrize("at_once", [1, 2])
def test_accounts_are_served_in_turn(database_url, at_once):
    waiting = [("greedy", "planner")] * 20 + [("modest", "planner")] * 2 + [("other", "planner")]
    order = served(database_url, waiting, at_once)
    assert len(order) == 23
    assert max(n for n, account in enumerate(order) if account != "greedy") <= 6


def test_dispatchers_get_two_turns_for_one(database_url):
    waiting = [("greedy", "planner")] * 20 + [("desk", "dispatcher")] * 8
    order = served(database_url, waiting, 2)
    assert order[:15].count("desk") == 8


def test_jobs_are_read_by_their_owner_and_by_administrators_of_the_province(database_url):
    readers = {
        Actor("modest", "planner", "330000"): ["modest"],
        Actor("modest", "planner", "330106"): [],  # they were run for the province
        Actor("a", "admin", "330000"): ["greedy", "modest"],
        Actor("b", "admin", "330100"): [], Actor("c", "admin", "330106"): [],
        Actor("greedy", "duty", "330000"): ["greedy"],
    }  # fmt: skip

    async def work():
        conn = await asyncpg.connect(database_url)
        await conn.execute("SET search_path = sigang, public")
        for account in ("greedy", "modest"):
            await conn.execute(ROW, account, "planner", BEGIN)
        await conn.close()
        db = await Database.open(Settings(database_url=database_url, pool_size=1), database_url)
        try:
            for actor, owners in readers.items():
                async with store.reader(db, actor) as conn:
                    rows = await store.listed(conn, store.Wanted())
                assert sorted(row["account_id"] for row in rows) == owners, actor
        finally:
            await db.close()

    asyncio.run(work())


def test_twenty_of_an_account_may_wait_and_a_dismissed_one_makes_room(server, planner):
    request = json.dumps({"inputs": hard()["inputs"], "outputs": ["sites"], "response": "raw"})
    with connect(server.database_url) as conn:
        jobs = [
            conn.execute(WAITING, [request, number]).fetchone()[0]
            for number in range(store.MOST_WAITING + RUNNERS)
        ]
    refused = run(planner, "cover", covering(), **ASYNC)
    assert refused.status_code == 429
    assert refused.json()["type"] == "/problems/too-many-requests"
    assert int(refused.headers["retry-after"]) > 0
    last = planner.get(f"/api/jobs/{jobs[-1]}", params={"lang": "en"}).json()
    ahead = re.fullmatch("Waiting; ([0-9]+) jobs run before it", last["message"])
    assert int(ahead[1]) >= store.MOST_WAITING - 1
    for job in jobs[-1 - RUNNERS :]:
        assert planner.delete(f"/api/jobs/{job}").status_code == 200
    again = submit(planner, "cover", covering())
    for job in (*jobs[: -1 - RUNNERS], again):
        assert planner.delete(f"/api/jobs/{job}").status_code == 200
    with connect(server.database_url) as conn:
        conn.execute("DELETE FROM sigang.job WHERE id = ANY (%s)", [jobs])


def test_all_that_wait_are_bounded_too(database_url):
    with connect(database_url) as conn:
        conn.execute(
            "INSERT INTO sigang.job (id, process, account_id, role, scope, request)"
            " SELECT gen_random_uuid(), 'cover', 'a' || n, 'planner', '330000', '{}'"
            " FROM generate_series(1, %s) n", [store.MOST_IN_ALL],
        )  # fmt: skip

    async def work() -> None:
        conn = await asyncpg.connect(database_url)
        await conn.execute("SET search_path = sigang, public")
        async with conn.transaction():
            actor = Actor("b", "planner", "330000", None)
            await store.add(conn, BEGIN, "cover", actor, {})  # type: ignore[arg-type]

    with pytest.raises(store.Busy):
        asyncio.run(work())
