import asyncio
import shutil

import psycopg
import pytest

from api.audit import audit as audit_module
from api.audit.audit import waiting
from api.audit.check import check
from api.audit.heads import FILES, HEAD, LIST, Heads
from api.http.gauges import Gauges
from spatial.actor import ANONYMOUS
from spatial.postgres.db import Database, connect
from spatial.settings import Settings
from tests.api.auditworld import DUTY, serving, until


async def _fill(db, first, second):
    for n in range(20):
        (first, second)[n % 2].record(DUTY, "items", "ports", rows=n, detail={"n": n})
        (first, second)[n % 2].record(ANONYMOUS, "items", "ports", rows=n, purpose="x" * 9000)
        (first, second)[n % 2].count(DUTY, "tile", "roads")
    async with db.write(DUTY) as conn:
        await first.write(conn, DUTY, "close", "event", purpose="大风")
    with pytest.raises(RuntimeError, match="undone"):
        async with db.write(DUTY) as conn:
            await first.write(conn, DUTY, "close", "never")
            raise RuntimeError("undone")
    await asyncio.sleep(0.6)


@pytest.fixture(scope="module")
def filled(databases, migrated, tmp_path_factory):
    home = tmp_path_factory.mktemp("filled")
    with databases.fresh(migrated) as url:
        serving(url, home, _fill, processes=2)
        yield url, home


@pytest.fixture
def chain(filled, tmp_path):
    """Yield a connection whose changes are undone, and a copy of the state folder."""
    url, home = filled
    for name in FILES:
        shutil.copy(home / name, tmp_path / name)
    with connect(url) as conn:
        yield conn, Heads(tmp_path)
        conn.rollback()


def test_every_line_is_sealed_and_the_chain_holds(chain):
    conn, heads = chain
    rows = conn.execute("SELECT actor, action, target, rows, purpose FROM audit").fetchall()
    assert sum(1 for row in rows if row[:2] == ("ningbo", "items")) == 20
    tiles = [row for row in rows if row[1] == "tile"]
    assert sum(row[3] for row in tiles) == 20
    assert {row[0] for row in tiles} == {"ningbo"}
    anonymous = [row for row in rows if row[0] == "anonymous"]
    assert sum(row[3] for row in anonymous) == 20
    assert {row[4] for row in anonymous} == {"public use"}
    assert len(anonymous) <= 4  # two processes, at most two minutes
    assert ("ningbo", "close", "event", None, "大风") in rows
    assert not any(row[2] == "never" for row in rows)
    assert check(conn, heads).broken is None


@pytest.mark.parametrize(
    ("tamper", "found"),
    [
        ("UPDATE audit SET rows = 99 WHERE seq = 3", "line 3 was changed"),
        ("UPDATE audit SET actor = 'x' WHERE seq = 5", "line 5 was changed"),
        ("DELETE FROM audit WHERE seq = 4", "lines 4 to 4 are missing"),
        ("DELETE FROM audit WHERE seq > 6", "cut or rewritten"),
        ("DELETE FROM audit", "cut or rewritten"),
        ("TRUNCATE audit", "cut or rewritten"),
    ],
)
def test_tampering_is_found(chain, tamper, found):
    conn, heads = chain
    conn.execute(tamper)
    assert found in check(conn, heads).broken


def test_a_missing_head_is_found_also_beside_a_cut_chain(chain):
    conn, heads = chain
    (heads.home / HEAD).unlink()
    assert f"{HEAD} is missing" in check(conn, heads).broken
    conn.execute("DELETE FROM audit WHERE seq > 6")
    assert "cut or rewritten" in check(conn, heads).broken  # the signed list remembers
    (heads.home / LIST).unlink()
    assert f"{HEAD} is missing" in check(conn, heads).broken


def test_the_server_cannot_rewrite_the_audit(chain, filled):
    database_url = filled[0]

    async def attempt():
        db = await Database.open(Settings(database_url=database_url, pool_size=1), database_url)
        try:
            for statement in (
                "UPDATE sigang.audit SET rows = 0",
                "DELETE FROM sigang.audit",
                "TRUNCATE sigang.audit",
                "DELETE FROM sigang.audit_anchor",
            ):
                with pytest.raises(Exception, match="permission denied"):
                    async with db.write(DUTY) as conn:
                        await conn.execute(statement)
        finally:
            await db.close()

    asyncio.run(attempt())
    assert check(*chain).broken is None


def test_a_second_chain_cannot_branch(chain, filled):
    conn, _ = chain
    last = conn.execute("SELECT max(seq) FROM audit").fetchone()[0]
    with (
        psycopg.connect(filled[0]) as other,
        pytest.raises(psycopg.errors.UniqueViolation),
    ):
        other.execute(
            "INSERT INTO sigang.audit SELECT (a).* FROM (SELECT a FROM sigang.audit a"
            " WHERE seq = %s) s",
            [last],
        )


