"""Itineraries of a shipment over road, rail, river, sea and air: the exact front at one time."""

from __future__ import annotations

from layers.declare.base import Text
from layers.processes.ports.answer import Co2Order, ItineraryOut, lines, order_by_co2, show
from layers.processes.ports.none_found import NoneBecause, none_because
from layers.processes.ports.shipment import Shipment, ask, find_ends
from layers.processes.readers.network import network
from layers.processes.readers.rules_in_force import rules_at
from layers.processes.readers.timetable_rows import timetable
from layers.processes.runtime.model import (
    Features,
    Moment,
    Outputs,
    Process,
    Scene,
    titled,
    wrong_input,
)
from routing.multimodal.cards import choose_cards
from routing.multimodal.rule_models import DELAYS
from routing.multimodal.search import find_front
from spatial.networks.road import KIND as ROAD
from spatial.rules import get_rule


class ItinerariesInputs(Shipment):
    """A shipment that is ready at a time."""

    depart_at: Moment = titled("备妥时间", "Ready at")
    cards: int = titled("卡片数", "Cards", default=5, ge=1, le=20)


class ItinerariesOutputs(Outputs):
    """All itineraries that no other beats, the few for people, and what they rest on."""

    itineraries: list[ItineraryOut] = titled("方案", "Itineraries")
    none_because: list[NoneBecause] = titled("没有方案的原因", "Why there is none")
    cards: list[int] = titled("卡片", "Cards")
    hypervolume_share: float = titled("卡片保留的超体积", "Hypervolume that the cards keep")
    cards_best: bool = titled("无更优选择（已证明）", "No as many others keep more: proven")
    cards_for_95: int = titled("保留 95 % 所需卡片数", "Cards that keep 95 %")
    co2_order: Co2Order = titled("碳排放排序", "Order by CO2")
    network_version: int = titled("路网版本", "Version of the road network")
    timetable_version: int = titled("班期版本", "Version of the services")
    legs: Features = titled("卡片的航段", "Legs of the cards")


SERVICES, RULES = (
    timetable(lambda inputs: inputs.depart_at),
    rules_at(lambda inputs: inputs.depart_at),
)


def check(inputs: ItinerariesInputs, scene: Scene) -> None:
    """Refuse unknown hubs, and an arrival before the cargo is ready."""
    find_ends(inputs, scene.get(SERVICES))
    if inputs.latest_arrival is not None and inputs.latest_arrival <= inputs.depart_at:
        raise wrong_input("latest_arrival", "it is not after depart_at", "须晚于 depart_at")


def run(inputs: ItinerariesInputs, scene: Scene) -> ItinerariesOutputs:
    """Find the front and choose its cards."""
    held, rules = scene.get(SERVICES), scene.get(RULES)
    asked = ask(inputs, scene, held, rules, inputs.depart_at)
    at = int(inputs.depart_at.timestamp())
    found = find_front(asked.question, at)
    cards = choose_cards(found, inputs.cards)
    shown = show(asked, found, get_rule(rules, DELAYS).value.played, inputs.latest)
    return ItinerariesOutputs(
        itineraries=shown,
        none_because=[] if found else none_because(asked, at),
        cards=list(cards.chosen),
        hypervolume_share=round(cards.share, 4),
        cards_best=cards.best,
        cards_for_95=cards.enough,
        co2_order=order_by_co2(asked, found, cards.chosen),
        network_version=asked.network_version,
        timetable_version=held.version,
        legs=lines(asked, shown, cards.chosen),
    )


PROCESS = Process(
    id="itineraries",
    title=Text(zh="四港联运方案", en="Itineraries of a shipment"),
    description=Text(
        zh="在公路、铁路、内河、沿海与航空班期上求到达时间、费用、碳排放与换装次数的精确帕累托前沿。",
        en="The exact Pareto front of arrival, cost, CO2 and transfers over the services of road, "
        "rail, river, sea and air.",
    ),
    inputs=ItinerariesInputs,
    outputs=ItinerariesOutputs,
    run=run,
    reads=(SERVICES, RULES, network(ROAD.name)),
    check=check,
    quick=True,
)
