"""The rules of enforcement heat: what each must be, with units in the names and ranges."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, model_validator

from spatial.rules import RuleModel, register

Share = Annotated[float, Field(gt=0, lt=1)]


class Cells(RuleModel):
    """Level of the Z-order cells of the surfaces, H3 resolution and BeiDou level beside it."""

    level: int = Field(ge=8, le=16)
    finest_level: int = Field(ge=8, le=18)
    h3_resolution: int = Field(ge=4, le=9)
    beidou_level: int = Field(ge=3, le=5)


class Intervals(RuleModel):
    """Level of intervals of rates, and of differences."""

    level: Share


class Bandwidth(RuleModel):
    """Bandwidth of kernels: by hand within these, metres; along the network its lixels.

    Along the network `network_share` is the least share of an event that is walked on with.
    """

    least_m: float = Field(gt=0, le=10_000)
    usual_m: float = Field(gt=0, le=100_000)
    most_m: float = Field(gt=0, le=200_000)
    network_m: float = Field(gt=0, le=10_000)
    network_most_m: float = Field(gt=0, le=10_000)
    lixel_m: float = Field(gt=0, le=1_000)
    network_share: float = Field(ge=0, le=0.1)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.least_m <= self.usual_m <= self.most_m:
            raise ValueError("least_m, usual_m and most_m must rise")
        if not self.lixel_m <= self.network_m <= self.network_most_m:
            raise ValueError("lixel_m, network_m and network_most_m must rise")
        return self


class HotSpots(RuleModel):
    """Share of false findings among hot spots; |z| from which on a cell is of a class."""

    false_share: Share
    z: tuple[float, float, float]

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if not all(0 < low < high for low, high in pairwise(self.z)):
            raise ValueError("z must rise from above 0")
        return self


class SpaceTime(RuleModel):
    """Slices that a class needs, days of a slice, share that lasts, |z| of a trend.

    A cell that was not inspected in the last `fresh_slices` before the newest one has no class.
    """

    least_slices: int = Field(ge=4, le=520)
    slice_days: int = Field(ge=1, le=366)
    fresh_slices: int = Field(ge=0, le=520)
    share: Share
    trend_z: float = Field(gt=0, le=10)


class Stretches(RuleModel):
    """Segments of routes in metres, how far off a record may lie, and when sides are told apart.

    A stretch is hot from `ratio` times the pooled rate on, and cold that far below it.
    """

    segment_m: float = Field(ge=50, le=20_000)
    reach_m: float = Field(gt=0, le=2_000)
    stake_reach_m: float = Field(gt=0, le=20_000)
    apart_m: float = Field(gt=0, le=200)
    sided_share: float = Field(gt=0, le=1)
    ratio: float = Field(gt=1, le=100)


class Scan(RuleModel):
    """Replications and seed of a scan, what a circle may hold, and p up to which it is told.

    `share` is of the exposure, up to a half: a circle that held more would tell of what is outside.
    `most_cells` is of cells.
    """

    replications: int = Field(ge=9, le=9_999)
    seed: int = Field(ge=0, lt=2**32)
    share: float = Field(gt=0, le=0.5)
    most_cells: int = Field(ge=2, le=10_000)
    most_p: Share


class Records(RuleModel):
    """What a record of enforcement may be: hours of a shift at most."""

    shift_h: float = Field(gt=0, le=168)


class Breaks(RuleModel):
    """Bounds of the colours of a surface, the same at every zoom and place; rising."""

    bounds: tuple[float, ...] = Field(min_length=2, max_length=8)

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if not all(low < high for low, high in pairwise(self.bounds)):
            raise ValueError("bounds must rise")
        return self


class Patrol(RuleModel):
    """Share of patrol hours at random; share of an excess from which on it is mostly patrol."""

    random_share: float = Field(ge=0.1, le=1)
    explained_share: Share


class Published(RuleModel):
    """What everybody is told of a month: level of the cells, least count, when, how far back.

    Parameters
    ----------
    level
        Level of the one Z-order grid.
    k
        Counts below are not told.
    days
        Days after the month's end.
    back
        Months that have ended and are published where they never were.
    """

    level: int = Field(ge=6, le=12)
    k: int = Field(ge=3, le=100)
    days: int = Field(ge=0, le=28)
    back: int = Field(ge=0, le=120)

    def moment(self, end: datetime) -> datetime:
        """Return when a month that ends then is published."""
        return end + timedelta(days=self.days)


SURFACES = ("rate", "count", "kde", "gi", "difference")
CELLS = register("law.heat_cells", Cells, zh="热力单元", en="Cells of heat")
INTERVALS = register("law.heat_interval", Intervals, zh="查获率区间", en="Intervals of rates")
BANDWIDTH = register("law.heat_bandwidth", Bandwidth, zh="核密度带宽", en="Bandwidth of kernels")
HOT_SPOTS = register(
    "law.heat_hot_spots", HotSpots, zh="热点显著性", en="Significance of hot spots"
)
SPACE_TIME = register(
    "law.heat_space_time", SpaceTime, zh="时空热点分类", en="Classes of hot spots"
)
STRETCHES = register(
    "law.heat_stretches", Stretches, zh="路线热点路段", en="Hot stretches of routes"
)
SCAN = register("law.heat_scan", Scan, zh="空间扫描", en="Scan for clusters")
RECORDS = register("law.records", Records, zh="执法记录", en="Records of enforcement")
PATROL = register("law.patrol", Patrol, zh="巡查安排", en="Patrols")
PUBLISHED = register(
    "law.heat_published", Published, zh="公开案件数", en="Counts of cases for everybody"
)
BREAKS = register(
    "law.heat_breaks.*",
    Breaks,
    zh="热力分级",
    en="Colours of heat",
    only=lambda: [f"law.heat_breaks.{name}" for name in SURFACES],
)
