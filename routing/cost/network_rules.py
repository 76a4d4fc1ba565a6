"""The rules that a search on one kind of network reads: what each must be, by the kind's prefix."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from operator import getitem
from typing import Annotated, Any, Generic, Literal, Self, TypeVar, cast

from pydantic import AfterValidator, Field, create_model, model_validator

from routing.cost import profile_files
from routing.cost.profile_files import read_documents
from routing.cost.weekly_hours import readable
from routing.cost.zone_rules import CleanZones, Contraflow, Sharing
from routing.graph.turns import HORIZON_M
from spatial.networks.model import NetworkKind, searched_kinds
from spatial.rules import RuleKind, RuleModel, RuleTable, register

HOURS = 168
OTHER = "other"  # the class that stands for those not named

Kmh = Annotated[float, Field(gt=0, le=300)]
Metres = Annotated[float, Field(ge=0, le=1_000_000)]
Seconds = Annotated[float, Field(gt=0, le=7 * 86_400)]
Share = Annotated[float, Field(gt=0, le=1)]
Factors = Annotated[tuple[Share, ...], Field(min_length=24, max_length=24)]

T = TypeVar("T")
Name = TypeVar("Name")
"""One of the classes, limits or columns of a kind of network."""


@cache
def named_by_profiles(network: str, *fields: str) -> frozenset[str]:
    """Return what the declared profiles of a kind of network name in some fields."""
    bodies = [body for _, body in read_documents(profile_files.PROFILES / network)]
    return frozenset(body[field] for body in bodies for field in fields if field in body)


def all_named(kind: NetworkKind, field: str) -> Callable[[Mapping[str, T]], Mapping[str, T]]:
    """Return a check that a table has all names that profiles of a kind give in a field.

    Raises
    ------
    ValueError
        By the check: a name is missing.
    """

    def check(table: Mapping[str, T]) -> Mapping[str, T]:
        missing = sorted(named_by_profiles(kind.name, field) - set(table))
        if missing:
            raise ValueError(f"profiles name {', '.join(missing)}, which must be there")
        return table

    return check


class ClassSpeeds(RuleTable[dict[Name, Kmh]], Generic[Name]):
    """Speed (km/h) by class of edge; a class without one is closed."""


class ClassCaps(RuleTable[dict[Name, Kmh]], Generic[Name]):
    """Highest speed (km/h) by class of edge; `other` counts for classes that are not named."""


class Ban(RuleModel, Generic[Name]):
    """Hours of the week at which classes of edges are closed to a vehicle."""

    classes: tuple[Name, ...] = Field(min_length=1)
    hours: Annotated[str, AfterValidator(readable)]


class Bans(RuleTable[tuple[Ban[Name], ...]], Generic[Name]):
    """All bans of a vehicle."""


class LimitNames(RuleTable[tuple[Name, ...]], Generic[Name]):
    """The limits of edges that a law speaks of."""


class GoodsNames(RuleTable[tuple[Literal["hazmat"], ...]]):
    """The kinds of cargo that a law speaks of."""


class Relaxing(RuleModel):
    """What giving way at one more place is worth, and how many ways to give are told."""

    hours_per_place: float = Field(gt=0, le=1000)
    sets: int = Field(ge=1, le=10)


class Snapping(RuleModel):
    """How far a place may be from the network, and what an island of it is.

    Of roads that are driven in a direction asked for, one up to `heading_m` farther than the
    nearest is taken. `drive_on` is the side on which one drives.
    """

    max_m: float = Field(gt=0, le=100_000)
    tie_m: float = Field(ge=0, le=100)
    island_nodes: int = Field(ge=1, le=1_000_000)
    heading_m: float = Field(default=100, ge=0, le=10_000)
    drive_on: Literal["right", "left"] = "right"


class Bounds(RuleModel):
    """What another way must be like, relative to the best path's time."""

    shared: Share
    stretch: float = Field(ge=1, le=10)
    local: Share


class Preferring(RuleModel):
    """How much more time others than the preferred classes count."""

    factor: float = Field(ge=1, le=10)


class UnknownLimits(RuleModel):
    """Whom structures of unknown limits refuse: who is larger than the general legal limits.

    With `hazmat`, tunnels of which nobody recorded it refuse dangerous goods as well.
    """

    general: dict[str, Annotated[float, Field(gt=0)]]
    hazmat: bool


class TurningVehicle(RuleModel):
    """What turning round costs a kind of vehicle, and where it does so."""

    seconds: float = Field(ge=0, le=3600)
    where: Literal["anywhere", "lawful", "dead_ends"]


