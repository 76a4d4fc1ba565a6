"""Arcs of edges: before a junction is split, and put in order after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from routing.graph.delays import TURNS, delays_of
from routing.graph.graph import BACKWARD, Arcs, Coded, Edges
from routing.graph.weights import Floats, Ints, Signed


@dataclass(frozen=True)
class BaseArcs:
    """Arcs before any junction is split: one per edge and allowed direction."""

    tail: Ints
    head: Ints
    key: Ints

    @classmethod
    def of(cls, edges: Edges) -> BaseArcs:
        """Derive forward arcs of all edges and backward arcs of two-way ones."""
        both = np.flatnonzero(~edges.oneway)
        forward = np.arange(len(edges))
        key = np.concatenate([forward * 2, both * 2 + BACKWARD])
        tail = np.concatenate([edges.tail[forward], edges.head[both]])
        head = np.concatenate([edges.head[forward], edges.tail[both]])
        order = np.argsort(key, kind="stable")
        return cls(*(a[order].astype(np.int64) for a in (tail, head, key)))


def two_way(edges: Edges, key: int) -> bool:
    """Tell whether an edge is driven both ways without a rule that opens it."""
    return not (edges.oneway[key >> 1] or edges.opened[key >> 1])


def both_ways(edges: Edges) -> Edges:
    """Return edges of which every one has arcs in both directions, for those on foot or bicycle."""
    nothing = np.zeros(len(edges), np.bool_)
    return replace(edges, oneway=nothing, opened=nothing)


class Paid(NamedTuple):
    """What is paid of turns: how often each of `TURNS`, (keys, turns) and (arcs, turns)."""

    leave: Signed
    enter: Signed

    @classmethod
    def nothing(cls, edges: Edges, arcs: int) -> Paid:
        """Return that no turn costs."""
        return cls(*(np.zeros((n, len(TURNS)), np.int32) for n in (2 * len(edges), arcs)))


def sort_arcs(
    edges: Edges,
    tail: Ints,
    head: Ints,
    key: Ints,
    exempt: Sequence[str | None],
    turn_m: Floats,
    turn_node: Ints,
    paid: Paid,
) -> Arcs:
    """Order arcs by key, keeping the given order among equal keys, and index them.

    `turn_m` and `turn_node` are by arc, the former NaN where it does not turn round; `paid` tells
    what is paid of turns.
    """
    order = np.argsort(key, kind="stable")
    first = np.searchsorted(key[order], np.arange(2 * len(edges) + 1)).astype(np.int64)
    coded = Coded.of(exempt)
    metres = turn_m[order]
    turns = np.isfinite(metres)
    return Arcs(
        tail[order].astype(np.uint32),
        head[order].astype(np.uint32),
        key[order].astype(np.int64),
        first,
        Coded(coded.values, coded.codes[order]),
        np.where(turns, np.cumsum(turns) - 1, -1).astype(np.int32),
        metres[turns].astype(np.float32),
        turn_node[order][turns].astype(np.int64),
        *delays_of(edges, paid.leave, paid.enter[order]),
    )


def node_positions(edges: Edges) -> tuple[Floats, Floats]:
    """Return longitude and latitude of each node from the ends of its edges."""
    count = int(max(edges.tail.max(initial=-1), edges.head.max(initial=-1))) + 1
    position = np.zeros((count, 2), np.float64)
    position[edges.head] = edges.shape[edges.shape_start[1:] - 1]
    position[edges.tail] = edges.shape[edges.shape_start[:-1]]
    return position[:, 0].copy(), position[:, 1].copy()
