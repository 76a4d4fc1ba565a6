"""What is asked about a shipment, and the question that it is to the search of itineraries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from layers.processes.ports.road_legs import read_road_legs
from layers.processes.readers.timetable_rows import HeldTimetable
from layers.processes.runtime.model import Inputs, Lat, Lon, Moment, Scene, titled, wrong_input
from routing.multimodal.prices import Load
from routing.multimodal.question import Limits, Question
from routing.multimodal.rule_models import CO2, PRICES, TRANSFERS, FactorSets
from spatial.errors import BadParameter
from spatial.rules import Rules, get_rule
from spatial.transport_modes import Mode

MOST_TRANSFERS = 8
CargoKind = Literal["container", "cold", "dangerous", "bulk", "air"]


class End(Inputs):
    """Where a shipment starts or goes to: a hub (id or UN/LOCODE), or a point on the road."""

    hub: str | None = Field(default=None, min_length=1, max_length=80)
    point: tuple[Lon, Lat] | None = None

    @model_validator(mode="after")
    def _one(self) -> End:
        if (self.hub is None) == (self.point is None):
            raise ValueError("name either hub or point")
        return self


class Shipment(Inputs):
    """A shipment and what its itinerary must keep to."""

    start: End = titled("起点", "Start")
    goal: End = titled("终点", "Goal")
    teu: float = titled("标准箱", "TEU", default=1.0, gt=0, le=20_000)
    mass_t: float = titled("货重（吨）", "Mass (t)", gt=0, le=500_000)
    kinds: list[CargoKind] = titled(
        "货类", "Kinds of cargo", default=["container"], min_length=1, max_length=5
    )
    latest_arrival: Moment | None = titled("最晚到达", "Latest arrival", default=None)
    ban_modes: list[Mode] = titled("不用的方式", "Modes not used", default=[], max_length=6)
    carriers: list[str] | None = titled("承运人", "Carriers", default=None, max_length=50)
    max_transfers: int = titled(
        "最多换装次数", "Most transfers", default=4, ge=0, le=MOST_TRANSFERS
    )
    factor_set: str | None = titled("因子集", "Set of factors", default=None, max_length=80)

    @property
    def latest(self) -> int | None:
        """The latest arrival in Unix seconds."""
        return None if self.latest_arrival is None else int(self.latest_arrival.timestamp())


@dataclass(frozen=True)
class Asked:
    """A shipment's question with what its answer tells of; `again` puts it under other limits."""

    question: Question
    again: Callable[[Limits], Question]
    held: HeldTimetable
    sets: FactorSets
    factor_set: str
    load: Load
    network_version: int
    ends: tuple[tuple[float, float], tuple[float, float]]


def find_ends(inputs: Shipment, held: HeldTimetable) -> list[tuple[int | None, float, float]]:
    """Return hub (None for a point), longitude and latitude of start and goal.

    Raises
    ------
    BadParameter
        A hub is not known; codes like it are named.
    """
    found: list[tuple[int | None, float, float]] = []
    for name, end in (("start", inputs.start), ("goal", inputs.goal)):
        if end.point is not None:
            found.append((None, *end.point))
            continue
        hub = held.find(str(end.hub))
        if hub is None:
            known = [n for one in held.hubs for n in (one.id, *one.un_locodes)]
            near = get_close_matches(str(end.hub), known, 3, 0.5) or known[:3]
            raise BadParameter(
                f"{name}: there is no hub {end.hub!r}", f"{name}：没有枢纽 {end.hub!r}",
                mend_en=f"Perhaps {', '.join(near)}; or give a point.",
                mend_zh=f"是否指 {'、'.join(near)}；也可给出坐标点。", parameter=name,
            )  # fmt: skip
        found.append((hub, held.hubs[hub].lon, held.hubs[hub].lat))
    if found[0] == found[1]:
        raise wrong_input("goal", "start and goal are the same", "起点与终点相同")
    return found


def choose_factors(name: str | None, rules: Rules) -> tuple[FactorSets, str]:
    """Return the sets of factors, and the name of the one that is used.

    Raises
    ------
    BadParameter
        There is no set of the name.
    """
    sets = get_rule(rules, CO2).value
    chosen = name or sets.default
    if chosen not in sets.sets:
        known = list(sets.sets)
        raise wrong_input(
            "factor_set", f"there are {', '.join(known)}", f"可用：{'、'.join(known)}"
        )
    return sets, chosen


def find_carriers(given: Sequence[str] | None, held: HeldTimetable) -> frozenset[str] | None:
    """Return the carriers that are allowed, None for all.

    Raises
    ------
    BadParameter
        One runs no service.
    """
    if given is None:
        return None
    known = sorted(held.carriers)
    for name in given:
        if name not in held.carriers:
            near = get_close_matches(name, known, 3, 0.4) or known[:3]
            raise wrong_input(
                "carriers", f"{name!r} runs no service; there are {', '.join(near)}",
                f"没有承运人 {name!r}；可用：{'、'.join(near)}",
            )  # fmt: skip
    return frozenset(given)


def ask(inputs: Shipment, scene: Scene, held: HeldTimetable, rules: Rules, at: datetime) -> Asked:
    """Return the question of a shipment that sets out about a time.

    Raises
    ------
    BadParameter
        A hub or the set of factors is not known, or the time is beyond the services that are held.
    """
    sets, chosen = choose_factors(inputs.factor_set, rules)
    transfers = get_rule(rules, TRANSFERS).value
    start, goal = find_ends(inputs, held)
    driven = tuple(hub is None or held.hubs[hub].by_road for hub in (start[0], goal[0]))
    ends = (start[1], start[2]), (goal[1], goal[2])
    roads, version = read_road_legs(scene, held.hubs, ends, (driven[0], driven[1]), transfers, at)
    for hub, side in ((start[0], roads.access), (goal[0], roads.egress)):
        if hub is not None:
            side.seconds[hub] = np.inf  # it is there already
    load = Load(inputs.teu, inputs.mass_t, tuple(inputs.kinds))
    latest = inputs.latest
    limits = Limits(
        **({} if latest is None else {"latest": latest}),
        most_transfers=inputs.max_transfers, banned_modes=frozenset(inputs.ban_modes),
        carriers=find_carriers(inputs.carriers, held),
    )  # fmt: skip

    def again(limits: Limits) -> Question:
        return Question(
            held.timetable, load, roads, start[0], goal[0], sets.factors(chosen),
            get_rule(rules, PRICES).value.tariffs, limits,
        )  # fmt: skip

    return Asked(again(limits), again, held, sets, chosen, load, version, ends)
