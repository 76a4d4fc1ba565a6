"""Speeds that detectors send in bulk: arrays by key, the newest upload of each source counts."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from routing.graph.graph import Graph, Ids
from routing.graph.weights import Ints

Kmh = NDArray[np.float32]
FORWARD_ONLY, BACKWARD_ONLY, BOTH = 0, 1, 2
NOTHING = np.zeros(0, np.int64)


@dataclass(frozen=True, eq=False)
class Feed:
    """One upload; `row` is negative, so that it differs from the rows of single states.

    `keys` are distinct and sorted, `kmh` their speeds.
    """

    row: int
    source: str
    keys: Ints
    kmh: Kmh
    since: datetime | None
    until: datetime | None

    @classmethod
    def of(
        cls,
        graph: Graph,
        row: int,
        source: str,
        columns: tuple[Sequence[object], Sequence[int], Sequence[float]],
        valid: tuple[datetime | None, datetime | None],
    ) -> Feed:
        """Translate edges, directions (0, 1, 2 for both) and speeds; unknown edges are left out.

        Of an edge that is named twice the last value counts.
        """
        edges = graph.ids.find_all(pairs_of(columns[0]))
        ways, kmh = np.array(columns[1], np.int64), np.array(columns[2], np.float32)
        parts = []
        for way in (FORWARD_ONLY, BACKWARD_ONLY):
            chosen = np.flatnonzero((edges >= 0) & ((ways == way) | (ways == BOTH)))
            parts.append((2 * edges[chosen] + way, kmh[chosen], chosen))
        keys = np.concatenate([part[0] for part in parts])
        values = np.concatenate([part[1] for part in parts])
        order = np.lexsort((np.concatenate([part[2] for part in parts]), keys))
        keys, values = keys[order], values[order]
        last = np.ones(len(keys), np.bool_)
        last[:-1] = keys[1:] != keys[:-1]
        return cls(row, source, keys[last], values[last], *valid)

    def holds(self, at: datetime) -> bool:
        """Tell whether the speeds are in force at a time; the interval is half-open."""
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)


def pairs_of(ids: Sequence[object]) -> NDArray[np.uint64]:
    """Return ids (UUID) as (n, 2) 64-bit halves."""
    raw = b"".join([i.bytes for i in ids])  # type: ignore[attr-defined]
    return np.frombuffer(raw, ">u8").astype(np.uint64).reshape(-1, 2)


def caps_of(feeds: Iterable[Feed], keys: int) -> Kmh | None:
    """Return the speed of every key (NaN: none), None where no feed is given.

    Of one source the newest upload that names a key counts, of several sources the lowest speed.
    """
    by_source: dict[str, Kmh] = {}
    for feed in sorted(feeds, key=lambda feed: -feed.row):
        table = by_source.setdefault(feed.source, np.full(keys, np.nan, np.float32))
        table[feed.keys] = feed.kmh
    tables = list(by_source.values())
    return np.asarray(np.fmin.reduce(tables), np.float32) if tables else None


class Feeds:
    """The uploads in force or to come."""

    def __init__(self, keys: int) -> None:
        self._count = keys
        self._held: dict[int, Feed] = {}
        self._boundaries: list[tuple[datetime, int]] = []
        self._caps: Kmh | None = None
        self._fresh = False

    def __len__(self) -> int:
        return len(self._held)

    def apply(self, added: Iterable[Feed], removed: Iterable[int], at: datetime) -> Ints:
        """Take over uploads and return the keys that they or those removed name."""
        touched = [NOTHING]
        for row in removed:
            feed = self._held.pop(row, None)
            if feed is not None:
                touched.append(feed.keys)
        for feed in added:
            if feed.row in self._held or (feed.until is not None and feed.until <= at):
                continue
            self._held[feed.row] = feed
            touched.append(feed.keys)
            for boundary in (feed.since, feed.until):
                if boundary is not None and boundary > at:
                    heapq.heappush(self._boundaries, (boundary, feed.row))
        keys = np.concatenate(touched)
        if len(keys):
            self._fresh = False
        return keys

    def due(self, at: datetime) -> Ints:
        """Return the keys of uploads that began or ended until a time; ended ones are dropped."""
        if not self._boundaries or self._boundaries[0][0] > at:
            return NOTHING
        touched = [NOTHING]
        while self._boundaries and self._boundaries[0][0] <= at:
            feed = self._held.get(heapq.heappop(self._boundaries)[1])
            if feed is not None:
                touched.append(feed.keys)
                self._fresh = False
                if feed.until is not None and feed.until <= at:
                    del self._held[feed.row]
        return np.concatenate(touched)

    @property
    def next_end(self) -> list[datetime]:
        """The next time at which an upload begins or ends, if there is one."""
        return [time for time, _ in self._boundaries[:1]]

    @property
    def cuts(self) -> list[datetime]:
        """The times at which uploads begin or end."""
        ends = (end for feed in self._held.values() for end in (feed.since, feed.until))
        return [end for end in ends if end is not None]

    def at(self, time: datetime) -> Kmh | None:
        """Return the speed of every key at a time, None where no upload is in force."""
        return caps_of([feed for feed in self._held.values() if feed.holds(time)], self._count)

    def now(self, at: datetime) -> Kmh | None:
        """Return the same, kept until something changes; `due` must have been asked first."""
        if not self._fresh:
            self._caps, self._fresh = self.at(at), True
        return self._caps


def find_known(ids: Ids, edges: Sequence[object]) -> NDArray[np.bool_]:
    """Return which of some row ids (UUID) the network has."""
    return np.asarray(ids.find_all(pairs_of(edges)) >= 0, np.bool_)
