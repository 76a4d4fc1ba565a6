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
AGAINST = {"emergency": {"residential"}}
"""Who may go against one-way traffic, and on which classes of roads."""
SLOWER = 25 / 15  # the speed of residential roads by that against one-way traffic
SIZES = {
    "truck_rigid": {"maxheight": 4.0, "maxweight": 20.0, "maxlength": 12.0, "maxaxleload": 10.0},
    "bus": {"maxheight": 4.0, "maxweight": 18.0, "maxlength": 12.0, "maxaxleload": 10.0},
}
OPEN = {"yes", "designated", "permissive", "destination", "delivery", "customers", "unknown"}
OWN = {"private", "permit"}
GOALS = {"destination", "delivery", "customers", *OWN}
BARRIERS_OPEN = {"gate", "lift_gate", "toll_booth", "cattle_grid", "height_restrictor"}
BARRIERS_ON_FOOT = {"stile", "kissing_gate"}
BARRIERS_SHUT = {"fence", "wall"}
ON_FOOT = {"footway", "pedestrian", "track", "path"}
DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")


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


def admits(value: str, who: str, *, at_ends: bool = False) -> bool:
    """Tell whether a value lets a vehicle through, or in where its way begins or ends."""
    if who in SERVICE:
        return words(value) != {"no"}
    found = words(value) & (OPEN | OWN | set(VEHICLES[who][2:]))
    return bool(found) and (at_ends or not found <= ends_of(who))


def ends_of(who: str) -> set[str]:
    return OWN if who in {"bicycle", "foot"} else GOALS


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


def access(
    tags: dict[str, str], who: str, way: str, at: datetime, default: str = "yes"
) -> tuple[str, bool]:
    """Return the value that counts for a vehicle in a direction at a time.

    With it goes whether it is open at the ends of ways only, maybe at other hours.
    """
    value, goal = default, False
    for key in VEHICLES[who]:
        for name in (key, f"{key}:{way}"):
            if name in tags:
                value = tags[name]
                goal = admits(value, who, at_ends=True) and not admits(value, who)
            said, _, condition = tags.get(f"{name}:conditional", "").partition("@")
            if "weight>" in condition:
                said = ""  # of the size
            open_ = admits(said.strip(), who, at_ends=True)
            open_ &= who in SERVICE or not words(said) <= OWN
            if said and holds(condition, at, shuts=not open_):
                value = said.strip() if open_ else "no"
            goal |= bool(said) and open_ and not admits(said.strip(), who)
    return value, goal


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


def too_large(tags: dict[str, str], who: str, way: str, at: datetime) -> bool:
    """Tell whether a limit stops a vehicle in a direction at a time; '' is a node's, both ways."""
    for limit, size in SIZES.get(who, {}).items():
        for vehicle in ("", *VEHICLES[who][2:]):
            name = f"{limit}:{vehicle}" if vehicle else limit
            sides = [f"{name}:{one}" for one in ("forward", "backward")]
            own = [sides[way == "backward"]] if way else sides
            always = [key for key in own if key in tags] or [name]
            if not way:
                always = [name, *own]
            texts = [tags[key] for key in (*always, f"{limit}:physical") if key in tags]
            for key in (name, *own):
                for clause in tags.get(f"{key}:conditional", "").split(";"):
                    said, when, condition = clause.partition(" @ ")
                    if not when or holds(condition, at, shuts=True):  # `3.5;4.5 @ …`: 3.5 always
                        texts += [said.strip()] if said else []
            values = [number(part) for text in texts for part in text.split(";")]
            if any(value is not None and value < size for value in values):
                return True
        if limit == "maxweight" and heavier(tags, who, way, at, size):
            return True
    return False


def heavier(tags: dict[str, str], who: str, way: str, at: datetime, size: float) -> bool:
    """Tell whether a condition on mass, `no @ (weight>7.5)`, shuts a vehicle out."""
    for key in VEHICLES[who]:
        for name in (key, f"{key}:{way}"):
            text = tags.get(f"{name}:conditional", "")
            over = re.fullmatch(r"no @ \(weight>([\d.]+)(?: AND (.*))?\)", text)
            if over is None or size <= float(over[1]):
                continue
            if over[2] is None or holds(over[2], at, shuts=True):
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


def against(street: Street, who: str, forward: bool) -> bool:
    """Tell whether a way along a street is one against traffic that is one-way to all."""
    return oneway(street.tags, who) in ({"-1"} if forward else {"yes"})


def may_go_against(street: Street, who: str) -> bool:
    """Tell whether a vehicle may go against a one-way street; signs of vehicles are obeyed."""
    tags = street.tags
    own = any(f"oneway:{key}" in tags for key in VEHICLES[who][1:])
    ring = tags.get("junction") == "roundabout"
    return tags["highway"] in AGAINST.get(who, ()) and not own and not ring