def test_whatever_a_text_holds_it_is_sealed_short(audit_url, tmp_path):
    wild = "a\0b\ud800\x1b[31m\u202ec" + "长" * 100_000

    async def work(db, audit):
        detail = {wild: wild, "list": [wild] * 10_000, "deep": {"a": {"b": {"c": {"d": wild}}}}}
        detail |= {"numbers": [1e16, -0.0, float("nan"), 2**70, 1e-300, True, None, 0.1]}
        audit.record(DUTY, "items", wild, area=wild, purpose=wild, detail=detail, rows=2**80)
        audit.record(DUTY, "items", "ports", detail={"numbers": [1e16, -0.0, 2**70, 1e-300, 0.1]})
        async with db.write(DUTY) as conn:
            await audit.write(conn, DUTY, "close", wild, purpose=wild, detail=detail)

    serving(audit_url, tmp_path, work)
    with connect(audit_url) as conn:
        lines = conn.execute("SELECT purpose, target, area, t::text FROM audit t").fetchall()
        assert len(lines) == 3
        assert max(len(purpose) for purpose, *_ in lines) == 120
        assert max(len(text.encode()) for *_, text in lines) < 8_000
        for sign in "\0\x1b\u202e":
            assert not any(sign in text for *_, text in lines)
        assert check(conn, Heads(tmp_path)).broken is None


def test_callers_cannot_fill_the_disk(audit_url, tmp_path):
    async def work(_, audit):
        for n in range(20_000):
            audit.record(ANONYMOUS, "items", f"layer {n}", rows=2, purpose=f"{n}" * 5_000)
            audit.refuse(ANONYMOUS, f"M{n}", "events", 401, f"2001:db8:{n % 65536:x}::1")
            audit.record(DUTY, "items", "ports", detail={"n": n})

    serving(audit_url, tmp_path, work)
    with connect(audit_url) as conn:

        def count(what, where):
            query = f"SELECT {what} FROM audit WHERE {where}"
            return conn.execute(query).fetchone()[0]

        minutes = 2 + count("extract(minute FROM max(at) - min(at))::int", "true")
        assert count("count(*)", "actor = 'anonymous' AND action = 'items'") <= 129 * minutes
        assert count("count(*)", "action = 'refused'") <= 65 * minutes
        assert count("count(*)", "actor = 'ningbo'") <= 241 * minutes
        assert count("sum(rows)", "actor = 'anonymous' AND action = 'items'") == 20_000
        assert count("sum((detail->>'rows')::int)", "action = 'items'") == 40_000
        assert count("sum(rows)", "action = 'refused'") == 20_000
        assert count("sum(coalesce(rows, 1))", "actor = 'ningbo'") == 20_000
        assert count("count(*)", "target = 'other GET'") == 0
        assert check(conn, Heads(tmp_path)).broken is None


def test_a_line_that_cannot_be_sealed_stops_no_other(audit_url, tmp_path):
    with connect(audit_url) as conn:
        conn.execute("ALTER TABLE audit ADD CHECK (target <> 'refused by the table')")

    async def work(_, audit):
        for n in range(100):
            audit.record(DUTY, "items", "ports", rows=n)
        audit.record(DUTY, "items", "refused by the table", rows=7)
        audit.record(DUTY, "items", "ports", rows="no number")
        for n in range(100, 130):
            audit.record(DUTY, "items", "ports", rows=n)

    serving(audit_url, tmp_path, work)
    with connect(audit_url) as conn:
        query = "SELECT array_agg(rows ORDER BY seq) FROM audit WHERE action = 'items'"
        assert conn.execute(query).fetchone()[0] == list(range(130))
        query = "SELECT actor, detail->>'action', detail->>'why', detail->>'sha256' FROM audit"
        markers = conn.execute(f"{query} WHERE action = 'unsealed' ORDER BY seq").fetchall()
        assert [marker[:2] for marker in markers] == [("ningbo", "items")] * 2
        assert "CheckViolation" in markers[0][2] and "ValueError" in markers[1][2]
        assert all(len(marker[3]) == 64 for marker in markers)
        assert check(conn, Heads(tmp_path)).broken is None


def test_it_waits_for_the_database_tells_so_and_goes_on(audit_url, tmp_path, monkeypatch):
    monkeypatch.setattr(audit_module, "LATE_S", 0.0)
    monkeypatch.setattr(audit_module, "QUEUE_LIMIT", 30)
    gauges = Gauges()

    def shown(name):
        return gauges.values()[f"audit_{name}"]

    async def work(_, audit):
        audit.show(gauges)
        with connect(audit_url) as conn:
            conn.execute("REVOKE INSERT ON audit FROM sigang_app")
        for n in range(40):
            audit.record(DUTY, "items", "ports", rows=n)
        await until(lambda: waiting(tmp_path))
        assert "audit lines wait" in waiting(tmp_path)[0]
        assert shown("waiting_lines") >= 30
        assert shown("waiting_seconds") > 0
        assert shown("dropped_total") == 10
        with connect(audit_url) as conn:
            conn.execute("GRANT INSERT ON audit TO sigang_app")
        await until(lambda: shown("waiting_lines") == 0)
        monkeypatch.setattr(audit_module, "LATE_S", 10.0)
        await until(lambda: not waiting(tmp_path))

    serving(audit_url, tmp_path, work)
    with connect(audit_url) as conn:
        counts = dict(conn.execute("SELECT action, count(*) FROM audit GROUP BY action").fetchall())
        assert counts == {"items": 30, "dropped": 1}
        row = conn.execute("SELECT rows, actor FROM audit WHERE action = 'dropped'").fetchone()
        assert row == (10, "the server")
        assert check(conn, Heads(tmp_path)).broken is None
