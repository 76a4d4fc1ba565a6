"""What a report is: the keys of `areas/<area>/<id>.report.toml`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from layers.declare.base import Declaration, Text
from layers.declare.layer import Identifier
from layers.indicators.units import Level

PeriodKind = Literal["week", "month"]
MOST_ITEMS = 60


class Item(Declaration):
    """One number of a report, and how it is shown beside its total."""

    indicator: str = Field(pattern=Identifier)
    """An indicator or index."""
    map: bool = False
    """Units coloured by it."""
    ranking: bool = False
    """All units, ranked."""
    top: int | None = Field(default=None, ge=1, le=50)
    """So many units from either end of the ranking."""
    interval: bool = False
    """Each rate with its interval, as wide as the rule `law.heat_interval` says."""


class Listed(Declaration):
    """Rows of a computed layer that are listed by unit, as they stand at the freeze."""

    layer: str = Field(pattern=Identifier)
    """A computed layer."""
    columns: tuple[str, ...] = Field(min_length=1, max_length=12)
    """Its columns that are shown."""
    only: dict[str, str] = {}
    """Values that rows have in columns."""
    order: str = Field(pattern=Identifier)
    """The column of numbers of which the highest come first."""


class Report(Declaration):
    """The numbers that are frozen for each period of a kind."""

    id: str = Field(pattern=Identifier, max_length=63)
    """The name of the file."""
    area: str = Field(pattern=Identifier)
    """The folder that the file lies in."""
    title: Text
    description: Text | None = None
    period: PeriodKind
    level: Level = "county"
    """The units that are told of beside the whole province."""
    items: tuple[Item, ...] = Field(min_length=1, max_length=MOST_ITEMS)
    lists: tuple[Listed, ...] = Field(default=(), max_length=4)
    order: int = 100

    @field_validator("items")
    @classmethod
    def _each_once(cls, items: tuple[Item, ...]) -> tuple[Item, ...]:
        names = [item.indicator for item in items]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"listed twice: {', '.join(twice)}")
        return items
