"""What the processes of a server know of each other: their connections, and that they live.

All processes wait on one socket, and the one that wakes first would take every connection that is
there: eight clients that come at once often end in one process while the others idle.
"""

from __future__ import annotations

import asyncio
import gc
import socket
import time
from collections.abc import Callable
from mmap import mmap
from typing import Any, cast

from uvicorn import Config, Server

LET_OTHERS_S = 0.002
"""How long a process that has more connections than another one leaves a new one to it."""
PAUSE_S = 0.5
"""How long nothing is accepted after an error, such as too many open files."""
YOUNG, MIDDLE, OLD = 20_000, 1_000, 10
"""New containers after which unused ones are looked for, and how often among those that stayed.

A few requests make the 700 of Python. A decision on 40,000 edges makes half a million that live on
for a while: to look through them takes up to 0.1 s in which no thread runs, and finds nothing.
"""
AWAY = 2**30
"""Number of connections of a process that takes none."""


class Shares:
    """Numbers of each process, in memory that all of them see: it is there before they fork."""

    def __init__(self, processes: int) -> None:
        self._counts = memoryview(mmap(-1, 8 * processes)).cast("q")
        self._ticks = memoryview(mmap(-1, 8 * processes)).cast("d")
        self._totals = memoryview(mmap(-1, 16)).cast("Q")
        for process in range(processes):
            self.forget(process)

    def __len__(self) -> int:
        return len(self._counts)

    def note(self, process: int, connections: int) -> None:
        """Set the number of a process's connections."""
        self._counts[process] = connections

    def has_more(self, process: int, connections: int) -> bool:
        """Tell whether a process has more connections than another one that takes some."""
        others = (n for i, n in enumerate(self._counts) if i != process)
        return connections > min(others, default=AWAY)

    def tick(self, process: int) -> None:
        """Note that the event loop of a process turns."""
        self._ticks[process] = time.monotonic()

    def ticked(self, process: int) -> float:
        """Return when the event loop of a process last turned, 0 before it served."""
        return self._ticks[process]

    def silent_s(self) -> float:
        """Return for how long the most silent event loop has not turned."""
        return max((time.monotonic() - tick for tick in self._ticks if tick), default=0.0)

    def forget(self, process: int) -> None:
        """Forget a process that has ended."""
        self._counts[process], self._ticks[process] = AWAY, 0.0

    def count_restart(self, *, stuck: bool) -> None:
        """Count a process that is started again."""
        self._totals[0] += 1
        self._totals[1] += stuck

    @property
    def restarts(self) -> int:
        """Number of processes that were started again."""
        return self._totals[0]

    @property
    def stuck(self) -> int:
        """Number of processes that were killed because their event loop stood still."""
        return self._totals[1]


class _Connections(set[Any]):
    """The open connections of a process; their number is told to the others."""

    def __init__(self, told: Callable[[int], None]) -> None:
        super().__init__()
        self._told = told

    def add(self, connection: Any) -> None:
        super().add(connection)
        self._told(len(self))

    def discard(self, connection: Any) -> None:
        super().discard(connection)
        self._told(len(self))


class Listener:
    """Accepts the connections of one socket, leaving them to processes that have fewer."""

    def __init__(
        self,
        bound: socket.socket,
        connected: Callable[[], asyncio.Protocol],
        has_more: Callable[[int], bool],
    ) -> None:
        self._bound = bound
        self._connected = connected
        self._has_more = has_more
        self._loop = asyncio.get_running_loop()
        self._making: set[asyncio.Task[object]] = set()
        self._waited = False
        bound.setblocking(False)
        self._timer: asyncio.TimerHandle | None = None
        self._loop.add_reader(bound, self._accept)

    def close(self) -> None:
        """Accept no more."""
        self._loop.remove_reader(self._bound)
        if self._timer is not None:
            self._timer.cancel()

    async def wait_closed(self) -> None:
        """Do nothing: whatever was accepted is a connection by now."""

    def _accept(self) -> None:
        if not self._waited and self._has_more(len(self._making)):
            self._pause(LET_OTHERS_S)
            return
        self._waited = False
        try:
            accepted, _ = self._bound.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError:
            self._pause(PAUSE_S)
            return
        accepted.setblocking(False)
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        making = self._loop.connect_accepted_socket(self._connected, accepted)
        task = self._loop.create_task(making)
        self._making.add(task)
        task.add_done_callback(self._making.discard)

    def _pause(self, seconds: float) -> None:
        self._loop.remove_reader(self._bound)
        self._timer = self._loop.call_later(seconds, self._resume)

    def _resume(self) -> None:
        self._waited, self._timer = True, None
        self._loop.add_reader(self._bound, self._accept)


def _spare_what_stays() -> None:
    """Look for unused objects less often, and not among those that a process starts with."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)


class SharingServer(Server):
    """uvicorn's server, with listeners of our own."""

    def __init__(self, config: Config, shares: Shares, number: int) -> None:
        super().__init__(config)
        self._shares, self._number = shares, number
        self._away = False
        self.server_state.connections = _Connections(self._note)

    def _note(self, connections: int) -> None:
        self._shares.note(self._number, AWAY if self._away else connections)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, then accept connections."""
        await super().startup(sockets=[])
        _spare_what_stays()
        state = self.server_state

        def connected() -> asyncio.Protocol:
            kind = cast(Callable[..., asyncio.Protocol], self.config.http_protocol_class)
            return kind(config=self.config, server_state=state, app_state=self.lifespan.state)

        def has_more(coming: int) -> bool:
            return self._shares.has_more(self._number, len(state.connections) + coming)

        self._note(0)
        for bound in sockets or []:
            bound.listen(self.config.backlog)
        listeners = [Listener(bound, connected, has_more) for bound in sockets or []]
        self.servers = cast(list[asyncio.base_events.Server], listeners)

    async def on_tick(self, counter: int) -> bool:
        """Tell ten times a second that the event loop turns; return whether to end."""
        self._shares.tick(self._number)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Leave new connections to others, and end those that are open."""
        self._away = True
        self._note(0)
        await super().shutdown(sockets)
