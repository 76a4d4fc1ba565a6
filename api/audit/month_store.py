"""Months of the audit: partitions made ahead, their ends signed, old ones pruned.

Run as the database's owner: the server's own role may add lines and nothing else.
"""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
from psycopg import sql

from api.audit.check import check
from api.audit.heads import Head, Heads, Record
from spatial.errors import Conflict
from spatial.postgres.locks import hold

AHEAD = 3
"""Months for which there is a partition before they begin."""
LOCK_WAIT_MS = 5_000
_LOCK = 0x5369_676D  # "one tidies at a time", an advisory lock's number
CONNECT_WAIT_S = 10
_MONTHS = """
SELECT c.oid::regclass::text, pg_get_expr(c.relpartbound, c.oid)
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'sigang.audit'::regclass AND c.relname ~ '^audit_[0-9]{4}_[0-9]{2}$'
ORDER BY c.relname"""
_LAST = "SELECT seq, hash FROM {} ORDER BY seq DESC LIMIT 1"
_ANCHOR = (
    "INSERT INTO sigang.audit_anchor (kind, seq, record) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
)


def tidy(url: str, heads: Heads) -> None:
    """Make partitions ahead and sign the ends of months that are over."""
    options = f"-c lock_timeout={LOCK_WAIT_MS} -c timezone=UTC"
    with psycopg.connect(url, options=options, connect_timeout=CONNECT_WAIT_S) as conn:
        make_months(conn, datetime.now(UTC))
    with psycopg.connect(url, options=options, connect_timeout=CONNECT_WAIT_S) as conn:
        sign_months(conn, heads, datetime.now(UTC))


def make_months(conn: psycopg.Connection, now: datetime) -> None:
    """Make the partitions of this month and those ahead that are missing."""
    hold(conn, _LOCK)
    for ahead in range(AHEAD + 1):
        begin = _month(now, ahead)
        name = f"audit_{begin:%Y_%m}"
        if conn.execute("SELECT to_regclass(%s)", [f"sigang.{name}"]).fetchone() != (None,):
            continue
        table = sql.Identifier("sigang", name)
        conn.execute(sql.SQL("CREATE TABLE {} (LIKE sigang.audit INCLUDING ALL)").format(table))
        conn.execute(
            sql.SQL("ALTER TABLE sigang.audit ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})")
            .format(table, sql.Literal(begin), sql.Literal(_month(now, ahead + 1)))
        )  # fmt: skip


def sign_months(conn: psycopg.Connection, heads: Heads, now: datetime) -> None:
    """Sign the last line of each month that is over, in the table and in the list."""
    hold(conn, _LOCK)
    known = {
        seq for (seq,) in conn.execute("SELECT seq FROM sigang.audit_anchor WHERE kind = 'month'")
    }
    for table in _ended(conn, _month(now, 0)):
        last = _last_of(conn, table)
        if last is None or last.seq in known:
            continue
        with heads.held():
            record = heads.sign("month", last)
        _keep(conn, record)


def prune(conn: psycopg.Connection, heads: Heads, months: int) -> tuple[Head, int] | None:
    """Delete whole months that ended at least so many months ago.

    The end of what goes is signed, in the table and in the list, so that the rest still verifies.

    Returns
    -------
    tuple or None
        The last line that went and how many; None where no month is that old.

    Raises
    ------
    Conflict
        The chain is broken: what shows the break must not go.
    """
    tables = _ended(conn, _month(datetime.now(UTC), -months))
    ends = [last for last in (_last_of(conn, table) for table in tables) if last]
    newest = _last_of(conn, "sigang.audit")
    if not ends or newest is None or ends[-1].seq == newest.seq:
        return None
    found = check(conn, heads)
    if found.broken:
        raise Conflict(
            f"Nothing was deleted: {found.broken}", f"未删除任何内容：{found.broken}",
            mend_en="Find out who changed it; ./sigang audit accept takes note of the break.",
            mend_zh="请查明原因；./sigang audit accept 可登记此次断裂。",
        )  # fmt: skip
    lines = sum(_count(conn, table) for table in tables)
    with heads.held():
        record = heads.sign("prune", ends[-1])
    _keep(conn, record)
    for table in tables:
        conn.execute(sql.SQL("DROP TABLE {}").format(sql.SQL(table)))
    conn.commit()
    return ends[-1], lines


def _month(now: datetime, ahead: int) -> datetime:
    """Return the begin of a month in UTC, so many after that of a time."""
    month = now.astimezone(UTC).year * 12 + now.astimezone(UTC).month - 1 + ahead
    return datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)


def _ended(conn: psycopg.Connection, before: datetime) -> list[str]:
    """Return the partitions of months that ended at a time or before, the oldest first."""
    names = [name for name, _ in conn.execute(_MONTHS)]
    return [name for name in names if name.rpartition("audit_")[2] < f"{before:%Y_%m}"]


def _last_of(conn: psycopg.Connection, table: str) -> Head | None:
    row = conn.execute(sql.SQL(_LAST).format(sql.SQL(table))).fetchone()
    return Head(*row) if row else None


def _count(conn: psycopg.Connection, table: str) -> int:
    row = conn.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.SQL(table))).fetchone()
    return row[0] if row else 0


def _keep(conn: psycopg.Connection, record: Record) -> None:
    conn.execute(_ANCHOR, [record.kind, record.head.seq, record.text()])
