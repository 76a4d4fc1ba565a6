"""How many requests of one kind a worker answers at once, so that none starves another kind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from spatial.errors import Busy

T = TypeVar("T")
WAITING_EACH = 16
"""Requests that may wait for each one that runs; more are told to come back."""


class Gate:
    """Lets `at_once` requests through, keeps some waiting and refuses the rest."""

    def __init__(self, at_once: int) -> None:
        self._slots = asyncio.Semaphore(at_once)
        self._waiting = 0
        self._most = at_once * WAITING_EACH

    async def __aenter__(self) -> None:
        """Wait for a slot.

        Raises
        ------
        Busy
            Too many wait already.
        """
        if self._waiting >= self._most:
            raise Busy(
                "Too many requests of this kind at once",
                "此类并发请求过多",
                mend_en="Try again shortly.",
                mend_zh="请稍后重试。",
            )
        self._waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self._waiting -= 1

    async def __aexit__(self, *_: object) -> None:
        """Free the slot."""
        self._slots.release()

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Return the result of work done in a slot."""
        try:
            async with self:
                return await work
        finally:
            work.close()

    async def stream(self, parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Yield the parts of an answer made in a slot."""
        async with self:
            async for part in parts:
                yield part


@dataclass(frozen=True, slots=True)
class Limits:
    """The gates of one worker; tiles have their own in their service."""

    items: Gate
    exports: Gate

    @classmethod
    def of_pool(cls, size: int) -> Limits:
        """Return gates that leave half of a pool's connections to tiles and the rest."""
        return cls(Gate(max(1, size // 2)), Gate(max(1, size // 4)))
