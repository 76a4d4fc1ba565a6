"""Live state: closures and speed caps of edges with their validity, as arrays for the search."""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from hashlib import blake2b
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from routing.graph.weights import Bools, Ints
from routing.live.speed_feeds import NOTHING, Feed, Feeds, Kmh

CAPS = ("speed", "lane_loss", "weather_limit")
KEPT_CHANGES = 256
KEPT_VIEWS = 16


class EdgeState(NamedTuple):
    """One row of live state of an edge, valid from `since` (None: always) until `until`."""

    row: int
    edge: int
    kind: str
    direction: Literal["both", "forward", "backward"]
    value: float | None
    since: datetime | None
    until: datetime | None
    event: str

    def holds(self, at: datetime) -> bool:
        """Tell whether the state is in force at a time; the interval is half-open."""
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)

    @property
    def keys(self) -> tuple[int, ...]:
        """The keys `2 * edge + direction` that the state acts on."""
        forward = 2 * self.edge
        if self.direction == "both":
            return forward, forward + 1
        return (forward,) if self.direction == "forward" else (forward + 1,)


@dataclass(frozen=True, eq=False)
class EdgeStateView:
    """Which keys are shut, and the speed caps (km/h, NaN: none), at one time; never changed."""

    shut: Bools
    cap_kmh: NDArray[np.float32]

    @classmethod
    def empty(cls, edges: int) -> EdgeStateView:
        """Return the view in which nothing is closed."""
        return cls(np.zeros(2 * edges, np.bool_), np.full(2 * edges, np.nan, np.float32))

    def with_states(self, keys: Ints, states: Iterable[EdgeState]) -> EdgeStateView:
        """Return the view in which `keys` are set anew from the states that hold."""
        shut, cap = self.shut.copy(), self.cap_kmh.copy()
        shut[keys], cap[keys] = False, np.nan
        closed: list[int] = []
        capped: list[tuple[int, float]] = []
        for state in states:
            if state.kind == "closure":
                closed += state.keys
            elif state.kind in CAPS and state.value is not None:
                capped += [(key, state.value) for key in state.keys]
        shut[np.array(closed, np.int64)] = True
        table = np.array(capped, np.float64).reshape(-1, 2)
        np.fmin.at(cap, table[:, 0].astype(np.int64), table[:, 1].astype(np.float32))
        return EdgeStateView(shut, cap)

    def slowed(self, keys: Ints | slice, kmh: Kmh | None) -> EdgeStateView:
        """Return the view in which `keys` are not faster than some speeds (NaN: free)."""
        if kmh is None:
            return self
        cap = self.cap_kmh.copy()
        cap[keys] = np.fmin(cap[keys], kmh[keys])
        return EdgeStateView(self.shut, cap)

    @cached_property
    def token(self) -> bytes:
        """What distinguishes this view from another one."""
        capped = np.flatnonzero(np.isfinite(self.cap_kmh))
        name = blake2b(np.packbits(self.shut).tobytes(), digest_size=16)
        name.update(capped.tobytes())
        name.update(self.cap_kmh[capped].tobytes())
        return name.digest()


@dataclass(frozen=True)
class Snapshot:
    """A view of another time; without a `version` it is of the network version now."""

    view: EdgeStateView
    version: int | None = None


