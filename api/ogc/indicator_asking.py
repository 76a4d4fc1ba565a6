"""What is asked of indicators: period, unit, and the numbers when it is the caller's turn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import Query
from starlette.requests import Request

from api.http.auth import actor_of
from api.http.concurrency import caller_of, limits_of
from api.http.disconnect import while_connected
from api.http.negotiate import purpose_of
from api.services import services
from layers.indicators.catalog import shown_id
from layers.indicators.model import Index
from layers.indicators.numbers import Numbers
from layers.indicators.periods import Period, parse_period, period_at
from layers.indicators.population import Population
from layers.indicators.units import Unit
from spatial.errors import BadParameter

COUNT_S = 0.03
"""What counting one indicator is likely to take."""

PeriodText = Annotated[
    str | None,
    Query(
        max_length=40,
        description="Day 2026-03-02, ISO week 2026-W10 or month 2026-03; this month when left out.",
        examples=["2026-W10"],
    ),
]
UnitText = Annotated[
    str | None,
    Query(max_length=40, description="GB/T 2260 code; all that you may read when left out."),
]
LevelText = Annotated[
    str | None,
    Query(max_length=40, description="county, prefecture or province; the one below the unit."),
]


def period_of(text: str | None) -> Period:
    """Return the period asked for, this month when none is.

    Raises
    ------
    BadParameter
        It is none, or has not begun: the last one that has is told.
    """
    if text is None:
        return period_at("month")
    asked = parse_period(text)
    last = period_at(asked.kind)
    if asked.first > last.first:
        raise BadParameter(
            f"{asked.id} has not begun", f"{asked.id} 尚未开始",
            mend_en=f"Ask for {last.id} or one before it.",
            mend_zh=f"请查询 {last.id} 或更早的周期。", parameter="period",
        )  # fmt: skip
    return asked


async def unit_of(request: Request, one: Population | Index, text: str | None) -> Unit:
    """Return the unit asked for, the largest that the actor may be told of when none is."""
    served, actor = services(request), actor_of(request)
    units = await served.indicators.units()
    public = served.indicators.declared.tells_all_units(shown_id(one), actor)
    if text is None:
        return units.top(actor, public=public)
    return units.get(text, actor, public=public)


async def ask(
    request: Request, keys: Sequence[str], periods: Sequence[Period], *, split: bool = False
) -> Numbers:
    """Return numbers, counted when it is the caller's turn and while it is there."""
    served, actor = services(request), actor_of(request)
    declared = served.indicators.declared
    leaves = {leaf for key in keys for leaf in declared.stands_on[key]}
    work = served.indicators.ask(keys, actor, periods, split=split)
    turn = limits_of(request).items.run(caller_of(request), COUNT_S * len(leaves), work)
    return await while_connected(request, turn)


def note(request: Request, target: str, unit: Unit, period: Period) -> None:
    """Put on record who asked for numbers, of which unit and period."""
    services(request).audit.record(
        actor_of(request), "indicator", target, area=unit.code, purpose=purpose_of(request),
        detail={"period": period.id},
    )  # fmt: skip