class UTurns(RuleModel, Generic[Name]):
    """Where turning round is forbidden, and what it costs elsewhere.

    It is at the end of edges of some classes and on some structures, on crossings, and nearer than
    `undoing_m` to the restricted junction that it would undo, but for dead ends.
    """

    classes: tuple[Name, ...]
    structures: tuple[Literal["bridge", "tunnel"], ...]
    crossings: bool
    undoing_m: float = Field(ge=0, le=HORIZON_M)
    vehicles: dict[str, TurningVehicle]


Delay = Annotated[float, Field(ge=0, le=3600)]


class Delaying(RuleModel):
    """Seconds that each thing met costs a kind of vehicle; what is left out costs nothing."""

    traffic_signals: Delay = 0.0
    stop: Delay = 0.0
    give_way: Delay = 0.0
    crossing: Delay = 0.0
    level_crossing: Delay = 0.0
    gate: Delay = 0.0
    toll_booth: Delay = 0.0
    join: Delay = 0.0
    join_main: Delay = 0.0
    turn: Delay = 0.0
    across: Delay = 0.0


class TurnCosts(RuleModel):
    """What signals, signs, crossings, gates and giving way cost each kind of vehicle."""

    vehicles: dict[str, Delaying]


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


class ClassWeeks(RuleTable[dict[Name, ClassWeek]], Generic[Name]):
    """The course of a week by class of edge; `other` counts for classes that are not named."""


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
    stand_m: Metres = 60.0
    stop_s: Seconds = 120.0
    lag: int = Field(ge=1, le=1000)


@dataclass(frozen=True)
class NetworkRules:
    """What each rule of one kind of network must be; `get_rule` reads it."""

    class_speed: RuleKind[ClassSpeeds[str]]
    class_speeds: RuleKind[ClassSpeeds[str]]
    speed_cap: RuleKind[ClassCaps[str]]
    time_ban: RuleKind[Bans[str]]
    hour_of_week: RuleKind[ClassWeeks[str]]
    vehicle: RuleKind[RuleModel]
    limit_law: RuleKind[LimitNames[str]]
    unknown_limits: RuleKind[UnknownLimits]
    hazmat_law: RuleKind[GoodsNames]
    u_turn: RuleKind[UTurns[str]]
    turn_cost: RuleKind[TurnCosts]
    sharing: RuleKind[Sharing]
    clean_zones: RuleKind[CleanZones]
    contraflow: RuleKind[Contraflow]
    relax: RuleKind[Relaxing]
    snap: RuleKind[Snapping]
    alternatives: RuleKind[Bounds]
    prefer: RuleKind[Preferring]
    matching: RuleKind[Matching]


@cache
def rules_of(kind: NetworkKind) -> NetworkRules:
    """Return the rules of a kind of network; they are registered when it is first asked for."""
    return NetworkRules(**_of_edges(kind), **_of_vehicles(kind), **_of_search(kind.rule_prefix))


def _of_edges(kind: NetworkKind) -> dict[str, Any]:
    prefix, named = kind.rule_prefix, getitem(Literal, (*kind.class_names, OTHER))
    return {
        "class_speed": register(
            f"{prefix}.class_speed_kmh", _with_usual(kind), required=True,
            zh="未知限速时的假定速度", en="Assumed speeds by class",
        ),
        "hour_of_week": register(
            f"{prefix}.hour_of_week", _of(ClassWeeks, named),
            zh="按周内小时的典型速度", en="Typical speeds by hour",
        ),
        "limit_law": register(
            f"{prefix}.limit_law", _of(LimitNames, _one_of(kind.columns)),
            zh="限载限高限宽限长的法律依据", en="Law of limits",
        ),
        "unknown_limits": register(
            f"{prefix}.unknown_limits", _unknown_limits(kind),
            zh="限制未知的桥隧", en="Structures of unknown limits",
        ),
        "hazmat_law": register(
            f"{prefix}.hazmat_law", GoodsNames,
            zh="危险货物限行的法律依据", en="Law of dangerous goods",
        ),
    }  # fmt: skip


def _of_vehicles(kind: NetworkKind) -> dict[str, Any]:
    """Register the rules whose keys profiles name."""
    prefix, named = kind.rule_prefix, getitem(Literal, (*kind.class_names, OTHER))
    return {
        "class_speeds": register(
            f"{prefix}.class_speed_kmh.*", _with_usual(kind),
            only=_of_profiles(kind, "class_speed"),
            zh="未知限速时的假定速度（按车型）", en="Assumed speeds by class and vehicle",
        ),
        "speed_cap": register(
            f"{prefix}.speed_cap_kmh.*", _of(ClassCaps, named),
            only=_of_profiles(kind, "speed_cap"),
            zh="法定最高车速", en="Legal top speeds by vehicle",
        ),
        "time_ban": register(
            f"{prefix}.time_ban.*", _of(Bans, kind.classes), only=_of_profiles(kind, "bans"),
            zh="分时段禁行", en="Banned hours by vehicle",
        ),
        "u_turn": register(f"{prefix}.u_turn", _u_turns(kind), zh="掉头", en="Turning round"),
        "turn_cost": register(
            f"{prefix}.turn_cost", _turn_costs(kind),
            zh="路口与道闸延误", en="Delays at junctions and gates",
        ),
        "vehicle": register(
            kind.vehicle_rules, _dimensions(kind), only=_of_profiles(kind, "vehicle"),
            zh="车型缺省尺寸与质量", en="Dimensions that a vehicle is taken to have",
        ),
    }  # fmt: skip


