"""The services of the linkage that a server process holds: an index mapped from the state folder.

It is made by whoever asks first after hubs, services or rules changed, and shared through the page
cache by all processes that map it.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from datetime import date, datetime
from pathlib import Path

from layers.processes.readers.timetable_rows import (
    LASTING,
    HeldTimetable,
    first_day,
    read_hubs,
    read_index,
    read_transfer_rule,
    read_version,
    unix,
)
from routing.multimodal.timetable import Timetable
from spatial.postgres.db import Database

FOLDER = "timetables"
LAYOUT = 1  # to be raised when the same rows shall make another index
MOST_HELD = 2


class Timetables:
    """The indexes asked for last, each of some weeks; always of the version that is committed."""

    def __init__(self, db: Database, home: Path) -> None:
        self._db = db
        self._folder = home / FOLDER
        self._lock = asyncio.Lock()
        self._held: OrderedDict[tuple[int, date], HeldTimetable] = OrderedDict()

    async def get(self, at: datetime) -> HeldTimetable:
        """Return the services about a time, as they are committed now."""
        version, first = await read_version(self._db), first_day(at)
        async with self._lock:
            held = self._held.get((version, first)) or await self._open(version, first)
            self._held[version, first] = held
            self._held.move_to_end((version, first))
            while len(self._held) > MOST_HELD:
                self._held.popitem(last=False)
        return held

    async def _open(self, version: int, first: date) -> HeldTimetable:
        rule, rule_version = await read_transfer_rule(self._db)
        hubs = await read_hubs(self._db)
        place = self._folder / f"{LAYOUT}-{version}-{first:%Y%m%d}-{rule_version}"
        index = await asyncio.to_thread(Timetable.open, place)
        if index is None:
            made = await read_index(self._db, hubs, first, rule)
            if version == await read_version(self._db):
                await asyncio.to_thread(made.save, place)
            index = await asyncio.to_thread(Timetable.open, place) or made
        return HeldTimetable(index, hubs, version, unix(first), unix(first + LASTING))
