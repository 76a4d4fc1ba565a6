import asyncio

import psycopg
import pytest

from api.audit import Audit, find_break
from spatial.actor import ANONYMOUS, Actor
from spatial.db import Database, connect
from spatial.settings import Settings

DUTY = Actor("ningbo", "duty", "330200", "330200-duty")


async def _fill(url, head):
    db = await Database.open(Settings(database_url=url, pool_size=2), url)
    try:
        first, second = Audit(db, head), Audit(db, head)  # two serving processes
        for audit in (first, second):
            audit.start()
        for n in range(20):
            (first, second)[n % 2].record(ANONYMOUS, "items", "ports", rows=n, detail={"n": n})
            (first, second)[n % 2].count(DUTY, "tile", "roads")
        async with db.write(DUTY) as conn:
            await first.write(conn, DUTY, "close", "event", purpose="大风")
        with pytest.raises(RuntimeError, match="undone"):
            async with db.write(DUTY) as conn:
                await first.write(conn, DUTY, "close", "never")
                raise RuntimeError("undone")
        await asyncio.sleep(0.6)
        await first.stop()
        await second.stop()
    finally:
        await db.close()


@pytest.fixture
def chain(database_url, tmp_path):
    head = tmp_path / "audit.head"
    asyncio.run(_fill(database_url, head))
    with connect(database_url) as conn:
        yield conn, head


def test_every_line_is_sealed_and_the_chain_holds(chain):
    conn, head = chain
    rows = conn.execute("SELECT actor, action, target, rows, purpose FROM audit").fetchall()
    assert sum(1 for row in rows if row[1] == "items") == 20
    tiles = [row for row in rows if row[1] == "tile"]
    assert sum(row[3] for row in tiles) == 20
    assert {row[0] for row in tiles} == {"ningbo"}
    assert ("ningbo", "close", "event", None, "大风") in rows
    assert not any(row[2] == "never" for row in rows)
    assert find_break(conn, head) is None


@pytest.mark.parametrize(
    ("tamper", "found"),
    [
        ("UPDATE audit SET rows = 99 WHERE seq = 3", "line 3 was changed"),
        ("UPDATE audit SET actor = 'x' WHERE seq = 5", "line 5 was changed"),
        ("DELETE FROM audit WHERE seq = 4", "lines 4 to 4 are missing"),
        ("DELETE FROM audit WHERE seq > 6", "cut or rewritten"),
        ("DELETE FROM audit", "cut or rewritten"),
    ],
)
def test_tampering_is_found(chain, tamper, found):
    conn, head = chain
    conn.execute(tamper)
    assert found in find_break(conn, head)


def test_the_server_cannot_rewrite_the_audit(chain, database_url):
    async def attempt():
        db = await Database.open(Settings(database_url=database_url, pool_size=1), database_url)
        try:
            for statement in ("UPDATE sigang.audit SET rows = 0", "DELETE FROM sigang.audit"):
                with pytest.raises(Exception, match="permission denied"):
                    async with db.write(DUTY) as conn:
                        await conn.execute(statement)
        finally:
            await db.close()

    asyncio.run(attempt())
    conn, head = chain
    assert find_break(conn, head) is None


def test_a_second_chain_cannot_branch(chain, database_url):
    conn, _ = chain
    last = conn.execute("SELECT max(seq) FROM audit").fetchone()[0]
    with (
        psycopg.connect(database_url) as other,
        pytest.raises(psycopg.errors.UniqueViolation),
    ):
        other.execute(
            "INSERT INTO sigang.audit SELECT (a).* FROM (SELECT a FROM sigang.audit a"
            " WHERE seq = %s) s",
            [last],
        )
