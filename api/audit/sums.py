"""Sums of what is too much for a line each: per actor, action, target and minute, and bounded."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from api.audit.line import LONGEST_TEXT, Entry
from spatial.actor import Actor

OTHER = "other"
_Key = tuple[Actor, str, str, tuple[tuple[str, object], ...], int]


class Sums:
    """Counts of one kind of caller.

    Parameters
    ----------
    most
        Different sums kept at once; what comes after them is counted as `other`.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._of: dict[_Key, list[int]] = {}

    def __len__(self) -> int:
        """Return how many sums are kept."""
        return len(self._of)

    def add(
        self,
        actor: Actor,
        action: str,
        target: str,
        rows: int = 0,
        detail: tuple[tuple[str, object], ...] = (),
    ) -> None:
        """Count one call and the rows that it read."""
        key = actor, action, target, detail, int(time.time() // 60)
        found = self._of.get(key)
        if found is None:
            found = self._new(key)
        found[0] += 1
        found[1] += rows

    def _new(self, key: _Key) -> list[int]:
        actor, action, target, detail, minute = key
        key = actor, action, target[:LONGEST_TEXT], detail, minute
        if len(self._of) >= self._most:
            key = actor, action, OTHER, (), minute
        return self._of.setdefault(key, [0, 0])

    def take(self, before: float) -> list[Entry]:
        """Return the sums of minutes that ended before a time, and forget them."""
        ended = [key for key in self._of if (key[-1] + 1) * 60 <= before]
        return [self._entry(key, *self._of.pop(key)) for key in ended]

    @staticmethod
    def _entry(key: _Key, calls: int, rows: int) -> Entry:
        actor, action, target, detail, minute = key
        at = datetime.fromtimestamp(minute * 60, UTC)
        told: dict[str, object] = dict(detail) | ({"rows": rows} if rows else {})
        return Entry(actor, action, target, rows=calls, detail=told, at=at)
