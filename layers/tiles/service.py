"""Tiles: one path for every layer, from the request's zoom and rights to bytes and their truth."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

import asyncpg

from layers.declare.catalog import Catalog
from layers.declare.layer import Layer
from layers.tiles.refresh import Refresher, Standing
from layers.tiles.tile_cache import Tile, TileCache, TileKey, pack
from layers.tiles.tile_sql import level_at, stored, tiles_of, tolerance_m
from layers.tiles.tile_statement import Statement, TileRequest, tile_statement
from spatial.actor import Actor
from spatial.errors import BadParameter, NotFound, TilesNotReady
from spatial.gates import NOBODY, Caller, Gate
from spatial.json_types import JsonObject
from spatial.postgres.db import Database
from spatial.postgres.notices import Notice, Notices
from spatial.settings import Settings

log = logging.getLogger("sigang")

LIVE_S = 2.0
"""A layer that depends on the time is asked again after so many seconds."""
KEEP_S = 3600.0
MAKE_S, BACKLOG_S = 0.02, 5.0
"""What a tile is likely to take, and how many seconds of them may wait for one caller."""
SPARE_SLOTS, SPARE_MAKE_S = 2, 0.5
"""Tiles made at a time without their tables, and what one is likely to take."""
SAID_S = 60.0
_PASSING_TROUBLE = (
    asyncpg.QueryCanceledError,
    asyncpg.PostgresConnectionError,
    asyncpg.TooManyConnectionsError,
    asyncpg.OperatorInterventionError,
)
"""Errors of the moment, which another table would meet as well."""
_STATE = """
SELECT layer, version, total, restricted, levels, bounds FROM sigang_tiles.layer_state"""


@dataclass(frozen=True, slots=True)
class LayerState:
    """What is known of a layer's tile tables.

    Parameters
    ----------
    version
        Raised at each rebuild.
    total
        Public features.
    restricted
        Whether there are rows that not everybody sees.
    levels
        Per level: maxzoom, shown, total, tolerance_m.
    bounds
        West, south, east, north of the public features.
    """

    version: int
    total: int
    restricted: bool
    levels: tuple[JsonObject, ...]
    bounds: tuple[float, ...] | None


class TileService:
    """Tiles of one serving process."""

    def __init__(self, db: Database, catalog: Catalog, bus: Notices, settings: Settings) -> None:
        self._db = db
        self._catalog = catalog
        self._cache = TileCache(settings.tile_cache_mb * 1024 * 1024)
        self.gate = Gate(settings.pool_size, BACKLOG_S)
        self._spare = Gate(SPARE_SLOTS, BACKLOG_S)
        self._said: dict[str, float] = {}
        self._states: dict[str, LayerState] = {}
        self._statements: dict[tuple[str, str, int, bool, bool], Statement] = {}
        self._refresher = Refresher(db, catalog, bus, settings.database_url or "")
        bus.subscribe("cells", self._on_cells)
        bus.subscribe("reconnected", lambda _: self._cache.clear())

    async def start(self) -> None:
        """Read the states, and bring the tables up to date in the background from now on."""
        await self._read_states()
        self._refresher.start()

    async def stop(self) -> None:
        """Stop the background work."""
        await self._refresher.stop()

    @property
    def standing(self) -> Standing:
        """How the tiles stand to the rows."""
        return self._refresher.standing

    def state(self, layer_id: str) -> LayerState | None:
        """Return what is known of a layer's tile tables, or None for a layer without."""
        return self._states.get(layer_id)

    def catalog_changed(self) -> None:
        """Forget what depends on declarations and build the tables of the new ones."""
        self._statements.clear()
        self._cache.clear()
        self._refresher.catalog_changed()

    async def get_tile(
        self,
        layer: Layer,
        zxy: tuple[int, int, int],
        actor: Actor,
        values: Mapping[str, str] | None = None,
        caller: Caller = NOBODY,
    ) -> tuple[Tile, bool]:
        """Return a tile, and whether it is the same for everybody.

        Parameters
        ----------
        layer
            A layer that the actor may read.
        zxy
            Tile of WebMercatorQuad.
        actor, caller
            Who asks, and whose turn it must be.
        values
            Parameters of a function layer.

        Raises
        ------
        NotFound
            The tile lies outside the matrix or the layer's zooms.
        TooMany, Busy
            Too many tiles wait already, of the caller or of all.
        TilesNotReady
            Neither the layer's tables nor its source can be read.
        """
        check_tile(layer, zxy)
        state = self._states.get(layer.id)
        mine = self._needs_actor(layer, actor, state)
        key = self._key(layer, zxy, actor if mine else None, values)
        keep = KEEP_S if stored(layer) and state else LIVE_S
        asked = TileRequest(
            layer, level_at(layer, zxy[0]), actor if mine else None, _typed(layer, values)
        )
        tile = await self._cache.fetch(key, lambda: self._make(asked, zxy, caller), keep)
        return tile, self._same_for_all(layer, state)

    def find_tile(
        self,
        layer: Layer,
        zxy: tuple[int, int, int],
        actor: Actor,
        values: Mapping[str, str] | None = None,
    ) -> tuple[Tile, bool] | None:
        """Return what `get_tile` would if the tile is kept in memory, else None."""
        state = self._states.get(layer.id)
        mine = self._needs_actor(layer, actor, state)
        tile = self._cache.find(self._key(layer, zxy, actor if mine else None, values))
        return None if tile is None else (tile, self._same_for_all(layer, state))

    @staticmethod
    def _key(
        layer: Layer,
        zxy: tuple[int, int, int],
        actor: Actor | None,
        values: Mapping[str, str] | None,
    ) -> TileKey:
        scope = actor.digest if actor else "public"
        return TileKey(layer.id, *zxy, scope, tuple(sorted((values or {}).items())))

    @staticmethod
    def _same_for_all(layer: Layer, state: LayerState | None) -> bool:
        return layer.access.public and stored(layer) and bool(state and not state.restricted)

    @staticmethod
    def _needs_actor(layer: Layer, actor: Actor, state: LayerState | None) -> bool:
        if actor.anonymous:
            return False
        return not stored(layer) or state is None or state.restricted

    async def _make(self, asked: TileRequest, zxy: tuple[int, int, int], caller: Caller) -> Tile:
        try:
            return await self.gate.run(caller, MAKE_S, self._query(asked, zxy))
        except asyncpg.PostgresError as error:
            if isinstance(error, _PASSING_TROUBLE) or asked.values:
                raise
            self._tell(asked, error)
            return await self._make_without(asked, zxy, caller, error)

    async def _make_without(
        self,
        asked: TileRequest,
        zxy: tuple[int, int, int],
        caller: Caller,
        error: asyncpg.PostgresError,
    ) -> Tile:
        """Make a tile whose table cannot be read from the features, else from the source."""
        if stored(asked.layer):
            self._refresher.found_broken(asked.layer.id)
            try:
                work = self._query_without(asked, zxy)
                return await self._spare.run(caller, SPARE_MAKE_S, work)
            except asyncpg.PostgresError as last:
                if isinstance(last, _PASSING_TROUBLE):
                    raise
                error = last
        raise TilesNotReady(
            f"The tiles of {asked.layer.id} cannot be made now",
            f"图层 {asked.layer.id} 的瓦片暂时无法生成",
            mend_en="Try again shortly; ./sigang doctor says what is wrong.",
            mend_zh="请稍后重试；./sigang doctor 会说明原因。",
        ) from error

    async def _query_without(self, asked: TileRequest, zxy: tuple[int, int, int]) -> Tile:
        if asked.level:
            with suppress(asyncpg.SyntaxOrAccessError):
                return replace(await self._query(replace(asked, level=0), zxy), passing=True)
        live = replace(asked, level=0, live=True)
        return replace(await self._query(live, zxy), passing=True)

    def _tell(self, asked: TileRequest, error: asyncpg.PostgresError) -> None:
        """Log once a minute that a layer's tiles cannot be read."""
        layer, now = asked.layer.id, time.monotonic()
        if self._said.get(layer, -SAID_S) + SAID_S <= now:
            self._said[layer] = now
            log.warning("tiles of %s, level %s: %s", layer, asked.level, error)

    async def _query(self, asked: TileRequest, zxy: tuple[int, int, int]) -> Tile:
        budget = tiles_of(asked.layer).budget
        row = await self._fetch(asked, zxy, budget + 1, cut=False)
        if row["rows"] > budget:
            row = await self._fetch(asked, zxy, budget, cut=True)
        shown = int(row["shown"] or 0)
        total = int(row["total"]) if row["total"] is not None else shown
        return pack(
            row["mvt"] or b"",
            shown,
            total,
            asked.level,
            round(tolerance_m(asked.layer, asked.level) * _scale(zxy), 1),
        )

    async def _fetch(
        self, asked: TileRequest, zxy: tuple[int, int, int], limit: int, *, cut: bool
    ) -> asyncpg.Record:
        statement = self._statement(asked, cut=cut)
        arguments = (*zxy, limit, *statement.values)
        if asked.actor is None:
            row = await self._db.public.fetchrow(statement.text, *arguments)
        else:
            async with self._db.session(asked.actor) as conn:
                row = await conn.fetchrow(statement.text, *arguments)
        assert row is not None  # noqa: S101
        return row

    def _statement(self, asked: TileRequest, *, cut: bool) -> Statement:
        if asked.values or asked.actor is not None:
            return tile_statement(asked, cut=cut)
        key = (self._catalog.version, asked.layer.id, asked.level, asked.live, cut)
        found = self._statements.get(key)
        if found is None:
            found = self._statements[key] = tile_statement(asked, cut=cut)
        return found

    async def _read_states(self) -> None:
        rows = await self._db.public.fetch(_STATE)
        self._states = {
            row["layer"]: LayerState(
                version=row["version"],
                total=row["total"],
                restricted=row["restricted"],
                levels=tuple(row["levels"]),
                bounds=tuple(row["bounds"]) if row["bounds"] and row["bounds"][0] else None,
            )
            for row in rows
        }

    def _on_cells(self, notice: Notice) -> Awaitable[None]:
        """Forget the changed tiles at once, before any map is told; then read the states."""
        cells = [(z, x, y) for z, x, y in notice["cells"]]
        self._cache.evict(notice["layers"], cells)
        return self._reread(notice["layers"], cells)

    async def _reread(self, layers: list[str], cells: list[tuple[int, int, int]]) -> None:
        await self._read_states()
        self._cache.evict(layers, cells)


