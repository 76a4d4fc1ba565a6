"""The rules of low altitude: classes of airspace, controlled ground, aircraft, filing, accuracy.

Loaders that compute zones and the engine that answers "may I fly?" read the same values.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from spatial.rules import RuleModel, RuleTable, register

Aircraft = Literal["micro", "light", "small", "medium", "large"]
AirspaceClass = Literal["A", "B", "C", "D", "E", "G", "W"]
Category = Literal[
    "airport", "border", "military", "nuclear_dangerous", "infrastructure", "radio", "monument",
    "other",
]  # fmt: skip
Task = Literal[
    "ordinary", "urgent", "special_urgent", "facility_owner", "farm_work", "suitable_airspace"
]
Restriction = Literal["PROHIBITED", "REQ_AUTHORISATION", "CONDITIONAL", "NO_RESTRICTION"]
Metres = Annotated[float, Field(ge=0, le=60_000)]
Line = Annotated[str, Field(min_length=1, max_length=400)]
Minutes = Annotated[int, Field(ge=0, le=10_080)]


class LimitOfHeight(RuleModel):
    """A limit of height: its datum, and whether the height exactly at it belongs to this class.

    `AAE` is above the elevation of an aerodrome; loaders make it AMSL, or unknown.
    """

    value_m: Metres
    datum: Literal["AGL", "AMSL", "STD", "AAE"]
    included: bool


class Ring(RuleModel):
    """One disc of an airspace: radius, floor (None: the ground) and top."""

    radius_m: float = Field(gt=0, le=500_000)
    floor: LimitOfHeight | None = None
    top: LimitOfHeight

    @model_validator(mode="after")
    def _upright(self) -> Self:
        floor = self.floor
        if floor and floor.datum == self.top.datum and self.top.value_m <= floor.value_m:
            raise ValueError("top must be above floor")
        return self


Rings = Annotated[tuple[Ring, ...], Field(min_length=1)]


class RingsByRunways(RuleModel):
    """The rings of class B by number of runways, the innermost and lowest first."""

    three: Rings = Field(alias="3")
    two: Rings = Field(alias="2")
    one: Rings = Field(alias="1")

    def of(self, runways: int) -> tuple[Ring, ...]:
        """Return the rings of an airport with so many runways, one at least."""
        return self.three if runways >= 3 else self.two if runways == 2 else self.one


class ClassBand(RuleModel):
    """A class that lies everywhere between two heights, where no class before it does."""

    klass: Literal["A", "D", "E", "G", "W"] = Field(alias="class")
    controlled: bool
    floor: LimitOfHeight | None = None
    top: LimitOfHeight | None = None


class ClassBands(RuleTable[Annotated[tuple[ClassBand, ...], Field(min_length=1)]]):
    """Classes by height alone, each before those that follow it; B and C go before E, G and W."""


class Ceilings(RuleModel):
    """Highest flight (m above ground, included) without application by class of aircraft."""

    micro: float = Field(gt=0, le=1000)
    light: float = Field(gt=0, le=1000)
    small: float = Field(gt=0, le=1000)

    def find(self, aircraft: Aircraft) -> float | None:
        """Return the ceiling (m above ground) of a class, None where it has no such airspace."""
        return {"micro": self.micro, "light": self.light, "small": self.small}.get(aircraft)


class ControlledGround(RuleModel):
    """A category of ground above which airspace is controlled."""

    zh: Line
    en: Line
    authority_zh: Line
    authority_en: Line


class GroundCategories(RuleTable[dict[Category, ControlledGround]]):
    """The eight categories of Article 19, all of them."""

    @model_validator(mode="after")
    def _all_eight(self) -> Self:
        if len(self.root) != 8:
            raise ValueError("all eight categories must be named")
        return self


class Authority(RuleModel):
    """Who decides on a sort of zone."""

    zh: Line
    en: Line


class Authorities(RuleTable[dict[Literal["airspace", "restriction", "height"], Authority]]):
    """Who decides by sort of zone."""


class Clock(RuleModel):
    """When a task is filed: by a time of the day before, or so long before take-off."""

    zh: Line
    en: Line
    file_day_before: str | None = Field(default=None, pattern=r"^\d\d:\d\d$")
    reply_day_before: str | None = Field(default=None, pattern=r"^\d\d:\d\d$")
    file_minutes: Minutes | None = None
    reply_minutes: Minutes | None = None
    confirm_minutes: Minutes | None = None
    exempt_to_agl_m: Metres | None = None
    """Up to this true height no application is made in controlled airspace."""
    own_zone_only: bool = False
    """The exemption holds in the zone of the owner's own facility alone."""


