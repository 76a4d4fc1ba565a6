"""Live state of edges by columns: a decision on 40,000 edges is a few arrays, not so many objects.

Times are seconds since 1970 (UTC) as floats, which tell microseconds apart; infinite is open.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from routing.graph.weights import Bools, Floats, Ints

Codes = NDArray[np.int8]
Direction = Literal["both", "forward", "backward"]
KINDS = ("closure", "speed", "lane_loss", "weather_limit")
DIRECTIONS: tuple[Direction, ...] = ("both", "forward", "backward")
CLOSURE = KINDS.index("closure")
SPARE = 64  # events that may be named without any row before they are dropped


class EdgeState(NamedTuple):
    """One row of live state of an edge, valid from `since` (None: always) until `until`.

    `value` is a speed in km/h, None for a closure.
    """

    row: int
    edge: int
    kind: str
    direction: Direction
    value: float | None
    since: datetime | None
    until: datetime | None
    event: str


@dataclass(frozen=True, eq=False)
class EdgeStates:
    """Rows of live state, all columns of one length; never changed.

    Parameters
    ----------
    row, edge
        Number of the row, and of the edge that it is about.
    kind, direction
        Positions in `KINDS` and in `DIRECTIONS`.
    value
        Speed, km/h; NaN: none.
    since, until
        Half-open validity, s since 1970 (UTC); -inf: always, inf: until it is taken back.
    event
        Position in `events`, the ids of the events that they come from.
    """

    row: Ints
    edge: Ints
    kind: Codes
    direction: Codes
    value: Floats
    since: Floats
    until: Floats
    event: Ints
    events: tuple[str, ...]

    @classmethod
    def of(cls, states: Iterable[EdgeState]) -> EdgeStates:
        """Return single rows as a table."""
        given = list(states)
        numbers = {name: i for i, name in enumerate(dict.fromkeys(s.event for s in given))}
        return cls(
            np.array([s.row for s in given], np.int64),
            np.array([s.edge for s in given], np.int64),
            np.array([KINDS.index(s.kind) for s in given], np.int8),
            np.array([DIRECTIONS.index(s.direction) for s in given], np.int8),
            np.array([np.nan if s.value is None else s.value for s in given], np.float64),
            np.array([moment(s.since, -np.inf) for s in given], np.float64),
            np.array([moment(s.until, np.inf) for s in given], np.float64),
            np.array([numbers[s.event] for s in given], np.int64),
            tuple(numbers),
        )

    @classmethod
    def joined(cls, tables: Iterable[EdgeStates]) -> EdgeStates:
        """Return the rows of several tables, one after another."""
        parts = [NONE, *tables]
        shifts = np.cumsum([0, *(len(part.events) for part in parts[:-1])])
        return cls(
            np.concatenate([part.row for part in parts]),
            np.concatenate([part.edge for part in parts]),
            np.concatenate([part.kind for part in parts]),
            np.concatenate([part.direction for part in parts]),
            np.concatenate([part.value for part in parts]),
            np.concatenate([part.since for part in parts]),
            np.concatenate([part.until for part in parts]),
            np.concatenate([p.event + shift for p, shift in zip(parts, shifts, strict=True)]),
            tuple(event for part in parts for event in part.events),
        )

    def __len__(self) -> int:
        return len(self.row)

    def where(self, chosen: Bools) -> EdgeStates:
        """Return the rows for which a mask holds."""
        event, events = self.event[chosen], self.events
        if len(events) > len(event) + SPARE:
            named, event = np.unique(event, return_inverse=True)
            events = tuple(events[number] for number in named.tolist())
        return EdgeStates(
            self.row[chosen], self.edge[chosen], self.kind[chosen], self.direction[chosen],
            self.value[chosen], self.since[chosen], self.until[chosen], event, events,
        )  # fmt: skip

    def holding(self, at: float) -> Bools:
        """Tell for each row whether it is in force at a time (s since 1970)."""
        return np.asarray((self.since <= at) & (at < self.until))

    @cached_property
    def ends(self) -> Floats:
        """The distinct times at which a row begins or ends, in order."""
        ends = np.unique(np.concatenate([self.since, self.until]))
        return np.asarray(ends[np.isfinite(ends)], np.float64)

    def keys(self, chosen: Bools) -> tuple[Ints, Ints]:
        """Return the keys `2 * edge + direction` that some rows act on, and the row of each."""
        forward = np.flatnonzero(chosen & (self.direction != DIRECTIONS.index("backward")))
        backward = np.flatnonzero(chosen & (self.direction != DIRECTIONS.index("forward")))
        keys = np.concatenate([2 * self.edge[forward], 2 * self.edge[backward] + 1])
        return keys, np.concatenate([forward, backward])

    def list(self) -> list[EdgeState]:
        """Return the rows one by one."""
        return [
            EdgeState(
                int(self.row[i]), int(self.edge[i]), KINDS[self.kind[i]],
                DIRECTIONS[self.direction[i]],
                None if np.isnan(self.value[i]) else float(self.value[i]),
                _time(self.since[i]), _time(self.until[i]), self.events[self.event[i]],
            )
            for i in range(len(self))
        ]  # fmt: skip


def moment(time: datetime | None, otherwise: float) -> float:
    """Return a time in seconds since 1970; what stands for none where there is none."""
    return otherwise if time is None else time.timestamp()


def _time(seconds: float) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if np.isfinite(seconds) else None


_NUMBERS, _CODES = np.zeros(0, np.int64), np.zeros(0, np.int8)
_REALS = np.zeros(0, np.float64)
NONE = EdgeStates(_NUMBERS, _NUMBERS, _CODES, _CODES, _REALS, _REALS, _REALS, _NUMBERS, ())
