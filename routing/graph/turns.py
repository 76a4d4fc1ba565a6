"""Turn restrictions by splitting restricted junctions.

Each restriction is a forbidden sequence of arc keys. A node copy stands for "arrived here having
just driven this beginning of a forbidden sequence"; its outgoing arcs leave out the move that
would complete one. Sequences may pass over several edges (via-way), and all are matched at once
as in Aho and Corasick, "Efficient string matching" (1975). Other junctions keep one node.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from routing.graph.graph import BaseArcs, Edges, Graph, Ids, node_positions, sort_arcs
from routing.graph.weights import Floats, Ints


@dataclass(frozen=True)
class Restriction:
    """A forbidden (`no`) or compulsory (`only`) move over edges, given by their positions.

    `via_node` is needed only where the edges alone leave the junction open (two edges that meet
    twice); `exempt` names vehicle classes that may ignore a `no`.
    """

    kind: Literal["no", "only"]
    edges: tuple[int, ...]
    via_node: int | None = None
    exempt: tuple[str, ...] = ()


@dataclass
class _State:
    """A beginning of forbidden sequences: the node where it ends and what may follow."""

    node: int
    step: dict[int, int] = field(default_factory=dict)
    fail: int = -1
    bans: list[frozenset[str]] = field(default_factory=list)


class _Automaton:
    """All forbidden sequences as one trie; state -1 is the root."""

    def __init__(self, head_of: dict[int, int]) -> None:
        self.states: list[_State] = []
        self.roots: dict[int, int] = {}
        self._head_of = head_of

    def add(self, sequence: Sequence[int], exempt: tuple[str, ...]) -> None:
        at, step = -1, self.roots
        for key in sequence:
            if key not in step:
                step[key] = len(self.states)
                self.states.append(_State(self._head_of[key]))
            at = step[key]
            step = self.states[at].step
        self.states[at].bans.append(frozenset(exempt))

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

    def bans(self, state: int) -> list[frozenset[str]]:
        """Return who is exempt from each sequence that a state completes."""
        found: list[frozenset[str]] = []
        while state >= 0:
            found += self.states[state].bans
            state = self.states[state].fail
        return found


def split(edges: Edges, restrictions: Sequence[Restriction]) -> Graph:
    """Return the graph of `edges` in which no restricted move can be driven."""
    base = BaseArcs.of(edges)
    lon, lat = node_positions(edges)
    if not restrictions:
        arcs = sort_arcs(len(edges), base.tail, base.head, base.key, [None] * len(base.key))
        return Graph(edges, arcs, lon, lat, Ids(edges.ids))
    automaton = _Automaton(dict(zip(base.key.tolist(), base.head.tolist(), strict=True)))
    leaving = _leaving(base)
    for restriction in restrictions:
        for sequence in _forbidden(edges, base, leaving, restriction):
            automaton.add(sequence, restriction.exempt)
    automaton.link()
    return _with_copies(edges, base, leaving, automaton, lon, lat)


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
    allowed = [2 * first] if edges.oneway[first] else [2 * first, 2 * first + 1]
    chains = [[key] for key in allowed]
    for edge in restriction.edges[1:]:
        chains = [
            [*chain, key]
            for chain in chains
            for key, _ in leaving.get(_head(edges, chain[-1]), [])
            if key >> 1 == edge
        ]
    if restriction.via_node is not None:
        chains = [c for c in chains if _head(edges, c[0]) == restriction.via_node]
    return chains


def _with_copies(
    edges: Edges,
    base: BaseArcs,
    leaving: dict[int, list[tuple[int, int]]],
    automaton: _Automaton,
    lon: Floats,
    lat: Floats,
) -> Graph:
    """Add the node copies and their arcs; a completed sequence needs no copy of its own."""
    count = len(lon)
    nodes = np.array([s.node for s in automaton.states], np.int64)
    head = _entry_heads(base, automaton, count)
    exempt: list[str | None] = [None] * len(base.key)
    extra: list[tuple[int, int, int]] = []
    for at, state in enumerate(automaton.states):
        for key, plain in leaving.get(state.node, []):
            following = automaton.follow(at, key)
            bans = automaton.bans(following)
            spared = frozenset.intersection(*bans) if bans else frozenset()
            if bans and not spared:
                continue
            extra.append((count + at, plain if following < 0 else count + following, key))
            exempt.append(",".join(sorted(spared)) or None)
    added = np.array(extra, np.int64).reshape(-1, 3)
    arcs = sort_arcs(
        len(edges),
        np.concatenate([base.tail, added[:, 0]]),
        np.concatenate([head, added[:, 1]]),
        np.concatenate([base.key, added[:, 2]]),
        exempt,
    )
    return Graph(
        edges,
        arcs,
        np.concatenate([lon, lon[nodes]]),
        np.concatenate([lat, lat[nodes]]),
        Ids(edges.ids),
    )


def _entry_heads(base: BaseArcs, automaton: _Automaton, count: int) -> Ints:
    """Send arcs that begin a forbidden sequence to the copy that remembers it."""
    head = base.head.copy()
    position = {int(k): i for i, k in enumerate(base.key)}
    for key, state in automaton.roots.items():
        head[position[key]] = count + state
    return head
