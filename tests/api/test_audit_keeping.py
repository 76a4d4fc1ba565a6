"""The audit kept: breaks that stay to be seen, signed heads, months, backups, the command line."""

import json
import shutil
from datetime import UTC, datetime

import pytest

from api.audit.chain_store import COLUMNS
from api.audit.check import check
from api.audit.heads import HEAD, KEY, LIST, Head, Heads, parse_records
from api.audit.line import GENESIS, body_text, link_hash
from api.audit.month_store import make_months, prune, tidy
from api.cli.__main__ import main
from api.cli.audit_format import syslog_line
from api.http.gauges import Gauges
from spatial.postgres import migrate
from spatial.postgres.db import connect
from tests.api.auditworld import DUTY, serving, until


def forge(conn):
    """Make a whole chain of what is in the table, as one may who can change it."""
    names = ", ".join(COLUMNS)
    rows = conn.execute(f"SELECT {names} FROM audit ORDER BY seq").fetchall()
    prev = GENESIS
    for seq, row in enumerate(rows, 1):
        line = dict(zip(COLUMNS, row, strict=True))
        at = line["at"].astimezone(UTC).isoformat(timespec="microseconds")
        body = body_text({name: line[name] for name in COLUMNS[2:11]} | {"at": at})
        digest = link_hash(prev, seq, body)
        change = "UPDATE audit SET seq = %s, prev_hash = %s, hash = %s WHERE seq = %s"
        conn.execute(change, [seq, prev, digest, line["seq"]])
        prev = digest


async def twenty(db, audit):
    for n in range(20):
        audit.record(DUTY, "items", "ports", rows=n)
    async with db.write(DUTY) as conn:
        await audit.write(conn, DUTY, "close", "event")


@pytest.mark.parametrize(
    ("tamper", "queued"),
    [
        ("DELETE FROM audit WHERE seq > 6", True),
        ("TRUNCATE audit", False),
        ("UPDATE audit SET actor = 'x' WHERE seq = 5", True),
    ],
)
def test_a_running_server_does_not_heal_the_chain(audit_url, tmp_path, tamper, queued, monkeypatch):
    monkeypatch.setattr("api.audit.heads.LIST_EVERY_S", 3_600.0)

    heads, gauges = Heads(tmp_path), Gauges()

    async def work(db, audit):
        audit.show(gauges)
        await twenty(db, audit)
        await until(lambda: heads.read().seq == 21)
        with connect(audit_url) as conn:
            conn.execute(tamper)
            forge(conn)
        for n in range(30):
            if queued:
                audit.record(DUTY, "items", "roads", rows=n)
            else:
                async with db.write(DUTY) as conn:
                    await audit.write(conn, DUTY, "close", f"event/{n}")
        await until(lambda: gauges.values()["audit_breaks_total"] == 1)

    serving(audit_url, tmp_path, work)
    with connect(audit_url) as conn:
        assert "chain was broken" in check(conn, heads).broken
        new = "SELECT count(*) FROM audit WHERE target = 'roads' OR target LIKE 'event/%'"
        assert conn.execute(new).fetchone() == (30,)
        marker = conn.execute("SELECT seq, detail FROM audit WHERE action = 'chain-broken'")
        seq, detail = marker.fetchone()
        assert detail["expected_seq"] == 21 < seq
        conn.execute("DELETE FROM audit WHERE action = 'chain-broken'")
        assert "missing" in check(conn, heads).broken
        forge(conn)
        assert "cut or rewritten" in check(conn, heads).broken
        conn.rollback()
    serving(audit_url, tmp_path, twenty)
    with connect(audit_url) as conn:
        assert "chain was broken" in check(conn, heads).broken


