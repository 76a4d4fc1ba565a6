"""Kernels for tables of lengths between many nodes of a hierarchy (see hierarchy_kernels).

Every source searches up once, and every target; the least sum over the ranks that both have met is
their length. The lengths to a block of targets lie side by side, so that one instruction compares
several of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from routing.cch.customize_kernels import longer
from routing.compiled import compiled, inlined
from routing.graph.weights import INFINITE, Numbers, Signed, Weights

Ints = NDArray[np.int64]
BLOCK = 64


@inlined
def rise(
    here: np.int64, length: np.int64, up_first: Numbers, up_head: Numbers, weight: Weights,
    side: int, lengths: Ints,
) -> None:  # fmt: skip
    """Relax the upward arcs of a rank, up them (side 0) or down them (side 1)."""
    for arc in range(up_first[here], up_first[here + 1]):
        above = up_head[arc]
        lengths[above] = min(lengths[above], length + weight[2 * arc + side])


@inlined
def climb_all(
    nodes: Ints, rank: Numbers, parent: Signed, up_first: Numbers, up_head: Numbers,
    weight: Weights, lengths: Ints,
) -> tuple[Ints, Numbers, Weights]:  # fmt: skip
    """Return for each node the ranks above it that it reaches, and how long the way there is.

    Those of node `i` are at `first[i] : first[i + 1]` of the second and third array.
    """
    first = np.zeros(len(nodes) + 1, np.int64)
    ranks, found, size = np.empty(1024, np.uint32), np.empty(1024, np.uint32), 0
    for i in range(len(nodes)):
        here = np.int64(rank[nodes[i]])
        lengths[here] = 0
        while here >= 0:
            length = lengths[here]
            lengths[here] = INFINITE
            if length < INFINITE:
                if size == len(ranks):
                    ranks, found = longer(ranks, size), longer(found, size)
                ranks[size], found[size] = here, length
                size += 1
                rise(here, length, up_first, up_head, weight, 0, lengths)
            here = np.int64(parent[here])
        first[i + 1] = size
    return first, ranks, found


@inlined
def number_rows(nodes: Ints, rank: Numbers, parent: Signed, row: Signed) -> int:
    """Number the ranks above nodes in `row` (-1: not numbered yet); return how many there are."""
    count = 0
    for node in nodes:
        here = np.int64(rank[node])
        while here >= 0 and row[here] < 0:
            row[here] = count
            count += 1
            here = np.int64(parent[here])
    return count


@inlined
def clear_rows(nodes: Ints, rank: Numbers, parent: Signed, row: Signed) -> None:
    """Take the numbers of `number_rows` back."""
    for node in nodes:
        here = np.int64(rank[node])
        while here >= 0 and row[here] >= 0:
            row[here] = -1
            here = np.int64(parent[here])


@inlined
def fill_rows(
    nodes: Ints, rank: Numbers, parent: Signed, up_first: Numbers, up_head: Numbers,
    weight: Weights, lengths: Ints, row: Signed, rows: Weights,
) -> None:  # fmt: skip
    """Write how far it is from the ranks above each node down to it, one column per node."""
    for column in range(len(nodes)):
        here = np.int64(rank[nodes[column]])
        lengths[here] = 0
        while here >= 0:
            length = lengths[here]
            lengths[here] = INFINITE
            if length < INFINITE:
                rows[row[here], column] = length
                rise(here, length, up_first, up_head, weight, 1, lengths)
            here = np.int64(parent[here])


@inlined
def least(rows: Weights, row: int, length: np.uint32, table: Weights, source: int) -> None:
    """Lower a row of a table to the ways over one rank."""
    for column in range(rows.shape[1]):
        further = np.uint32(length + rows[row, column])
        table[source, column] = min(table[source, column], further)


@compiled(
    "uint32[:, ::1](uint32[::1], int32[::1], uint32[::1], uint32[::1], uint32[::1], int64[::1],"
    " int64[::1], int64[::1], int32[::1])"
)
def table(
    rank: Numbers,
    parent: Signed,
    up_first: Numbers,
    up_head: Numbers,
    weight: Weights,
    sources: Ints,
    targets: Ints,
    lengths: Ints,
    row: Signed,
) -> Weights:
    """Return the (sources, targets) lengths between nodes of the graph.

    `lengths` (infinite) and `row` (-1) are the workspace, one element per rank.
    """
    whole = np.empty((len(sources), len(targets)), np.uint32)
    first, ranks, found = climb_all(sources, rank, parent, up_first, up_head, weight, lengths)
    for low in range(0, len(targets), BLOCK):
        block = targets[low : low + BLOCK]
        rows = np.full((number_rows(block, rank, parent, row), len(block)), INFINITE, np.uint32)
        fill_rows(block, rank, parent, up_first, up_head, weight, lengths, row, rows)
        part = np.full((len(sources), len(block)), INFINITE, np.uint32)
        for source in range(len(sources)):
            for k in range(first[source], first[source + 1]):
                if row[ranks[k]] >= 0:
                    least(rows, row[ranks[k]], found[k], part, source)
        whole[:, low : low + BLOCK] = part
        clear_rows(block, rank, parent, row)
    return whole