class FilingClocks(RuleTable[dict[Task, Clock]]):
    """The clocks of all tasks."""

    @model_validator(mode="after")
    def _all(self) -> Self:
        if len(self.root) != 6:
            raise ValueError("all six tasks must be named")
        return self


class Bounds(RuleModel):
    """What a question may ask: how far ahead, how many vertices, how large."""

    horizon_days: int = Field(gt=0, le=366)
    most_vertices: int = Field(gt=3, le=100_000)
    most_side_m: float = Field(gt=0, le=1_000_000)
    """Longest side of the box around a line, corridor or volume."""
    search_m: float = Field(gt=0, le=50_000)
    """How far around a point another place is looked for."""
    search_height_m: float = Field(gt=0, le=1000)
    """Up to which height in whole metres another height is looked for."""


class FeedRestrictions(RuleModel):
    """What the words of feeds ask of flight: classes of OpenAir, types of ED-269 and ED-318."""

    openair: dict[Line, Restriction]
    geozone: dict[Line, Restriction]


class FeedBounds(RuleModel):
    """What a zone of a foreign feed may be at most; beyond it is taken for a mask or a mistake."""

    most_vertices: int = Field(gt=3, le=100_000)
    most_side_deg: float = Field(gt=0, le=180)
    mended_share: float = Field(ge=0, le=0.01)
    """Splinters of so little of the area, where an outline crosses itself, are left out."""


class Accuracy(RuleModel):
    """How far (m) a level may be wrong that stands between two datums."""

    geoid_m: float = Field(ge=0, le=100)
    qnh_m: float = Field(ge=0, le=1000)


class KeptDays(RuleTable[Annotated[int, Field(gt=0, le=36_600)]]):
    """For how many days an answer is kept with its question."""


class PackTerms(RuleModel):
    """For how long an offline pack holds, and how far (s) the clock of its reader may be off."""

    valid_hours: int = Field(gt=0, le=168)
    skew_s: float = Field(ge=0, le=3600)


CLASS_B_RINGS = register(
    "airspace.class_b_rings", RingsByRunways, zh="B类空域分环", en="Rings of class B airspace"
)
CLASS_C = register(
    "airspace.class_c_general", Ring, zh="通用机场C类空域", en="Class C of general aviation"
)
CLASS_BANDS = register(
    "airspace.class_bands", ClassBands, zh="按高度划分的空域类别", en="Classes by height"
)
GROUND = register(
    "airspace.controlled_ground", GroundCategories, zh="地面管制区域类别", en="Controlled ground"
)
AUTHORITIES = register(
    "airspace.authorities", Authorities, zh="空域管理主体", en="Who decides on airspace"
)
FEED_RESTRICTIONS = register(
    "airspace.feed_restrictions", FeedRestrictions, zh="空域数据限制用语", en="Words of feeds"
)
FEED_BOUNDS = register(
    "airspace.feed_bounds", FeedBounds, zh="空域数据范围", en="Bounds of zones of feeds"
)
ACCURACY = register(
    "airspace.accuracy", Accuracy, zh="高程基准换算精度", en="Accuracy between datums of height"
)
UAS_CEILING = register(
    "uas.suitable_ceiling_m", Ceilings, zh="无人机适飞高度", en="Ceilings of unmanned aircraft"
)
FILING = register("uas.filing_clock", FilingClocks, zh="飞行申请时限", en="Filing of flights")
BOUNDS = register("uas.question_bounds", Bounds, zh="适飞查询范围", en="Bounds of a question")
ANSWERS_KEPT = register(
    "airspace.answers_kept_days", KeptDays, zh="适飞答复保存天数", en="Days that answers are kept"
)
PACK = register("uas.offline_pack", PackTerms, zh="离线数据包", en="Offline pack")
