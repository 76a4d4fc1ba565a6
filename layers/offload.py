"""Work for the processor that is too long for the event loop, in a few threads of its own.

A thread of Python still shares the interpreter with the loop: long work should be made of calls
that are short or let others run meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from spatial.errors import Busy

THREADS = 2
WAITING = 64
"""Pieces of work that may wait; more are told to come back."""
P = ParamSpec("P")
T = TypeVar("T")


class _Threads:
    """The threads, and how much work they have been given."""

    def __init__(self, count: int, name: str) -> None:
        self._pool = ThreadPoolExecutor(count, name)
        self._given = 0

    @property
    def full(self) -> bool:
        return self._given >= THREADS + WAITING

    async def run(self, work: Callable[[], T]) -> T:
        self._given += 1
        done = asyncio.get_running_loop().run_in_executor(self._pool, work)
        done.add_done_callback(self._end)
        return await done

    def _end(self, _: object) -> None:
        self._given -= 1


_threads = _Threads(THREADS, "offload")
_writing = _Threads(1, "writing")


async def offload(work: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """Return what `work` returns, done in a thread while the process goes on serving.

    Raises
    ------
    Busy
        Too much waits already.
    """
    if _threads.full:
        raise Busy(
            "Too much work at once",
            "当前处理任务过多",
            mend_en="Try again shortly.",
            mend_zh="请稍后重试。",
        )
    return await _threads.run(lambda: work(*given, **named))


async def offload_part(work: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """Do the same for a part of an answer that has begun: it is never refused."""
    return await _threads.run(lambda: work(*given, **named))


async def offload_write(work: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """Do the same for a write: no answer is before it, however many wait."""
    return await _writing.run(lambda: work(*given, **named))
