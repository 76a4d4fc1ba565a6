"""The rules of locks: gaps in a chamber, order and bounds, search, intervals of arrival."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from spatial.rules import RuleModel, register

DAY_S = 86_400


class CargoGap(RuleModel):
    """What two classes keep in one chamber: metres along or across, or never together."""

    a: str = Field(min_length=1, max_length=40)
    b: str = Field(min_length=1, max_length=40)
    along_m: float = Field(default=0, ge=0, le=500)
    across_m: float = Field(default=0, ge=0, le=50)
    together: bool = True


class LockGaps(RuleModel):
    """Gaps between vessels in a chamber, and of classes of cargo those that differ.

    A vessel keeps its gap along the chamber or its gap across it; the walls ask for none.
    """

    along_m: float = Field(ge=0, le=50)
    across_m: float = Field(ge=0, le=10)
    sill_margin_m: float = Field(ge=0, le=5)
    classes: tuple[str, ...] = Field(min_length=1, max_length=16)
    differ: tuple[CargoGap, ...] = ()

    @model_validator(mode="after")
    def _known(self) -> Self:
        if len(set(self.classes)) < len(self.classes):
            raise ValueError("each class once")
        for pair in self.differ:
            if not {pair.a, pair.b} <= set(self.classes):
                raise ValueError(f"{pair.a} and {pair.b} must be among the classes")
        return self


class LockRank(RuleModel):
    """A precedence: those above it in the list may pass it; what a second of its waiting weighs."""

    name: str = Field(min_length=1, max_length=40)
    weight: int = Field(ge=1, le=1000)


class LockOrder(RuleModel):
    """Order of lockages: how often a vessel may be overtaken, how long it may wait, precedence.

    `ranks` begin with the highest. `lockage_cost_s` is the water of one as seconds of waiting.
    """

    overtaken_most: int = Field(ge=0, le=3)
    wait_most_s: int = Field(gt=0, le=14 * DAY_S)
    lockage_cost_s: int = Field(ge=0, le=DAY_S)
    ranks: tuple[LockRank, ...] = Field(min_length=1, max_length=8)


class LockPass(RuleModel):
    """A pass of the search: labels kept with as many served, vessels passed over in a lockage."""

    width: int = Field(ge=1, le=10_000_000)
    passed_most: int = Field(ge=0, le=31)


class LockSearch(RuleModel):
    """What a search may spend: places tried by the exact placement, labels, one pass after another.

    Up to `exact_ships` the passes are `exact`, beyond `long`.
    """

    places_most: int = Field(ge=1000, le=10_000_000)
    labels_most: int = Field(ge=1000, le=100_000_000)
    rows: int = Field(ge=1000, le=2_000_000)
    exact_ships: int = Field(ge=1, le=1000)
    exact: tuple[LockPass, ...] = Field(min_length=1, max_length=8)
    long: tuple[LockPass, ...] = Field(min_length=1, max_length=8)

    def passes(self, ships: int) -> list[tuple[int, int]]:
        """Return width and passed over of each pass, for so many ships."""
        chosen = self.exact if ships <= self.exact_ships else self.long
        return [(one.width, one.passed_most) for one in chosen]


class LockForecast(RuleModel):
    """How the courses of a voyage are drawn: spreads of arrival, lockage and sailing, filling.

    `filling` is the share of a chamber's area, as placements count it, at which a lockage is full;
    `level` the share of the courses that an interval holds.
    """

    arrival_sd_s: float = Field(ge=0, le=6 * 3600)
    lockage_sd: float = Field(ge=0, le=0.5)
    sailing_sd: float = Field(ge=0, le=0.5)
    filling: float = Field(gt=0.2, le=1)
    level: float = Field(gt=0, lt=1)
    courses: int = Field(ge=20, le=5000)


class LockCheckIn(RuleModel):
    """How near a lock a vessel has to be to be there."""

    radius_m: float = Field(gt=0, le=20_000)


class LockHand(RuleModel):
    """Changes by hand: for how long a lockage that has begun may still be taken back."""

    undo_s: int = Field(ge=0, le=3600)


CHECK_IN = register("lock.check_in", LockCheckIn, zh="到闸签到范围", en="Reach of check-in")
GAPS = register("lock.gaps", LockGaps, zh="闸室内间距", en="Gaps in lock chambers")
ORDER = register("lock.order", LockOrder, zh="过闸次序与上限", en="Order of lockages and bounds")
FORECAST = register("lock.forecast", LockForecast, zh="过闸时间预测", en="Forecast of lockages")
HAND = register("lock.hand", LockHand, zh="人工调整与撤销", en="Changes by hand and their undoing")
SEARCH = register("lock.search", LockSearch, zh="排闸搜索规模", en="Extent of the lock search")
