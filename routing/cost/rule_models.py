"""The rules that routing reads: what each must be, with units in the names and ranges."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from routing.cost.weekly_hours import read_hours
from routing.graph.turns import HORIZON_M
from spatial.rules import RuleModel, RuleTable, register

PROFILES = Path(__file__).parent.parent / "profiles"
HOURS = 168

RoadClass = Literal[
    "motorway", "motorway_link", "trunk", "trunk_link", "trunk_unclassified", "primary",
    "primary_link", "secondary", "secondary_link", "tertiary", "tertiary_link", "unclassified",
    "residential", "living_street", "road", "service", "track", "busway", "bus_guideway",
    "cycleway", "path", "footway", "pedestrian", "bridleway", "steps", "ferry",
]  # fmt: skip
AnyClass = RoadClass | Literal["other"]
Kmh = Annotated[float, Field(gt=0, le=300)]
Metres = Annotated[float, Field(ge=0, le=1_000_000)]
Seconds = Annotated[float, Field(gt=0, le=7 * 86_400)]
Share = Annotated[float, Field(gt=0, le=1)]
Many = Annotated[float, Field(ge=0, le=1_000_000)]


@cache
def named_by_profiles(*fields: str) -> frozenset[str]:
    """Return what the declared profiles name in some fields."""
    bodies = [tomllib.loads(path.read_text("utf-8")) for path in sorted(PROFILES.glob("*.toml"))]
    return frozenset(body[field] for body in bodies for field in fields if field in body)


def _of_profiles(*fields: str) -> Callable[[], frozenset[str]]:
    return lambda: named_by_profiles(*fields)


def _having(name: str) -> Callable[[Mapping[str, float]], Mapping[str, float]]:
    def check(table: Mapping[str, float]) -> Mapping[str, float]:
        if name not in table:
            raise ValueError(f"{name} must be there: it counts for what is not named")
        return table

    return check


def _hours(text: str) -> str:
    if read_hours(text) is None:
        raise ValueError(f"hours like 00:00-06:00 or Mo-Fr 07:00-09:00, not {text!r}")
    return text


class ClassSpeeds(RuleTable[Annotated[dict[RoadClass, Kmh], AfterValidator(_having("road"))]]):
    """Speed (km/h) by class of road; a class without one is closed, `road` is the usual one."""


class ClassCaps(RuleTable[dict[AnyClass, Kmh]]):
    """Highest speed (km/h) by class of road; `other` counts for classes that are not named."""


CLASS_SPEED = register(
    "road.class_speed_kmh", ClassSpeeds, required=True,
    zh="未知限速时的假定速度", en="Assumed speeds by class of road",
)  # fmt: skip
CLASS_SPEEDS = register(
    "road.class_speed_kmh.*", ClassSpeeds, only=_of_profiles("class_speed"),
    zh="未知限速时的假定速度（按车型）", en="Assumed speeds by class of road and vehicle",
)  # fmt: skip
SPEED_CAP = register(
    "road.speed_cap_kmh.*", ClassCaps, only=_of_profiles("speed_cap"),
    zh="法定最高车速", en="Legal top speeds by vehicle",
)  # fmt: skip


class Ban(RuleModel):
    """Hours of the week at which classes of road are closed to a vehicle."""

    classes: tuple[RoadClass, ...] = Field(min_length=1)
    hours: Annotated[str, AfterValidator(_hours)]


class Bans(RuleTable[tuple[Ban, ...]]):
    """All bans of a vehicle."""


TIME_BAN = register(
    "road.time_ban.*", Bans, only=_of_profiles("bans"),
    zh="分时段禁行", en="Banned hours by vehicle",
)  # fmt: skip

LimitName = Literal["max_height_m", "max_width_m", "max_length_m", "max_mass_t", "max_axle_t"]


class LimitNames(RuleTable[tuple[LimitName, ...]]):
    """The limits of roads that a law speaks of."""


class GoodsNames(RuleTable[tuple[Literal["hazmat"], ...]]):
    """The kinds of cargo that a law speaks of."""


LIMIT_LAW = register(
    "road.limit_law", LimitNames, zh="限载限高限宽限长的法律依据", en="Law of limits of roads"
)
HAZMAT_LAW = register(
    "road.hazmat_law", GoodsNames, zh="危险货物限行的法律依据", en="Law of dangerous goods on roads"
)


class Relaxing(RuleModel):
    """What giving way at one more place is worth, and how many ways to give are told."""

    hours_per_place: float = Field(gt=0, le=1000)
    sets: int = Field(ge=1, le=10)


class Snapping(RuleModel):
    """How far a place may be from the network, and what an island of it is."""

    max_m: float = Field(gt=0, le=100_000)
    tie_m: float = Field(ge=0, le=100)
    island_nodes: int = Field(ge=1, le=1_000_000)


class Bounds(RuleModel):
    """What another way must be like, relative to the best path's time."""

    shared: Share
    stretch: float = Field(ge=1, le=10)
    local: Share


