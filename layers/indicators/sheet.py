"""Sheets: indicators that one statement counts, as they have layer, time and codes in common."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import NamedTuple

from geoalchemy2 import Geometry
from sqlalchemy import ColumnElement
from sqlalchemy.sql.visitors import iterate

from layers.cql.types import Expression
from layers.indicators.model import Measure
from layers.indicators.population import Population, Side

MOST = 30
"""Indicators of a sheet at most: what one statement counts without holding up others for long."""


class Slot(NamedTuple):
    """Where a measure stands: among what is counted, or among what is summed up."""

    summed: bool
    at: int


class Slots(NamedTuple):
    """Where the measures of an indicator stand: its rows, and both sides."""

    rows: Slot
    numerator: Slot
    denominator: Slot | None


@dataclass(frozen=True, slots=True)
class Told:
    """One measure of a sheet: the conditions that its rows meet, and what is summed up."""

    conditions: tuple[ColumnElement[bool], ...]
    column: Expression | None


Named = tuple[str | None, str | None, str | None]
"""A measure as declared: filter of the population, filter of the side, column."""


@dataclass(frozen=True)
class Sheet:
    """Indicators of the same layer, time and codes.

    What two of them count alike is counted once.
    """

    populations: tuple[Population, ...]

    @property
    def first(self) -> Population:
        """Return one of them: for layer, time and codes."""
        return self.populations[0]

    @cached_property
    def members(self) -> dict[str, str]:
        """Return the digest of each indicator by id."""
        return {p.indicator.id: p.indicator.digest for p in self.populations}

    @cached_property
    def key(self) -> str:
        """Return the digest of the sheet: of its indicators in order."""
        text = "\n".join(f"{key} {digest}" for key, digest in self.members.items())
        return sha256(text.encode()).hexdigest()

    @cached_property
    def counted(self) -> list[Told]:
        """Return the measures that are counted, in the order of their slots."""
        return self._measures[0]

    @cached_property
    def summed(self) -> list[Told]:
        """Return the measures that are summed up, in the order of their slots."""
        return self._measures[1]

    @cached_property
    def slots(self) -> Mapping[str, Slots]:
        """Return where the measures of each indicator stand, by id."""
        return self._measures[2]

    @cached_property
    def needs_shapes(self) -> bool:
        """Tell whether a filter looks at outlines, which the log of changes leaves out."""
        every = [c for told in (*self.counted, *self.summed) for c in told.conditions]
        parts = (part for one in every for part in iterate(one))
        return any(isinstance(getattr(part, "type", None), Geometry) for part in parts)

    @cached_property
    def _measures(self) -> tuple[list[Told], list[Told], dict[str, Slots]]:
        places: dict[Named, Slot] = {}
        kept: tuple[list[Told], list[Told]] = [], []
        slots = {}
        for one in self.populations:
            rows = _place(one, Measure(), None, places, kept)
            numerator = _place(one, one.indicator.numerator, one.numerator, places, kept)
            measure, below = one.indicator.denominator, None
            if measure is not None:
                below = _place(one, measure, one.denominator, places, kept)
            slots[one.indicator.id] = Slots(rows, numerator, below)
        return *kept, slots


def _place(
    one: Population, measure: Measure, side: Side | None,
    places: dict[Named, Slot], kept: tuple[list[Told], list[Told]],
) -> Slot:  # fmt: skip
    """Return the slot of a measure, one that another indicator has already where it is the same."""
    named = one.indicator.where, measure.where, measure.sum
    if named not in places:
        conditions = [one.where] if one.indicator.where else []
        if side is not None and measure.where:
            conditions.append(side.where)
        column = None if side is None else side.column
        summed = column is not None
        kept[summed].append(Told(tuple(conditions), column))
        places[named] = Slot(summed, len(kept[summed]) - 1)
    return places[named]


def sheets_of(populations: Iterable[Population]) -> list[Sheet]:
    """Return indicators as sheets, in their order."""
    alike: dict[tuple[object, ...], list[Population]] = defaultdict(list)
    for one in populations:
        indicator = one.indicator
        time = indicator.time.model_dump_json()
        alike[indicator.layer, time, indicator.by].append(one)
    return [
        Sheet(tuple(every[at : at + MOST]))
        for every in alike.values()
        for at in range(0, len(every), MOST)
    ]
