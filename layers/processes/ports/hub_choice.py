"""Which sea port each county would use for export, and what that is after a closure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
from pydantic import BaseModel, Field

from layers.declare.base import Text
from layers.processes.ports.hub_choice_answer import ChoiceOut, area_features, show_choices
from layers.processes.ports.hub_closing import Closure, resolve_closures
from layers.processes.ports.road_legs import read_port_roads
from layers.processes.ports.shipment import choose_factors
from layers.processes.readers.county_shape_rows import county_shapes
from layers.processes.readers.network import network
from layers.processes.readers.places import places
from layers.processes.readers.rules_in_force import rules_at
from layers.processes.readers.structure_rows import fit_structures, structures
from layers.processes.readers.timetable_rows import ZONE, HeldTimetable, timetable
from layers.processes.runtime.model import (
    Features,
    Inputs,
    Moment,
    Outputs,
    PlacesFrom,
    Process,
    Scene,
    titled,
    wrong_input,
)
from routing.cost.profile import load_profiles
from routing.multimodal.closing import close_hubs
from routing.multimodal.hub_choice import MEASURES, Choice, choose_port, find_offers
from routing.multimodal.prices import Load
from routing.multimodal.question import Limits, Question
from routing.multimodal.rule_models import HUB_CHOICE, PRICES, TRANSFERS, HubChoosing
from routing.multimodal.timetable import Timetable
from routing.planning.whatif import Changes, Variant, vary
from routing.query.model import Conditions
from spatial.networks.road import KIND as ROAD
from spatial.rules import get_rule

MOST_PAIRS = 20_000
BEFORE = Text(zh="现状比选", en="Choosing as it is")
AFTER = Text(zh="封闭后比选", en="Choosing after the closure")
SEATS = PlacesFrom(layer="places", filter="kind = 'place' AND level = 'county'")


class HubChoiceInputs(Inputs):
    """From where to which ports, with what load, and what is taken to be closed."""

    origins: PlacesFrom = titled("各县起点", "Places of counties", default=SEATS)
    ports: list[str] | None = titled("港口", "Ports", default=None, min_length=1, max_length=100)
    teu: float | None = titled("标准箱", "TEU", default=None, gt=0, le=20_000)
    mass_t: float | None = titled("货重（吨）", "Mass (t)", default=None, gt=0, le=500_000)
    depart_at: Moment | None = titled("备妥时间", "Ready at", default=None)
    within_h: float | None = titled("送达期限（小时）", "Within (h)", default=None, gt=0, le=336)
    factor_set: str | None = titled("因子集", "Set of factors", default=None, max_length=80)
    closed: list[Closure] = titled("封闭的枢纽", "Hubs closed", default=[], max_length=100)
    close_structures: list[UUID] = titled(
        "封闭的桥隧", "Bridges and tunnels closed", default=[], max_length=200
    )

    @property
    def closes(self) -> bool:
        """Whether anything is taken to be closed."""
        return bool(self.closed or self.close_structures)


class HubChoiceSummary(BaseModel):
    """How many places choose what, and how many choose otherwise after the closure."""

    places: int
    ports: int
    unreached: list[str] = Field(
        description="Counties, or places of none, that reach no port in time"
    )
    depart_at: datetime
    within_h: float
    teu: float
    mass_t: float
    factor_set: str
    by_port: dict[str, dict[str, int]] = Field(description="Places by measure and port")
    changed: dict[str, list[str]] | None = Field(
        description="By measure those that use another port or first hub after the closure"
    )


class HubChoiceOutputs(Outputs):
    """The choices, and as areas of a layer."""

    summary: HubChoiceSummary = titled("汇总", "Summary")
    choices: list[ChoiceOut] = titled("比选", "Choices")
    areas: Features = titled("各县出口港", "Ports of counties")
    network_version: int = titled("路网版本", "Version of the road network")
    timetable_version: int = titled("班期版本", "Version of the services")


ORIGINS, SHAPES, ROADS = places("origins"), county_shapes(), network(ROAD.name)
SERVICES = timetable(lambda inputs: inputs.depart_at or datetime.now(ZONE))
RULES = rules_at(lambda inputs: inputs.depart_at)
CLOSED = structures(lambda inputs: inputs.close_structures)
Chosen = list[Mapping[str, Choice] | None]


def check(inputs: HubChoiceInputs, scene: Scene) -> None:
    """Refuse unknown ports and hubs, and too many pairs."""
    held = scene.get(SERVICES)
    resolve_closures(inputs.closed, held)
    ports = _ports(inputs, held, get_rule(scene.get(RULES), HUB_CHOICE).value)
    if len(ports) * len(scene.places["origins"]) > MOST_PAIRS:
        raise wrong_input(
            "origins", f"more than {MOST_PAIRS} pairs of place and port",
            f"地点与港口对超过 {MOST_PAIRS}",
        )  # fmt: skip


def _ports(inputs: HubChoiceInputs, held: HeldTimetable, rule: HubChoosing) -> list[int]:
    if inputs.ports is None:
        found = [n for n, hub in enumerate(held.hubs) if hub.kind in rule.port_kinds]
        if not found:
            raise wrong_input("ports", "there are no ports", "没有港口")
        return found
    named = [held.find(name) for name in inputs.ports]
    for name, hub in zip(inputs.ports, named, strict=True):
        if hub is None:
            raise wrong_input("ports", f"no hub {name!r}", f"没有枢纽 {name!r}")
    return sorted({hub for hub in named if hub is not None})


class _Comparison:
    """What both sides of a comparison ask alike."""

    def __init__(self, inputs: HubChoiceInputs, scene: Scene) -> None:
        self.scene, self.held, rules = scene, scene.get(SERVICES), scene.get(RULES)
        self.rule = get_rule(rules, HUB_CHOICE).value
        self.transfers = get_rule(rules, TRANSFERS).value
        self.tariffs = get_rule(rules, PRICES).value.tariffs
        self.sets, self.factor_set = choose_factors(inputs.factor_set, rules)
        self.load = Load(inputs.teu or self.rule.teu, inputs.mass_t or self.rule.mass_t)
        self.at = inputs.depart_at or _next(scene.now, self.rule)
        self.within_h = inputs.within_h or self.rule.within_h
        self.ports = _ports(inputs, self.held, self.rule)
        self.conditions = Conditions(self.transfers.profile, depart_at=self.at)

    def choose(self, table: Timetable, side: Variant, begun: float, message: Text) -> Chosen:
        """Return the choice of each place by a timetable, on a network as it is or as changed."""
        scene, points = self.scene, self.scene.places["origins"].points
        prepared = side.network.prepared(side.conditions, scene.now)
        roads = read_port_roads(
            side.network, prepared, self.held.hubs, points, self.ports, self.transfers
        )
        at = int(self.at.timestamp())
        latest = at + round(self.within_h * 3600)
        limits = Limits(latest, self.rule.most_transfers)
        offers = []
        for column, port in enumerate(self.ports):
            scene.progress(begun + 0.45 * column / len(self.ports), message)
            question = Question(
                table, self.load, roads.to_port(column, port), None, port,
                self.sets.factors(self.factor_set), self.tariffs, limits,
            )  # fmt: skip
            offers.append(find_offers(question, port, roads.starts(column), at, latest))
        return [choose_port(own) for own in zip(*offers, strict=True)]

    def closing(self, inputs: HubChoiceInputs) -> tuple[Timetable, Variant]:
        """Return services and roads once what is named is closed."""
        network, now = self.scene.network, self.scene.now
        table = close_hubs(self.held.timetable, resolve_closures(inputs.closed, self.held))
        bundles = [one.edges for one in fit_structures(self.scene.get(CLOSED), network.graph)]
        shut = np.unique(np.concatenate([*bundles, np.empty(0, np.int64)])).astype(np.int64)
        changes = Changes(shut, np.empty(0, np.int64), {}, {})
        profile = load_profiles(ROAD)[self.transfers.profile]
        prepared = network.prepared(self.conditions, now)
        return table, vary(network, prepared, self.conditions, profile, changes)


def _next(now: datetime, rule: HubChoosing) -> datetime:
    """Return when the load is ready next after a time."""
    day = now.astimezone(ZONE).replace(hour=rule.hour, minute=0, second=0, microsecond=0)
    day += timedelta(days=(rule.weekday - day.weekday()) % 7)
    return day if day >= now else day + timedelta(days=7)


def run(inputs: HubChoiceInputs, scene: Scene) -> HubChoiceOutputs:
    """Choose for each place, and again after the closure."""
    asked = _Comparison(inputs, scene)
    as_it_is = Variant(scene.network, asked.conditions)
    before = asked.choose(asked.held.timetable, as_it_is, 0.05, BEFORE)
    after = None
    if inputs.closes:
        after = asked.choose(*asked.closing(inputs), 0.5, AFTER)
    found, hubs = scene.places["origins"], asked.held.hubs
    choices = show_choices(found, hubs, before, after)
    prepared = scene.network.prepared(asked.conditions, scene.now)
    origin = "synthetic" if asked.held.synthetic else "derived"
    return HubChoiceOutputs(
        summary=_summary(asked, choices, before, after is not None),
        choices=choices,
        areas=Features(features=area_features(found, scene.get(SHAPES), choices, origin)),
        network_version=prepared.version,
        timetable_version=asked.held.version,
    )


def _summary(
    asked: _Comparison, choices: Sequence[ChoiceOut], before: Chosen, compared: bool
) -> HubChoiceSummary:
    counts: dict[str, dict[str, int]] = {name: {} for name in MEASURES}
    for own in before:
        for name, choice in (own or {}).items():
            port = asked.held.hubs[choice.best.port].id
            counts[name][port] = counts[name].get(port, 0) + 1
    changed = {name: [one.told for one in choices if name in one.changed] for name in MEASURES}
    return HubChoiceSummary(
        places=len(choices), ports=len(asked.ports),
        unreached=[one.told for one in choices if one.before is None], depart_at=asked.at,
        within_h=asked.within_h, teu=asked.load.teu, mass_t=asked.load.mass_t,
        factor_set=asked.factor_set, by_port=counts, changed=changed if compared else None,
    )  # fmt: skip


PROCESS = Process(
    id="hub-choice",
    title=Text(zh="各县出口港比选", en="Which port each county would use"),
    description=Text(
        zh="按费用、时间、碳排放，各县一票出口货经哪个首站、走哪个海港，次优港及差距；"
        "可封闭枢纽、区域(台风窗口)或桥隧，比较前后。",
        en="Which sea port a county would use for a load to export, and by which first hub, by "
        "cost, time and CO2; the runner-up and the margin. Hubs, areas and bridges may be closed, "
        "to compare before and after.",
    ),
    inputs=HubChoiceInputs,
    outputs=HubChoiceOutputs,
    run=run,
    reads=(ORIGINS, SHAPES, SERVICES, RULES, CLOSED, ROADS),
    check=check,
)
