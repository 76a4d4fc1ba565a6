"""What the catalogue says of each layer: counts by origin, sources and time, by reader."""
# ruff: noqa: S608

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import asyncpg

from layers.declare.layer import Layer
from layers.declare.relation import ALIAS
from layers.query.row_scope import visible_sql
from layers.tiles.tile_sql import base_condition, relation
from spatial.actor import Actor
from spatial.postgres.db import Database

log = logging.getLogger("sigang")

BROKEN = (asyncpg.SyntaxOrAccessError, asyncpg.DataError, asyncpg.InternalServerError)
"""Errors of a layer's source and its rows."""
LIVE_S = 5.0
KEEP_S = 3600.0
AT_ONCE = 3
SIDES = {"ST_XMin": 180, "ST_XMax": 180, "ST_YMin": 90, "ST_YMax": 90}
"""Degrees up to which a side is a place: a row that is nowhere has no part in an extent."""


class Notices(Protocol):
    """What summaries need of the bus."""

    def subscribe(self, kind: str, callback: Callable[[dict[str, Any]], Any]) -> Any:
        """Call back with each notice of a kind."""


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
        self._sources: dict[str, dict[str, Any]] = {}
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
            made = await self._ask_or_none(layer, actor)
        if made is None:
            self._kept[key] = layer, Summary(), time.monotonic() + LIVE_S
            return Summary()
        watched = layer.source.table is not None and layer.tiles is not None and layer.has_geometry
        self._kept[key] = layer, made, time.monotonic() + (KEEP_S if watched else LIVE_S)
        return made

    async def of_all(self, layers: Iterable[Layer], actor: Actor) -> dict[str, Summary]:
        """Return the summaries of layers by id."""
        asked = list(layers)
        found = await asyncio.gather(*(self.of(layer, actor) for layer in asked))
        return {layer.id: summary for layer, summary in zip(asked, found, strict=True)}

    async def sources(self, ids: Iterable[str]) -> list[dict[str, Any]]:
        """Return title, licence and attribution of sources, in the order asked for."""
        wanted = list(ids)
        if not set(wanted) <= self._sources.keys():
            rows = await self._db.public.fetch(
                "SELECT id, title_zh, title_en, license, license_url, attribution, props"
                " FROM sigang.source"
            )
            self._sources = {row["id"]: dict(row) for row in rows}
        return [self._sources[one] for one in wanted if one in self._sources]

    async def _ask_or_none(self, layer: Layer, actor: Actor) -> Summary | None:
        """Return a layer's summary, None where its source lacks a column or fails on a row."""
        try:
            return await self._ask(layer, actor)
        except (
            asyncpg.SyntaxOrAccessError,
            asyncpg.DataError,
            asyncpg.InternalServerError,
        ) as error:
            log.warning("layer %s cannot be counted: %s", layer.id, error)
            return None

    async def _ask(self, layer: Layer, actor: Actor) -> Summary:
        seen, values = visible_sql(actor, ALIAS, 1, parties=layer.source.parties)
        times = "NULL, NULL"
        if layer.time:
            first = f"{ALIAS}.{_column(layer, layer.time.field)}"
            last = f"{ALIAS}.{_column(layer, layer.time.end)}" if layer.time.end else first
            times = f"min({first}), max(coalesce({last}, {first}))"
        shape = f"{ALIAS}.{layer.geometry.column}" if layer.has_geometry else "NULL::geometry"
        placed = " AND ".join(f"{side}({shape}) BETWEEN -{m} AND {m}" for side, m in SIDES.items())
        text = (
            f"WITH box AS (SELECT {ALIAS}.origin, {ALIAS}.source_id, count(*), {times},"
            f" (ST_Extent({shape}) FILTER (WHERE {placed}))::geometry AS box"
            f" FROM {_called(layer)}"
            f" WHERE {base_condition(layer)} AND {seen} GROUP BY 1, 2 ORDER BY 3 DESC)"
            " SELECT *, ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box) FROM box"
        )
        async with self._db.session(actor) as conn:
            rows = await conn.fetch(text, *values)
        return _summed(rows)

    def _forget(self, layers: Iterable[str]) -> None:
        gone = set(layers)
        for key in [key for key in self._kept if key[0] in gone]:
            del self._kept[key]

    def _clear(self) -> None:
        self._kept.clear()
        self._sources.clear()


def _column(layer: Layer, name: str) -> str:
    """Return the source's column of a time field."""
    declared = layer.by_name.get(name)
    return declared.column or name if declared else name


def _called(layer: Layer) -> str:
    """Return the layer's source, a function with its defaults and the world as its box."""
    if layer.source.function is None:
        return relation(layer)
    world = {"z": "0", "x": "0", "y": "0", "bbox": "'BOX(-180 -85,180 85)'"}
    names = [p.name for p in layer.source.parameters if p.name in world]
    arguments = ", ".join(f"{name} => {world[name]}" for name in names)
    return f"sigang.{layer.source.function}({arguments}) {ALIAS}"


def _summed(rows: Iterable[Any]) -> Summary:
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
