"""The table of rules: brought to what the files say, its history kept.

What is to come is what the files say. What was stays as it was stored, but for a version that is
seen for the first time: that one holds from its `valid_from`, also where that has passed. A version
never changes its value, no row is ever deleted, and no two versions are in force at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from spatial.errors import ConfigError
from spatial.postgres.locks import hold
from spatial.rule_files import FOLDER, check_complete, read_rules
from spatial.rules import NEVER, Period

LOCK = 0x5369_7275
COLUMNS = "key, version, value, source, origin, legal_text, valid_from, valid_to"
SELECT = f"SELECT {COLUMNS} FROM sigang.rule ORDER BY key, valid_from, version"  # noqa: S608
_INSERT = f"""
INSERT INTO sigang.rule ({COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"""  # noqa: S608
_UPDATE = """
UPDATE sigang.rule SET source = %s, origin = %s, legal_text = %s, valid_to = %s
WHERE key = %s AND version = %s AND valid_from = %s"""

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Change:
    """One row to insert or update, and what that means."""

    row: Period
    new: bool
    text: str


def load_rules(conn: psycopg.Connection, folder: Path = FOLDER) -> list[str]:
    """Bring the table to what the files say; return what changed, one line each.

    The caller commits; servers are told by a trigger.

    Raises
    ------
    ConfigError
        A file is wrong, or says another value for a stored version; nothing is changed.
    """
    declared = read_rules(folder)
    check_complete(declared, folder)
    hold(conn, LOCK)
    stored, now = read_stored(conn)
    changes = plan(declared, stored, now)
    for change in sorted(changes, key=lambda change: change.new):
        row = change.row
        if change.new:
            conn.execute(
                _INSERT,
                [row.key, row.version, Jsonb(row.value), row.source, row.origin, row.legal_text,
                 row.valid_from, row.valid_to],
            )  # fmt: skip
        else:
            conn.execute(
                _UPDATE,
                [row.source, row.origin, row.legal_text, row.valid_to, row.key, row.version,
                 row.valid_from],
            )  # fmt: skip
    return [change.text for change in changes]


def list_drift(conn: psycopg.Connection, folder: Path = FOLDER) -> list[str]:
    """Return how the table differs from the files: what `load_rules` would change.

    Raises
    ------
    ConfigError
        See `load_rules`.
    """
    stored, now = read_stored(conn)
    return [change.text for change in plan(read_rules(folder), stored, now)]


def read_stored(conn: psycopg.Connection) -> tuple[list[Period], datetime]:
    """Return all periods of the table, and the database's time."""
    with conn.cursor(row_factory=class_row(Period)) as cursor:
        rows = cursor.execute(SELECT).fetchall()
    moment = conn.execute("SELECT clock_timestamp()").fetchone()
    assert moment is not None  # noqa: S101
    return rows, moment[0]


def plan(declared: Sequence[Period], stored: Sequence[Period], now: datetime) -> list[Change]:
    """Return the changes that make stored periods what is declared, see the module.

    Raises
    ------
    ConfigError
        A stored version has another value, or another beginning although it has begun.
    """
    mine, its = _by_key(declared), _by_key(stored)
    wrong = [text for key in mine for text in _refused(mine[key], its.get(key, []), now)]
    if wrong:
        text = "; ".join(wrong)
        raise ConfigError(
            text, text,
            mend_en="Raise the version and give the day from which the new value holds"
            " (valid_from).",
            mend_zh="请提高版本号，并给出新值生效时间（valid_from）。",
            faults=wrong,
        )  # fmt: skip
    changes: list[Change] = []
    for key in sorted({*mine, *its}):
        changes += _changes(mine.get(key, []), its.get(key, []), now)
    return changes


def _by_key(periods: Iterable[Period]) -> dict[str, list[Period]]:
    found: dict[str, list[Period]] = defaultdict(list)
    for period in periods:
        found[period.key].append(period)
    return found


def _refused(declared: list[Period], stored: list[Period], now: datetime) -> list[str]:
    wrong = []
    for one in declared:
        rows = [row for row in stored if row.version == one.version]
        if any(row.value != one.value for row in rows):
            wrong.append(f"{one.key}: version {one.version} is stored with another value")
        begun = any(row.valid_from <= now and not row.empty for row in rows)
        if begun and one.valid_from not in {row.valid_from for row in rows}:
            first = min(row.valid_from for row in rows).isoformat()
            wrong.append(f"{one.key}: version {one.version} has begun at {first}")
    return wrong


def _changes(declared: list[Period], stored: list[Period], now: datetime) -> list[Change]:
    """Return the changes of one key."""
    texts = {one.version: one for one in stored} | {one.version: one for one in declared}
    known = {(row.version, row.valid_from): row for row in stored}
    wanted: dict[tuple[str, datetime], Period] = {}
    for version, spans in _spans(declared, stored, now).items():
        for begin, end in spans:
            until = None if end == NEVER else end
            row = replace(texts[version], valid_from=begin, valid_to=until)
            wanted[version, begin] = row
    for place, row in known.items():
        if place not in wanted:
            begin = row.valid_from
            wanted[place] = replace(texts[row.version], valid_from=begin, valid_to=begin)
    ordered = sorted(wanted.items(), key=lambda item: (item[0][1], item[0][0]))
    pairs = [(known.get(place), row) for place, row in ordered]
    return [Change(row, old is None, _told(old, row)) for old, row in pairs if old != row]


def _spans(declared: list[Period], stored: list[Period], now: datetime) -> dict[str, list[Span]]:
    """Return when each version of one key is in force."""
    seen = {row.version for row in stored}
    fresh = [one for one in declared if one.version not in seen]
    begins = {one.valid_from for one in declared}
    ends = {o.version: o.valid_to for o in declared if o.valid_to and o.valid_to not in begins}
    found: dict[str, list[Span]] = defaultdict(list)
    for row in stored:
        past = [(row.valid_from, min(row.end, now, ends.get(row.version, NEVER)))]
        for one in fresh:
            past = [piece for span in past for piece in _without(span, (one.valid_from, one.end))]
        found[row.version] += past
    for one in fresh:
        found[one.version].append((one.valid_from, min(one.end, now)))
    for one in [*declared, *_lasting(declared, stored, now)]:
        found[one.version].append((max(one.valid_from, now), one.end))
    return {version: _joined(spans) for version, spans in found.items()}


def _lasting(declared: list[Period], stored: list[Period], now: datetime) -> list[Period]:
    """Return what is in force although no file has it any more: until its successor begins."""
    later = [one.valid_from for one in declared if one.valid_from > now]
    kept = {one.version for one in declared}
    if not later or any(one.holds(now) for one in declared):
        return []
    return [
        replace(row, valid_from=now, valid_to=min(later))
        for row in stored
        if row.holds(now) and row.version not in kept
    ]


def _without(span: Span, other: Span) -> list[Span]:
    """Return what is left of a span without another one."""
    (low, high), (begin, end) = span, other
    pieces = [(low, min(high, begin)), (max(low, end), high)]
    return [piece for piece in pieces if piece[0] < piece[1]]


def _joined(spans: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for span in sorted(span for span in spans if span[0] < span[1]):
        begin = joined.pop()[0] if joined and joined[-1][1] >= span[0] else span[0]
        joined.append((begin, span[1]))
    return joined


def _told(old: Period | None, row: Period) -> str:
    """Say what a change means."""
    name = f"{row.key} {row.version}"
    since, until = row.valid_from.isoformat(), row.end.isoformat()
    if row.empty:
        return f"{name}: withdrawn, another version holds from its beginning"
    if old is None:
        return f"{name}: in force from {since}"
    if old.end != row.end:
        return f"{name}: in force until {until}" if row.valid_to else f"{name}: in force again"
    return f"{name}: described anew"
