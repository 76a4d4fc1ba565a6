"""What delays traffic on edges: how often each kind is met by who drives a key to its end.

Signals, signs, crossings and gates are counted where a network was loaded. Who comes to a larger
road, or to a roundabout, and has neither signals nor a sign on the way gives way there by law.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import orjson

from routing.graph.graph import Edges
from routing.graph.weights import Bools, Floats, Signed

SIGNED = ("traffic_signals", "stop", "give_way")
ON_THE_WAY = (*SIGNED, "crossing", "level_crossing", "gate", "toll_booth")
JOINING = ("join", "join_main")
TURNS = ("turn", "across")
DELAYS = (*ON_THE_WAY, *JOINING, *TURNS)
"""Kinds of delay: those met on an edge, then giving way to a larger road, a main one apart, then
turning, and turning left across oncoming traffic."""


class Delays(NamedTuple):
    """Rows of `counts` (rows, kinds in the order of `DELAYS`).

    `met` and `leave` are by key: what is met on it, and what of turns is paid at its end; `enter`
    is by arc, what of turns is paid to go into it.
    """

    met: Signed
    leave: Signed
    enter: Signed
    counts: Signed


def delays_of(edges: Edges, leave: Signed, enter: Signed) -> Delays:
    """Return the rows of all delays of keys (2 * edge + direction) and arcs.

    `leave` (keys, turns) and `enter` (arcs, turns) count what is paid of turns.
    """
    counts = np.zeros((4 * len(edges) + len(enter), len(DELAYS)), np.int32)
    met = counts[: 2 * len(edges)]
    met[:, : len(ON_THE_WAY)] = _on_the_way(edges)
    signed = met[:, : len(SIGNED)].any(axis=1)
    join, main = _joining(edges)
    met[:, DELAYS.index("join")] = join & ~main & ~signed
    met[:, DELAYS.index("join_main")] = join & main & ~signed
    counts[2 * len(edges) :, -len(TURNS) :] = np.concatenate([leave, enter])
    rows, row = np.unique(counts, axis=0, return_inverse=True)
    keys, every = 2 * len(edges), row.reshape(-1).astype(np.int32)
    return Delays(every[:keys], every[keys : 2 * keys], every[2 * keys :], rows)


def sizes_of(edges: Edges) -> Floats:
    """Return how large each edge is, as `Ranks` of its kind has it; small numbers are large."""
    ranks = edges.kind.ranks
    if ranks is None:
        return np.zeros(len(edges))
    size = edges.edge_class.spread(ranks.sizes, ranks.none)
    size[edges.roundabout] = ranks.ring
    return size


def _on_the_way(edges: Edges) -> Signed:
    """Return how often each key meets what edges tell of: (keys, kinds)."""
    told = np.zeros((len(edges.delays.values) + 1, 2, len(ON_THE_WAY)), np.int32)
    for code, text in enumerate(edges.delays.values):
        for kind, both in orjson.loads(text).items():
            if kind in ON_THE_WAY:
                told[code, :, ON_THE_WAY.index(kind)] = both
    return told[edges.delays.codes].reshape(2 * len(edges), len(ON_THE_WAY))


def _joining(edges: Edges) -> tuple[Bools, Bools]:
    """Return which keys come to a larger road, and which of them to a main one.

    It is larger where two of its arms are: one alone may end there, or be the way on.
    """
    ranks = edges.kind.ranks
    if ranks is None:
        return np.zeros(2 * len(edges), np.bool_), np.zeros(2 * len(edges), np.bool_)
    size, node = sizes_of(edges), np.column_stack([edges.head, edges.tail]).ravel()
    second = _second(node, np.repeat(size, 2))[node]
    ramp = edges.edge_class.mask(ranks.ramps)
    merges = np.repeat(ramp, 2) & (second >= 0) & (second <= ranks.merged)
    join = (np.repeat(size, 2) > second) & ~merges
    return join, join & (second >= 0) & (second <= ranks.main)


def _second(node: Signed, size: Floats) -> Floats:
    """Return by node the second smallest of the sizes of its arms, the only one where it has one.

    `node` and `size` are by arm.
    """
    order = np.lexsort((size, node))
    first = np.searchsorted(node[order], np.arange(int(node.max(initial=-1)) + 1))
    count = np.bincount(node, minlength=len(first))
    return np.asarray(size[order][np.minimum(first + 1, first + count - 1)], np.float64)
