"""Turn restrictions by splitting restricted junctions.

Each restriction is a forbidden sequence of arc keys. A node copy stands for "arrived here having
just driven this beginning of a forbidden sequence"; its outgoing arcs leave out the move that
would complete one. Sequences may pass over several edges (via-way), and all are matched at once
as in Aho and Corasick, "Efficient string matching" (1975). Other junctions keep one node.

Copies remember by which edge one came, and so which arc turns round. With weights that are not
negative nobody turns round on a best path but to undo a restriction: to come back to a restricted
junction without the beginning that forbids. So the ends of edges that lead away from one get
copies too, `HORIZON_M` far. A search that meets a turn beyond that is done again over arcs.

Turns that cost have copies where ways into a junction cannot share a node
(`routing.graph.junction_turns`).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

import numpy as np

from routing.graph.arcs import BaseArcs, Paid, node_positions, sort_arcs, two_way
from routing.graph.delays import TURNS
from routing.graph.graph import Edges, Graph, Ids
from routing.graph.junction_turns import (
    FREE,
    UNDOING_M,
    Junction,
    Sharing,
    Turn,
    junctions_of,
    undoing,
)
from routing.graph.weights import Floats, Ints

HORIZON_M = 500.0
FAR_M = 1e6  # behind no restricted junction


@dataclass(frozen=True)
class Restriction:
    """A forbidden (`no`) or compulsory (`only`) move over edges, given by their positions.

    `via_node` is needed only where the edges alone leave the junction open (two edges that meet
    twice); `exempt` names vehicle classes that may ignore a `no`. Where `no_left` is set, it is a
    left turn that is forbidden, and with it to turn round there; where `wall` is, no sign forbids
    the move but a barrier, in front of which the road ends. `hours` are those at which it holds, as
    OpenStreetMap writes them; None is always.
    """

    kind: Literal["no", "only"]
    edges: tuple[int, ...]
    via_node: int | None = None
    exempt: tuple[str, ...] = ()
    no_left: bool = False
    wall: bool = False
    hours: str | None = None


class _Ban(NamedTuple):
    """Who is exempt from a forbidden sequence, and when it is forbidden; None is always."""

    spared: frozenset[str]
    hours: str | None


def _who_may(bans: Sequence[_Ban]) -> tuple[bool, str | None]:
    """Tell whether somebody may complete forbidden sequences, and write who alone; None is all.

    The classes exempt from what is always forbidden come first, then `|` and those exempt from each
    other ban with `@` and its hours.
    """
    fixed = [ban.spared for ban in bans if ban.hours is None]
    spared = frozenset.intersection(*fixed) if fixed else frozenset()
    texts = [",".join(sorted(spared))] if fixed else []
    timed = {f"{','.join(sorted(ban.spared))}@{ban.hours}" for ban in bans if ban.hours is not None}
    return bool(spared) or not fixed, "|".join([*texts, *sorted(timed)]) or None


@dataclass
class _State:
    """A beginning of forbidden sequences: the last key, where it ends and what may follow.

    `away_m` is how far it ends behind a restricted junction, infinite where it is none's; `wall`
    tells that it ends in front of a barrier.
    """

    key: int
    node: int
    away_m: float = math.inf
    wall: bool = False
    step: dict[int, int] = field(default_factory=dict)
    fail: int = -1
    bans: list[_Ban] = field(default_factory=list)


class _Automaton:
    """All forbidden sequences as one trie; state -1 is the root."""

    def __init__(self, head_of: dict[int, int]) -> None:
        self.states: list[_State] = []
        self.roots: dict[int, int] = {}
        self._head_of = head_of

    def add(self, sequence: Sequence[int], ban: _Ban, *, wall: bool) -> None:
        at, step = -1, self.roots
        for key in sequence:
            if wall and at >= 0:
                self.states[at].wall = True
            if key not in step:
                step[key] = len(self.states)
                self.states.append(_State(key, self._head_of[key]))
            at = step[key]
            step = self.states[at].step
        self.states[at].bans.append(ban)

    def remember(self, key: int, away_m: float) -> None:
        """Have a copy at the end of a key; infinite is behind no restricted junction."""
        if key not in self.roots:
            self.roots[key] = len(self.states)
            self.states.append(_State(key, self._head_of[key]))
        state = self.states[self.roots[key]]
        state.away_m = min(state.away_m, away_m)

    def link(self) -> None:
        """Point each state to its longest proper ending that is also a beginning."""
        queue = list(self.roots.values())
        for at in queue:
            for key, child in self.states[at].step.items():
                self.states[child].fail = self.follow(self.states[at].fail, key)
                queue.append(child)

    def follow(self, state: int, key: int) -> int:
        """Return the state after `key` is driven, -1 for the root."""
        while state >= 0:
            found = self.states[state].step.get(key)
            if found is not None:
                return found
            state = self.states[state].fail
        return self.roots.get(key, -1)

    def away_m(self, state: int) -> float:
        """Return how far a state ends behind a restricted junction: 0 is at one."""
        least = math.inf
        while state >= 0:
            least = min(least, 0.0 if self.states[state].step else self.states[state].away_m)
            state = self.states[state].fail
        return least

    def bans(self, state: int) -> list[_Ban]:
        """Return the bans of all sequences that a state completes."""
        found: list[_Ban] = []
        while state >= 0:
            found += self.states[state].bans
            state = self.states[state].fail
        return found


def split(
    edges: Edges,
    restrictions: Sequence[Restriction],
    horizon_m: float = HORIZON_M,
    undoing_m: float = UNDOING_M,
    *,
    turn_costs: bool = True,
) -> Graph:
    """Return the graph of `edges` in which no restricted move can be driven, and turns cost.

    Turning round is told apart (`Arcs.turn`) up to `horizon_m` metres behind what it would undo,
    and up to `undoing_m` behind a turn that it would make cheaper.
    """
    base = BaseArcs.of(edges)
    lon, lat = node_positions(edges)
    automaton = _Automaton(dict(zip(base.key.tolist(), base.head.tolist(), strict=True)))
    leaving = _leaving(base)
    for restriction in restrictions:
        ban = _Ban(frozenset(restriction.exempt), restriction.hours)
        for sequence in _forbidden(edges, base, leaving, restriction):
            automaton.add(sequence, ban, wall=restriction.wall)
    automaton.link()
    for key, away_m in _away(edges, leaving, automaton, horizon_m).items():
        automaton.remember(key, away_m)
    junctions = junctions_of(edges, base) if turn_costs else ()
    sharing = _share(edges, leaving, automaton, {j.node: j for j in junctions}, undoing_m)
    automaton.link()
    return _with_copies(edges, base, automaton, sharing, lon, lat)


def _share(
    edges: Edges,
    leaving: dict[int, list[tuple[int, int]]],
    automaton: _Automaton,
    junctions: dict[int, Junction],
    undoing_m: float,
) -> Sharing:
    """Share the nodes of junctions; have copies for the ways in that are told apart."""
    for key in undoing(edges, leaving, junctions.values(), undoing_m):
        automaton.remember(key, math.inf)
    for state in list(automaton.states):
        if state.node in junctions:
            automaton.remember(state.key, math.inf)
    sharing = Sharing.of(junctions, automaton.roots)
    for key in sharing.alone:
        automaton.remember(key, math.inf)
    return sharing


def _leaving(base: BaseArcs) -> dict[int, list[tuple[int, int]]]:
    """Return (key, head) of the arcs that leave each node."""
    leaving: dict[int, list[tuple[int, int]]] = {}
    rows = zip(base.tail.tolist(), base.key.tolist(), base.head.tolist(), strict=True)
    for tail, key, head in rows:
        leaving.setdefault(tail, []).append((key, head))
    return leaving


def _forbidden(
    edges: Edges,
    base: BaseArcs,
    leaving: dict[int, list[tuple[int, int]]],
    restriction: Restriction,
) -> Iterator[list[int]]:
    """Yield the forbidden key sequences of one restriction."""
    for chain in _chains(edges, leaving, restriction):
        if restriction.kind == "no":
            yield chain
            if restriction.no_left and len(chain) == 2 and two_way(edges, chain[0]):
                yield [chain[0], chain[0] ^ 1]
            continue
        for position in range(1, len(chain)):
            node = _head(edges, chain[position - 1])
            for key, _ in leaving.get(node, []):
                if key != chain[position]:
                    yield [*chain[:position], key]


def _head(edges: Edges, key: int) -> int:
    return int((edges.tail if key & 1 else edges.head)[key >> 1])


def _chains(
    edges: Edges, leaving: dict[int, list[tuple[int, int]]], restriction: Restriction
) -> list[list[int]]:
    """Return every way to drive the edges of a restriction one after another."""
    first = restriction.edges[0]
    allowed = [2 * first, 2 * first + 1] if two_way(edges, 2 * first) else [2 * first]
    chains = [[key] for key in allowed]
    for edge in restriction.edges[1:]:
        chains = [
            [*chain, key]
            for chain in chains
            for key, _ in leaving.get(_head(edges, chain[-1]), [])
            if key >> 1 == edge and (two_way(edges, key) or not key & 1)
        ]
    if restriction.via_node is not None:
        chains = [c for c in chains if _head(edges, c[0]) == restriction.via_node]
    return chains


def _away(
    edges: Edges,
    leaving: dict[int, list[tuple[int, int]]],
    automaton: _Automaton,
    horizon_m: float,
) -> dict[int, float]:
    """Return the keys behind restricted junctions, and how far the end of each is from one (m).

    They are of two-way edges, as nobody turns round on others.
    """
    queue = [
        (float(edges.length_m[key >> 1]), key)
        for state in range(len(automaton.states))
        for key in _leading_away(edges, leaving, automaton, state)
    ]
    heapq.heapify(queue)
    found: dict[int, float] = {}
    while queue:
        metres, last = heapq.heappop(queue)
        if last in found:
            continue
        found[last] = metres
        if metres < horizon_m:
            for key, _ in leaving.get(_head(edges, last), []):
                turns = key == last ^ 1 or not two_way(edges, key)
                if not turns and key not in found:
                    heapq.heappush(queue, (metres + float(edges.length_m[key >> 1]), key))
    return found


def _leading_away(
    edges: Edges,
    leaving: dict[int, list[tuple[int, int]]],
    automaton: _Automaton,
    at: int,
) -> Iterator[int]:
    """Yield the keys by which one leaves a state and, come back, may do what it forbids.

    Who turns round there and once more is back as before, unless the state remembers several edges.
    """
    state = automaton.states[at]
    if not state.step:
        return
    following = {key: automaton.follow(at, key) for key, _ in leaving.get(state.node, [])}
    banned = {key for key, after in following.items() if automaton.bans(after)}
    bound = banned | {k for k, after in following.items() if after != automaton.roots.get(k, -1)}
    same = {state.key ^ 1} if automaton.roots.get(state.key) == at else set()
    for key in following.keys() - banned - same:
        if bound - {key} and two_way(edges, key):
            yield key


class _Copied(NamedTuple):
    """An arc of a copy: tail, head and key, who alone may, `turn_m`, `turn_node`, what is paid."""

    ends: tuple[int, int, int]
    alone: str | None
    turn_m: float
    turn_node: int
    enter: Turn


def _with_copies(
    edges: Edges,
    base: BaseArcs,
    automaton: _Automaton,
    sharing: Sharing,
    lon: Floats,
    lat: Floats,
) -> Graph:
    """Add the node copies and their arcs; a completed sequence needs no copy of its own."""
    count, first = len(lon), len(lon) + len(automaton.states)
    owners = [*(state.node for state in automaton.states), *(one.node for one in sharing.copies)]
    nodes = np.array(owners, np.int64)
    plain = base.head.copy()
    if sharing.copy_of:
        copied = np.isin(base.key, list(sharing.copy_of))
        plain[copied] = [first + sharing.copy_of[key] for key in base.key[copied].tolist()]
    leaving = _leaving(replace(base, head=plain))
    added = [
        *_remembered(leaving, automaton, sharing, count),
        *_of_shared(leaving, automaton, sharing, count),
    ]
    enter = [sharing.enter(*way) for way in zip(base.tail.tolist(), base.key.tolist(), strict=True)]
    ends = np.array([row.ends for row in added], np.int64).reshape(-1, 3)
    turns = [(math.nan, -1)] * len(base.key) + [(row.turn_m, row.turn_node) for row in added]
    paid = np.array([*enter, *(row.enter for row in added)], np.int32).reshape(-1, len(TURNS))
    arcs = sort_arcs(
        edges,
        np.concatenate([base.tail, ends[:, 0]]),
        np.concatenate([_entry_heads(base, plain, automaton, count), ends[:, 1]]),
        np.concatenate([base.key, ends[:, 2]]),
        [*[None] * len(base.key), *(row.alone for row in added)],
        np.array([metres for metres, _ in turns]),
        np.array([node for _, node in turns]),
        Paid(sharing.leave(2 * len(edges)), paid),
    )
    lonlat = np.concatenate([lon, lon[nodes]]), np.concatenate([lat, lat[nodes]])
    return Graph(edges, arcs, *lonlat, Ids(edges.ids))


def _remembered(
    leaving: dict[int, list[tuple[int, int]]], automaton: _Automaton, sharing: Sharing, count: int
) -> Iterator[_Copied]:
    """Yield the arcs of the copies that remember by which keys one came."""
    for at, state in enumerate(automaton.states):
        away_m = min(automaton.away_m(at), FAR_M)
        ending = count + at if state.wall else state.node
        for key, plain in leaving.get(state.node, []):
            following = automaton.follow(at, key)
            allowed, alone = _who_may(automaton.bans(following))
            if allowed:
                far = plain if following < 0 else count + following
                metres = away_m if key == state.key ^ 1 else math.nan
                enter = sharing.turn(state.key, state.node, key)
                yield _Copied((count + at, far, key), alone, metres, ending, enter)


def _of_shared(
    leaving: dict[int, list[tuple[int, int]]], automaton: _Automaton, sharing: Sharing, count: int
) -> Iterator[_Copied]:
    """Yield the arcs of the copies that some ways into a junction share."""
    for at, shared in enumerate(sharing.copies, count + len(automaton.states)):
        for key, plain in leaving.get(shared.node, []):
            root = automaton.roots.get(key)
            far, enter = plain if root is None else count + root, shared.enter.get(key, FREE)
            yield _Copied((at, far, key), None, math.nan, -1, enter)


def _entry_heads(base: BaseArcs, plain: Ints, automaton: _Automaton, count: int) -> Ints:
    """Send arcs that begin a forbidden sequence to the copy that remembers it."""
    head = plain.copy()
    position = {int(k): i for i, k in enumerate(base.key)}
    for key, state in automaton.roots.items():
        head[position[key]] = count + state
    return head