def cli(home, url, *arguments):
    """Run a command of Sigang in this process."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SIGANG_HOME", str(home))
        patched.setenv("SIGANG_DATABASE_URL", url)
        patched.setattr("signal.signal", lambda *_: None)
        return main([str(argument) for argument in arguments])


def test_a_break_is_accepted_and_the_next_is_found(audit_url, tmp_path, capsys):
    serving(audit_url, tmp_path, twenty)
    (tmp_path / HEAD).unlink()
    with connect(audit_url) as conn:
        conn.execute("UPDATE audit SET rows = 99 WHERE seq = 4")
        conn.execute("DELETE FROM audit WHERE seq > 15")
    assert cli(tmp_path, audit_url, "audit", "verify") == 1
    assert "line 4 was changed" in capsys.readouterr().out
    assert cli(tmp_path, audit_url, "audit", "accept", "--reason", "演练") == 0
    assert "line 4 was changed" in capsys.readouterr().out
    assert cli(tmp_path, audit_url, "audit", "verify") == 0
    assert "accept at line 4" in capsys.readouterr().out
    serving(audit_url, tmp_path, twenty)
    with connect(audit_url) as conn:
        assert check(conn, Heads(tmp_path)).broken is None
        query = "SELECT actor, detail->>'reason' FROM audit WHERE action = 'audit-accept'"
        assert conn.execute(query).fetchone() == ("command line", "演练")
        for where in ("seq = 9", "seq = 14", "seq = 20"):
            conn.execute(f"UPDATE audit SET actor = 'y' WHERE {where}")
            assert check(conn, Heads(tmp_path)).broken is not None
            conn.rollback()


def test_a_copied_list_shows_what_was_done_with_all_rights(audit_url, tmp_path, capsys):
    home, copy = tmp_path / "home", tmp_path / "copy.heads"
    home.mkdir()
    serving(audit_url, home, twenty)
    assert cli(home, audit_url, "audit", "heads") == 0
    copy.write_text(capsys.readouterr().out)
    key = copy.read_text().split()[3]
    assert len(parse_records(copy.read_text())) >= 2
    assert (home / KEY).stat().st_mode & 0o777 == 0o600
    given = ("audit", "verify", "--heads", copy, "--key", key)
    assert cli(home, audit_url, *given) == 0
    shutil.rmtree(home)  # all is forged: table, head, list and key
    home.mkdir()
    with connect(audit_url) as conn:
        conn.execute("UPDATE audit SET actor = 'y' WHERE seq = 3")
        forge(conn)
        last = Head(*conn.execute("SELECT seq, hash FROM audit WHERE seq = 21").fetchone())
    Heads(home).note(last)
    assert cli(home, audit_url, "audit", "verify") == 0
    assert cli(home, audit_url, *given) == 1
    forged = copy.read_text().replace(" head 21 ", " head 22 ")
    copy.write_text(forged)
    assert cli(home, audit_url, *given) == 1


def test_heads_never_go_back_and_survive_a_cut_line(tmp_path):
    heads = Heads(tmp_path)
    for seq in (5, 9, 7):
        heads.note(Head(seq, bytes([seq]) * 32))
    assert heads.read() == Head(9, b"\x09" * 32)
    with (tmp_path / LIST).open("a") as out:
        out.write("2026-03-02T00:00:00+00:00 head 10 0a0")
    heads.list_last()
    records = heads.records()
    assert [record.head.seq for record in records] == [5, 9]
    assert all(record.holds(heads.keys()) for record in records)
    (tmp_path / HEAD).write_text("nonsense")
    assert heads.read() is None


def backdate(conn, months):
    """Put the first ten lines where they would lie had they been sealed so long ago."""
    old = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    make_months(conn, old.replace(year=old.year - months // 12))
    conn.execute(
        "UPDATE audit SET sealed_at = sealed_at - %s * interval '1 month' WHERE seq <= 10", [months]
    )
    conn.commit()


def test_old_months_are_signed_and_pruned_and_the_rest_verifies(audit_url, tmp_path, capsys):
    serving(audit_url, tmp_path, twenty)
    heads = Heads(tmp_path)
    with connect(audit_url) as conn:
        backdate(conn, 24)
        tidy(audit_url, heads)
        (record,) = conn.execute("SELECT record FROM audit_anchor").fetchone()
        assert parse_records(record)[0].head.seq == 10
        assert conn.execute("SELECT count(*) FROM audit_default").fetchone() == (0,)
    assert cli(tmp_path, audit_url, "audit", "anchors") == 0
    assert record in capsys.readouterr().out
    prune_old = ("audit", "prune", "--yes", "--older-than")
    assert cli(tmp_path, audit_url, *prune_old, 36) == 0
    assert "no month that old" in capsys.readouterr().out
    assert cli(tmp_path, audit_url, *prune_old, 12) == 0
    assert "10 lines up to 10 were deleted" in capsys.readouterr().out
    serving(audit_url, tmp_path, twenty)
    with connect(audit_url) as conn:
        found = check(conn, heads)
        assert found.broken is None
        assert found.lines == 11 + 1 + 21
        first = conn.execute("SELECT min(seq) FROM audit").fetchone()
        assert first == (11,)
        assert check(conn).broken == "lines 1 to 10 are missing"
        conn.execute("DELETE FROM audit WHERE seq = 11")
        assert check(conn, heads).broken == "lines 11 to 11 are missing"
        assert prune(conn, heads, 1) is None


def test_a_broken_chain_is_not_pruned(audit_url, tmp_path):
    serving(audit_url, tmp_path, twenty)
    with connect(audit_url) as conn:
        backdate(conn, 24)
        conn.execute("UPDATE audit SET actor = 'y' WHERE seq = 3")
    assert cli(tmp_path, audit_url, "audit", "prune", "--yes", "--older-than", 12) == 1
    with connect(audit_url) as conn:
        assert conn.execute("SELECT count(*) FROM audit WHERE seq <= 10").fetchone() == (10,)


def test_a_restored_database_goes_on_with_its_own_chain(database_url, tmp_path, capsys):
    file, other = tmp_path / "x.backup", tmp_path / "another machine"
    other.mkdir()
    serving(database_url, tmp_path, twenty)
    assert cli(tmp_path, database_url, "backup", file) == 0
    signer = capsys.readouterr().out.split()[-1]
    serving(database_url, tmp_path, twenty)
    for home in (tmp_path, other):
        assert cli(home, database_url, "restore", file, "--yes", "--signer", signer) == 0
        serving(database_url, home, twenty)
        with connect(database_url) as conn:
            assert check(conn, Heads(home)).broken is None
            query = "SELECT action FROM audit WHERE actor = 'command line' ORDER BY seq"
            assert [action for (action,) in conn.execute(query)] == ["restore"]
            conn.execute("DELETE FROM audit WHERE seq > 30")
            assert "cut or rewritten" in check(conn, Heads(home)).broken
            conn.rollback()


def test_the_chain_goes_on_over_the_migration_to_months(database_url, tmp_path):
    serving(database_url, tmp_path, twenty)
    with connect(database_url) as conn:
        before = conn.execute("SELECT seq, hash FROM audit ORDER BY seq").fetchall()
    migrate.downgrade(database_url, "0008")
    with connect(database_url) as conn:
        assert conn.execute("SELECT seq, hash FROM audit ORDER BY seq").fetchall() == before
    migrate.upgrade(database_url)
    serving(database_url, tmp_path, twenty)
    with connect(database_url) as conn:
        now = conn.execute("SELECT seq, hash FROM audit ORDER BY seq").fetchall()
        assert now[:21] == before and len(now) == 42
        assert check(conn, Heads(tmp_path)).broken is None
    migrate.downgrade(database_url, "0008")
    with connect(database_url) as conn:
        conn.execute("UPDATE audit SET at = at - interval '13 months' WHERE seq < 9")
    migrate.upgrade(database_url)
    with connect(database_url) as conn:
        parts = "SELECT count(*) FROM audit GROUP BY tableoid ORDER BY min(seq)"
        assert conn.execute(parts).fetchall() == [(8,), (34,)]
        assert conn.execute("SELECT count(*) FROM audit_default").fetchone() == (0,)


def test_what_the_command_line_does_is_told_and_exported(audit_url, tmp_path, capsys):
    serving(audit_url, tmp_path, twenty)
    assert cli(tmp_path, audit_url, "migrate", "head") == 0
    assert cli(tmp_path, audit_url, "token", "developer", "--label", 'a"]\\b') == 0
    capsys.readouterr()
    assert cli(tmp_path, audit_url, "audit", "tail", "--since", "10m") == 0
    told = capsys.readouterr().out.splitlines()
    assert len(told) == 24
    assert "command line (admin) rules" in told[21] and "in force from" in told[21]
    assert "command line (admin) migrate" in told[22] and '"os_user"' in told[22]
    assert "token developer" in told[23]
    assert cli(tmp_path, audit_url, "audit", "export") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["seq"] for line in lines] == list(range(1, 25))
    assert cli(tmp_path, audit_url, "audit", "export", "--format", "syslog") == 0
    messages = capsys.readouterr().out.splitlines()
    assert messages[0].startswith("<110>1 20") and ' seq="1" ' in messages[0]
    line = lines[0] | {"at": datetime.now(UTC), "hash": b"", "purpose": 'a"]\\b'}
    assert 'purpose="a\\"\\]\\\\b"' in syslog_line(line)
    assert cli(tmp_path, audit_url, "audit", "tail", "--since", "yesterday") == 1
    assert cli(tmp_path, audit_url, "audit", "prune", "--older-than", 99_999_999) == 1
    assert cli(tmp_path, audit_url, "audit", "verify", "--heads", tmp_path / "none") == 1
