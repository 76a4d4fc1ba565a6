"""What turning costs at junctions, and which ways into one may share a node.

A turn is named by how often it counts each of `TURNS`; what these take is a matter of rules. A
whole line graph would know each way into a junction apart. Here ways in share a node wherever the
turns from them differ by what may as well be paid on the way in: where `turn(a, b)` is
`leave(a) + enter(b)` for all of them, with nothing negative, whatever the seconds are. So a side
street that meets a road needs no copy for its bends: who comes from it pays one turn at its end,
who goes into it one at its begin. What remains has a copy of the junction (`routing.graph.turns`).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from routing.graph.arcs import BaseArcs, two_way
from routing.graph.delays import TURNS, sizes_of
from routing.graph.graph import Edges
from routing.graph.weights import Floats, Ints, Signed
from spatial.networks.model import Ranks

TURNING_DEG = 45.0
"""From here on a bend at a junction is a turn."""
OPPOSITE_DEG = 135.0
"""Traffic is oncoming if its course differs by so much."""
BEARING_M = 5.0
"""Shorter first pieces of an edge do not tell its course where there is another one."""
UNDOING_M = 50.0
"""How far behind a junction turning round is told apart that would make a turn there cheaper."""

Turn = tuple[int, ...]
FREE: Turn = (0,) * len(TURNS)


@dataclass
class Junction:
    """A junction at which some turn costs: its turns by the key of the way in and of that out."""

    node: int
    turns: dict[int, dict[int, Turn]]


@dataclass
class Shared:
    """Ways into a junction that share a node: what is paid at their ends, and to go on by a key."""

    node: int
    leave: dict[int, Turn] = field(default_factory=dict)
    enter: dict[int, Turn] = field(default_factory=dict)

    def with_way(self, key: int, turns: Mapping[int, Turn]) -> Shared | None:
        """Return this with one more way in, None where it cannot share the node."""
        apart = {_minus(turns[out], paid) for out, paid in self.enter.items() if out in turns}
        if len(apart) > 1:
            return None
        more = apart.pop() if apart else FREE
        own, lift = _positive(more), _positive(_minus(FREE, more))
        enter = {out: _minus(paid, lift) for out, paid in self.enter.items()}
        enter |= {out: _minus(turn, own) for out, turn in turns.items() if out not in enter}
        if any(number < 0 for paid in enter.values() for number in paid):
            return None
        leave = {way: _plus(paid, lift) for way, paid in self.leave.items()} | {key: own}
        return Shared(self.node, leave, enter)


def _plus(one: Turn, other: Turn) -> Turn:
    return tuple(a + b for a, b in zip(one, other, strict=True))


def _minus(one: Turn, other: Turn) -> Turn:
    return tuple(a - b for a, b in zip(one, other, strict=True))


def _positive(one: Turn) -> Turn:
    return tuple(max(number, 0) for number in one)


@dataclass
class Sharing:
    """Which ways in share nodes of junctions: `plain` by node, and more `copies` of some.

    `copy_of` tells by key which of them it leads to. The keys of `alone` share with none.
    """

    junctions: dict[int, Junction]
    plain: dict[int, Shared] = field(default_factory=dict)
    copies: list[Shared] = field(default_factory=list)
    copy_of: dict[int, int] = field(default_factory=dict)
    alone: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, junctions: dict[int, Junction], apart: Mapping[int, object]) -> Sharing:
        """Share the nodes of junctions; the ways in that are `apart` have nodes of their own."""
        made = cls(junctions)
        for node, junction in junctions.items():
            for place, shared in enumerate(_shared(junction, apart)):
                if place == 0:
                    made.plain[node] = shared
                elif len(shared.leave) == 1:
                    made.alone += shared.leave
                else:
                    made.copy_of |= dict.fromkeys(shared.leave, len(made.copies))
                    made.copies.append(shared)
        return made

    def turn(self, last: int, node: int, key: int) -> Turn:
        """Return what a key costs after another one where this one's end is known apart."""
        junction = self.junctions.get(node)
        return FREE if junction is None else junction.turns[last].get(key, FREE)

    def enter(self, node: int, key: int) -> Turn:
        """Return what is paid to go into a key from the plain node."""
        shared = self.plain.get(node)
        return FREE if shared is None else shared.enter.get(key, FREE)

    def leave(self, keys: int) -> Signed:
        """Return what is paid at the end of each of so many keys: (keys, turns)."""
        paid = np.zeros((keys, len(TURNS)), np.int32)
        for shared in (*self.plain.values(), *self.copies):
            for key, turn in shared.leave.items():
                paid[key] = turn
        return paid


def _shared(junction: Junction, apart: Mapping[int, object]) -> list[Shared]:
    """Return who shares nodes of a junction, most first; ways in that are `apart` are left out."""
    found: list[Shared] = []
    for key, turns in junction.turns.items():
        if key in apart:
            continue
        for place, shared in enumerate(found):
            wider = shared.with_way(key, turns)
            if wider is not None:
                found[place] = wider
                break
        else:
            found.append(Shared(junction.node, {key: FREE}, dict(turns)))
    return sorted(found, key=lambda shared: -len(shared.leave))


