"""Makes the network that server processes map: one builds, the others wait for it.

`python -m api.network.build KIND TRAFFIC` is the process that builds, started by the server process
that holds the lock of the state folder. It gives its memory back when it ends, leaves the processor
to answers, and ends with the process that started it; the lock is free then, and another one
builds.
"""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import os
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import orjson

from api.network.edge_rows import Rows, make_graph, read_rows
from api.network.kept import GRAPHS, LOCK, ORDERS
from api.network.key_rows import Key, read_key
from routing.cch.hierarchy import Hierarchy
from routing.index.mapped_store import last_graph, place_of, save_graph
from routing.index.snap import SnapIndex
from spatial.errors import SetupError
from spatial.networks.model import NetworkKind, Traffic, network_kinds
from spatial.postgres.db import Database
from spatial.settings import PROJECT, Settings

NICENESS = 5
LOOK_S = 0.1
LONGEST_S = 3600.0
"""After which a builder is taken to be stuck; millions of nodes take minutes."""
READ_WAIT_MS = 600_000
SMALL = 20_000  # edges, which take less time than a process to start
PR_SET_PDEATHSIG = 1


class Folders:
    """Where the networks of one kind and traffic lie in the state folder."""

    def __init__(self, home: Path, kind: NetworkKind, traffic: Traffic) -> None:
        self.kind = kind
        self.graphs = home / GRAPHS / kind.name / traffic.name
        self.orders = home / ORDERS / kind.name
        self.lock = home / GRAPHS / LOCK

    def place(self, key: Key) -> Path:
        """Return the folder of the graph of some rows."""
        return place_of(self.graphs, key.rows, self.kind)


class Builder:
    """Sees to it that the network of the committed rows is kept in the state folder."""

    def __init__(
        self,
        settings: Settings,
        db: Database,
        kind: NetworkKind,
        traffic: Traffic,
        known: Key | None = None,
    ) -> None:
        self._known = known  # read by whoever started this process, just before
        self.folders = Folders(settings.home, kind, traffic)
        self._kind = kind
        self._settings = settings
        self._db = db
        self._traffic = traffic

    async def built(self, *, here: bool = False) -> Key:
        """Return rows whose network is kept now: those committed, or later ones.

        Parameters
        ----------
        here
            Build a small network in this process: quicker, where nobody is served yet.

        Raises
        ------
        SetupError
            The process that builds failed, or was killed.
        """
        key, self._known = self._known or await self._committed(), None
        if self._is_kept(key):
            return key
        async with self._turn() as lock:
            key = await self._committed()
            if self._is_kept(key):
                return key
            if here and key.edges <= SMALL:
                return await self._build_here()
            return await self._build(lock)

    async def _committed(self) -> Key:
        async with self._db.public.acquire() as conn:
            return await read_key(conn, self._kind, self._traffic)

    def _is_kept(self, key: Key) -> bool:
        return not key.edges or self.folders.place(key).is_dir()

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[int]:
        """Wait for the lock of the state folder; whoever had it may have built what is wanted."""
        self.folders.lock.parent.mkdir(parents=True, exist_ok=True)
        with self.folders.lock.open("w") as handle:
            while True:
                with suppress(BlockingIOError):
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                await asyncio.sleep(LOOK_S)
            yield handle.fileno()

    async def _build_here(self) -> Key:
        async with self._db.public.acquire() as conn:
            rows = await read_rows(conn, self._kind, self._traffic)
        await asyncio.to_thread(keep, rows, self._traffic, self.folders)
        return rows.key

    async def _build(self, lock: int) -> Key:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "api.network.build", self._kind.name, self._traffic.name,
            stdout=PIPE, cwd=PROJECT, env=os.environ | self._settings.to_env(), pass_fds=[lock],
        )  # fmt: skip
        try:
            async with asyncio.timeout(LONGEST_S):
                told, _ = await child.communicate()
        finally:
            with suppress(ProcessLookupError):
                child.kill()
        if child.returncode:
            raise SetupError(
                f"The process that builds the road network ended with {child.returncode}",
                f"构建路网的进程以 {child.returncode} 退出",
                mend_en="Look into the log before this line; it is tried again.",
                mend_zh="请查看此行之前的日志；系统会重试。",
            )
        return Key(**orjson.loads(told))


def keep(rows: Rows, traffic: Traffic, folders: Folders) -> None:
    """Make graph, hierarchy and snapping index of some rows and keep them on disk.

    The graph comes last: where it is kept, all is.
    """
    place = folders.place(rows.key)
    if place.is_dir():
        return
    graph = make_graph(rows, folders.kind, traffic)
    Hierarchy.open(graph, folders.orders, last_graph(folders.graphs, folders.kind))
    save_graph(place, graph, SnapIndex(graph.edges))


async def _run(settings: Settings, kind: NetworkKind, traffic: Traffic) -> Key:
    patient = replace(settings, pool_size=1, statement_timeout_ms=READ_WAIT_MS)
    db = await Database.open(patient, settings.database_url or "")
    try:
        async with db.public.acquire() as conn:
            rows = await read_rows(conn, kind, traffic)
    finally:
        await db.close()
    keep(rows, traffic, Folders(settings.home, kind, traffic))
    return rows.key


def main() -> None:
    """Build the network named on the command line, and tell what rows it was built from."""
    parent = os.getppid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)
    os.nice(NICENESS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    told = os.dup(1)
    os.dup2(2, 1)  # what libraries print goes to the log
    kind = network_kinds()[sys.argv[1]]
    traffic = {one.name: one for one in kind.traffics}[sys.argv[2]]
    key = asyncio.run(_run(Settings.from_env(), kind, traffic))
    os.write(told, orjson.dumps(key._asdict()))


if __name__ == "__main__":
    main()
