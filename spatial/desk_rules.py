"""The rules of a dispatcher's desk: how long an event lasts, who is called when nobody signs."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from spatial.rules import RuleModel, register

Days = Annotated[int, Field(ge=1, le=3660)]
WORKS = "works"
"""The cause that has a longest duration of its own."""


class Lasting(RuleModel):
    """The longest time (days) from begin to end of an event, and of works."""

    days: Days
    works_days: Days

    def of_cause(self, cause: str) -> int:
        """Return the days that an event of a cause may last."""
        return self.works_days if cause == WORKS else self.days


class Call(RuleModel):
    """Who is called next, minutes after an event was entered: the unit above, or the province."""

    after_min: Annotated[int, Field(ge=1, le=1440)]
    to: Literal["above", "province"]


class Alarming(RuleModel):
    """How often an alarm sounds anew (s), and who is called when a desk does not sign."""

    repeat_s: Annotated[int, Field(ge=5, le=600)]
    calls: tuple[Call, ...]

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if any(late.after_min <= soon.after_min for soon, late in pairwise(self.calls)):
            raise ValueError("calls must come one after the other")
        return self


LASTING = register("desk.event_lasting", Lasting, zh="事件最长时限", en="Longest time of an event")
ALARM = register("desk.alarm", Alarming, zh="告警重复与升级", en="Alarms: repeating and calling on")
