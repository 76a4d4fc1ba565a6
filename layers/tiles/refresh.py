"""Keeping the tile tables fresh in the background of a serving process, and knowing the lag."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from layers.declare.catalog import Catalog
from layers.tiles.dirty_cells import apply_changes
from layers.tiles.rebuild import refresh_stale
from layers.tiles.set_aside import STANDING
from layers.tiles.unreadable import list_unreadable
from spatial.postgres.db import Database, connect, tell_failure
from spatial.postgres.notices import Notices, set_on

log = logging.getLogger("sigang")

SETTLE_S = 0.02
CHECK_S = 5.0
"""Every so often the lag is read, and work is found of which no notice told."""
LOOK_S = 30.0
"""Every so often all declarations are held against the database."""
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 30.0
BROKEN_S = 60.0
"""A layer whose tables were found broken is built anew at most so often."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How the tiles stand to the rows, as it was read last.

    Parameters
    ----------
    lag_s
        Age of the oldest change that no tile shows yet, s; rows set aside do not count.
    oldest_s
        Age of what was set aside first, s.
    layers, rows
        Layers of which whole cells are set aside, and single rows that are.
    read_at
        When it was read, on the monotonic clock.
    unreadable
        Layers that the database does not bear out.
    """

    lag_s: float = 0.0
    oldest_s: float = 0.0
    layers: int = 0
    rows: int = 0
    read_at: float = 0.0
    unreadable: tuple[str, ...] = ()


class Refresher:
    """The background work on tile tables of one serving process."""

    def __init__(self, db: Database, catalog: Catalog, bus: Notices, url: str) -> None:
        self._db, self._catalog, self._url = db, catalog, url
        self._standing = Standing()
        self._dirty, self._stale = asyncio.Event(), asyncio.Event()
        self._broken: dict[str, float] = {}
        self._unreadable: dict[str, str] = {}
        self._tasks: list[asyncio.Task[None]] = []
        set_on(self._dirty, bus, "dirty", "reconnected")

    def start(self) -> None:
        """Bring the tables up to date from now on."""
        self._stale.set()
        self._dirty.set()
        self._tasks = [
            asyncio.create_task(self._forever(self._stale, self._rebuild)),
            asyncio.create_task(self._forever(self._dirty, self._apply)),
            asyncio.create_task(self._watch()),
        ]

    async def stop(self) -> None:
        """Stop the work."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def standing(self) -> Standing:
        """How the tiles stand to the rows; a lag grows until it is read again."""
        read = self._standing
        since = time.monotonic() - read.read_at if read.lag_s else 0.0
        return replace(read, lag_s=read.lag_s + since)

    def catalog_changed(self) -> None:
        """Build the tables of new and changed declarations."""
        self._stale.set()

    def found_broken(self, layer: str) -> None:
        """Build the tables of a layer anew: a tile could not be read from them."""
        now = time.monotonic()
        if self._broken.get(layer, -BROKEN_S) + BROKEN_S <= now:
            self._broken[layer] = now
            self._stale.set()

    async def _forever(self, wanted: asyncio.Event, work: Callable[[], None]) -> None:
        wait = FIRST_WAIT_S
        while True:
            await wanted.wait()
            await asyncio.sleep(SETTLE_S)
            wanted.clear()
            try:
                await asyncio.to_thread(work)
                wait = FIRST_WAIT_S
            except Exception as error:  # whatever it was, the next change is drawn again
                tell_failure(log, "tile tables could not be brought up to date", error)
                await asyncio.sleep(wait)
                wait = min(2 * wait, LONGEST_WAIT_S)
                wanted.set()

    async def _watch(self) -> None:
        looked = -LOOK_S
        while True:
            try:
                if time.monotonic() - looked >= LOOK_S:
                    looked = time.monotonic()
                    self._unreadable = await asyncio.to_thread(self._look)
                row = await self._db.public.fetchrow(STANDING)
            except Exception as error:  # the database is away; what is known stays
                log.warning("the lag of the tiles could not be read: %s", type(error).__name__)
            else:
                self._note(dict(row or {}))
            await asyncio.sleep(CHECK_S)

    def _note(self, row: dict[str, Any]) -> None:
        wake = row.pop("wake")
        self._standing = Standing(
            **row, read_at=time.monotonic(), unreadable=tuple(self._unreadable)
        )
        if wake:
            self._dirty.set()

    def _look(self) -> dict[str, str]:
        relations = [self._catalog.get_relation(layer) for layer in self._catalog.layers]
        with connect(self._url) as conn:
            found = dict(list_unreadable(conn, relations))
        for layer, why in found.items():
            if self._unreadable.get(layer) != why:
                log.error("layer %s cannot be read: %s", layer, why)
        return found

    def _apply(self) -> None:
        with connect(self._url) as conn:
            apply_changes(conn, list(self._catalog.layers.values()))

    def _rebuild(self) -> None:
        started = time.monotonic()
        broken = {layer for layer, at in self._broken.items() if started - at < BROKEN_S}
        with connect(self._url) as conn:
            refresh_stale(conn, list(self._catalog.layers.values()), broken)
        self._broken = {x: at for x, at in self._broken.items() if at > started or x in broken}
