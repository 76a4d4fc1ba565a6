"""What an indicator and an index are: their keys in `areas/<area>/<name>.indicator.toml`."""

from __future__ import annotations

from decimal import Decimal
from functools import cached_property
from hashlib import sha256
from typing import Literal

import orjson
from pydantic import Field, field_validator, model_validator

from layers.declare.base import Declaration, Text
from layers.declare.layer import Identifier

MAX_FILTER = 2000
"""Characters that the filters of an indicator have together at most."""
RULE_KEY = r"^[a-z0-9_]+(\.[a-z0-9_]+)+$"
NOT_COUNTED = ("title", "description", "order", "digits", "unit", "better", "area", "whole_only")
"""Keys that change how a number is shown, not what it is."""


class Counted(Declaration):
    """When a row counts: `flow` and `due` in the period of a time, `stock` alive at its end.

    A row is alive from its first time, before all time where that is unknown, until its second
    one; both are half-open like the period. What lies ahead is not counted yet: of a period that
    lasts a row of a flow counts when its time has come, on its day where that is a date; one that
    is due when its day is over, as a deadline has passed then. A date stands for its whole day.
    """

    flow: str | None = Field(default=None, pattern=Identifier)
    due: str | None = Field(default=None, pattern=Identifier)
    stock: tuple[str, str] | None = None

    @model_validator(mode="after")
    def _one_of_all(self) -> Counted:
        if sum(one is not None for one in (self.flow, self.due, self.stock)) != 1:
            raise ValueError("name one of flow, due and stock")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns that are named."""
        return self.stock or (str(self.flow or self.due),)


class Measure(Declaration):
    """One side of an indicator: the rows that meet `where`, counted, or a column summed up."""

    where: str | None = Field(default=None, min_length=1, max_length=MAX_FILTER)
    sum: str | None = Field(default=None, pattern=Identifier)


class _Shown(Declaration):
    """What indicators and indices have in common."""

    id: str = Field(pattern=Identifier, max_length=63)
    area: str = Field(pattern=Identifier)
    """The folder that the file lies in; set by the catalogue."""
    title: Text
    description: Text | None = None
    unit: Text = Text(zh="", en="")
    digits: int = Field(default=0, ge=0, le=6)
    better: Literal["higher", "lower"] | None = None
    order: int = 100

    @field_validator("unit", mode="before")
    @classmethod
    def _same_in_both(cls, given: object) -> object:
        return {"zh": given, "en": given} if isinstance(given, str) else given

    @cached_property
    def digest(self) -> str:
        """Digest of the definition: SHA-256 of its canonical JSON. Another one, another series."""
        counted = self.model_dump(mode="json", exclude=set(NOT_COUNTED), exclude_none=True)
        return sha256(orjson.dumps(counted, option=orjson.OPT_SORT_KEYS)).hexdigest()


class Indicator(_Shown):
    """A number over the rows of a layer, per unit and period.

    With a denominator its value is numerator ÷ denominator × scale, null where there are no cases.
    """

    layer: str = Field(pattern=Identifier)
    where: str | None = Field(default=None, min_length=1, max_length=MAX_FILTER)
    """CQL2 text over the layer's listed columns: the population."""
    time: Counted
    numerator: Measure = Measure()
    denominator: Measure | None = None
    by: tuple[str, ...] = ()
    """Coded columns that the number can be split by."""
    scale: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    rule: str | None = Field(default=None, pattern=RULE_KEY)
    """The rule by which the rows were graded or the limits set, named with each value."""
    k: int | None = Field(default=None, ge=2, le=1000)
    """Fewer rows than these are not told to who may not read the rows of a sensitive layer."""
    whole_only: bool = False
    """Who may not read the rows is told the number of the largest unit alone."""

    @cached_property
    def exact_scale(self) -> Decimal:
        """Return the scale as its decimal digits."""
        return Decimal(str(self.scale))

    @property
    def is_share(self) -> bool:
        """Tell whether it is a percentage, so that an index can be made of it."""
        return self.denominator is not None and self.scale == 100

    @property
    def filters(self) -> dict[str, str]:
        """Return the filters by key."""
        found = {"where": self.where, "numerator.where": self.numerator.where}
        if self.denominator:
            found["denominator.where"] = self.denominator.where
        return {key: text for key, text in found.items() if text}


class Index(_Shown):
    """A number from 0 to 100 made of shares by the weights, vetoes and manners of a rule."""

    parts: dict[str, str] = Field(min_length=1)
    """Name of each part, as the rule weighs it, to an indicator or index."""
    rule: str = Field(pattern=RULE_KEY)
    by: tuple[str, ...] = Field(default=(), exclude=True)
    """Coded columns that all that it stands on are split by: it is told by their codes too."""
    better: Literal["higher", "lower"] | None = "higher"
