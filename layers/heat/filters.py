"""Cubes narrowed by free filters, as an actor may see what these name."""

from __future__ import annotations

from collections.abc import Sequence

from layers.declare.catalog import Catalog
from layers.heat.counted import Counted
from layers.heat.filter_rows import Box, count_rows, find_series, resolve_filter
from layers.heat.held_cube import HeldCube
from layers.heat.narrowed import Narrowed
from layers.heat.recorded import check_recorded
from spatial.actor import Actor
from spatial.postgres.db import Database


class Filters:
    """Narrows cubes: by series where the cube has what is named, else by counting rows."""

    def __init__(self, db: Database, catalog: Catalog) -> None:
        self._db = db
        self._catalog = catalog

    def check(self, cube: HeldCube, asked: Counted) -> None:
        """Refuse kinds and units of which a cube has nothing.

        Raises
        ------
        BadParameter
        """
        if asked.kinds is None and asked.units is None:
            return
        series = cube.series
        kinds = {str(kind) for kind in series.kinds[series.measures == asked.events]}
        check_recorded(self._catalog, asked, kinds, {str(unit) for unit in series.unit_ids})

    async def narrow(
        self, actor: Actor, cube: HeldCube, periods: Sequence[Counted], box: Box | None = None
    ) -> Narrowed:
        """Return a cube as the filter of some periods leaves it; rows are counted within a box.

        Raises
        ------
        NeedsJob
            The rows take too long to count.
        OutOfScope, BadParameter
            The actor may not filter by this, or nobody can.
        """
        found, relation = resolve_filter(self._catalog, actor, periods[0])
        async with self._db.session(actor) as conn:
            among = await find_series(conn, found, periods[0])
            if found.on_cube:
                return Narrowed(cube, among)
            rows = {
                (one.since, one.until): await count_rows(conn, relation, actor, found, one, box=box)
                for one in periods
            }
        return Narrowed(cube, among, rows)