class Preferring(RuleModel):
    """How much more time others than the preferred classes count."""

    factor: float = Field(ge=1, le=10)


RELAX = register("road.relax", Relaxing, zh="放宽方案的代价", en="Cost of what must give")
SNAP = register("road.snap", Snapping, required=True, zh="吸附到路网", en="Snapping to the network")
ALTERNATIVES = register("road.alternatives", Bounds, zh="备选路径", en="Alternative paths")
PREFER = register("road.prefer", Preferring, zh="偏好道路", en="Preferred roads")


class Bpr(RuleModel):
    """Travel time by load: t = t0 (1 + alpha (v/c)^beta)."""

    alpha: float = Field(ge=0, le=10)
    beta: float = Field(ge=0, le=20)


class LaneLosing(RuleModel):
    """Usual load (volume over capacity), crawling speed, and lanes by class of one direction."""

    load: float = Field(gt=0, le=2)
    least_kmh: Kmh
    lanes: Annotated[
        dict[AnyClass, Annotated[int, Field(ge=1, le=12)]], AfterValidator(_having("other"))
    ]


class Loading(RuleModel):
    """Upper bounds of load of levels of service 1 to 5, and capacity of a lane by class (pcu/h)."""

    levels: tuple[float, float, float, float, float]
    lane_pcu_h: Annotated[
        dict[AnyClass, Annotated[float, Field(gt=0, le=5000)]], AfterValidator(_having("other"))
    ]

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if not all(0 < low < high for low, high in pairwise(self.levels)):
            raise ValueError("levels must rise from above 0")
        return self


class Queueing(RuleModel):
    """How far upstream of a queue's tail drivers are told."""

    sign_margin_m: Metres


BPR = register("road.bpr", Bpr, zh="流量与行程时间（BPR）", en="Travel time by load (BPR)")
LANE_LOSS = register("road.lane_loss", LaneLosing, zh="封闭车道的影响", en="Effect of lost lanes")
LOAD = register("road.load", Loading, zh="服务水平与通行能力", en="Levels of service, capacities")
QUEUE = register("road.queue", Queueing, zh="排队提示距离", en="Warning before a queue")


class Step(RuleModel):
    """What the law orders below a visibility; `leave` orders drivers off at the next exit."""

    below_m: float = Field(gt=0, le=10_000)
    max_kmh: Kmh
    gap_m: float | None = Field(default=None, gt=0, le=1000)
    leave: bool = False


class LowVisibility(RuleModel):
    """Steps of visibility; `classes` are the classes of road that they hold on."""

    steps: tuple[Step, ...] = Field(min_length=1)


class ExpresswayVisibility(LowVisibility):
    """Steps of visibility on some classes of road."""

    classes: tuple[RoadClass, ...]


LOW_VISIBILITY = register(
    "road.low_visibility", ExpresswayVisibility,
    zh="高速公路低能见度限速", en="Low visibility on expressways",
)  # fmt: skip
LOW_VISIBILITY_OTHER = register(
    "road.low_visibility_other", LowVisibility,
    zh="其他道路低能见度限速", en="Low visibility on other roads",
)  # fmt: skip


class Controlling(RuleModel):
    """How far upstream entrances and signs are looked for; how far off a road a device stands."""

    entrances_m: Metres
    devices_m: Metres
    device_off_m: Metres


class Merging(RuleModel):
    """How near in place and time two reports are of one incident."""

    within_m: Metres
    within_s: Seconds


CONTROL = register("road.control", Controlling, zh="上游管控", en="Control upstream")
INCIDENT_MERGE = register(
    "road.incident_merge", Merging, zh="重复报告合并", en="Reports of one incident"
)

Factors = Annotated[tuple[Share, ...], Field(min_length=24, max_length=24)]


class ClassWeek(RuleModel):
    """Share of the free-flow speed by hour: a week of 168, or a working day and one off of 24."""

    week: Annotated[tuple[Share, ...], Field(min_length=HOURS, max_length=HOURS)] | None = None
    weekday: Factors | None = None
    weekend: Factors | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        days = self.weekday is not None and self.weekend is not None
        none = self.weekday is None and self.weekend is None
        if not (days if self.week is None else none):
            raise ValueError("either week, or weekday and weekend")
        return self

    @property
    def factors(self) -> tuple[float, ...]:
        """The 168 factors from Monday 00:00."""
        return self.week or (self.weekday or ()) * 5 + (self.weekend or ()) * 2


