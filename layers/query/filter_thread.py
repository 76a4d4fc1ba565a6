"""Long filters are read and compiled in a thread of their own: the event loop only waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
LONG = 512
"""Characters of a filter from which on it is long: up to there both take 15 ms at most, measured;
8,192 characters take up to 250 ms. Statements of long filters are not kept."""

_THREAD = ThreadPoolExecutor(1, thread_name_prefix="filters")


def is_long(text: str | None) -> bool:
    """Tell whether a filter is long."""
    return text is not None and len(text) > LONG


async def beside(text: str | None, work: Callable[[], T]) -> T:
    """Return the result of work on a filter: made at once for a short one, else in the thread."""
    if not is_long(text):
        return work()
    return await asyncio.get_running_loop().run_in_executor(_THREAD, work)