def _of_search(prefix: str) -> dict[str, Any]:
    return {
        "relax": register(
            f"{prefix}.relax", Relaxing, zh="放宽方案的代价", en="Cost of what must give"
        ),
        "snap": register(
            f"{prefix}.snap", Snapping, required=True, zh="吸附到路网", en="Snapping to the network"
        ),
        "alternatives": register(
            f"{prefix}.alternatives", Bounds, zh="备选路径", en="Alternative paths"
        ),
        "sharing": register(f"{prefix}.sharing", Sharing, zh="多乘员专用道路", en="Shared rides"),
        "clean_zones": register(
            f"{prefix}.clean_zones", CleanZones, zh="低排放区", en="Zones of low emissions"
        ),
        "contraflow": register(
            f"{prefix}.contraflow", Contraflow, zh="逆向通行", en="Against one-way streets"
        ),
        "prefer": register(f"{prefix}.prefer", Preferring, zh="偏好道路", en="Preferred classes"),
        "matching": register(f"{prefix}.matching", Matching, zh="轨迹匹配", en="Map matching"),
    }


def _one_of(names: tuple[str, ...]) -> Any:
    """Return the type of one of some names; where there are none, no name is of it."""
    return getitem(Literal, names or ("",))


def _of(model: Any, names: Any) -> type[Any]:
    """Return a model whose names are those of one kind."""
    return cast(type[Any], model[names])


def _with_usual(kind: NetworkKind) -> type[ClassSpeeds[str]]:
    """Return the model of speeds by class, of which that of the usual class must be there."""

    def check(table: Mapping[str, float]) -> Mapping[str, float]:
        if kind.usual_class not in table:
            raise ValueError(f"{kind.usual_class} must be there: it counts for what is not named")
        return table

    table: Any = getitem(
        Annotated, (dict.__class_getitem__((kind.classes, Kmh)), AfterValidator(check))
    )
    made = create_model("ClassSpeeds", __base__=ClassSpeeds[Any], root=(table, ...))
    return cast(type[ClassSpeeds[str]], made)


def _dimensions(kind: NetworkKind) -> type[RuleModel]:
    """Return the model of a vehicle's dimensions; one that is left out is not tested."""
    fields: dict[str, Any] = {
        limit.size: (float | None, Field(default=None, gt=0, le=limit.most))
        for limit in kind.limits
    }
    return create_model("Dimensions", __base__=RuleModel, **fields)


def _u_turns(kind: NetworkKind) -> type[UTurns[str]]:
    """Return the model of turning round, of which all that profiles name must be there."""
    vehicles = _by_vehicle(kind, TurningVehicle, "u_turn")
    made = create_model("UTurns", __base__=_of(UTurns, kind.classes), vehicles=(vehicles, ...))
    return cast(type[UTurns[str]], made)


def _by_vehicle(kind: NetworkKind, model: type[RuleModel], field: str) -> Any:
    """Return the type of a table by what profiles name in a field, of which all must be there."""
    table = dict.__class_getitem__((str, model))
    return getitem(Annotated, (table, AfterValidator(all_named(kind, field))))


def _turn_costs(kind: NetworkKind) -> type[TurnCosts]:
    """Return the model of delays, of which all that profiles name must be there."""
    vehicles = _by_vehicle(kind, Delaying, "delay")
    return create_model("TurnCosts", __base__=TurnCosts, vehicles=(vehicles, ...))


def _unknown_limits(kind: NetworkKind) -> type[UnknownLimits]:
    """Return the model of general limits, of the dimensions that the kind's limits are about."""
    general: Any = dict.__class_getitem__((_one_of(kind.sizes), Annotated[float, Field(gt=0)]))
    return create_model("UnknownLimits", __base__=UnknownLimits, general=(general, ...))


def _of_profiles(kind: NetworkKind, *fields: str) -> Callable[[], frozenset[str]]:
    return lambda: named_by_profiles(kind.name, *fields)


for _kind in searched_kinds():
    rules_of(_kind)
