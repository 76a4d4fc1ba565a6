"""The end of work that goes on in the background of an event loop."""

from __future__ import annotations

import asyncio
from contextlib import suppress


async def end_task(task: asyncio.Task[object] | None) -> None:
    """Cancel a task and wait until it has ended; None was never begun."""
    if task:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
