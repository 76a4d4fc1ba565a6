"""Itineraries of a shipment over a week: latest departures, and what each day offers."""

from __future__ import annotations

from datetime import date, timedelta

from pydantic import BaseModel

from layers.declare.base import Text
from layers.processes.ports.answer import ItineraryOut, show
from layers.processes.ports.itinerary_interval import Interval
from layers.processes.ports.none_found import NoneBecause, none_because
from layers.processes.ports.shipment import Shipment, ask, find_ends
from layers.processes.readers.network import network
from layers.processes.readers.rules_in_force import rules_at
from layers.processes.readers.timetable_rows import timetable
from layers.processes.runtime.model import Moment, Outputs, Process, Scene, titled, wrong_input
from routing.multimodal.rule_models import DELAYS
from routing.multimodal.search import find_profile
from spatial.networks.road import KIND as ROAD
from spatial.rules import get_rule

LONGEST = timedelta(days=7)


class ProfileInputs(Shipment):
    """A shipment that may set out at any time of a period of up to seven days."""

    since: Moment = titled("起始", "From")
    until: Moment = titled("截止", "Until")


class DayOut(BaseModel):
    """What sets out on a day: how many itineraries, and the best of each measure among them."""

    day: date
    itineraries: int
    latest: int
    soonest: int
    cheapest_cny: Interval
    least_co2_kg: Interval


class ProfileOutputs(Outputs):
    """All itineraries that no other beats that sets out as late, by the time of setting out."""

    itineraries: list[ItineraryOut] = titled("方案", "Itineraries")
    none_because: list[NoneBecause] = titled("没有方案的原因", "Why there is none")
    days: list[DayOut] = titled("按日", "Days")
    network_version: int = titled("路网版本", "Version of the road network")
    timetable_version: int = titled("班期版本", "Version of the services")


SERVICES, RULES = timetable(lambda inputs: inputs.since), rules_at(lambda inputs: inputs.since)


def check(inputs: ProfileInputs, scene: Scene) -> None:
    """Refuse unknown hubs and a period that is none or too long."""
    find_ends(inputs, scene.get(SERVICES))
    if not timedelta(0) < inputs.until - inputs.since <= LONGEST:
        raise wrong_input(
            "until", "it must be after since, and seven days at most", "须晚于 since，且不超过 7 天"
        )


def run(inputs: ProfileInputs, scene: Scene) -> ProfileOutputs:
    """Find the profile, and sum it up by day."""
    held, rules = scene.get(SERVICES), scene.get(RULES)
    asked = ask(inputs, scene, held, rules, inputs.since)
    since, until = int(inputs.since.timestamp()), int(inputs.until.timestamp())
    found = find_profile(asked.question, since, until)
    shown = show(asked, found, get_rule(rules, DELAYS).value.played, inputs.latest)
    return ProfileOutputs(
        itineraries=shown,
        none_because=[] if found else none_because(asked, since),
        days=_days(shown),
        network_version=asked.network_version,
        timetable_version=held.version,
    )


def _days(shown: list[ItineraryOut]) -> list[DayOut]:
    days: dict[date, list[ItineraryOut]] = {}
    for one in shown:
        if not one.any_time:
            days.setdefault(one.departs.date(), []).append(one)
    return [
        DayOut(
            day=day,
            itineraries=len(own),
            latest=max(own, key=lambda one: one.departs).id,
            soonest=min(own, key=lambda one: one.arrives).id,
            cheapest_cny=min((one.cost_cny for one in own), key=_low),
            least_co2_kg=min((one.co2_kg for one in own), key=_low),
        )
        for day, own in sorted(days.items())
    ]


def _low(one: Interval) -> float:
    return one.low


PROCESS = Process(
    id="linkage-profile",
    title=Text(zh="四港联运一周方案", en="Itineraries over a week"),
    description=Text(
        zh="一周内各出发时刻的精确帕累托前沿：最晚出发、逐日备选。",
        en="The exact Pareto fronts of all departures of a week: the latest ones, and each day's.",
    ),
    inputs=ProfileInputs,
    outputs=ProfileOutputs,
    run=run,
    reads=(SERVICES, RULES, network(ROAD.name)),
    check=check,
    quick=True,
)
