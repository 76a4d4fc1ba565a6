"""What an address may ask of heat: the inputs of the process, cells, and a second period."""

from __future__ import annotations

from collections.abc import Set
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from layers.processes.law.heat_surface import HeatCounted
from layers.processes.runtime.model import titled, wrong_input

CLASSES = 16
DIFFERENCE = "difference"
HOT = ("gi", "gi_count")
MONTHS = 12


class HeatQuestion(HeatCounted):
    """What an address may ask of heat: the inputs of the process, and how cells are cut."""

    surface: Literal["rate", "count", "kde", "gi", "gi_count", "difference"] = titled(
        "图面", "Surface", default="rate"
    )
    before: date | None = titled("对比时段起始日", "From, of the earlier period", default=None)
    before_until: date | None = titled(
        "对比时段截止日（不含）", "Until, of the earlier period", default=None
    )
    cells: Literal["zorder", "h3", "beidou", "county"] = titled(
        "单元", "Kind of cells", default="zorder"
    )
    classes: list[Annotated[int, Field(ge=0, lt=CLASSES)]] | None = titled(
        "只显示这些分级", "Classes shown", default=None, min_length=1, max_length=CLASSES
    )

    @model_validator(mode="after")
    def _two_periods(self) -> Self:
        if self.surface != DIFFERENCE:
            if self.before is not None or self.before_until is not None:
                raise ValueError("before and before_until are of surface=difference")
            return self
        before, until = self.earlier
        if not before < until <= self.since:
            raise ValueError("before must be before before_until, and that not after since")
        if self.hours is not None and not (before.day == until.day == 1):
            raise ValueError("hours of the week are counted by whole months: give first days")
        return self

    @property
    def earlier(self) -> tuple[date, date]:
        """The period that a difference is taken from: what is not told of it is as long, before."""
        until = self.before_until or self.since
        return self.before or _as_long_before(until, self.since, self.until), until


def check_cells(asked: HeatQuestion) -> None:
    """Refuse cells that a surface does not have, and a level of those whose size a rule says.

    Raises
    ------
    BadParameter
    """
    if asked.cells == "zorder":
        return
    if asked.level is not None:
        raise wrong_input(
            "level", f"cells of {asked.cells} have the size of the rule", "该类单元大小由规则规定"
        )
    if asked.surface == "kde" and asked.cells == "county":
        raise wrong_input(
            "surface", "a density has cells of one size: take zorder, h3 or beidou",
            "核密度需要大小一致的单元：请用 zorder、h3 或 beidou",
        )  # fmt: skip
    if asked.surface in HOT:
        raise wrong_input(
            "surface",
            f"{asked.surface} needs cells=zorder: which cells touch is known of these alone",
            f"{asked.surface} 只支持 cells=zorder",
        )


def check_periods(asked: HeatQuestion, free: Set[str] = frozenset()) -> None:
    """Refuse a difference of which nobody said what is now; `free` may still be said.

    Raises
    ------
    BadParameter
    """
    if asked.surface != DIFFERENCE:
        return
    said = asked.model_fields_set | free
    missing = [name for name in ("since", "until") if name not in said]
    if missing:
        raise wrong_input(
            missing[0], "a difference is of two periods: give since and until",
            "差值需要两个时段：请给出 since 与 until",
        )  # fmt: skip


def _as_long_before(end: date, since: date, until: date) -> date:
    """Return when a period as long as another begins that ends on a day, by months where it can."""
    if since.day == until.day == end.day == 1:
        months = MONTHS * (end.year - until.year + since.year) + end.month - until.month
        year, month = divmod(months + since.month - 1, MONTHS)
        return date(max(1, year), month + 1, 1)
    return date.fromordinal(max(1, end.toordinal() - (until - since).days))
