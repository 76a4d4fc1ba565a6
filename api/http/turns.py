"""Rounds of the event loop shared between callers, so that many quick requests of one delay nobody.

A worker answers what has come in one round of its event loop before it looks for more. Requests for
what is kept in memory never wait anywhere, so that a caller with many connections would fill each
round, and an answer of another caller that takes a few rounds would come late.
"""

from __future__ import annotations

import asyncio
from collections import deque

from spatial.gates import Caller

EACH = 4
"""Requests that a caller may begin in a round while others ask as well."""
ALONE_S = 1.0
"""A caller is alone when nobody else has asked for so long."""


class Turns:
    """Who may begin in this round; callers that are alone always may."""

    def __init__(self) -> None:
        self._last: Caller | None = None
        self._shared_at = float("-inf")
        self._begun: dict[Caller, int] = {}
        self._waiting: dict[Caller, deque[asyncio.Future[None]]] = {}

    def begin(self, caller: Caller, now: float) -> asyncio.Future[None] | None:
        """Return None where a request may begin now, else what to wait for."""
        if caller != self._last:
            self._last, self._shared_at = caller, now
        elif now - self._shared_at > ALONE_S and not self._waiting:
            return None
        loop = asyncio.get_running_loop()
        if not self._begun:
            loop.call_soon(self._next_round)
        begun = self._begun.get(caller, 0)
        self._begun[caller] = begun + 1
        if begun < EACH and caller not in self._waiting:
            return None
        turn = loop.create_future()
        self._waiting.setdefault(caller, deque()).append(turn)
        return turn

    def _next_round(self) -> None:
        """Let the first of those that wait begin."""
        self._begun.clear()
        for caller, queue in list(self._waiting.items()):
            begun = 0
            while queue and begun < EACH:
                turn = queue.popleft()
                if not turn.cancelled():
                    turn.set_result(None)
                    begun += 1
            self._begun[caller] = begun
            if not queue:
                del self._waiting[caller]
        if self._begun:
            asyncio.get_running_loop().call_soon(self._next_round)
