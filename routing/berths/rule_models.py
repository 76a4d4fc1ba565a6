"""The rules of berth plans: gaps along the quay and in time, water under the keel, search."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import AwareDatetime, Field

from spatial.rules import RuleModel, register


class BerthGaps(RuleModel):
    """What vessels keep: metres along the quay, minutes at the same place, metres under the keel.

    The ends of a quay ask for no gap; at a berth for one vessel only the minutes count.
    """

    along_m: float = Field(ge=0, le=200)
    between_min: int = Field(ge=0, le=1440)
    under_keel_m: float = Field(ge=0, le=10)


class BerthSearch(RuleModel):
    """What a search may spend: changes tried in a pass, passes, and seconds in all.

    Within the seconds an answer is the same each time; where they run out it says so.
    """

    changes: int = Field(ge=100, le=10_000_000)
    passes: int = Field(ge=1, le=100)
    seconds_most: float = Field(gt=0, le=60)
    seed: int = Field(ge=0, le=2**31 - 1)


class BerthHorizon(RuleModel):
    """Of what calls a terminal's plan is made, and how long it holds.

    Calls that are to come within `ahead_h` are planned; one whose time passed more than `overdue_h`
    ago without berthing is told instead. A plan holds until a berthing of it is `grace_min` late.
    Where a call tells moves alone, each of its cranes (`cranes` where they are not told) makes
    `moves_per_crane_h` an hour.
    """

    ahead_h: int = Field(ge=1, le=1000)
    overdue_h: int = Field(ge=0, le=1000)
    grace_min: int = Field(ge=1, le=1440)
    moves_per_crane_h: float = Field(gt=0, le=200)
    cranes: int = Field(ge=1, le=12)

    def lasts_min(self, moves: int, cranes: int | None) -> int:
        """Return the minutes of handling of so many moves."""
        return math.ceil(60 * moves / (self.moves_per_crane_h * (cranes or self.cranes)))


class BerthTides(RuleModel):
    """The tide as one wave: high water at a time and every `period_min`, `rise_m` above low water.

    Windows are told for each of `steps`, shares of the rise; between two of them the channel has
    at least that more water.
    """

    high_water: AwareDatetime
    period_min: float = Field(ge=60, le=3000)
    rise_m: float = Field(ge=0, le=20)
    steps: list[Annotated[float, Field(gt=0, lt=1)]] = Field(min_length=1, max_length=8)


GAPS = register("berth.gaps", BerthGaps, zh="靠泊间距", en="Gaps at berths")
SEARCH = register(
    "berth.search", BerthSearch, zh="泊位计划搜索规模", en="Extent of the berth search"
)
HORIZON = register(
    "berth.horizon", BerthHorizon, zh="泊位计划范围", en="What a terminal's berth plan spans"
)
TIDES = register("berth.tides", BerthTides, zh="靠泊潮汐", en="Tides at berths")
