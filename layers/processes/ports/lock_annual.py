"""A year of a lock by its published sums: vessels a lockage, tonnes, and the use of its design."""

from __future__ import annotations

from pydantic import BaseModel, Field

from layers.declare.base import Text
from layers.processes.runtime.model import Inputs, Outputs, Process, Scene, titled

PERCENT = 100.0
T_PER_MT = 1e6


class LockYear(Inputs):
    """What is published of a lock and year; cargo and design in millions of tonnes."""

    id: str = Field(min_length=1, max_length=80)
    lockages: int = Field(ge=0, le=1_000_000)
    ships: int = Field(ge=0, le=10_000_000)
    cargo_mt: float = Field(ge=0, le=10_000, allow_inf_nan=False)
    design_mt: float | None = Field(default=None, gt=0, le=10_000, allow_inf_nan=False)


class LockAnnualInputs(Inputs):
    """Locks and years."""

    years: list[LockYear] = titled("船闸年度", "Years of locks", min_length=1, max_length=500)


class LockYearFound(BaseModel):
    """Ratios of a year; null where there is nothing to divide by, or no design is told."""

    id: str
    ships_per_lockage: float | None
    tonnes_per_ship: float | None
    tonnes_per_lockage: float | None
    utilisation_pct: float | None
    above_design: bool | None


class LockAnnualOutputs(Outputs):
    """One row a year, in the order given."""

    years: list[LockYearFound] = titled("核算", "Checks")


def run(inputs: LockAnnualInputs, _: Scene) -> LockAnnualOutputs:
    """Divide the sums of each year."""
    return LockAnnualOutputs(years=[_check(one) for one in inputs.years])


def _check(one: LockYear) -> LockYearFound:
    tonnes = one.cargo_mt * T_PER_MT
    use = None if one.design_mt is None else PERCENT * one.cargo_mt / one.design_mt
    return LockYearFound(
        id=one.id,
        ships_per_lockage=_ratio(one.ships, one.lockages),
        tonnes_per_ship=_ratio(tonnes, one.ships),
        tonnes_per_lockage=_ratio(tonnes, one.lockages),
        utilisation_pct=use,
        above_design=None if one.design_mt is None else one.cargo_mt > one.design_mt,
    )


def _ratio(part: float, whole: int) -> float | None:
    return part / whole if whole else None


PROCESS = Process(
    id="lock-annual",
    title=Text(zh="船闸年度核算", en="A year of a lock"),
    description=Text(
        zh="由年度闸次、过闸艘次、过闸货运量与设计通过能力，计算每闸次艘数、平均载货量、"
        "每闸次货运量与通过能力利用率。",
        en="From lockages, vessels, cargo and design capacity of a year: vessels and tonnes a "
        "lockage, tonnes a vessel, and the use of the design in percent.",
    ),
    inputs=LockAnnualInputs,
    outputs=LockAnnualOutputs,
    run=run,
)
