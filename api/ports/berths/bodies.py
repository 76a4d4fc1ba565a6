"""What is sent about berths: calls of vessels, what-if calls and closed stretches."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from api.http.values import Moment, Number, Strict, Visible, Whole
from api.law.records import Key, SourceId

MOST_CALLS = 300
Name = Annotated[str, Field(min_length=1, max_length=80), Visible]
Draught = Annotated[Number, Field(gt=0, le=40)]
Along = Annotated[Number, Field(ge=0, le=20_000)]
Weight = Annotated[Whole, Field(gt=0, le=1000)]


class CallBody(Strict):
    """A call of a vessel; handling as minutes, or as moves by so many cranes.

    `berth` is the key of the one that she must lie at, or lies at; with `state` `berthed` she lies
    from `from_m` along it since `berthed_at`.
    """

    key: Key
    vessel: Name
    length_m: Annotated[Number, Field(gt=0, le=1000)]
    draught_m: Draught | None = None
    draught_out_m: Draught | None = None
    eta: Moment
    due: Moment | None = None
    handling_min: Annotated[Whole, Field(gt=0, le=20_000)] | None = None
    moves: Annotated[Whole, Field(gt=0, le=50_000)] | None = None
    cranes: Annotated[Whole, Field(gt=0, le=12)] | None = None
    weight: Weight = 1
    late_weight: Annotated[Whole, Field(ge=0, le=1000)] = 0
    berth: Name | None = None
    from_m: Along | None = None
    berthed_at: Moment | None = None
    state: Literal["expected", "berthed", "left", "cancelled"] = "expected"

    @model_validator(mode="after")
    def _possible(self) -> CallBody:
        if self.handling_min is None and self.moves is None:
            raise ValueError("give handling_min or moves")
        if self.due is not None and self.due < self.eta:
            raise ValueError("it is due before it arrives")
        if self.state == "berthed" and None in (self.berth, self.from_m, self.berthed_at):
            raise ValueError("a vessel that is berthed has berth, from_m and berthed_at")
        return self


class CallsBody(Strict):
    """Calls of one source, each key once."""

    source: SourceId
    visibility: Literal["public", "unit"] = "unit"
    origin: Literal["real", "synthetic"] = "real"
    calls: list[CallBody] = Field(min_length=1, max_length=MOST_CALLS)

    @model_validator(mode="after")
    def _each_once(self) -> CallsBody:
        if len({one.key for one in self.calls}) < len(self.calls):
            raise ValueError("a key stands twice among the calls")
        return self


class ClosedBody(Strict):
    """A stretch of a berth that is taken for a time; all of it without `from_m` and `to_m`."""

    berth: Name
    from_m: Along | None = None
    to_m: Along | None = None
    since: Moment
    until: Moment

    @model_validator(mode="after")
    def _possible(self) -> ClosedBody:
        if self.until <= self.since:
            raise ValueError("it ends before it begins")
        return self


class WhatIfBody(Strict):
    """What is changed: calls added or put in place of those with the same key, calls taken out."""

    calls: list[CallBody] = Field(default=[], max_length=MOST_CALLS)
    without: list[Key] = Field(default=[], max_length=MOST_CALLS)
    closed: list[ClosedBody] = Field(default=[], max_length=100)

    @model_validator(mode="after")
    def _each_once(self) -> WhatIfBody:
        if len({one.key for one in self.calls}) < len(self.calls):
            raise ValueError("a key stands twice among the calls")
        return self
