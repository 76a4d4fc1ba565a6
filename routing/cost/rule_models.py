"""The rules of roads alone: what each must be, with units in the names and ranges."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from routing.cost.network_rules import Kmh, Metres, Seconds, all_named, rules_of
from spatial.networks.road import KIND as ROAD
from spatial.networks.road import RoadClass
from spatial.rules import RuleModel, register

AnyClass = RoadClass | Literal["other"]
OF_ROADS = rules_of(ROAD)
"""Those that any kind of network has."""
Many = Annotated[float, Field(ge=0, le=1_000_000)]


def _having(name: str) -> Callable[[Mapping[str, float]], Mapping[str, float]]:
    def check(table: Mapping[str, float]) -> Mapping[str, float]:
        if name not in table:
            raise ValueError(f"{name} must be there: it counts for what is not named")
        return table

    return check


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


class Tariff(RuleModel):
    """Toll (CNY per km) by class of vehicle; classes of road that count as tolled where unsaid."""

    assumed_road_classes: tuple[RoadClass, ...]
    classes: Annotated[
        dict[str, Annotated[float, Field(ge=0, le=1000)]],
        AfterValidator(all_named(ROAD, "toll_class")),
    ]


class Use(RuleModel):
    """What a vehicle burns."""

    fuel: str
    litres_100km: float = Field(ge=0, le=500)


class Fuel(RuleModel):
    """Carbon dioxide (kg per litre) by fuel, and the use of each vehicle; fuel `none` is none."""

    kg_per_litre: dict[str, Annotated[float, Field(ge=0, le=10)]]
    vehicles: Annotated[dict[str, Use], AfterValidator(all_named(ROAD, "fuel"))]

    @model_validator(mode="after")
    def _known(self) -> Self:
        burnt = {use.fuel for use in self.vehicles.values() if use.litres_100km}
        if unknown := sorted(burnt - set(self.kg_per_litre)):
            raise ValueError(f"kg_per_litre lacks {', '.join(unknown)}")
        return self


TOLL = register("vehicle.toll_cny_km", Tariff, zh="每公里通行费", en="Tolls per kilometre")
FUEL = register("vehicle.fuel", Fuel, zh="油耗与碳排放", en="Fuel and carbon dioxide")
