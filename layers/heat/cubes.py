"""The cubes that a process holds: one of each scope and grain, fresh to half a second."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from itertools import count

import numpy as np
import psycopg

from layers.heat.copied_rows import (
    ALL_SEEN,
    PURGE,
    give_back_memory,
    read_changes,
    read_rows,
    read_series,
    read_snapshot,
)
from layers.heat.cube_rows import CubeRows, rows_of
from layers.heat.held_cube import MOST_SERIES, HeldCube
from layers.offload import offload_part
from spatial.actor import Actor
from spatial.errors import SetupError
from spatial.postgres.db import Database, connect
from spatial.tasks import end_task

FRESH_S = 0.5
"""How old a cube may be that answers; a change is seen so soon."""
FORGET_S = 300.0
"""A cube that was not asked for so long is read anew: changes are kept at least as long."""
KEEP_S = 600.0
"""Changes are deleted that every snapshot of so long ago had seen."""
MOST_BYTES = 160 << 20
"""Of all cubes of a process; the one asked for stays."""
TAIL_SHARE, TAIL_LEAST = 4, 50_000
"""Changes are put among the rows when they are a quarter of these, and so many."""
log = logging.getLogger("sigang")


@dataclass(slots=True)
class _Kept:
    """A cube with the snapshot that it is of, and when that was."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    cube: HeldCube | None = None
    snapshot: str = ""
    read_at: float = 0.0


class Cubes:
    """Cubes of one process, each read with the rights of those who ask."""

    def __init__(self, db: Database, database_url: str) -> None:
        self._db = db
        self._url = database_url
        self._kept: OrderedDict[tuple[str, str], _Kept] = OrderedDict()
        self._versions = count(1)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to delete changes that nobody needs."""
        self._task = asyncio.create_task(self._keep_purging())

    async def stop(self) -> None:
        """End that."""
        await end_task(self._task)

    @property
    def nbytes(self) -> int:
        """Bytes that all cubes take."""
        return sum(kept.cube.nbytes for kept in self._kept.values() if kept.cube is not None)

    def find(self, actor: Actor, grain: str) -> HeldCube | None:
        """Return the cube of a grain where it is fresh, else None."""
        kept = self._kept.get((actor.digest, grain))
        fresh = kept is not None and time.monotonic() - kept.read_at < FRESH_S
        return kept.cube if kept is not None and fresh else None

    async def get(self, actor: Actor, grain: str, *, now: bool = False) -> HeldCube:
        """Return the cube of a grain as an actor sees it, at most `FRESH_S` old; or as of `now`."""
        kept = self._kept.setdefault((actor.digest, grain), _Kept())
        self._kept.move_to_end((actor.digest, grain))
        async with kept.lock:
            age = time.monotonic() - kept.read_at
            if kept.cube is None or age > FORGET_S:
                await self._read(kept, actor, grain)
            elif now or age >= FRESH_S:
                await self._follow(kept, kept.cube, actor, grain)
            found = kept.cube
        assert found is not None  # noqa: S101
        self._forget_some()
        return found

    async def _read(self, kept: _Kept, actor: Actor, grain: str) -> None:
        began = time.monotonic()
        async with self._db.session(actor) as conn:
            snapshot = await read_snapshot(conn)
            series, base = await read_series(conn), await read_rows(conn, grain)
        await offload_part(give_back_memory)
        if max(series.at, default=0) >= MOST_SERIES:
            raise SetupError("More series of heat than are held", "热力序列过多")
        kept.cube = HeldCube(next(self._versions), series, base, _NOTHING)
        kept.snapshot, kept.read_at = snapshot, began

    async def _follow(self, kept: _Kept, cube: HeldCube, actor: Actor, grain: str) -> None:
        """Add what changed since the cube was read."""
        began = time.monotonic()
        async with self._db.session(actor) as conn:
            snapshot = await read_snapshot(conn)
            changes = await read_changes(conn, grain, kept.snapshot)
            new = changes is not None and any(int(s) not in cube.series.at for s in changes.series)
            series = await read_series(conn) if new else cube.series
        if changes is None:
            await self._read(kept, actor, grain)
            return
        if len(changes):
            followed = await offload_part(_followed, replace(cube, series=series), changes)
            kept.cube = replace(followed, version=next(self._versions))
        kept.snapshot, kept.read_at = snapshot, began

    def _forget_some(self) -> None:
        while self.nbytes > MOST_BYTES and len(self._kept) > 1:
            oldest = next(iter(self._kept))
            if self._kept[oldest].lock.locked():
                return
            del self._kept[oldest]

    async def _keep_purging(self) -> None:
        seen: str | None = None
        while True:
            try:
                seen = await asyncio.to_thread(self._purge, seen)
            except (SetupError, psycopg.Error) as error:
                log.warning("changes of heat stay: %s", error)
            await asyncio.sleep(KEEP_S)

    def _purge(self, seen: str | None) -> str:
        """Delete the changes that were seen a while ago; return what is seen by now."""
        with connect(self._url) as conn:
            if seen is not None:
                conn.execute(PURGE, [seen])
            row = conn.execute(ALL_SEEN).fetchone()
        assert row is not None  # noqa: S101
        return str(row[0])


def _followed(cube: HeldCube, changes: CubeRows) -> HeldCube:
    tail = _joined(cube.tail, changes)
    if len(tail) < max(TAIL_LEAST, len(cube.base) // TAIL_SHARE):
        groups = {key: made for key, made in cube._groups.items() if key[1] == 0}
        return replace(cube, tail=tail, _groups=groups)
    return replace(cube, base=_joined(cube.base, tail), tail=_NOTHING, _groups={})


def _joined(one: CubeRows, two: CubeRows) -> CubeRows:
    """Return the rows of both, those of the same cell, series, day and hour added up."""
    pairs = zip(one.columns(), two.columns(), strict=True)
    return rows_of(*(np.concatenate(pair) for pair in pairs))


_NOTHING = rows_of(*np.zeros((5, 0), np.int64))