class LiveState:
    """All states in force or to come, the view now, and a log of what changed."""

    def __init__(self, edges: int) -> None:
        self.version = 0
        self.serial = 0
        self.now = EdgeStateView.empty(edges)
        self.feeds = Feeds(2 * edges)
        self._edges = edges
        self._rows: dict[int, EdgeState] = {}
        self._by_edge: dict[int, list[EdgeState]] = {}
        self._boundaries: list[datetime] = []
        self._ending: dict[datetime, set[int]] = {}
        self._changes: list[tuple[int, Ints]] = []
        self._cuts: list[datetime] | None = None
        self._changes_at: datetime | None = None
        self._views: dict[int, EdgeStateView] = {}

    def apply(
        self,
        version: int,
        added: Sequence[EdgeState | Feed],
        removed: Iterable[int],
        at: datetime,
    ) -> None:
        """Take over the rows that lead to a version, and move the view to a time."""
        touched, gone = set(), list(removed)
        for row in gone:
            old = self._rows.pop(row, None)
            if old is not None:
                self._by_edge[old.edge].remove(old)
                touched.add(old.edge)
        for state in added:
            if isinstance(state, Feed) or state.row in self._rows:
                continue
            self._rows[state.row] = state
            self._by_edge.setdefault(state.edge, []).append(state)
            touched.add(state.edge)
            if state.since is not None and state.since > at:
                self._note(state.since, state.edge)
            if state.until is not None and state.until > at:
                self._note(state.until, state.edge)
        fed = self.feeds.apply([feed for feed in added if isinstance(feed, Feed)], gone, at)
        self.version = version
        if touched or len(fed):
            self._cuts = None
        self._refresh(touched | self._due(at), at, np.concatenate([fed, self.feeds.due(at)]))
        self._changes_at = self._next_change()

    def advance(self, at: datetime) -> None:
        """Move the view to a time: states begin and expire without any new version."""
        if self._changes_at is not None and self._changes_at <= at:
            self._refresh(self._due(at), at, self.feeds.due(at))
            self._changes_at = self._next_change()

    def _next_change(self) -> datetime | None:
        """Return when a state or an upload begins or ends next, None where none does."""
        ends = [*self._boundaries[:1], *self.feeds.next_end]
        return min(ends, default=None)

    def _note(self, boundary: datetime, edge: int) -> None:
        """Remember that an edge changes at a time."""
        edges = self._ending.get(boundary)
        if edges is None:
            edges = self._ending[boundary] = set()
            heapq.heappush(self._boundaries, boundary)
        edges.add(edge)

    def _due(self, at: datetime) -> set[int]:
        due: set[int] = set()
        while self._boundaries and self._boundaries[0] <= at:
            due |= self._ending.pop(heapq.heappop(self._boundaries))
        return due

    def _refresh(self, edges: set[int], at: datetime, fed: Ints = NOTHING) -> None:
        if not edges and not len(fed):
            return
        if len(fed):
            known = np.fromiter(self._by_edge, np.int64, len(self._by_edge))
            edges = edges | set(known[np.isin(known, fed >> 1)].tolist())
        own = 2 * np.fromiter(edges, np.int64, len(edges))
        keys = self._distinct([own, own + 1, fed])
        states = [s for e in edges for s in self._by_edge.get(e, []) if s.holds(at)]
        self.now = self.now.with_states(keys, states).slowed(keys, self.feeds.now(at))
        self.serial += 1
        self._changes = [*self._changes[1 - KEPT_CHANGES :], (self.serial, keys)]

    def changed_since(self, serial: int) -> Ints | None:
        """Return the keys changed after a serial, None when the log no longer reaches back."""
        if serial == self.serial:
            return np.zeros(0, np.int64)
        if self._changes and serial < self._changes[0][0] - 1:
            return None
        return self._distinct([keys for s, keys in self._changes if s > serial])

    def _distinct(self, parts: Iterable[Ints]) -> Ints:
        """Return the distinct keys of several lists in order, faster than by sorting."""
        named = np.zeros(2 * self._edges, np.bool_)
        for keys in parts:
            named[keys] = True
        return np.flatnonzero(named)

    def at(self, time: datetime, now: datetime) -> EdgeStateView | None:
        """Return the view at another time by the states known now, None if it is that of now.

        Between two boundaries of validity nothing changes: one view serves the interval.
        """
        if self._cuts is None:
            ends = (end for state in self._rows.values() for end in (state.since, state.until))
            known = {end for end in ends if end is not None} | set(self.feeds.cuts)
            self._cuts, self._views = sorted(known), {}
        interval = bisect_right(self._cuts, time)
        if interval == bisect_right(self._cuts, now):
            return None
        if interval not in self._views:
            if len(self._views) >= KEPT_VIEWS:
                self._views.pop(next(iter(self._views)))
            states = [s for s in self._rows.values() if s.holds(time)]
            fed = self.feeds.at(time)
            self._views[interval] = self.view(states).slowed(slice(None), fed)
        return self._views[interval]

    def view(self, states: Iterable[EdgeState]) -> EdgeStateView:
        """Return the view that some states alone make."""
        return EdgeStateView.empty(self._edges).with_states(np.zeros(0, np.int64), states)

    def reasons(self, edge: int, at: datetime) -> list[EdgeState]:
        """Return the states of an edge that hold at a time."""
        return [s for s in self._by_edge.get(edge, []) if s.holds(at)]
