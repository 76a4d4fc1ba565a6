"""The rules of berth plans: gaps along the quay and in time, water under the keel, search."""

from __future__ import annotations

from pydantic import Field

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


GAPS = register("berth.gaps", BerthGaps, zh="靠泊间距", en="Gaps at berths")
SEARCH = register(
    "berth.search", BerthSearch, zh="泊位计划搜索规模", en="Extent of the berth search"
)