class ClassWeeks(RuleTable[dict[AnyClass, ClassWeek]]):
    """The course of a week by class of road; `other` counts for classes that are not named."""


HOUR_OF_WEEK = register(
    "road.hour_of_week", ClassWeeks, zh="按周内小时的典型速度", en="Typical speeds by hour"
)


class Matching(RuleModel):
    """The numbers of map matching, see `routing.matching.hmm.Model`."""

    sigma_m: float = Field(gt=0, le=1000)
    beta_m: float = Field(gt=0, le=10_000)
    beta_share: float = Field(ge=0, le=1)
    uturn_m: Metres
    fair_kmh: Kmh
    slow_share: float = Field(ge=0, le=1)
    edges: int = Field(ge=1, le=100)
    radius_m: float = Field(gt=0, le=10_000)
    radius_sigmas: float = Field(gt=0, le=100)
    detour_m: Metres
    gap_s: Seconds
    max_kmh: float = Field(gt=0, le=1000)
    thin_m: Metres
    lag: int = Field(ge=1, le=1000)


MATCHING = register("road.matching", Matching, zh="轨迹匹配", en="Map matching")


class Dimensions(RuleModel):
    """Dimensions of a vehicle; one that is left out is not tested."""

    height_m: float | None = Field(default=None, gt=0, le=20)
    width_m: float | None = Field(default=None, gt=0, le=20)
    length_m: float | None = Field(default=None, gt=0, le=200)
    mass_t: float | None = Field(default=None, gt=0, le=1000)
    axle_t: float | None = Field(default=None, gt=0, le=200)


def _all_named(field: str) -> Callable[[Mapping[str, object]], Mapping[str, object]]:
    def check(table: Mapping[str, object]) -> Mapping[str, object]:
        missing = sorted(named_by_profiles(field) - set(table))
        if missing:
            raise ValueError(f"profiles name {', '.join(missing)}, which must be there")
        return table

    return check


class Tariff(RuleModel):
    """Toll (CNY per km) by class of vehicle; classes of road that count as tolled where unsaid."""

    assumed_road_classes: tuple[RoadClass, ...]
    classes: Annotated[
        dict[str, Annotated[float, Field(ge=0, le=1000)]], AfterValidator(_all_named("toll_class"))
    ]


class Use(RuleModel):
    """What a vehicle burns."""

    fuel: str
    litres_100km: float = Field(ge=0, le=500)


class Fuel(RuleModel):
    """Carbon dioxide (kg per litre) by fuel, and the use of each vehicle; fuel `none` is none."""

    kg_per_litre: dict[str, Annotated[float, Field(ge=0, le=10)]]
    vehicles: Annotated[dict[str, Use], AfterValidator(_all_named("fuel"))]

    @model_validator(mode="after")
    def _known(self) -> Self:
        burnt = {use.fuel for use in self.vehicles.values() if use.litres_100km}
        if unknown := sorted(burnt - set(self.kg_per_litre)):
            raise ValueError(f"kg_per_litre lacks {', '.join(unknown)}")
        return self


class TurningVehicle(RuleModel):
    """What turning round costs a kind of vehicle, and where it does so."""

    seconds: float = Field(ge=0, le=3600)
    where: Literal["anywhere", "lawful", "dead_ends"]


class UTurns(RuleModel):
    """Where turning round is forbidden, and what it costs elsewhere.

    It is at the end of roads of some classes and on some structures, on crossings, and nearer than
    `undoing_m` to the restricted junction that it would undo, but for dead ends.
    """

    classes: tuple[RoadClass, ...]
    structures: tuple[Literal["bridge", "tunnel"], ...]
    crossings: bool
    undoing_m: float = Field(ge=0, le=HORIZON_M)
    vehicles: Annotated[dict[str, TurningVehicle], AfterValidator(_all_named("u_turn"))]


class UnknownLimits(RuleModel):
    """Whom structures of unknown limits refuse: who is larger than the general legal limits.

    With `hazmat`, tunnels of which nobody recorded it refuse dangerous goods as well.
    """

    general: Dimensions
    hazmat: bool


UNKNOWN_LIMITS = register(
    "road.unknown_limits", UnknownLimits, zh="限制未知的桥隧", en="Structures of unknown limits"
)
U_TURN = register("road.u_turn", UTurns, zh="掉头", en="Turning round")
VEHICLE = register(
    "vehicle.*.default", Dimensions, only=_of_profiles("vehicle"),
    zh="车型缺省尺寸与质量", en="Dimensions that a vehicle is taken to have",
)  # fmt: skip
TOLL = register("vehicle.toll_cny_km", Tariff, zh="每公里通行费", en="Tolls per kilometre")
FUEL = register("vehicle.fuel", Fuel, zh="油耗与碳排放", en="Fuel and carbon dioxide")