def check_tile(layer: Layer, zxy: tuple[int, int, int]) -> None:
    """Refuse a tile that cannot be.

    Raises
    ------
    NotFound
        Outside the matrix or the layer's zooms.
    """
    tiles = layer.tiles
    if tiles is None or not layer.has_geometry:
        raise NotFound(f"Layer {layer.id} has no tiles", f"图层 {layer.id} 没有瓦片")
    check_place(layer.id, tiles.minzoom, tiles.maxzoom, zxy)


def check_place(layer_id: str, minzoom: int, maxzoom: int, zxy: tuple[int, int, int]) -> None:
    """Refuse a tile outside the matrix or the zooms of a layer.

    Raises
    ------
    NotFound
    """
    z, x, y = zxy
    if not minzoom <= z <= maxzoom:
        raise NotFound(
            f"Layer {layer_id} has tiles from zoom {minzoom} to {maxzoom}",
            f"图层 {layer_id} 的瓦片级别为 {minzoom} 至 {maxzoom}",
        )
    if not (0 <= x < 1 << z and 0 <= y < 1 << z):
        raise NotFound(
            f"Tile {z}/{y}/{x} lies outside WebMercatorQuad", f"瓦片 {z}/{y}/{x} 超出矩阵范围"
        )


def _scale(zxy: tuple[int, int, int]) -> float:
    """Return the ground metres of a Web Mercator metre in the middle of a tile."""
    z, _, y = zxy
    return 1 / math.cosh(math.pi * (1 - 2 * (y + 0.5) / (1 << z)))


def _typed(layer: Layer, given: Mapping[str, str] | None) -> dict[str, object]:
    """Return the given parameters of a function in their declared types."""
    types: dict[str, Callable[[str], object]] = {"int": int, "number": float}
    declared = {p.name: p for p in layer.source.parameters}
    found: dict[str, object] = {}
    for name, text in (given or {}).items():
        if name not in declared or name in ("z", "x", "y", "bbox"):
            raise BadParameter(f"Unknown parameter {name!r}", f"未知参数 {name!r}", parameter=name)
        with suppress(ValueError):
            found[name] = types.get(declared[name].type, str)(text)
            continue
        raise BadParameter(
            f"Parameter {name} must be {declared[name].type}",
            f"参数 {name} 类型错误",
            parameter=name,
        )
    return found
