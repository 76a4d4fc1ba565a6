"""audit: verify, read, export, sign and prune the log of who asked and changed what."""

from __future__ import annotations

import re
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import cast

import psycopg
from psycopg.rows import dict_row

from api.audit.chain_store import COLUMNS, anchors
from api.audit.check import Line, check
from api.audit.heads import LIST, Heads
from api.audit.month_store import prune, sign_months
from api.cli.audit_format import FORMATS
from api.cli.ground import Ground, ground, owner_connection
from api.cli.noted import note
from api.cli.up import confirmed
from spatial.errors import BadParameter
from spatial.settings import Settings

FOLLOW_EVERY_S = 1.0
PAGE = 1_000
MOST_MONTHS = 1_200
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_PAGE = (
    f"SELECT {', '.join(COLUMNS)} FROM sigang.audit"  # noqa: S608
    " WHERE seq > %s AND sealed_at >= %s ORDER BY seq LIMIT %s"
)


def audit(settings: Settings, options: Namespace) -> int:
    """Do what was asked; exit code 1 where the chain is broken."""
    with ground(settings) as base:
        return WHAT[options.what](base, options)


def _verify(base: Ground, options: Namespace) -> int:
    heads = Heads(base.settings.home)
    copied = options.heads.read_text("utf-8") if options.heads else None
    keys = frozenset([options.key.lower()] if options.key else [])
    with owner_connection(base) as conn:
        found = check(conn, heads, copied, keys)
    for turn in found.turns:
        print(f"! {turn.kind} at line {turn.head.seq}, {turn.at}")
    if found.broken:
        print(f"✗ {found.broken}")
        return 1
    print(f"✓ {found.lines} lines are whole, the last is {found.last.seq}")
    return 0


def _export(base: Ground, options: Namespace) -> int:
    shown = FORMATS[getattr(options, "format", "text")]
    with owner_connection(base) as conn:
        for line in _lines(conn, since(options.since), options.follow):
            print(shown(line), flush=options.follow)
    return 0


def _lines(conn: psycopg.Connection, begin: datetime, follow: bool) -> Iterator[Line]:
    seq = 0
    while True:
        with conn.cursor(row_factory=dict_row) as cursor:
            page = cursor.execute(_PAGE, [seq, begin, PAGE]).fetchall()
        conn.rollback()
        yield from cast(list[Line], page)
        if page:
            seq = page[-1]["seq"]
        elif follow:
            time.sleep(FOLLOW_EVERY_S)
        else:
            return


def since(text: str | None) -> datetime:
    """Return the time that a text means: RFC 3339, or how long ago.

    Raises
    ------
    BadParameter
        It means none.
    """
    if text is None:
        return datetime.min.replace(tzinfo=UTC)
    ago = re.fullmatch(r"(\d{1,6})([mhd])", text)
    if ago:
        return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise BadParameter(
            f"--since {text!r} is neither an RFC 3339 time nor like 30m, 1h, 7d",
            f"--since {text!r} 既不是 RFC 3339 时间，也不是 30m、1h、7d 这样的时长",
        )
    return found


def _heads(base: Ground, _: Namespace) -> int:
    heads = Heads(base.settings.home)
    for key in sorted(heads.keys()):
        print(f"# public key {key}")
    file = base.settings.home / LIST
    sys.stdout.write(file.read_text("utf-8") if file.exists() else "")
    return 0


def _anchors(base: Ground, _: Namespace) -> int:
    heads = Heads(base.settings.home)
    with owner_connection(base) as conn:
        sign_months(conn, heads, datetime.now(UTC))
        conn.commit()
        for record in anchors(conn):
            print(record)
    return 0


def _prune(base: Ground, options: Namespace) -> int:
    if not 1 <= options.older_than <= MOST_MONTHS:
        raise BadParameter(
            f"--older-than is from 1 to {MOST_MONTHS} months",
            f"--older-than 为 1 至 {MOST_MONTHS} 个月",
        )
    question = f"Delete the audit's months that ended {options.older_than} months ago or earlier?"
    if not options.yes and not confirmed(question):
        return 1
    with owner_connection(base) as conn:
        gone = prune(conn, Heads(base.settings.home), options.older_than)
    if gone is None:
        print("There is no month that old.")
        return 0
    last, lines = gone
    note(base, "prune", "audit", rows=lines, detail={"seq": last.seq, "hash": last.digest.hex()})
    print(f"{lines} lines up to {last.seq} were deleted; the rest verifies from the signed end")
    return 0


def _accept(base: Ground, options: Namespace) -> int:
    """Seal who accepts and why, then sign each line that is broken, and that what is cut is so."""
    heads = Heads(base.settings.home)
    note(base, "audit-accept", "audit", detail={"reason": options.reason})
    with owner_connection(base) as conn:
        found, before = check(conn, heads), None
        while found.broken and (found.broken, found.at) != before:
            print(f"accepted: {found.broken}")
            with heads.held():
                heads.sign("accept" if found.at else "settle", found.at or found.last)
            found, before = check(conn, heads), (found.broken, found.at)
    if found.broken:
        print(f"✗ {found.broken}: this cannot be accepted")
    return 1 if found.broken else 0


WHAT: dict[str, Callable[[Ground, Namespace], int]] = {
    "verify": _verify,
    "tail": _export,
    "export": _export,
    "heads": _heads,
    "anchors": _anchors,
    "prune": _prune,
    "accept": _accept,
}
