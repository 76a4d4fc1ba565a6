"""Roads and areas that refuse a vehicle by what it is: shared rides, low emissions.

Rules `<prefix>.sharing` and `<prefix>.clean_zones` say whom. What is not told of a vehicle, how
many it carries or what it emits, does not open them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import orjson
import shapely

from routing.cost.network_rules import rules_of
from routing.cost.weekly_hours import read_hours
from routing.cost.zone_rules import CleanZones, Sharing
from routing.graph.graph import Edges
from routing.graph.weights import Bools, Ints
from spatial.rules import Rule, RuleModel, Rules, find_rule

SHARED = ("psv", "emergency")
"""Access keys of those whom roads for many occupants are open to where no rule says whom."""
ZONES = {"hov": "occupants", "low_emission": "emission_stage"}
"""What a vehicle has to tell, by what refuses it."""
_MOTOR = "motor_vehicle"
Inside = Callable[[shapely.Polygon], Ints]
"""Returns the edges that a polygon (EPSG:4326) touches."""


class Riding(NamedTuple):
    """What a vehicle is to zones: its profile, its access keys, occupants and stage of emissions.

    None is not told.
    """

    profile: str
    keys: tuple[str, ...]
    occupants: int | None
    emission_stage: int | None


class Zone(NamedTuple):
    """Edges (a mask) that refuse a vehicle, why, and at which minutes of the week; None is always.

    `needed` is what it lacks, as a refusal tells it, `given` what is told of it.
    """

    limit: str
    edges: Bools
    needed: str
    given: int | None
    week: Bools | None
    rule: Rule[RuleModel] | None


def list_zones(edges: Edges, rules: Rules, riding: Riding, inside: Inside) -> tuple[Zone, ...]:
    """Return the zones that refuse a vehicle."""
    if _MOTOR not in riding.keys:
        return ()
    kinds = rules_of(edges.kind)
    shared = _shared(edges, find_rule(rules, kinds.sharing), riding)
    clean = find_rule(rules, kinds.clean_zones)
    return (*shared, *(_clean(edges, clean, riding, inside) if clean else ()))


def _shared(edges: Edges, rule: Rule[Sharing] | None, riding: Riding) -> Iterator[Zone]:
    exempt: Sequence[str] = rule.value.exempt if rule else SHARED
    texts = [text for text in edges.access.values if _is_shared(text)]
    least = rule.value.least_occupants if rule else None
    enough = least is not None and (riding.occupants or 0) >= least
    if texts and not enough and not {*exempt} & {*riding.keys}:
        needed = "psv" if least is None else f"occupants >= {least}"
        yield Zone("hov", edges.access.mask(texts), needed, riding.occupants, None, rule)


def _is_shared(text: str) -> bool:
    return '"hov"' in text and orjson.loads(text).get("hov") == "designated"


def _clean(edges: Edges, rule: Rule[CleanZones], riding: Riding, inside: Inside) -> Iterator[Zone]:
    for zone in rule.value.zones:
        if riding.profile in zone.profiles and (riding.emission_stage or 0) < zone.least_stage:
            within = edges.mode.mask([])
            within[inside(shapely.Polygon(zone.ring))] = True
            week = None if zone.hours is None else read_hours(zone.hours)
            needed = f"{zone.zh} / {zone.en}: emission_stage >= {zone.least_stage}"
            yield Zone("low_emission", within, needed, riding.emission_stage, week, rule)
