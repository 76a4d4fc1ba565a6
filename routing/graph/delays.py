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
DELAYS = (*ON_THE_WAY, *JOINING)
"""Kinds of delay: those met on an edge, then giving way to a larger road, a main one apart."""


class Delays(NamedTuple):
    """Of each key the row of `counts` (rows, kinds in the order of `DELAYS`) of what it meets."""

    row: Signed
    counts: Signed


def delays_of(edges: Edges) -> Delays:
    """Return what each key (2 * edge + direction) meets until its end is reached."""
    counts = np.zeros((2 * len(edges), len(DELAYS)), np.int32)
    counts[:, : len(ON_THE_WAY)] = _on_the_way(edges)
    signed = counts[:, : len(SIGNED)].any(axis=1)
    join, main = _joining(edges)
    counts[:, DELAYS.index("join")] = join & ~main & ~signed
    counts[:, DELAYS.index("join_main")] = join & main & ~signed
    rows, row = np.unique(counts, axis=0, return_inverse=True)
    return Delays(row.reshape(-1).astype(np.int32), rows)


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
    size = edges.edge_class.spread(ranks.sizes, ranks.none)
    size[edges.roundabout] = ranks.ring
    node = np.column_stack([edges.head, edges.tail]).ravel()
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
