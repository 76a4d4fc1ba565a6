"""The numbers of indicators, counted from the rows by one statement each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from layers.declare.catalog import may_read
from layers.indicators.periods import Period
from layers.indicators.population import Population
from layers.indicators.rollup import Tallies, cumulate
from layers.indicators.sheet import Sheet
from layers.indicators.statement import (
    bounds_of,
    cell_statement,
    moments_of,
    read_cells,
)
from layers.indicators.suppress import suppress
from layers.indicators.units import Units
from spatial.actor import ANONYMOUS, Actor


def reads_rows(population: Population, actor: Actor) -> bool:
    """Tell whether an actor may read the rows of a number; else it is told of public ones only."""
    return may_read(population.relation.layer, actor)


def reader_of(population: Population, actor: Actor) -> Actor:
    """Return as whom an actor is told a number."""
    return actor if reads_rows(population, actor) else ANONYMOUS


async def count_tallies(
    conn: asyncpg.Connection,
    population: Population,
    actor: Actor,
    periods: Sequence[Period],
    now: datetime,
    units: Units,
) -> Sequence[Tallies]:
    """Count the numbers of an indicator over consecutive periods, oldest first.

    Parameters
    ----------
    conn
        A connection that sees the rows of `reader_of(population, actor)`.
    population, actor
        What, and for whom.
    periods, now
        When; what lasts is counted up to `now`.
    units
        The units, for what is not told.
    """
    moments = moments_of(population, periods, now)
    statement = cell_statement(Sheet((population,)), reader_of(population, actor))
    bounds = bounds_of(population, moments)
    rows = await conn.fetch(statement.sql, *statement.arguments(bounds))
    stock = population.indicator.time.stock is not None
    cells = cumulate(read_cells(population, rows), len(periods), stock=stock)
    home = units.home.prefix if units.home else None
    found = [Tallies(population, of_period, home) for of_period in cells]
    return told(population, actor, found, units)


def told(
    population: Population,
    actor: Actor,
    tallies: Sequence[Tallies],
    units: Units,
    before: Tallies | None = None,
) -> Sequence[Tallies]:
    """Return numbers as an actor is told them, without those that are too small for it.

    With what was told before of the period, where they correct that.
    """
    if not reads_rows(population, actor):
        for one in tallies:
            indicator = population.indicator
            suppress(one, units, indicator.k or 1, before, whole_only=indicator.whole_only)
    return tallies
