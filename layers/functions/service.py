"""Function layers of one serving process: surfaces and tiles, made once and kept."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import partial

from layers.functions.catalogue import Function
from layers.functions.cell_tile import make_tile
from layers.functions.county_rows import CountyKeeper
from layers.functions.filtering import SLOW_S, Place, box_of, moment_of
from layers.functions.question import Question
from layers.functions.surface import CellSurface
from layers.heat.cubes import Cubes
from layers.heat.filter_rows import Box
from layers.heat.filters import Filters
from layers.heat.heat_filter import NeedsJob
from layers.heat.held_cube import HeldCube
from layers.heat.narrowed import Summed
from layers.offload import offload
from layers.tiles.tile_cache import Tile, TileCache, TileKey
from spatial.actor import Actor
from spatial.rules import RuleSet

MOST_BYTES = 24 << 20
TILE_BYTES = 16 << 20
KEEP_S = 3600.0
MOST_SLOW = 500
Made = Callable[[Function, CellSurface, Place, Question], Tile]


class FunctionService:
    """Surfaces by layer, question, scope, version of the cube and rules; tiles of them."""

    def __init__(
        self, cubes: Cubes, filters: Filters, rules: Callable[[], RuleSet], counties: CountyKeeper
    ) -> None:
        self._cubes = cubes
        self._filters = filters
        self._counties = counties
        self._filtering = asyncio.Lock()
        self._slow: dict[tuple[str, ...], tuple[float, NeedsJob]] = {}
        self._rules = rules
        self._surfaces: OrderedDict[tuple[str, ...], CellSurface] = OrderedDict()
        self._tiles = TileCache(TILE_BYTES)

    def find_tile(
        self, function: Function, asked: Question, zxy: Place, actor: Actor, form: str
    ) -> Tile | None:
        """Return a tile that is kept of a cube that is fresh, else None."""
        cube = self._cubes.find(actor, function.engine.grain(asked.inputs))
        if cube is None:
            return None
        return self._tiles.find(self._key(function, asked, zxy, cube, actor, form))

    async def get_tile(
        self, function: Function, asked: Question, zxy: Place, actor: Actor, form: str = "mvt",
        make: Made | None = None,
    ) -> Tile:  # fmt: skip
        """Return a tile that there can be of a surface; `make` makes one that is no vector tile.

        Raises
        ------
        BadParameter
            The question cannot be answered.
        """
        cube = await self._cube(function, asked, actor)
        key = self._key(function, asked, zxy, cube, actor, form)

        async def made() -> Tile:
            surface = await self._surface(function, asked, actor, cube, zxy)
            work = make or _vector_tile
            return await offload(work, function, surface, zxy, asked)

        return await self._tiles.fetch(key, made, KEEP_S)

    async def get_surface(self, function: Function, asked: Question, actor: Actor) -> CellSurface:
        """Return the whole surface of a question, as an actor sees it."""
        cube = await self._cube(function, asked, actor)
        return await self._surface(function, asked, actor, cube)

    async def get_cube(self, actor: Actor, grain: str) -> HeldCube:
        """Return the cube of a grain as an actor sees it now."""
        return await self._cubes.get(actor, grain, now=True)

    async def get_units(
        self, function: Function, asked: Question, actor: Actor, surface: CellSurface
    ) -> dict[int, str | None]:
        """Return by key the smallest unit that has all rows of each cell without the filter."""
        if not surface.units:
            cube = await self._cube(function, asked, actor)
            periods = function.engine.counted(asked.inputs)
            surface.units.update(await offload(surface.kind.units, cube, periods))
        return surface.units

    async def _cube(self, function: Function, asked: Question, actor: Actor) -> HeldCube:
        grain = function.engine.grain(asked.inputs)
        return self._cubes.find(actor, grain) or await self._cubes.get(actor, grain)

    async def _surface(
        self, function: Function, asked: Question, actor: Actor, cube: HeldCube,
        zxy: Place | None = None,
    ) -> CellSurface:  # fmt: skip
        self._filters.check(cube, function.engine.counted(asked.inputs)[0])
        key = (
            function.layer.id, asked.surface, actor.digest, str(cube.version),
            self._rules().digest, moment_of(asked),
        )  # fmt: skip
        if asked.filter is None:
            return await self._made(key, function, asked, cube)
        async with self._filtering:
            return await self._filtered(key, function, asked, actor, cube, zxy)

    async def _filtered(
        self, key: tuple[str, ...], function: Function, asked: Question, actor: Actor,
        cube: HeldCube, zxy: Place | None,
    ) -> CellSurface:  # fmt: skip
        """Return the surface of a question with a filter, where rows are too many that of a tile.

        Counts alone can be told of a tile: a rate stands on what is counted everywhere.
        """
        if key in self._surfaces:
            return self._surfaces[key]
        periods, box = function.engine.counted(asked.inputs), None
        question = function.layer.id, asked.surface, actor.digest
        until, slow = self._slow.get(question, (0.0, None))
        if slow is not None and time.monotonic() < until:
            box = self._box(function, asked, zxy)
            if box is None:
                raise slow
            if (*key, str(box)) in self._surfaces:
                return self._surfaces[*key, str(box)]
        try:
            narrowed = await self._filters.narrow(actor, cube, periods, box)
        except NeedsJob as error:
            if len(self._slow) > MOST_SLOW:
                self._slow.clear()
            self._slow[question] = time.monotonic() + SLOW_S, error
            if box is not None or self._box(function, asked, zxy) is None:
                raise
            return await self._filtered(key, function, asked, actor, cube, zxy)
        place = () if box is None else (str(box),)
        return await self._made((*key, *place), function, asked, narrowed)

    def _box(self, function: Function, asked: Question, zxy: Place | None) -> Box | None:
        level = function.engine.cells(asked.inputs, self._rules()).level
        return box_of(asked, zxy, level)

    async def _made(
        self, key: tuple[str, ...], function: Function, asked: Question, cube: Summed
    ) -> CellSurface:
        found = self._surfaces.get(key)
        if found is None:
            engine = function.engine
            known = await self._counties.get() if engine.by_county(asked.inputs) else None
            asks = function.layer, asked.inputs, self._rules(), cube, known
            work = partial(engine.compute, *asks)
            found = self._surfaces[key] = await offload(work)
            self._forget_some()
        else:
            self._surfaces.move_to_end(key)
        return found

    def _forget_some(self) -> None:
        size = sum(surface.nbytes for surface in self._surfaces.values())
        while size > MOST_BYTES and len(self._surfaces) > 1:
            size -= self._surfaces.popitem(last=False)[1].nbytes

    def _key(
        self, function: Function, asked: Question, zxy: Place, cube: HeldCube, actor: Actor,
        form: str,
    ) -> TileKey:  # fmt: skip
        values = (
            ("form", form), ("asked", asked.digest), ("cube", str(cube.version)),
            ("rules", self._rules().digest), ("moment", moment_of(asked)),
        )  # fmt: skip
        return TileKey(function.layer.id, *zxy, actor.digest, values)


def _vector_tile(function: Function, surface: CellSurface, zxy: Place, asked: Question) -> Tile:
    return make_tile(function.layer, surface, zxy, asked.classes)
