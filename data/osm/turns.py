"""Turn restrictions of OpenStreetMap: relations (via node or ways) and barriers on roads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from uuid import UUID

import osmium

from data.osm.edges import Segment
from data.osm.nodes import TagStore
from data.osm.tags import Tags
from data.osm.values import length_m
from spatial.ids import stable_uuid7

COLUMNS = (
    "id",
    "kind",
    "from_edge",
    "via_edges",
    "via_node",
    "to_edge",
    "exempt",
    "source_id",
    "props",
)
_MEMBERS_OF = {"hgv": ("hgv", "goods"), "psv": ("psv", "bus", "taxi")}

# Barriers through which a motor vehicle passes unless a tag forbids it; all others stop it.
OPEN_BARRIERS = frozenset(
    {
        "border_control",
        "cattle_grid",
        "checkpoint",
        "entrance",
        "gate",
        "height_restrictor",
        "kerb",
        "lift_gate",
        "no",
        "rope",
        "sally_port",
        "swing_gate",
        "toll_booth",
        "yes",
    }
)
_STOPS = frozenset({"no", "private", "agricultural", "forestry", "emergency", "military", "permit"})
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
_CLASSES = {key for keys in _PASSERS.values() for key in keys} - {*_MOTOR}
_UNPOWERED = {"bicycle", "foot"}
_KEYHOLDERS = "private"  # stands for whoever may use private roads
_LOCKED = _STOPS - {"no"}


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


def meanings(tags: Tags) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield kind (no, only), value and who is exempt of each restriction that a relation states.

    `restriction:<vehicle>`, or the older `type=restriction:<vehicle>`, binds the classes that have
    this access key. One with conditions (by time, by weight) is not a fixed one and is left out.
    """
    of_type = tags.get("type", "").partition(":")[2]
    spared = [v.strip() for v in tags.get("except", "").split(";") if v.strip()]
    excepted = tuple(m for v in spared for m in _MEMBERS_OF.get(v, (v,)))
    for key, value in tags.items():
        head, _, named = key.partition(":")
        kind = value.partition("_")[0]
        if head != "restriction" or kind not in {"no", "only"} or "@" in value:
            continue
        vehicle = named or of_type
        others = tuple(n for n, keys in _PASSERS.items() if vehicle and vehicle not in keys)
        yield kind, value, others if vehicle else excepted


def turn_rows(
    relation: Relation,
    segments: Mapping[int, Sequence[Segment]],
    node_id: Callable[[int], UUID],
    source_id: str,
) -> list[tuple[object, ...]]:
    """Return the rows of one relation; none when its members do not meet or are not roads."""
    rows: list[tuple[object, ...]] = []
    for kind, value, exempt in meanings(relation.tags):
        props = {"osm_relation": relation.id, "restriction": value}
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
        for first in _ending_at(enter, node):
            for last in _starting_at(leave, node):
                if not (back and first.edge != last.edge):
                    yield first.edge, [], node, last.edge
    elif relation.via_ways:
        between = [s for way in relation.via_ways for s in segments.get(way, ())]
        yield from _through(enter, between, leave)


def _ending_at(segments: Sequence[Segment], node: int) -> list[Segment]:
    return [s for s in segments if s.head == node or (s.tail == node and not s.oneway)]


def _starting_at(segments: Sequence[Segment], node: int) -> list[Segment]:
    return [s for s in segments if s.tail == node or (s.head == node and not s.oneway)]


def _through(
    enter: Sequence[Segment], between: Sequence[Segment], leave: Sequence[Segment]
) -> Iterator[Sequence4]:
    """Follow the via ways from where the first way meets them to where the last one does."""
    inner = {node for s in between for node in (s.tail, s.head)}
    starts = [(s, node) for s in enter for node in (s.tail, s.head) if node in inner]
    ends = [(s, node) for s in leave for node in (s.tail, s.head) if node in inner]
    for first, begin in starts:
        for last, end in ends:
            meet = first in _ending_at([first], begin) and last in _starting_at([last], end)
            chains = _rings(between, begin) if begin == end else [_chain(between, begin, end)]
            for chain in chains if meet else ():
                if chain:
                    yield first.edge, [s.edge for s in chain], None, last.edge


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
    """Return the classes that pass a barrier node, None where it stops no motor vehicle.

    Its access tags tell, else its kind; those on foot or bicycle pass where no tag stops them.
    """
    opens = tags.get("barrier", "no") in OPEN_BARRIERS
    locked = "private" if tags.get("locked") == "yes" else None
    said = {
        name: next((tags[key] for key in reversed(keys) if key in tags), locked)
        for name, keys in _PASSERS.items()
    }
    passing = [
        name
        for name, value in said.items()
        if (_lets_through(name, value) if value else opens or name in _UNPOWERED)
        or (name == "emergency" and _locks(value))
    ]
    if not _PASSERS.keys() - {*passing, *_UNPOWERED}:
        return None
    return (*passing, *([_KEYHOLDERS] if _locks(said["motorcar"]) else []))


def _lets_through(name: str, value: str) -> bool:
    """Tell whether one of the values of an access tag admits a class; a class admits itself."""
    parts = [part.strip() for part in value.split(";")]
    return any(p not in _STOPS and (p not in _CLASSES or p in _PASSERS[name]) for p in parts)


def _locks(value: str | None) -> bool:
    return bool(value) and not _LOCKED.isdisjoint(str(value).split(";"))


def low_edges(store: TagStore) -> Iterator[tuple[str, float]]:
    """Yield the edges beside a barrier of limited height, with that height (m)."""
    for node, edges in store.meetings():
        height = length_m(store.between(node, node)[node].get("maxheight"))
        if height:
            yield from ((edge, height) for edge in edges)


def barrier_rows(
    store: TagStore, node_id: Callable[[int], UUID], source_id: str
) -> Iterator[tuple[object, ...]]:
    """Yield a forbidden turn for each way through a barrier that stops some motor vehicles."""
    for node, edges in store.meetings():
        tags = store.between(node, node)[node]
        spared = admitted(tags)
        if spared is None:
            continue
        props = {"osm_node": node, "barrier": tags["barrier"]}
        for first, last in permutations(edges, 2):
            key = f"barrier/{node}/{first}/{last}"
            yield (
                stable_uuid7(source_id, key), "no", first, [], node_id(node), last,
                list(spared), source_id, props,
            )  # fmt: skip
