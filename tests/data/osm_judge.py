"""A slow judge of small maps: which moves the tags of OpenStreetMap allow, and the cheapest way.

It reads the tags by its own code and imports nothing of the project. Roads are ways of two nodes.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

MOTOR = ("access", "vehicle", "motor_vehicle")
VEHICLES = {
    "car": (*MOTOR, "motorcar"),
    "truck_rigid": (*MOTOR, "goods", "hgv"),
    "bus": (*MOTOR, "psv", "bus"),
    "emergency": (*MOTOR, "emergency"),
    "bicycle": ("access", "vehicle", "bicycle"),
    "foot": ("access", "foot"),
}
SERVICE = {"emergency"}
SIZES = {"truck_rigid": {"maxheight": 4.0, "maxweight": 20.0},
         "bus": {"maxheight": 4.0, "maxweight": 18.0}}  # fmt: skip
OPEN = {"yes", "designated", "permissive", "destination", "delivery", "customers", "unknown"}
GOALS = {"destination", "delivery", "customers"}
BARRIERS_OPEN = {"gate", "lift_gate", "toll_booth", "cattle_grid", "height_restrictor"}
BARRIERS_ON_FOOT = {"stile", "kissing_gate"}
BARRIERS_SHUT = {"fence", "wall"}
ON_FOOT = {"footway", "pedestrian", "track", "path"}
DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
GOAL_FACTOR = 10


@dataclass
class Street:
    """A road between two nodes."""

    a: str
    b: str
    tags: dict[str, str]
    length: float


@dataclass
class Town:
    """Streets, tags of nodes, and restrictions: from street, node, to street, tags."""

    streets: list[Street]
    nodes: dict[str, dict[str, str]] = field(default_factory=dict)
    turns: list[tuple[int, str, int, dict[str, str]]] = field(default_factory=list)


def words(text: str) -> set[str]:
    return {word.strip() for word in text.split(";")}


def admits(value: str, who: str) -> bool:
    if who in SERVICE:
        return words(value) != {"no"}
    return bool(words(value) & (OPEN | set(VEHICLES[who][2:])))


def holds(condition: str, at: datetime, *, shuts: bool) -> bool:
    """Tell whether hours like `(Mo-Fr 07:00-09:00)` hold; others do where they shut out."""
    found = re.fullmatch(r"\(?(?:(\w\w)-(\w\w) )?(\d\d):(\d\d)-(\d\d):(\d\d)\)?", condition.strip())
    if found is None:
        return shuts and condition.strip("( )") not in {"snow", "ice"}
    first, last, *clock = found.groups()
    now, day = at.hour * 60 + at.minute, at.weekday()
    low, high = int(clock[0]) * 60 + int(clock[1]), int(clock[2]) * 60 + int(clock[3])
    if high <= low:  # past midnight
        if now < high:
            day, now = (day - 1) % 7, now + 1440
        high += 1440
    fits = first is None or DAYS.index(first) <= day <= DAYS.index(last or first)
    return fits and low <= now < high


def access(tags: dict[str, str], who: str, way: str, at: datetime, default: str = "yes") -> str:
    """Return the value that counts for a vehicle in a direction at a time."""
    value = default
    for key in VEHICLES[who]:
        for name in (key, f"{key}:{way}"):
            value = tags.get(name, value)
            said, _, condition = tags.get(f"{name}:conditional", "").partition("@")
            if said and holds(condition, at, shuts=not admits(said.strip(), who)):
                value = said.strip()
    return value


def number(text: str) -> float | None:
    """Return metres or tonnes of a limit; None where none is set, -1 where nobody can read it."""
    if text in {"none", "default", "unsigned"}:
        return None
    feet = re.fullmatch(r"(\d+)'-?(?:(\d+)\")?", text)
    if feet:
        return int(feet[1]) * 0.3048 + int(feet[2] or 0) * 0.0254
    plain = re.fullmatch(r"(\d+(?:[.,]\d+)?) ?(m|t|kg|st|cm|meters)?", text)
    if plain is None:
        return -1.0
    unit = {"kg": 0.001, "st": 0.90718474, "cm": 0.01}.get(plain[2] or "", 1.0)
    return float(plain[1].replace(",", ".")) * unit


def too_large(tags: dict[str, str], who: str) -> bool:
    for limit, size in SIZES.get(who, {}).items():
        for key in (limit, f"{limit}:physical", f"{limit}:forward", *(
            f"{limit}:{vehicle}" for vehicle in VEHICLES[who][2:]
        )):  # fmt: skip
            values = [number(text) for text in tags[key].split(";")] if key in tags else []
            if any(value is not None and value < size for value in values):
                return True
        heavy = [tags.get(f"{key}:conditional", "") for key in VEHICLES[who]]
        for text in heavy if limit == "maxweight" else ():
            over = re.search(r"no @ \(weight>([\d.]+)\)", text)
            if over and size > float(over[1]):
                return True
    return False


def oneway(tags: dict[str, str], who: str) -> str:
    if who == "foot":
        return "no"
    value = "yes" if tags.get("junction") == "roundabout" else "no"
    value = tags.get("oneway", value)
    for key in VEHICLES[who][1:]:
        value = tags.get(f"oneway:{key}", value)
    return "no" if value == "alternating" else value


def passes(street: Street, who: str, forward: bool, at: datetime) -> float:
    """Return what a metre of a street counts in a direction, infinite where it is shut."""
    tags = street.tags
    if oneway(tags, who) in ({"-1"} if forward else {"yes"}):
        return float("inf")
    shut = tags["highway"] in ON_FOOT and who not in {"foot", "bicycle"}
    shut |= tags["highway"] in {"footway", "pedestrian"} and who == "bicycle"
    kept = {k: v for k, v in tags.items() if not shut or k.partition(":")[0] in VEHICLES[who][2:]}
    implied = {"motorroad": ("bicycle", "foot"), "hov": ("motorcar", "goods", "hgv")}
    default = "no" if shut else "yes"
    for key, named in implied.items():
        if tags.get(key) in {"yes", "designated"} and set(named) & set(VEHICLES[who]):
            default = "no"
    value = access(kept, who, "forward" if forward else "backward", at, default)
    both = [access(kept, who, way, at, default) for way in ("forward", "backward")]
    if not admits(value, who) or too_large(tags, who):
        return float("inf")
    goal = any(words(v) & OPEN and words(v) & OPEN <= GOALS for v in both)
    return GOAL_FACTOR if goal and who in {"car", "truck_rigid", "bus"} else 1.0


def barred(tags: dict[str, str], who: str, at: datetime) -> bool:
    """Tell whether nobody of a kind passes a node."""
    kind = tags.get("barrier")
    if kind is None:
        return False
    for key in reversed(VEHICLES[who]):
        value, when, condition = tags.get(f"{key}:conditional", "").partition("@")
        if when and holds(condition, at, shuts=not admits(value.strip(), who)):
            return not admits(value.strip(), who)
        if key in tags:
            return not admits(tags[key], who)
        if when:
            break
    if kind in BARRIERS_OPEN:
        return False
    if kind in BARRIERS_SHUT:
        return True
    return who != "foot" if kind in BARRIERS_ON_FOOT else who not in {"foot", "bicycle"}


def forbidden(town: Town, who: str, at: datetime, came: int, node: str, goes: int) -> bool:
    """Tell whether a sign forbids to go from one street into another; nobody signs for walkers."""
    for first, via, last, tags in town.turns if who != "foot" else ():
        if (first, via) != (came, node) or who in {"bus"} & words(tags.get("except", "")):
            continue
        for key, text in tags.items():
            value, when, condition = (part.strip() for part in text.partition("@"))
            named = key.partition(":")[2].replace("conditional", "")
            if when and not holds(condition, at, shuts=True):
                continue
            if not key.startswith("restriction") or (named and named not in VEHICLES[who]):
                continue
            if value.startswith("only_") and goes != last:
                return True
            turned = value == "no_left_turn" and goes == came
            if value.startswith("no_") and (goes == last or turned):
                return True
    return False


def moves(town: Town, who: str, at: datetime, came: int, node: str) -> Iterator[tuple[int, str]]:
    """Yield the streets into which one may go on, and where they end."""
    for number_, street in enumerate(town.streets):
        if node not in (street.a, street.b):
            continue
        forward = street.a == node
        weight = passes(street, who, forward, at)
        near = [town.nodes.get(end, {}) for end in (street.a, street.b)]
        if weight == float("inf") or any(too_large(tags, who) for tags in near):
            continue
        if came >= 0 and number_ != came and barred(town.nodes.get(node, {}), who, at):
            continue
        if came < 0 or not forbidden(town, who, at, came, node, number_):
            yield number_, street.b if forward else street.a


def cost(town: Town, who: str, at: datetime, driven: list[int], start: str) -> float | None:
    """Return what a way over streets from a node counts; None where one of its moves is illegal."""
    node, came, total = start, -1, 0.0
    for street in driven:
        ends = dict(moves(town, who, at, came, node))
        if street not in ends:
            return None
        one = town.streets[street]
        total += one.length * passes(one, who, one.a == node, at)
        came, node = street, ends[street]
    return total


def cheapest(town: Town, who: str, at: datetime, start: int, goal: int) -> float | None:
    """Return what the cheapest way between the far ends of two streets counts, without a turn."""
    first = town.streets[start]
    queue = [(first.length, start, first.b)]
    seen = set()
    if start not in dict(moves(town, who, at, -1, first.a)):
        return None
    while queue:
        spent, came, node = heapq.heappop(queue)
        if came == goal:
            return spent
        if (came, node) in seen:
            continue
        seen.add((came, node))
        for street, end in moves(town, who, at, came, node):
            one = town.streets[street]
            if street != came and not (street == goal and end == one.b):
                weight = one.length * passes(one, who, one.a == node, at)
                heapq.heappush(queue, (spent + weight, street, end))
    return None
