"""What all processes over enforcement may be asked: which events, when, of whom."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from layers.heat.counted import MONDAY
from layers.processes.runtime.model import Inputs, titled

Name = Annotated[str, Field(min_length=1, max_length=80)]
Exposure = Literal["inspection", "passage", "shift"]
Hours = list[Annotated[int, Field(ge=0, le=167)]]
EXPOSURE = titled("检查量", "Exposure", default="inspection")
HOURS = titled(
    "一周中的小时（0 为周一零时）", "Hours of the week", default=None, min_length=1, max_length=168
)


class EventInputs(Inputs):
    """Which events, when, of whom."""

    events: Literal["hit", "case"] = titled("事件", "Events", default="hit")
    kinds: list[Name] | None = titled(
        "事件类别", "Kinds of events", default=None, min_length=1, max_length=50
    )
    units: list[Name] | None = titled("单位", "Units", default=None, min_length=1, max_length=200)
    since: date = titled("起始日", "From", default=MONDAY)
    until: date = titled("截止日（不含）", "Until", default=date(2100, 1, 1))

    @model_validator(mode="after")
    def _a_period(self) -> Self:
        if self.until <= self.since:
            raise ValueError("until must be after since")
        return self
