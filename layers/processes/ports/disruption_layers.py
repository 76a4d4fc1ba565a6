"""What is closed and what flows another way, as GeoJSON; and what an hour of closure is worth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial

from layers.processes.ports.disruption_answer import HourOut, Shown
from layers.processes.ports.disruption_inputs import DisruptionGiven
from layers.processes.ports.itinerary_interval import clock
from layers.processes.readers.closable_rows import Closables
from layers.processes.runtime.helpers import feature, path_shape, point_shape
from layers.processes.runtime.model import Features
from routing.disruption.closures import Closing
from routing.disruption.numbers import LEG_FROM_HUB, LEG_TO_HUB
from routing.disruption.replan import Case, price_hour

MOST_PRICED = 20
"""So many closed things are priced at most, those that most TEU would have passed first."""


def closed_features(
    shown: Shown, given: Sequence[DisruptionGiven], known: Closables
) -> Features:  # fmt: skip
    """Return hubs, structures and edges that are closed as points, areas as they were given."""
    found: list[object] = []
    for number, one in enumerate(given):
        told = {"kind": one.kind, "disruption": one.id, "ref": one.ref,
                "since": one.since.isoformat(), "until": one.until.isoformat()}  # fmt: skip
        if one.polygon is not None:
            found.append(feature(one.id, one.polygon.geometry, **told))
        elif one.number is not None:
            place = known[str(one.number)]
            names = {"name_zh": place.name_zh, "name_en": place.name_en}
            found.append(feature(one.id, point_shape((place.lon, place.lat)), **told, **names))
        hubs = {c.hub for c in shown.found.closures.closings if c.cause == number}
        for hub in sorted(hub for hub in hubs if hub is not None):
            place_ = shown.held.hubs[hub]
            told_hub = {**told, "kind": "hub", "ref": place_.id, "name_zh": place_.name_zh,
                        "name_en": place_.name_en}  # fmt: skip
            at = point_shape((place_.lon, place_.lat))
            found.append(feature(f"{one.id}:{place_.id}", at, **told_hub))
    return Features(features=found)


def flow_features(shown: Shown) -> Features:
    """Return the TEU between hubs before and after as straight lines, by mode."""
    sums: dict[tuple[int, int, str], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for one in shown.found.changes:
        teu = shown.found.cargo[one.number].teu
        for side, told in enumerate((one.before, one.after)):
            for leg in told.legs.tolist():
                sums[leg[LEG_FROM_HUB], leg[LEG_TO_HUB], shown.mode(leg)][side] += teu
    found: list[object] = []
    for (start, goal, mode), (before, after) in sorted(sums.items()):
        ends = [shown.held.hubs[number] for number in (start, goal)]
        line = path_shape([[hub.lon, hub.lat] for hub in ends])
        key = f"{ends[0].id}-{ends[1].id}-{mode}"
        found.append(
            feature(key, line, mode=mode, from_hub=ends[0].id, to_hub=ends[1].id,
                    before_teu=before, after_teu=after, change_teu=after - before,
                    drawn="straight line")
        )  # fmt: skip
    return Features(features=found)


def price_hours(
    shown: Shown, case: Case, given: Sequence[DisruptionGiven], known: Closables
) -> tuple[list[HourOut], int]:
    """Return what an hour of each closed thing is worth, and how many were not priced."""
    things = list(dict.fromkeys(one.thing for one in case.closures.closings))
    areas = [n for n, one in enumerate(given) if one.polygon is not None]
    passed = _passed(shown)
    things.sort(key=lambda thing: -passed.get(thing, 0.0) if thing.startswith("hub:") else -1e18)
    asked: list[tuple[str, Callable[[Closing], bool]]] = [
        (f"typhoon:{number}", partial(_is_of, number)) for number in areas
    ]  # fmt: skip
    asked += [
        (thing, partial(_is_thing, thing))
        for thing in things if not thing.startswith("area:")
    ]  # fmt: skip
    found = [
        _hour(shown, case, given, known, thing, chosen) for thing, chosen in asked[:MOST_PRICED]
    ]
    return sorted(found, key=lambda row: -row.saved_cny), max(len(asked) - MOST_PRICED, 0)


def _is_of(cause: int, one: Closing) -> bool:
    return one.cause == cause


def _is_thing(thing: str, one: Closing) -> bool:
    return one.thing == thing


def _passed(shown: Shown) -> dict[str, float]:
    """Return the TEU of affected shipments by the hubs that they would have passed."""
    found: dict[str, float] = defaultdict(float)
    for one in shown.found.changes:
        legs = one.before.legs.tolist()
        for hub in {hub for leg in legs for hub in (leg[LEG_FROM_HUB], leg[LEG_TO_HUB])}:
            found[f"hub:{hub}"] += shown.found.cargo[one.number].teu
    return found


def _hour(
    shown: Shown, case: Case, given: Sequence[DisruptionGiven], known: Closables, thing: str,
    chosen: Callable[[Closing], bool],
) -> HourOut:  # fmt: skip
    mine = [one for one in case.closures.closings if chosen(one)]
    price = price_hour(case, shown.found, chosen)
    kind, _, ref = thing.partition(":")
    zh: str | None = ref
    en: str | None = ref
    if kind == "hub":
        hub = shown.held.hubs[int(ref)]
        ref, zh, en = hub.id, hub.name_zh, hub.name_en
    elif kind == "typhoon":
        ref = zh = en = given[int(ref)].id
    elif ref in known:
        zh, en = known[ref].name_zh or ref, known[ref].name_en
    return HourOut(
        kind=kind, ref=ref, name_zh=zh or ref, name_en=en,
        disruptions=sorted({given[one.cause].id for one in mine}),
        reopens=clock(max(one.window.until for one in mine)),
        saved_cny=round(price.saved, 2), low_cny=round(price.low, 2),
        high_cny=round(price.high, 2), dual_cny=round(price.dual, 2),
    )  # fmt: skip
