"""Who may run when: a few at once, callers in turn, some places kept for the signed in.

Waiting requests are served by start-time fair queueing (Goyal, Vin, Cheng 1996): each caller's
requests line up behind each other by their estimated seconds, so that a caller who asks for little
waits for little, however much others ask for.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from spatial.errors import Busy, TooMany

T = TypeVar("T")
KNOWN_WEIGHT = 4.0
"""How many times the work of an anonymous caller a signed-in one gets when both wait."""
CALLERS_EACH = 4
"""Callers whose full backlogs fit into the queue together."""
KEPT = 1_000
"""Callers whose turn is remembered before those without work are forgotten."""
LONGEST_RETRY_S = 60


class Caller(NamedTuple):
    """Whose requests count together: an account, or the address of one that is not signed in."""

    name: str
    known: bool


NOBODY = Caller("", False)


@dataclass(eq=False, slots=True)
class _Waiting:
    cost_s: float
    turn: float
    asked: asyncio.Future[None]


class Gate:
    """Lets some requests through at once and keeps some waiting; each says what it may cost.

    Parameters
    ----------
    at_once
        Requests that run at a time. One caller may hold half of the places; a quarter, but at
        least one, is kept for signed-in callers, where there is more than one.
    backlog_s
        Estimated work (s) of one caller that may wait; one request may always.
    """

    def __init__(self, at_once: int, backlog_s: float) -> None:
        self.refused = 0
        self._at_once = at_once
        self._each = (at_once + 1) // 2
        self._anonymous = at_once - max(at_once // 4, min(1, at_once - 1))
        self._backlog_s = backlog_s
        self._running: dict[Caller, int] = {}
        self._busy = self._busy_anonymous = 0
        self._queues: dict[Caller, deque[_Waiting]] = {}
        self._waiting_s: defaultdict[Caller, float] = defaultdict(float)
        self._clock = 0.0
        self._ends: dict[Caller, float] = {}

    @property
    def waiting(self) -> int:
        """Number of requests that wait."""
        return sum(map(len, self._queues.values()))

    async def run(self, caller: Caller, cost_s: float, work: Coroutine[None, None, T]) -> T:
        """Return the result of work done in a place."""
        try:
            await self.enter(caller, cost_s)
            try:
                return await work
            finally:
                self.leave(caller)
        finally:
            work.close()

    async def stream(
        self, caller: Caller, cost_s: float, parts: AsyncIterator[bytes]
    ) -> AsyncIterator[bytes]:
        """Yield the parts of an answer made in a place."""
        await self.enter(caller, cost_s)
        try:
            async for part in parts:
                yield part
        finally:
            self.leave(caller)

    async def enter(self, caller: Caller, cost_s: float) -> None:
        """Wait for a place; give it back with `leave`.

        Raises
        ------
        TooMany
            The caller's own requests that wait are too many.
        Busy
            Those of all callers are.
        """
        if self._fits(caller):
            self._start(caller, self._turn(caller, cost_s))
            return
        self._check(caller, cost_s)
        asked = asyncio.get_running_loop().create_future()
        waiting = _Waiting(cost_s, self._turn(caller, cost_s), asked)
        self._queues.setdefault(caller, deque()).append(waiting)
        self._waiting_s[caller] += cost_s
        try:
            await asked
        except asyncio.CancelledError:
            if asked.cancelled():
                self._drop(caller, waiting)
            else:
                self.leave(caller)
            raise

    def leave(self, caller: Caller) -> None:
        """Give a place back; those whose turn it is begin."""
        self._busy -= 1
        self._busy_anonymous -= not caller.known
        left = self._running.pop(caller) - 1
        if left:
            self._running[caller] = left
        while self._queues and (ready := [c for c in self._queues if self._fits(c)]):
            following = min(ready, key=lambda c: (self._queues[c][0].turn, not c.known))
            waiting = self._queues[following][0]
            self._drop(following, waiting)
            if not waiting.asked.cancelled():
                self._start(following, waiting.turn)
                waiting.asked.set_result(None)
        if not self._busy:
            self._ends.clear()
            self._clock = 0.0

    def _fits(self, caller: Caller) -> bool:
        """Tell whether a request of a caller may begin now."""
        if self._busy >= self._at_once or self._running.get(caller, 0) >= self._each:
            return False
        return caller.known or self._busy_anonymous < self._anonymous

    def _start(self, caller: Caller, turn: float) -> None:
        self._clock = max(self._clock, turn)
        self._busy += 1
        self._busy_anonymous += not caller.known
        self._running[caller] = self._running.get(caller, 0) + 1

    def _turn(self, caller: Caller, cost_s: float) -> float:
        """Return when a request may begin, in work done for each caller, and note its end."""
        if len(self._ends) > KEPT:
            self._ends = {c: end for c, end in self._ends.items() if end > self._clock}
        begin = max(self._clock, self._ends.get(caller, 0.0))
        self._ends[caller] = begin + cost_s / (KNOWN_WEIGHT if caller.known else 1.0)
        return begin

    def _check(self, caller: Caller, cost_s: float) -> None:
        """Refuse a request for which there is no room to wait."""
        own = self._waiting_s.get(caller, 0.0)
        if own and own + cost_s > self._backlog_s:
            self.refused += 1
            raise _too_many(own / self._each)
        alike = sum(s for c, s in self._waiting_s.items() if c.known == caller.known)
        if alike and alike + cost_s > CALLERS_EACH * self._backlog_s:
            self.refused += 1
            raise _busy(alike / self._at_once)

    def _drop(self, caller: Caller, waiting: _Waiting) -> None:
        """Take a request out of the queue, if it still is in it."""
        queue = self._queues.get(caller, deque())
        if waiting not in queue:
            return
        queue.remove(waiting)
        self._waiting_s[caller] -= waiting.cost_s
        if not queue:
            del self._queues[caller], self._waiting_s[caller]


class Seats:
    """Bounds what stays open for long, by caller and in all; nobody waits.

    Parameters
    ----------
    each, anonymous, all_
        Seats of one caller, of all that are not signed in, and of all.
    """

    def __init__(self, each: int, anonymous: int, all_: int) -> None:
        self._each, self._anonymous, self._all = each, anonymous, all_
        self._taken: Counter[Caller] = Counter()

    @property
    def taken(self) -> int:
        """Number of seats that are taken."""
        return self._taken.total()

    @contextmanager
    def seat(self, caller: Caller) -> Iterator[None]:
        """Hold a seat while the body runs.

        Raises
        ------
        TooMany
            The caller has as many as one may have.
        Busy
            All are taken.
        """
        if self._taken[caller] >= self._each:
            raise _too_many(LONGEST_RETRY_S)
        anonymous = sum(n for c, n in self._taken.items() if not c.known)
        if self.taken >= self._all or (not caller.known and anonymous >= self._anonymous):
            raise _busy(LONGEST_RETRY_S)
        self._taken[caller] += 1
        try:
            yield
        finally:
            self._taken[caller] -= 1
            if not self._taken[caller]:
                del self._taken[caller]


def _retry_s(seconds: float) -> int:
    return min(max(math.ceil(seconds), 1), LONGEST_RETRY_S)


def _too_many(seconds: float) -> TooMany:
    return TooMany(
        "Too many of your requests of this kind wait already", "您的此类请求排队过多",
        mend_en="Send fewer at once, and wait for the answers.",
        mend_zh="请减少并发，并等待已有请求返回。",
        retry_after_s=_retry_s(seconds),
    )  # fmt: skip


def _busy(seconds: float) -> Busy:
    return Busy(
        "Too many requests of this kind at once", "此类并发请求过多",
        mend_en="Try again shortly; signed-in accounts have places of their own.",
        mend_zh="请稍后重试；登录账号有单独的名额。",
        retry_after_s=_retry_s(seconds),
    )  # fmt: skip
