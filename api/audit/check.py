"""Check the audit: every line against the one before it, and against what is kept elsewhere.

The chain starts at line 1, or after a signed pruning. A break that an administrator accepted stays
in the table; the lines before it are still bound by what its marker says of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypedDict, cast

import psycopg
from psycopg.rows import dict_row

from api.audit.chain_store import BROKEN, COLUMNS, LINES, anchors, hash_of
from api.audit.heads import HEAD, Head, Heads, Record, parse_records
from api.audit.line import GENESIS, body_text, link_hash
from spatial.json_types import JsonObject

TURNS = frozenset({"restore", "reset", "accept", "settle", "prune"})


class Line(TypedDict):
    """A line of the audit as the table has it."""

    seq: int
    at: datetime
    actor: str
    role: str
    scope: str
    action: str
    target: str
    area: str | None
    purpose: str
    rows: int | None
    detail: JsonObject
    prev_hash: bytes
    hash: bytes
    sealed_at: datetime


@dataclass(slots=True)
class Found:
    """What a check found.

    Attributes
    ----------
    lines
        Lines read.
    broken
        The first break, in a sentence; None where the chain is whole.
    at
        The line at which it shows, where there is one.
    accepted
        Breaks that were accepted.
    last
        The last line read.
    turns
        Signed records by which earlier ones no longer count: restores, accepted breaks, prunings.
    """

    lines: int = 0
    broken: str | None = None
    at: Head | None = None
    accepted: int = 0
    last: Head = field(default_factory=lambda: Head(0, GENESIS))
    turns: list[Record] = field(default_factory=list)


class Expected:
    """What signed records demand of the table: lines with their hashes, and where it may begin."""

    def __init__(self, records: Iterable[Record]) -> None:
        self.lines: dict[int, bytes] = {}
        self.begins: set[Head] = set()
        self.accepted: set[Head] = set()
        for record in sorted(records, key=lambda record: record.at):
            self._take(record.kind, record.head)

    def _take(self, kind: str, head: Head) -> None:
        if kind in ("head", "month", "break"):
            self.lines[head.seq] = head.digest
        elif kind == "prune":
            self.begins.add(head)
            self._keep(lambda seq: seq > head.seq)
        elif kind == "accept":
            self.accepted.add(head)
            self.lines.pop(head.seq, None)
        elif kind == "restore":
            self._keep(lambda seq: seq < head.seq)
            if head.seq:
                self.lines[head.seq] = head.digest
        elif kind in ("reset", "settle"):
            self.lines.clear()

    def begin(self, seq: int) -> Head:
        """Return what lies before the first line of the table, whose number is given."""
        pruned = (head for head in self.begins if head.seq < seq)
        return max(pruned, default=Head(0, GENESIS))

    def _keep(self, wanted: Callable[[int], bool]) -> None:
        self.lines = {seq: digest for seq, digest in self.lines.items() if wanted(seq)}


def check(
    conn: psycopg.Connection,
    heads: Heads | None = None,
    copied: str | None = None,
    keys: frozenset[str] = frozenset(),
) -> Found:
    """Read the whole chain.

    Parameters
    ----------
    conn
        Connection that may read the audit; in a transaction.
    heads
        The state folder's files: head, list and keys.
    copied
        Text of a list that was kept elsewhere, checked besides.
    keys
        Public keys known from elsewhere; without any those of the state folder count.
    """
    records, unsigned = _records(conn, heads, copied, keys)
    found = Found(turns=[record for record in records if record.kind in TURNS])
    expected = Expected(records)
    with conn.cursor(name="audit_chain", row_factory=dict_row) as cursor:
        cursor.execute(LINES)
        for line in cursor:
            _step(found, expected, cast(Line, line))
            if found.broken:
                return found
    if unsigned:
        found.broken = f"{unsigned} lines of the list of heads were not signed by a known key"
    elif expected.lines and max(expected.lines) > found.last.seq:
        found.broken = f"the chain was cut or rewritten before line {max(expected.lines)}"
    elif heads is not None:
        found.broken = _against_head(conn, heads, found)
    return found


def _records(
    conn: psycopg.Connection, heads: Heads | None, copied: str | None, keys: frozenset[str]
) -> tuple[list[Record], int]:
    """Return the records that a known key signed, and how many others there are."""
    if heads is None:
        return [], 0
    given = heads.records() + parse_records("\n".join(anchors(conn)))
    given = list(dict.fromkeys(given + parse_records(copied or "")))
    known = keys or heads.keys()
    good = [record for record in given if record.holds(known)]
    return good, len(given) - len(good)


def _step(found: Found, expected: Expected, line: Line) -> None:
    """Check one line and go on to the next."""
    here = Head(line["seq"], line["hash"])
    if not found.lines:
        found.last = expected.begin(here.seq)
    linked = (here.seq - 1, line["prev_hash"]) == found.last
    found.broken = _fault(found.last, linked, line)
    if found.broken and here in expected.accepted and _tells_of(line, found.last):
        found.broken, found.accepted = None, found.accepted + 1
    wanted = expected.lines.pop(here.seq, here.digest)
    if found.broken is None and wanted != here.digest:
        found.broken = f"the chain was cut or rewritten before line {here.seq}, which was signed"
    found.lines += 1
    if found.broken:
        found.at = here
    else:
        found.last = here


def _fault(last: Head, linked: bool, line: Line) -> str | None:
    seq = line["seq"]
    if line["action"] == BROKEN:
        return f"the chain was broken before line {seq}: {line['detail'].get('why')}"
    if not linked and seq > last.seq + 1:
        return f"lines {last.seq + 1} to {seq - 1} are missing"
    if not linked or link_hash(line["prev_hash"], seq, _body(line)) != line["hash"]:
        return f"line {seq} was changed"
    return None


def _body(line: Line) -> bytes:
    fields = {name: value for name, value in line.items() if name in COLUMNS[2:11]}
    at = line["at"].astimezone(UTC).isoformat(timespec="microseconds")
    return body_text({**fields, "at": at})


def _tells_of(line: Line, last: Head) -> bool:
    """Tell whether an accepted marker is unchanged and names the line that now lies before it."""
    if line["action"] != BROKEN:
        return True
    detail = line["detail"]
    told = detail.get("last_seq"), detail.get("last_hash")
    whole = link_hash(line["prev_hash"], line["seq"], _body(line)) == line["hash"]
    return whole and told == (last.seq, last.digest.hex())


def _against_head(conn: psycopg.Connection, heads: Heads, found: Found) -> str | None:
    noted = heads.read()
    if noted is None:
        if not found.lines:
            return None
        return f"{HEAD} is missing from {heads.home}, though there are {found.lines} lines"
    if noted.seq == 0:
        return None
    if hash_of(conn, noted.seq) != noted.digest:
        return f"the chain was cut or rewritten before line {noted.seq}"
    return None
