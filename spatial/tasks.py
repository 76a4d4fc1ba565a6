"""Work that goes on in the background of an event loop: what it waits for, and its end."""

from __future__ import annotations

import asyncio
from contextlib import suppress


async def end_task(task: asyncio.Task[object] | None) -> None:
    """Cancel a task and wait until it has ended; None was never begun."""
    if task:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def wait_at_most(wake: asyncio.Event, seconds: float) -> None:
    """Wait until an event is set, but no longer than some time."""
    with suppress(TimeoutError):
        await asyncio.wait_for(wake.wait(), seconds)
