"""What the catalogue says of each layer: counts by origin, sources and time, by reader."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict, cast

import asyncpg

from layers.declare.layer import Layer
from layers.declare.relation import ALIAS
from layers.features.summary_rows import SOURCES, boxes_of
from layers.query.row_scope import visible_sql
from spatial.actor import Actor
from spatial.json_types import JsonObject
from spatial.postgres.db import Database
from spatial.postgres.notices import Notices

log = logging.getLogger("sigang")

BROKEN = (asyncpg.SyntaxOrAccessError, asyncpg.DataError, asyncpg.InternalServerError)
"""Errors of a layer's source and its rows."""
LIVE_S, LIVE_FACTOR = 5.0, 10
"""How long a summary stands whose rows nobody watches: so long, and so many times what it took."""
KEEP_S = 3600.0
AT_ONCE = 3


class Source(TypedDict):
    """Where rows come from, as `sigang.source` tells it."""

    id: str
    title_zh: str
    title_en: str
    license: str
    license_url: str | None
    attribution: str
    props: JsonObject


@dataclass(slots=True)
class Summary:
    """Counts of the rows of a layer that one reader sees.

    Parameters
    ----------
    origins
        Rows by origin.
    sources
        Ids of the sources, most rows first.
    main_source
        By origin, the source of most of its rows.
    extent
        First and last time of the layer's time field, RFC 3339 as stored; None without.
    box
        West, south, east, north of the rows in degrees; None without geometry or rows.
    """

    origins: dict[str, int] = field(default_factory=dict)
    sources: list[str] = field(default_factory=list)
    main_source: dict[str, str] = field(default_factory=dict)
    extent: tuple[datetime, datetime] | None = None
    box: tuple[float, float, float, float] | None = None

    @property
    def count(self) -> int:
        """Return the number of rows."""
        return sum(self.origins.values())


class Summaries:
    """Summaries of one serving process, asked once until the layer's rows change."""

    def __init__(self, db: Database, bus: Notices) -> None:
        self._db = db
        self._kept: dict[tuple[str, str], tuple[Layer, Summary, float]] = {}
        self._sources: dict[str, Source] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)
        bus.subscribe("cells", lambda note: self._forget(note["layers"]))
        bus.subscribe("reconnected", lambda _: self._clear())

    async def of(self, layer: Layer, actor: Actor) -> Summary:
        """Return the summary of a layer that the actor may read; empty where its source fails."""
        key = (layer.id, actor.digest)
        found = self._kept.get(key)
        if found is not None and found[0] is layer and found[2] > time.monotonic():
            return found[1]
        async with self._slots:
            began = time.monotonic()
            made = await self._ask_or_none(layer, actor)
            live_s = max(LIVE_S, LIVE_FACTOR * (time.monotonic() - began))
        if made is None:
            self._kept[key] = layer, Summary(), time.monotonic() + LIVE_S
            return Summary()
        watched = layer.source.table is not None and layer.tiles is not None and layer.has_geometry
        self._kept[key] = layer, made, time.monotonic() + (KEEP_S if watched else live_s)
        return made

    async def of_all(self, layers: Iterable[Layer], actor: Actor) -> dict[str, Summary]:
        """Return the summaries of layers by id."""
        asked = list(layers)
        found = await asyncio.gather(*(self.of(layer, actor) for layer in asked))
        return {layer.id: summary for layer, summary in zip(asked, found, strict=True)}

    async def sources(self, ids: Iterable[str]) -> list[Source]:
        """Return title, licence and attribution of sources, in the order asked for."""
        wanted = list(ids)
        if not set(wanted) <= self._sources.keys():
            rows = await self._db.public.fetch(SOURCES)
            self._sources = {row["id"]: cast(Source, dict(row)) for row in rows}
        return [self._sources[one] for one in wanted if one in self._sources]

    async def _ask_or_none(self, layer: Layer, actor: Actor) -> Summary | None:
        """Return a layer's summary, None where its source lacks a column or fails on a row."""
        try:
            return await self._ask(layer, actor)
        except BROKEN as error:
            log.warning("layer %s cannot be counted: %s", layer.id, error)
            return None

    async def _ask(self, layer: Layer, actor: Actor) -> Summary:
        seen, values = visible_sql(actor, ALIAS, 1, parties=layer.source.parties)
        async with self._db.session(actor) as conn:
            rows = await conn.fetch(boxes_of(layer, seen), *values)
        return _summed(rows)

    def _forget(self, layers: Iterable[str]) -> None:
        gone = set(layers)
        for key in [key for key in self._kept if key[0] in gone]:
            del self._kept[key]

    def _clear(self) -> None:
        self._kept.clear()
        self._sources.clear()


def _summed(rows: Iterable[asyncpg.Record]) -> Summary:
    made = Summary()
    first: list[datetime] = []
    last: list[datetime] = []
    boxes: list[tuple[float, float, float, float]] = []
    for origin, source, count, start, end, _, *box in rows:
        made.origins[origin] = made.origins.get(origin, 0) + count
        made.main_source.setdefault(origin, source)
        if source not in made.sources:
            made.sources.append(source)
        if start is not None:
            first.append(start)
            last.append(end)
        if box[0] is not None:
            boxes.append((box[0], box[1], box[2], box[3]))
    if boxes:
        sides = list(zip(*boxes, strict=True))
        made.box = min(sides[0]), min(sides[1]), max(sides[2]), max(sides[3])
    if first:
        made.extent = min(first), max(last)
    return made
