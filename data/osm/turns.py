"""Turn restrictions of OpenStreetMap: relations (via node or ways) and barriers on roads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import NamedTuple
from uuid import UUID

import osmium

from data.osm.clauses import split_clauses
from data.osm.edges import Segment
from data.osm.limits import Limits, over, read_limits
from data.osm.nodes import TagStore
from data.osm.tags import Tags
from spatial.ids import stable_uuid7
from spatial.networks.access_values import ADMITTING, CLASSES, ENDING, OWN

COLUMNS = (
    "id", "kind", "from_edge", "via_edges", "via_node", "to_edge", "exempt", "source_id", "props",
)  # fmt: skip
_MEMBERS_OF = {"hgv": ("hgv", "goods"), "psv": ("psv", "bus", "taxi")}

# Barriers through which a motor vehicle passes unless a tag forbids it; most others stop it.
OPEN_BARRIERS = frozenset(
    {
        "border_control",
        "bump_gate",
        "cattle_grid",
        "checkpoint",
        "entrance",
        "gate",
        "hampshire_gate",
        "height_restrictor",
        "kerb",
        "lift_gate",
        "no",
        "rope",
        "sally_port",
        "sliding_gate",
        "swing_gate",
        "toll_booth",
        "yes",
    }
)
# Who passes barriers of other kinds where no tag says so; elsewhere those on foot or bicycle.
_WALLS = (
    "fence", "wall", "city_wall", "retaining_wall", "hedge", "ditch", "handrail", "cable_barrier",
)  # fmt: skip
_STILES = ("stile", "kissing_gate", "turnstile", "full-height_turnstile", "wicket_gate")
_BUS_TRAPS = ("bus_trap", "sump_buster")
_PASSING = {
    **dict.fromkeys(_WALLS, frozenset[str]()),
    **dict.fromkeys(_STILES, frozenset({"foot"})),
    **dict.fromkeys(_BUS_TRAPS, frozenset({"bus", "bicycle", "foot"})),
}
_SHUT_BARRIERS = (
    "block", "bollard", "chain", "cycle_barrier", "debris", "jersey_barrier", "log",
    "motorcycle_barrier", "planter", "spikes", "step",
)  # fmt: skip
KNOWN_BARRIERS = OPEN_BARRIERS | _PASSING.keys() | {*_SHUT_BARRIERS}
"""Values of `barrier` that are read; any other stops who passes no bollard."""
_MOTOR = ("access", "vehicle", "motor_vehicle")
# Classes that barriers and restrictions tell apart, with access keys from general to specific.
_PASSERS = {
    "motorcar": (*_MOTOR, "motorcar"),
    "hgv": (*_MOTOR, "goods", "hgv"),
    "bus": (*_MOTOR, "psv", "bus"),
    "taxi": (*_MOTOR, "motorcar", "psv", "taxi"),
    "emergency": (*_MOTOR, "emergency"),
    "bicycle": ("access", "vehicle", "bicycle"),
    "foot": ("access", "foot"),
}
_BEND, _STRAIGHT = 10.0, 60.0  # degrees that a turn has at least, and going straight on at most
_UNPOWERED = frozenset({"bicycle", "foot"})
_SMALL = {"motorcar", "taxi", *_UNPOWERED}  # no restriction above a size is of these
_KEYHOLDERS = "private"  # stands for whoever may use private roads


@dataclass(frozen=True)
class Relation:
    """A restriction relation: member ids by role."""

    id: int
    tags: Tags
    from_ways: tuple[int, ...]
    via_ways: tuple[int, ...]
    via_nodes: tuple[int, ...]
    to_ways: tuple[int, ...]

    @property
    def ways(self) -> tuple[int, ...]:
        """Return all member ways."""
        return (*self.from_ways, *self.via_ways, *self.to_ways)


def read_relation(relation: osmium.osm.Relation) -> Relation | None:
    """Copy a restriction relation out of the reader; None for other relations."""
    tags = dict(relation.tags)
    if not tags.get("type", "").startswith("restriction"):
        return None
    members = [(m.type, m.ref, m.role) for m in relation.members]

    def refs(kind: str, role: str) -> tuple[int, ...]:
        return tuple(ref for type_, ref, named in members if type_ == kind and named == role)

    return Relation(
        relation.id, tags, refs("w", "from"), refs("w", "via"), refs("n", "via"), refs("w", "to")
    )


class Meaning(NamedTuple):
    """What a restriction says: its kind (no, only), value, who is exempt, and when it holds.

    No `hours` is always; one whose condition is no hour holds always too, as nobody reads it.
    """

    kind: str
    value: str
    exempt: tuple[str, ...]
    hours: str | None


def meanings(tags: Tags) -> Iterator[Meaning]:
    """Yield each restriction that a relation states.

    `restriction:<vehicle>`, or the older `type=restriction:<vehicle>`, binds the classes that have
    this access key; `restriction:conditional`, or the older `hour_on`, at its hours.
    """
    of_type = tags.get("type", "").partition(":")[2]
    spared = [v.strip() for v in tags.get("except", "").split(";") if v.strip()]
    excepted = tuple(m for v in spared for m in _MEMBERS_OF.get(v, (v,)))
    for key, text in tags.items():
        head, *suffixes = key.split(":")
        if head != "restriction":
            continue
        vehicle = next((s for s in suffixes if s != "conditional"), of_type)
        others = tuple(n for n, keys in _PASSERS.items() if vehicle and vehicle not in keys)
        for clause in split_clauses(text):
            value, at, condition = (part.strip() for part in clause.partition("@"))
            kind = value.lower().partition("_")[0]
            if kind in {"no", "only"}:
                hours = condition.strip("()") if at else _clock(tags)
                spare, size = others if vehicle else excepted, over(condition)
                if size is not None:
                    spare, hours = tuple(sorted({*spare} | _SMALL)), size[2] or None
                yield Meaning(kind, value.lower(), spare, hours)


def _clock(tags: Tags) -> str | None:
    """Return the hours of `day_on`, `day_off`, `hour_on`, `hour_off`, None where there are none."""
    days = [tags.get(key, "")[:2] for key in ("day_on", "day_off")]
    named = "-".join(day for day in days if day)
    hours = [tags.get(key, "").split(";") for key in ("hour_on", "hour_off")]
    spans = ",".join(f"{a.strip()}-{b.strip()}" for a, b in zip(*hours, strict=False) if a and b)
    return f"{named} {spans}".strip() or None


def turn_rows(
    relation: Relation,
    segments: Mapping[int, Sequence[Segment]],
    node_id: Callable[[int], UUID],
    source_id: str,
) -> list[tuple[object, ...]]:
    """Return the rows of one relation; none when its members do not meet or are not roads."""
    rows: list[tuple[object, ...]] = []
    for kind, value, exempt, hours in meanings(relation.tags):
        props = {"osm_relation": relation.id, "restriction": value}
        if hours is not None:
            props["hours"] = hours
        for first, via, node, last in _sequences(relation, segments, value):
            key = f"relation/{relation.id}/{len(rows)}"
            via_node = None if node is None else node_id(node)
            rows.append(
                (stable_uuid7(source_id, key), kind, first, via, via_node, last, list(exempt),
                 source_id, props)
            )  # fmt: skip
    return rows


Sequence4 = tuple[UUID, list[UUID], int | None, UUID]


def _sequences(
    relation: Relation, segments: Mapping[int, Sequence[Segment]], value: str
) -> Iterator[Sequence4]:
    enter = [s for way in relation.from_ways for s in segments.get(way, ())]
    leave = [s for way in relation.to_ways for s in segments.get(way, ())]
    # A way that is not split at the junction is both arms of it: straight on is no turn round.
    back = relation.from_ways == relation.to_ways and value == "no_u_turn"
    if len(relation.via_nodes) == 1 and not relation.via_ways:
        node = relation.via_nodes[0]
        pairs = [(a, b) for a in _ending_at(enter, node) for b in _starting_at(leave, node)]
        if back:
            pairs = [(a, b) for a, b in pairs if a.edge == b.edge]
        elif len(pairs) > 1:
            pairs = [pair for pair in pairs if _is_meant(value, *pair, node)] or pairs
        for first, last in pairs:
            yield first.edge, [], node, last.edge
    elif relation.via_ways:
        between = [s for way in relation.via_ways for s in segments.get(way, ())]
        yield from _through(enter, between, leave, once=value.startswith("no"))


def _is_meant(value: str, first: Segment, last: Segment, node: int) -> bool:
    """Tell whether a move turns as a restriction says, which picks the arm of an unsplit way."""
    turn = (last.bearing(node) - first.bearing(node)) % 360 - 180  # degrees to the right
    named = value.partition("_")[2]
    if named == "left_turn":
        return turn < -_BEND
    if named == "right_turn":
        return turn > _BEND
    return named != "straight_on" or abs(turn) < _STRAIGHT


def _ending_at(segments: Sequence[Segment], node: int) -> list[Segment]:
    return [s for s in segments if s.head == node or (s.tail == node and not s.oneway)]


def _starting_at(segments: Sequence[Segment], node: int) -> list[Segment]:
    return [s for s in segments if s.tail == node or (s.head == node and not s.oneway)]


def _through(
    enter: Sequence[Segment],
    between: Sequence[Segment],
    leave: Sequence[Segment],
    *,
    once: bool,
) -> Iterator[Sequence4]:
    """Follow the via ways from where the first way meets them to where the last one does.

    A ring may be driven `once` only where who goes round it again would dodge what is forbidden.
    """
    inner = {node for s in between for node in (s.tail, s.head)}
    starts = [(s, node) for s in enter for node in (s.tail, s.head) if node in inner]
    ends = [(s, node) for s in leave for node in (s.tail, s.head) if node in inner]
    for first, begin in starts:
        for last, end in ends:
            meet = first in _ending_at([first], begin) and last in _starting_at([last], end)
            chains = _rings(between, begin) if begin == end else [_chain(between, begin, end)]
            for chain in chains if meet else ():
                if chain:
                    via = [s.edge for s in chain]
                    yield first.edge, via, None, last.edge
                    if once and begin == end:
                        yield first.edge, via, None, via[0]


def _rings(between: Sequence[Segment], begin: int) -> Iterator[list[Segment]]:
    """Yield the runs of segments from a node back to it, each segment driven once at most."""
    queue: list[tuple[int, list[Segment]]] = [(begin, [])]
    while queue:
        node, chain = queue.pop()
        if node == begin and chain:
            yield chain
            continue
        for segment in _starting_at(between, node):
            if segment not in chain:
                far = segment.head if segment.tail == node else segment.tail
                queue.append((far, [*chain, segment]))


def _chain(between: Sequence[Segment], begin: int, end: int) -> list[Segment]:
    """Return the shortest run of segments from one node to another; empty when there is none."""
    queue: deque[tuple[int, list[Segment]]] = deque([(begin, [])])
    seen = {begin}
    while queue:
        node, chain = queue.popleft()
        if node == end and chain:
            return chain
        for segment in _starting_at(between, node):
            far = segment.head if segment.tail == node else segment.tail
            if far not in seen:
                seen.add(far)
                queue.append((far, [*chain, segment]))
    return []


def admitted(tags: Tags) -> tuple[str, ...] | None:
    """Return the classes that pass a barrier node, None where it stops none.

    Its access tags tell, else its kind; those on foot or bicycle pass where no tag stops them. Of
    a class that it lets in for some purpose only, `motorcar=private`, its value is told.
    """
    kind = tags.get("barrier", "no")
    free = {*_PASSERS} if kind in OPEN_BARRIERS else _PASSING.get(kind, _UNPOWERED)
    said = {name: _said(tags, keys) for name, keys in _PASSERS.items()}
    passing = [
        name
        for name, value in said.items()
        if (_lets_through(name, value) if value else name in free)
        or (name == "emergency" and _locks(value))
    ]
    if len(passing) == len(_PASSERS):
        return None
    general = _said(tags, _MOTOR)
    inward = [f"{name}={_purpose(said[name])}" for name in _PASSERS
              if name not in passing and _purpose(said[name])]  # fmt: skip
    return (*passing, *inward, *([_KEYHOLDERS] if _locks(general) else []))


def _said(tags: Tags, keys: Sequence[str]) -> str | None:
    """Return what the most specific of some keys says; what is locked is private."""
    locked = "private" if tags.get("locked") == "yes" else None
    return next((tags[key] for key in reversed(keys) if key in tags), locked)


def _lets_through(name: str, value: str) -> bool:
    """Tell whether one of the values of an access tag admits a class; a class admits itself."""
    parts = _split(value)
    return bool(parts & (ADMITTING - ENDING)) or bool(parts & CLASSES & {*_PASSERS[name]})


def _purpose(value: str | None, *, own: bool = True) -> str:
    """Return those values of an access tag that let in who has to do with what lies behind.

    Not `own` are those that keep it for whom it belongs to: at hours they shut, as on roads.
    """
    return ";".join(sorted(_split(value or "") & (ENDING if own else ENDING - OWN)))


def _locks(value: str | None) -> bool:
    """Tell whether what shuts others out lets those through who may use private roads."""
    return bool(value) and bool(_split(str(value)) - (ADMITTING - ENDING) - {"no"})


def _split(value: str) -> set[str]:
    return {part.strip().lower() for part in value.split(";")}


def limited_edges(store: TagStore) -> dict[str, Limits]:
    """Return the limits of edges beside crossings and barriers that have some, by edge."""
    found: dict[str, Limits] = {}
    for node, edges in store.meetings():
        limits = read_limits(store.between(node, node)[node], along=False)
        for edge in edges if limits.any else ():
            found[edge] = limits.with_(found[edge]) if edge in found else limits
    return found


def barrier_bans(tags: Tags) -> list[tuple[tuple[str, ...], str | None]]:
    """Return who passes a barrier although it is shut, once for each hours at which it is.

    No hours is always; `not <hours>` is when a barrier does not open that is shut otherwise.
    """
    spared = admitted(tags)
    passing = {*_PASSERS} if spared is None else {*spared}
    at_hours: dict[str, dict[str, str]] = {}
    opened = set[str]()
    for name, keys in _PASSERS.items():
        for value, condition in _conditions(tags, keys):
            opens = _lets_through(name, value) or (name == "emergency" and _locks(value))
            if opens and name not in passing:
                opened.add(name)
                at_hours.setdefault(f"not {condition}", {})[name] = _purpose(_said(tags, keys))
            elif not opens and (name in passing or _purpose(_said(tags, keys))):
                at_hours.setdefault(condition, {})[name] = _purpose(value, own=False)
    bans: list[tuple[tuple[str, ...], str | None]] = [
        ((*(name for name in _PASSERS if name not in shut),
          *(f"{name}={purpose}" for name, purpose in shut.items() if purpose)), hours)
        for hours, shut in at_hours.items()
    ]  # fmt: skip
    passing |= opened
    if _PASSERS.keys() - passing:
        bans.append((tuple(sorted(passing)), None))
    return bans


def _conditions(tags: Tags, keys: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield value and condition of each clause of the tag that counts for a class."""
    named = next((k for k in reversed(keys) if {k, f"{k}:conditional"} & tags.keys()), None)
    for clause in split_clauses(tags.get(f"{named}:conditional", "")):
        value, at, condition = (part.strip() for part in clause.partition("@"))
        if value:
            yield (value if at else value.split()[0]).lower(), condition.strip("()") or "always"


def barrier_rows(
    store: TagStore, node_id: Callable[[int], UUID], source_id: str
) -> Iterator[tuple[object, ...]]:
    """Yield a forbidden turn for each way through a barrier that stops some vehicles."""
    for node, edges in store.meetings():
        tags = store.between(node, node)[node]
        bans = barrier_bans(tags) if "barrier" in tags else []
        for number, (spared, hours) in enumerate(bans):
            props = {"osm_node": node, "barrier": tags["barrier"]}
            for first, last in permutations(edges, 2):
                key = f"barrier/{node}/{first}/{last}" + (f"/{number}" if number else "")
                yield (
                    stable_uuid7(source_id, key), "no", first, [], node_id(node), last,
                    list(spared), source_id, props if hours is None else {**props, "hours": hours},
                )  # fmt: skip
