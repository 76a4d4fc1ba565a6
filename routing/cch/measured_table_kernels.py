"""Kernels for tables that tell a second measure of the shortest ways beside their length.

Of each slot of a hierarchy (see customize_kernels) the measure is that of the way that its weight
is of, so that what a table tells is what the path between two nodes amounts to.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from routing.cch.customize_kernels import ARC, NOTHING, longer
from routing.cch.table_kernels import BLOCK, clear_rows, number_rows
from routing.compiled import compiled, inlined
from routing.graph.weights import INFINITE, Numbers, Signed, Via, Weights

Ints = NDArray[np.int64]


@compiled("uint32[::1](int64[::1], uint32[::1])")
def measure_slots(via: Via, by_arc: Weights) -> Weights:
    """Return the measure by slot; a slot runs over slots of lower ranks, which come before it."""
    measured = np.zeros(len(via), np.uint32)
    for slot in range(len(via)):
        over = via[slot]
        if over <= ARC:
            measured[slot] = by_arc[ARC - over]
        elif over != NOTHING:
            low, high, down = 2 * (over >> 32), 2 * (over & 0xFFFFFFFF), slot % 2
            measured[slot] = measured[low + 1 - down] + measured[high + down]
    return measured


@inlined
def rise_measured(
    here: np.int64, length: np.int64, along: np.int64, up_first: Numbers, up_head: Numbers,
    weight: Weights, measured: Weights, side: int, lengths: Ints, alongs: Ints,
) -> None:  # fmt: skip
    """Relax the upward arcs of a rank, up them (side 0) or down them (side 1)."""
    for arc in range(up_first[here], up_first[here + 1]):
        above = up_head[arc]
        further = length + weight[2 * arc + side]
        if further < lengths[above]:
            lengths[above], alongs[above] = further, along + measured[2 * arc + side]


@inlined
def climb_measured(
    nodes: Ints, rank: Numbers, parent: Signed, up_first: Numbers, up_head: Numbers,
    weight: Weights, measured: Weights, lengths: Ints, alongs: Ints,
) -> tuple[Ints, Numbers, Weights, Weights]:  # fmt: skip
    """Return for each node the ranks above it that it reaches, how long the way is, its measure.

    Those of node `i` are at `first[i] : first[i + 1]` of the second to fourth array.
    """
    first, size = np.zeros(len(nodes) + 1, np.int64), 0
    ranks, found = np.empty(1024, np.uint32), np.empty(1024, np.uint32)
    passed = np.empty(1024, np.uint32)
    for i in range(len(nodes)):
        here = np.int64(rank[nodes[i]])
        lengths[here], alongs[here] = 0, 0
        while here >= 0:
            length, along = lengths[here], alongs[here]
            lengths[here] = INFINITE
            if length < INFINITE:
                if size == len(ranks):
                    ranks, found = longer(ranks, size), longer(found, size)
                    passed = longer(passed, size)
                ranks[size], found[size], passed[size] = here, length, along
                size += 1
                rise_measured(
                    here, length, along, up_first, up_head, weight, measured, 0, lengths, alongs
                )
            here = np.int64(parent[here])
        first[i + 1] = size
    return first, ranks, found, passed


@inlined
def fill_measured(
    nodes: Ints, rank: Numbers, parent: Signed, up_first: Numbers, up_head: Numbers,
    weight: Weights, measured: Weights, lengths: Ints, alongs: Ints, row: Signed,
    rows: Weights, beside: Weights,
) -> None:  # fmt: skip
    """Write how far it is from the ranks above each node down to it, and the measure of the way."""
    for column in range(len(nodes)):
        here = np.int64(rank[nodes[column]])
        lengths[here], alongs[here] = 0, 0
        while here >= 0:
            length, along = lengths[here], alongs[here]
            lengths[here] = INFINITE
            if length < INFINITE:
                rows[row[here], column], beside[row[here], column] = length, along
                rise_measured(
                    here, length, along, up_first, up_head, weight, measured, 1, lengths, alongs
                )
            here = np.int64(parent[here])


@inlined
def least_measured(
    row: np.int64, length: np.int64, along: np.int64, rows: Weights, beside: Weights,
    best: Weights, told: Weights,
) -> None:  # fmt: skip
    """Lower a row of a table to the ways over one rank, with their measures."""
    for column in range(rows.shape[1]):
        further = np.uint32(length + rows[row, column])
        if further < best[column]:
            best[column], told[column] = further, np.uint32(along + beside[row, column])


@compiled(
    "UniTuple(uint32[:, ::1], 2)(uint32[::1], int32[::1], uint32[::1], uint32[::1], uint32[::1],"
    " uint32[::1], int64[::1], int64[::1], int64[::1], int32[::1], int64[::1])"
)
def measured_table(
    rank: Numbers,
    parent: Signed,
    up_first: Numbers,
    up_head: Numbers,
    weight: Weights,
    measured: Weights,
    sources: Ints,
    targets: Ints,
    lengths: Ints,
    row: Signed,
    alongs: Ints,
) -> tuple[Weights, Weights]:
    """Return the (sources, targets) lengths between nodes of the graph, and their measures.

    `lengths` (infinite), `row` (-1) and `alongs` are the workspace, one element per rank.
    """
    shape = len(sources), len(targets)
    whole, told = np.full(shape, INFINITE, np.uint32), np.zeros(shape, np.uint32)
    first, ranks, found, passed = climb_measured(
        sources, rank, parent, up_first, up_head, weight, measured, lengths, alongs
    )
    for low in range(0, len(targets), BLOCK):
        block = targets[low : low + BLOCK]
        size = number_rows(block, rank, parent, row), len(block)
        rows, beside = np.full(size, INFINITE, np.uint32), np.zeros(size, np.uint32)
        fill_measured(
            block, rank, parent, up_first, up_head, weight, measured, lengths, alongs, row, rows,
            beside,
        )  # fmt: skip
        for source in range(len(sources)):
            best, along = whole[source, low : low + BLOCK], told[source, low : low + BLOCK]
            for k in range(first[source], first[source + 1]):
                here = np.int64(row[ranks[k]])
                if here >= 0:
                    least_measured(
                        here, np.int64(found[k]), np.int64(passed[k]), rows, beside, best, along
                    )
        clear_rows(block, rank, parent, row)
    return whole, told
