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
from dataclasses import dataclass, replace
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
from routing.graph.sequences import Automaton, Ban, who_may
from routing.graph.weights import Floats, Ints

HORIZON_M = 500.0
FAR_M = 1e6  # behind no restricted junction


@dataclass(frozen=True)
class Restriction:
    """A forbidden (`no`) or compulsory (`only`) move over edges, given by their positions.

    `via_node` is needed only where the edges alone leave the junction open (two edges that meet
    twice); `exempt` names vehicle classes that may ignore a `no`. Where `no_left` is set, it is a
    left turn that is forbidden, and with it to turn round there; where `barrier` is, no sign
    forbids the move but a barrier. `hours` are those at which it holds, as OpenStreetMap writes
    them; None is always.
    """

    kind: Literal["no", "only"]
    edges: tuple[int, ...]
    via_node: int | None = None
    exempt: tuple[str, ...] = ()
    no_left: bool = False
    barrier: bool = False
    hours: str | None = None

    @property
    def wall(self) -> bool:
        """Tell whether the road ends in front of it."""
        return self.barrier and self.hours is None


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
    automaton = Automaton(dict(zip(base.key.tolist(), base.head.tolist(), strict=True)))
    leaving = _leaving(base)
    for restriction in restrictions:
        ban = Ban(frozenset(restriction.exempt), restriction.hours)
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
    automaton: Automaton,
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
    """Return every way to drive the edges of a restriction one after another.

    Who goes against one-way traffic by a rule obeys no sign that speaks to the traffic, but stops
    at barriers.
    """

    def bound(key: int) -> bool:
        barred = restriction.barrier and not edges.oneway[key >> 1]
        return barred or two_way(edges, key) or not key & 1

    first = restriction.edges[0]
    chains = [[key] for key in (2 * first, 2 * first + 1) if bound(key)]
    for edge in restriction.edges[1:]:
        chains = [
            [*chain, key]
            for chain in chains
            for key, _ in leaving.get(_head(edges, chain[-1]), [])
            if key >> 1 == edge and bound(key)
        ]
    if restriction.via_node is not None:
        chains = [c for c in chains if _head(edges, c[0]) == restriction.via_node]
    return chains


def _away(
    edges: Edges,
    leaving: dict[int, list[tuple[int, int]]],
    automaton: Automaton,
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
    automaton: Automaton,
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
    automaton: Automaton,
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
    leaving: dict[int, list[tuple[int, int]]], automaton: Automaton, sharing: Sharing, count: int
) -> Iterator[_Copied]:
    """Yield the arcs of the copies that remember by which keys one came."""
    for at, state in enumerate(automaton.states):
        away_m = min(automaton.away_m(at), FAR_M)
        ending = count + at if state.wall else state.node
        for key, plain in leaving.get(state.node, []):
            following = automaton.follow(at, key)
            allowed, alone = who_may(automaton.bans(following))
            if allowed:
                far = plain if following < 0 else count + following
                metres = away_m if key == state.key ^ 1 else math.nan
                enter = sharing.turn(state.key, state.node, key)
                yield _Copied((count + at, far, key), alone, metres, ending, enter)


def _of_shared(
    leaving: dict[int, list[tuple[int, int]]], automaton: Automaton, sharing: Sharing, count: int
) -> Iterator[_Copied]:
    """Yield the arcs of the copies that some ways into a junction share."""
    for at, shared in enumerate(sharing.copies, count + len(automaton.states)):
        for key, plain in leaving.get(shared.node, []):
            root = automaton.roots.get(key)
            far, enter = plain if root is None else count + root, shared.enter.get(key, FREE)
            yield _Copied((at, far, key), None, math.nan, -1, enter)


def _entry_heads(base: BaseArcs, plain: Ints, automaton: Automaton, count: int) -> Ints:
    """Send arcs that begin a forbidden sequence to the copy that remembers it."""
    head = plain.copy()
    position = {int(k): i for i, k in enumerate(base.key)}
    for key, state in automaton.roots.items():
        head[position[key]] = count + state
    return head
