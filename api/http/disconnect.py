"""Work that ends when its client leaves, so that the database does not go on for nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

from starlette.requests import ClientDisconnect, Request

WATCH_AFTER_S = 0.05
"""Most answers are done before; only then is it worth a task to see whether the client left."""
T = TypeVar("T")


class _Watch:
    """Cancels the task that made it once the client has left."""

    def __init__(self, request: Request) -> None:
        self.left = False
        self._request = request
        self._working = asyncio.current_task()
        self._task: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(WATCH_AFTER_S, self._begin)

    def end(self) -> None:
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()

    def _begin(self) -> None:
        self._task = asyncio.ensure_future(self._wait())

    async def _wait(self) -> None:
        while (await self._request.receive())["type"] != "http.disconnect":
            continue
        self.left = True
        if self._working is not None:
            self._working.cancel()


async def while_connected(request: Request, work: Coroutine[None, None, T]) -> T:
    """Return the result of `work`, or cancel it as soon as the client has left.

    The request's body must have been read, or there is none.

    Raises
    ------
    ClientDisconnect
        The client left; nobody reads an answer any more.
    """
    watch = _Watch(request)
    try:
        return await work
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if watch.left and task is not None and task.uncancel() == 0:
            raise ClientDisconnect from None
        raise
    finally:
        watch.end()