def passes(street: Street, who: str, forward: bool, at: datetime) -> str:
    """Tell how a street is open in a direction: to all (`yes`), at `ends` only, or not (`no`)."""
    tags = street.tags
    if against(street, who, forward) and not may_go_against(street, who):
        return "no"
    shut = tags["highway"] in ON_FOOT and who not in {"foot", "bicycle"}
    shut |= tags["highway"] in {"footway", "pedestrian"} and who == "bicycle"
    kept = {k: v for k, v in tags.items() if not shut or k.partition(":")[0] in VEHICLES[who][2:]}
    implied = {"motorroad": ("bicycle", "foot"), "hov": ("motorcar", "goods", "hgv")}
    default = "no" if shut else "yes"
    for key, named in implied.items():
        if tags.get(key) in {"yes", "designated"} and set(named) & set(VEHICLES[who]):
            default = "no"
    way = "forward" if forward else "backward"
    value, goal = access(kept, who, way, at, default)
    if not admits(value, who, at_ends=True) or too_large(tags, who, way, at):
        return "no"
    return "ends" if goal or not admits(value, who) else "yes"


def gate(tags: dict[str, str], who: str, at: datetime) -> str:
    """Tell how a node is passed by a kind: by all (`yes`), at `ends` of ways, or not (`no`).

    One that is passed at ends of ways is so too at the hours at which it opens to all.
    """
    kind = tags.get("barrier")
    if kind is None:
        return "yes"

    def told(value: str) -> str:
        if admits(value, who):
            return "yes"
        return "ends" if admits(value, who, at_ends=True) else "no"

    on_foot = {"foot"} if kind in BARRIERS_ON_FOOT else {"foot", "bicycle"}
    shut = kind in BARRIERS_SHUT or (kind not in BARRIERS_OPEN and who not in on_foot)
    for key in reversed(VEHICLES[who]):
        value, when, condition = tags.get(f"{key}:conditional", "").partition("@")
        if not when and key not in tags:
            continue
        always = told(tags[key]) if key in tags else "no" if shut else "yes"
        if not when or not holds(condition, at, shuts=not admits(value.strip(), who)):
            return always
        said = told(value.strip())
        return "ends" if said == "yes" and always == "ends" else said
    return "no" if shut else "yes"


def forbidden(town: Town, who: str, at: datetime, came: int, node: str, goes: int) -> bool:
    """Tell whether a sign forbids to go from one street into another; nobody signs for walkers.

    Nor for those who come or go against one-way traffic.
    """
    before, after = town.streets[came], town.streets[goes]
    if against(before, who, before.b == node) or against(after, who, after.a == node):
        return False
    for first, via, last, tags in town.turns if who != "foot" else ():
        if (first, via) != (came, node) or who in {"bus"} & words(tags.get("except", "")):
            continue
        for key, text in tags.items():
            value, when, condition = (part.strip() for part in text.partition("@"))
            named = key.partition(":")[2].removesuffix("conditional").strip(":")
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


def moves(
    town: Town, who: str, at: datetime, came: int, node: str
) -> Iterator[tuple[int, str, bool]]:
    """Yield the streets into which one may go on, where they end, and whether at ends only."""
    for number_, street in enumerate(town.streets):
        if node not in (street.a, street.b):
            continue
        forward = street.a == node
        open_ = passes(street, who, forward, at)
        near = [town.nodes.get(end, {}) for end in (street.a, street.b)]
        if open_ == "no" or any(too_large(tags, who, "", at) for tags in near):
            continue
        passed = "yes"
        if came >= 0 and number_ != came:
            passed = gate(town.nodes.get(node, {}), who, at)
        if passed != "no" and (came < 0 or not forbidden(town, who, at, came, node, number_)):
            end = street.b if forward else street.a
            yield number_, end, "ends" in (open_, passed)


def cost(street: Street, who: str, end: str) -> float:
    """Return the length of a street; against one-way traffic it counts `SLOWER` times."""
    return street.length * (SLOWER if against(street, who, end == street.b) else 1)


def drive(
    town: Town, who: str, at: datetime, driven: list[int], start: str
) -> tuple[float, list[bool]] | None:
    """Return the cost of a way over streets, and which moves are for its ends only.

    None where one of its moves is illegal.
    """
    node, came, total, private = start, -1, 0.0, list[bool]()
    for street in driven:
        ends = {one: (end, only) for one, end, only in moves(town, who, at, came, node)}
        if street not in ends:
            return None
        came, (node, only) = street, ends[street]
        total += cost(town.streets[street], who, node)
        private.append(only)
    return total, private


def cheapest(town: Town, who: str, at: datetime, start: int, goal: int) -> float | None:
    """Return the cost of the cheapest way between the far ends of two streets, without a turn.

    It is one of through traffic: nothing on it is private.
    """
    first = town.streets[start]
    queue = [(first.length, start, first.b)]
    seen = set()
    if start not in {one for one, _, only in moves(town, who, at, -1, first.a) if not only}:
        return None
    while queue:
        spent, came, node = heapq.heappop(queue)
        if came == goal:
            return spent
        if (came, node) in seen:
            continue
        seen.add((came, node))
        for street, end, only in moves(town, who, at, came, node):
            one = town.streets[street]
            if not only and street != came and not (street == goal and end == one.b):
                heapq.heappush(queue, (spent + cost(one, who, end), street, end))
    return None
