"""What processes over slices of time may be asked: which events and exposure, when, of whom."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from layers.heat.counted import MONDAY
from layers.processes.runtime.model import Inputs, titled

Name = Annotated[str, Field(min_length=1, max_length=80)]


class SliceInputs(Inputs):
    """Which events and exposure, when, of whom."""

    events: Literal["hit", "case"] = titled("事件", "Events", default="hit")
    exposure: Literal["inspection", "passage", "shift"] = titled(
        "检查量", "Exposure", default="inspection"
    )
    kinds: list[Name] | None = titled("事件类别", "Kinds of events", default=None, max_length=50)
    units: list[Name] | None = titled("单位", "Units", default=None, max_length=200)
    since: date = titled("起始日", "From", default=MONDAY)
    until: date = titled("截止日（不含）", "Until", default=date(2100, 1, 1))
    slices: int | None = titled(
        "最近时间片数（至有记录的最后一片）", "Last slices, to the last with a record",
        default=None, ge=1, le=520,
    )  # fmt: skip

    @model_validator(mode="after")
    def _a_period(self) -> Self:
        if self.until <= self.since:
            raise ValueError("until must be after since")
        return self
