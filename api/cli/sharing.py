"""New connections spread evenly over the processes of a server.

All processes wait on one socket, and the one that wakes first would take every connection that is
there: eight clients that come at once often end in one process while the others idle.
"""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import Callable
from multiprocessing import get_context
from typing import Any, cast

from uvicorn import Config, Server
from uvicorn.supervisors.multiprocess import Process

LET_OTHERS_S = 0.002
"""How long a process that has more connections than another one leaves a new one to it."""
PAUSE_S = 0.5
"""How long nothing is accepted after an error, such as too many open files."""
GARBAGE = 20_000
"""New containers after which unused ones are looked for; a few requests make the 700 of Python."""
AWAY = 2**30
"""Number of connections of a process that takes none."""


class Shares:
    """How many connections each process has, in memory that all of them see."""

    def __init__(self, processes: int) -> None:
        self._counts: Any = get_context("spawn").RawArray("i", [AWAY] * processes)

    def note(self, process: int, connections: int) -> None:
        """Set the number of a process's connections."""
        self._counts[process] = connections

    def has_more(self, process: int, connections: int) -> bool:
        """Tell whether a process has more connections than another one that takes some."""
        others = (n for i, n in enumerate(self._counts) if i != process)
        return connections > min(others, default=AWAY)


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
        self._making: set[asyncio.Task[Any]] = set()
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
    gc.set_threshold(GARBAGE)


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

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Leave new connections to others, and end those that are open."""
        self._away = True
        self._note(0)
        await super().shutdown(sockets)


class Worker(Process):
    """One process of a server."""

    def __init__(
        self, config: Config, sockets: list[socket.socket], shares: Shares, number: int
    ) -> None:
        self.shares, self.number = shares, number
        super().__init__(config, sockets)

    @property
    def server(self) -> Server:
        """The server that runs in the process."""
        if self._server is None:
            self._server = SharingServer(self.config, self.shares, self.number)
        return self._server
