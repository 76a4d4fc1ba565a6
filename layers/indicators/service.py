"""The numbers of one serving process: asked for by id, unit and period, for one actor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from layers.declare.catalog import Catalog
from layers.indicators.catalog import Indicators, read_indicators
from layers.indicators.keeper import CellKeeper
from layers.indicators.numbers import Asked, Numbers, RulesAt, read_numbers
from layers.indicators.periods import Period
from layers.indicators.units import Unit, UnitReader, Units
from spatial.actor import Actor
from spatial.postgres.db import Database
from spatial.postgres.notices import Notices


class IndicatorService:
    """Counts what is declared, and keeps cells of it."""

    def __init__(
        self, db: Database, catalog: Catalog, bus: Notices, rules_at: RulesAt, url: str
    ) -> None:
        self._db, self._catalog, self._rules_at = db, catalog, rules_at
        self._units = UnitReader(db)
        self._keeper = CellKeeper(url, catalog, bus)

    async def start(self) -> None:
        """Keep cells from now on."""
        await self._keeper.start()

    async def stop(self) -> None:
        """Keep them no longer."""
        await self._keeper.stop()

    @property
    def declared(self) -> Indicators:
        """The indicators and indices as they are declared now."""
        return self._catalog.part(read_indicators)

    async def units(self) -> Units:
        """Return the administrative units that are loaded."""
        return await self._units.units()

    async def shapes(self, units: Iterable[Unit]) -> dict[str, str]:
        """Return the outlines of units by code, as GeoJSON text."""
        return await self._units.shapes(units)

    async def ask(
        self, keys: Sequence[str], actor: Actor, periods: Sequence[Period], *, split: bool = False
    ) -> Numbers:
        """Return the numbers of indicators and indices over consecutive periods, oldest first.

        With `split` their codes can be told too.

        Raises
        ------
        BadParameter
            A number is told to this actor by month only.
        """
        asked = Asked(keys, actor, periods, datetime.now(UTC), split)
        units = await self.units()
        return await read_numbers(self._db, self.declared, units, self._rules_at, asked)
