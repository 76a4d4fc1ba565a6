"""One line of the audit: cleaned, bounded, and bound by its hash to the line before it."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple

import orjson

from spatial.actor import Actor
from spatial.json_types import Json, JsonObject

GENESIS = bytes(32)
LONGEST_PURPOSE = 120
LONGEST_TEXT = 200
"""Characters kept of a target, an area and of each text in a detail."""
LARGEST_DETAIL = 4_096
"""Bytes of a detail; of a longer one its beginning and its hash are kept."""
MOST_MEMBERS, DEEPEST = 40, 3
PURPOSE_BY_ROLE = {
    "anonymous": "public use",
    "admin": "administration",
    "dispatcher": "dispatch",
    "planner": "planning",
    "duty": "duty",
    "developer": "development",
}
SERVER = Actor("the server", "admin", "")
"""Who writes the lines that tell something of the audit itself; no account has such an id."""
_UNSAFE = dict.fromkeys(
    (*range(32), *range(127, 160), 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A)),
    "\ufffd",
)
"""Control characters, line separators and those that turn the direction of a text."""


class Prepared(NamedTuple):
    """What is written of a line, and the text that its hash covers."""

    at: datetime
    actor: str
    role: str
    scope: str
    action: str
    target: str
    area: str | None
    purpose: str
    rows: int | None
    detail: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the audit before it is sealed."""

    actor: Actor
    action: str
    target: str
    area: str | None = None
    rows: int | None = None
    purpose: str | None = None
    detail: Mapping[str, object] = field(default_factory=dict)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def prepared(self) -> Prepared:
        """Return the line as it will be written, whatever was put into it."""
        role = clean(self.actor.role, LONGEST_TEXT)
        purpose = clean(self.purpose or "", LONGEST_PURPOSE).strip()
        detail = clean_detail(self.detail)
        line = Prepared(
            at=self.at,
            actor=clean(self.actor.account_id or "anonymous", LONGEST_TEXT),
            role=role,
            scope=clean(self.actor.scope, LONGEST_TEXT),
            action=clean(self.action, LONGEST_TEXT),
            target=clean(self.target, LONGEST_TEXT),
            area=None if self.area is None else clean(self.area, LONGEST_TEXT),
            purpose=purpose or PURPOSE_BY_ROLE.get(role, role),
            rows=None if self.rows is None else max(-(2**62), min(int(self.rows), 2**62)),
            detail=orjson.dumps(detail).decode(),
            body=b"",
        )
        at = self.at.astimezone(UTC).isoformat(timespec="microseconds")
        hashed = {**line._asdict(), "at": at, "detail": detail}
        del hashed["body"]
        return line._replace(body=body_text(hashed))


def body_text(fields: Mapping[str, object]) -> bytes:
    """Return the text of a line's fields that its hash covers."""
    return orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)


def link_hash(prev_hash: bytes, seq: int, body: bytes) -> bytes:
    """Return the SHA-256 that binds a line to the one before it."""
    return hashlib.sha256(prev_hash + b"[%d,%b]" % (seq, body)).digest()


def clean(text: str, most: int) -> str:
    """Return the beginning of a text without characters that a database or a terminal refuses."""
    short = text[:most]
    if short.isascii() and short.isprintable():
        return short
    return short.encode("utf-8", "replace").decode().translate(_UNSAFE)


def clean_detail(detail: Mapping[str, object]) -> JsonObject:
    """Return a detail that is stored as it is hashed: plain values, few, short."""
    found = {name: _plain(part, DEEPEST - 1) for name, part in _members(detail)}
    text = orjson.dumps(found)
    if len(text) <= LARGEST_DETAIL:
        return found
    start = clean(text[: LARGEST_DETAIL // 4].decode("utf-8", "replace"), LARGEST_DETAIL)
    return {"cut": start, "bytes": len(text), "sha256": hashlib.sha256(text).hexdigest()}


def _plain(value: object, depth: int) -> Json:
    """Return a value that comes back from the database as it went in."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if abs(value) < 2**53 else clean(str(value), LONGEST_TEXT)
    if isinstance(value, float):
        kept = value == 0 or (math.isfinite(value) and 1e-9 < abs(value) < 1e15)
        return float(value) + 0.0 if kept else repr(float(value))
    if depth and isinstance(value, Mapping):
        return {name: _plain(part, depth - 1) for name, part in _members(value)}
    if depth and isinstance(value, list | tuple):
        return [_plain(part, depth - 1) for part in value[:MOST_MEMBERS]]
    return clean(str(value), LONGEST_TEXT)


def _members(value: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Yield the first members of an object, their names cleaned."""
    for name, part in islice(value.items(), MOST_MEMBERS):
        yield clean(str(name), LONGEST_TEXT), part
