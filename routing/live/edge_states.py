"""Live state: closures and speed caps of edges with their validity, as arrays for the search."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from routing.graph.weights import Bools, Floats, Ints
from routing.live.speed_feeds import NOTHING, Feed, Feeds, Kmh
from routing.live.state_table import CLOSURE, NONE, EdgeState, EdgeStates

KEPT_CHANGES = 256
KEPT_VIEWS = 16


@dataclass(frozen=True, eq=False)
class EdgeStateView:
    """Which keys are shut, and the speed caps (km/h, NaN: none), at one time; never changed."""

    shut: Bools
    cap_kmh: NDArray[np.float32]

    @classmethod
    def empty(cls, edges: int) -> EdgeStateView:
        """Return the view in which nothing is closed."""
        return cls(np.zeros(2 * edges, np.bool_), np.full(2 * edges, np.nan, np.float32))

    @classmethod
    def of(cls, edges: int, states: EdgeStates) -> EdgeStateView:
        """Return the view that some states alone make."""
        return cls.empty(edges).with_states(NOTHING, states)

    def with_states(self, keys: Ints, states: EdgeStates) -> EdgeStateView:
        """Return the view in which `keys` are set anew from the states that hold."""
        shut, cap = self.shut.copy(), self.cap_kmh.copy()
        shut[keys], cap[keys] = False, np.nan
        closing = states.kind == CLOSURE
        shut[states.keys(closing)[0]] = True
        capped, rows = states.keys(~closing)
        np.fmin.at(cap, capped, states.value[rows].astype(np.float32))
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
        self._table = NONE
        self._seen_at = -np.inf
        self._changes: list[tuple[int, Ints]] = []
        self._cuts: Floats | None = None
        self._changes_at = np.inf
        self._views: dict[int, EdgeStateView] = {}

    def apply(
        self,
        version: int,
        added: Sequence[EdgeStates | Feed],
        removed: Iterable[int],
        at: datetime,
    ) -> None:
        """Take over the rows that lead to a version, and move the view to a time."""
        gone = np.fromiter(removed, np.int64)
        leaving = np.isin(self._table.row, gone)
        kept = self._table.where(~leaving)
        given = EdgeStates.joined(part for part in added if isinstance(part, EdgeStates))
        new = given.where(~np.isin(given.row, kept.row))
        touched = np.concatenate([self._table.edge[leaving], new.edge])
        self._table = EdgeStates.joined([kept, new])
        feeds = [part for part in added if isinstance(part, Feed)]
        fed = self.feeds.apply(feeds, gone.tolist(), at)
        self.version = version
        if len(touched) or len(fed):
            self._cuts = None
        self._move(touched, at, fed)

    def advance(self, at: datetime) -> None:
        """Move the view to a time: states begin and expire without any new version."""
        if self._changes_at <= at.timestamp():
            self._move(NOTHING, at, NOTHING)

    def _move(self, touched: Ints, at: datetime, fed: Ints) -> None:
        """Set anew what was touched, and what began or ended since the last time."""
        now, table = at.timestamp(), self._table
        begun = (self._seen_at < table.since) & (table.since <= now)
        ended = (self._seen_at < table.until) & (table.until <= now)
        edges = np.concatenate([touched, table.edge[begun | ended]])
        self._refresh(edges, at, np.concatenate([fed, self.feeds.due(at)]))
        self._seen_at = now
        later = table.ends[np.searchsorted(table.ends, now, "right") :][:1].tolist()
        self._changes_at = min([*later, *(end.timestamp() for end in self.feeds.next_end)],
                               default=np.inf)  # fmt: skip

    def _refresh(self, edges: Ints, at: datetime, fed: Ints) -> None:
        if not len(edges) and not len(fed):
            return
        table, named = self._table, np.zeros(self._edges, np.bool_)
        named[fed >> 1] = True
        fed_too = table.edge[named[table.edge]]
        named[:] = False
        named[edges], named[fed_too] = True, True
        own = 2 * np.flatnonzero(named)
        keys = self._distinct([own, own + 1, fed])
        states = table.where(named[table.edge] & table.holding(at.timestamp()))
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
        then = time.timestamp()
        if self._cuts is None:
            fed_at = [end.timestamp() for end in self.feeds.cuts]
            self._cuts, self._views = np.union1d(self._table.ends, fed_at), {}
        interval = int(np.searchsorted(self._cuts, then, "right"))
        if interval == int(np.searchsorted(self._cuts, now.timestamp(), "right")):
            return None
        if interval not in self._views:
            if len(self._views) >= KEPT_VIEWS:
                self._views.pop(next(iter(self._views)))
            view = EdgeStateView.of(self._edges, self._table.where(self._table.holding(then)))
            self._views[interval] = view.slowed(slice(None), self.feeds.at(time))
        return self._views[interval]

    def reasons(self, edge: int, at: datetime) -> list[EdgeState]:
        """Return the states of an edge that hold at a time."""
        table = self._table
        return table.where((table.edge == edge) & table.holding(at.timestamp())).list()