class _Ways(NamedTuple):
    """Of each base arc its key, its course (degrees) at begin and end, whether one waits for it.

    `ring` tells which are parts of roundabouts.
    """

    key: list[int]
    begin: list[float]
    end: list[float]
    crossed: list[bool]
    ring: list[bool]

    @classmethod
    def of(cls, edges: Edges, base: BaseArcs, ranks: Ranks) -> _Ways:
        """Measure the base arcs."""
        edge = base.key >> 1
        crossed, (begin, end) = sizes_of(edges)[edge] <= ranks.crossed, _courses(edges, base)
        columns = base.key, begin, end, crossed, edges.roundabout[edge]
        return cls(*(column.tolist() for column in columns))


def junctions_of(edges: Edges, base: BaseArcs) -> Iterator[Junction]:
    """Yield the junctions of three and more edges at which some turn costs, by their nodes."""
    if edges.kind.ranks is None:
        return
    degree = np.bincount(np.concatenate([edges.tail, edges.head]))
    ways = _Ways.of(edges, base, edges.kind.ranks)
    nodes = np.flatnonzero(degree > 2)
    enter, leave = (_at_nodes(node, nodes) for node in (base.head, base.tail))
    for node, into, out in zip(nodes.tolist(), enter, leave, strict=True):
        turns = _turns(ways, into, out)
        if any(turn != FREE for row in turns.values() for turn in row.values()):
            yield Junction(node, turns)


def _at_nodes(node: Ints, nodes: Ints) -> Iterator[list[int]]:
    """Yield for each of some nodes the arcs that are at it; `node` is by arc."""
    order = np.argsort(node, kind="stable")
    first, stop = np.searchsorted(node[order], [nodes, nodes + 1])
    arcs = order.tolist()
    for a, b in zip(first.tolist(), stop.tolist(), strict=True):
        yield arcs[a:b]


def _turns(ways: _Ways, enter: Sequence[int], leave: Sequence[int]) -> dict[int, dict[int, Turn]]:
    """Return the turns from arcs into others."""
    found: dict[int, dict[int, Turn]] = {}
    for a in enter:
        key, course = ways.key[a], ways.end[a]
        row: dict[int, Turn] = {}
        against = [
            ways.key[x]
            for x in enter
            if ways.crossed[x] and abs(_angle(course, ways.end[x])) >= OPPOSITE_DEG
        ]
        for b in leave:
            other = ways.key[b]
            if other == key ^ 1:
                continue
            bend = _angle(course, ways.begin[b])
            turns = abs(bend) >= TURNING_DEG and not (ways.ring[a] or ways.ring[b])
            oncoming = turns and bend < 0 and any(x not in (key, other ^ 1) for x in against)
            row[other] = (int(turns), int(oncoming))
        found[key] = row
    return found


def _angle(one: float, other: float) -> float:
    """Return the degrees that one turns to the right from a course to another one."""
    return (other - one + 180.0) % 360.0 - 180.0


def _courses(edges: Edges, base: BaseArcs) -> tuple[Floats, Floats]:
    """Return the course (degrees from north) of each base arc where it begins and where it ends."""
    first, last = edges.shape_start[:-1], edges.shape_start[1:] - 1
    begin = _course(edges, first, np.minimum(first + 1, last), np.minimum(first + 2, last))
    end = _course(edges, last, np.maximum(last - 1, first), np.maximum(last - 2, first))
    edge, back = base.key >> 1, (base.key & 1) > 0
    starts = np.where(back, end[edge], begin[edge])
    stops = np.where(back, begin[edge], end[edge]) + 180.0
    return starts, stops


def _course(edges: Edges, at: Ints, near: Ints, beyond: Ints) -> Floats:
    """Return the course from vertices to the next ones, or beyond them where these are near."""
    shape = edges.shape
    cosine = np.cos(np.radians(shape[at, 1]))
    east, north = ((shape[near] - shape[at]) * 111_195.0).T
    short = np.hypot(east * cosine, north) < BEARING_M
    step = shape[np.where(short, beyond, near)] - shape[at]
    return np.asarray(np.degrees(np.arctan2(step[:, 0] * cosine, step[:, 1])), np.float64)


def undoing(
    edges: Edges,
    leaving: Mapping[int, Sequence[tuple[int, int]]],
    junctions: Iterable[Junction],
    horizon_m: float,
) -> set[int]:
    """Return the keys behind junctions at whose ends turning round might save a part of a turn.

    That is to go on by another key, turn round and come back: it saves where both turns count less
    than the one that they replace.
    """
    queue = [
        (float(edges.length_m[key >> 1]), key)
        for junction in junctions
        for key in _saving(junction)
    ]
    heapq.heapify(queue)
    found: set[int] = set()
    while queue:
        metres, last = heapq.heappop(queue)
        if last in found or metres > horizon_m:
            continue
        found.add(last)
        head = int((edges.tail if last & 1 else edges.head)[last >> 1])
        for key, _ in leaving.get(head, ()):
            if key != last ^ 1 and two_way(edges, key):
                heapq.heappush(queue, (metres + float(edges.length_m[key >> 1]), key))
    return found


def _saving(junction: Junction) -> set[int]:
    """Return the keys out of a junction from which it is cheaper to come back for some turn."""
    return {
        out
        for row in junction.turns.values()
        for out, first in row.items()
        for goal, second in junction.turns.get(out ^ 1, {}).items()
        if goal in row
        and any(a + b < c for a, b, c in zip(first, second, row[goal], strict=True))
    }  # fmt: skip
