"""What processes over cells may be asked: which events and exposure, when, of whom, how fine."""

from __future__ import annotations

from datetime import date
from typing import Self

from pydantic import model_validator

from layers.heat.counted import Counted
from layers.processes.law.event_inputs import (
    EXPOSURE,
    HOURS,
    EventInputs,
    Exposure,
    Hours,
)
from layers.processes.readers.heat_rows import HeatAsked
from layers.processes.runtime.model import titled
from spatial.schema.heat_tables import CUBE_LEVEL


class CellInputs(EventInputs):
    """What is counted in cells: of what, when, of whom."""

    exposure: Exposure = EXPOSURE
    since: date = titled("起始日", "From", default=date(2000, 1, 1))
    hours: Hours | None = HOURS
    level: int | None = titled("单元级别", "Level of cells", default=None, ge=8, le=CUBE_LEVEL)
    filter: str | None = titled(
        "过滤条件（CQL2，案件或检查的列）",
        "Filter (CQL2) over columns of cases, or of inspections for hits",
        default=None,
        min_length=1,
        max_length=2_000,
    )

    @model_validator(mode="after")
    def _whole_months(self) -> Self:
        if self.hours is not None and not (self.since.day == self.until.day == 1):
            raise ValueError("hours of the week are counted by whole months: give first days")
        return self


def counted(inputs: CellInputs) -> Counted:
    """Return what a question counts."""
    return Counted(
        inputs.since, inputs.until, inputs.hours, inputs.events, inputs.kinds, inputs.exposure,
        inputs.units, inputs.filter,
    )  # fmt: skip


def cells_asked(inputs: CellInputs) -> HeatAsked:
    """Return which cells a question is about; the finest level stands for that of the rule."""
    return HeatAsked(CUBE_LEVEL if inputs.level is None else inputs.level, counted(inputs))
