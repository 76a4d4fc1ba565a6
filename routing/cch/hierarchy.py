"""The contraction order of a graph and the hierarchy built from it, kept on disk and mapped.

A graph that differs little from one whose hierarchy is kept takes over its order, which is what
takes long to find: any order gives right answers, a good one gives quick ones.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from routing.cch.contraction_order import ranks_after, ranks_of
from routing.cch.customize_kernels import contract, customise, effort
from routing.cch.partial_kernels import renew
from routing.graph.adjacency import grouped
from routing.graph.graph import Arcs, Graph
from routing.graph.weights import Floats, Numbers, Signed, Via, Weights
from routing.index.mapped_store import map_array, write_folder

LAYOUT = 3  # to be raised when the same graph shall make another hierarchy
KEPT = 4
MOST_EFFORT = 1.25
"""How much more a search may look at, as a factor, under an order that was carried over."""


@dataclass(frozen=True)
class Hierarchy:
    """A contracted graph: one entry per rank, upward arc, slot or arc of the graph.

    `rank` is by node; `up_head[up_first[r] : up_first[r + 1]]` are the higher ends of the upward
    arcs of rank `r`, `down_arc[down_first[r] : down_first[r + 1]]` the upward arcs that end there.
    `slots[i]` is where arc `i` of the graph begins to count (-1: it leads nowhere), and
    `input_arc[input_first[s] : input_first[s + 1]]` are the arcs of slot `s`. `whole_effort` (one
    number) is the effort of a search under the order that was last made of a whole graph.
    """

    rank: Numbers
    parent: Signed
    up_first: Numbers
    up_head: Numbers
    up_tail: Numbers
    down_first: Numbers
    down_arc: Numbers
    slots: Signed
    input_first: Numbers
    input_arc: Numbers
    whole_effort: Floats

    @classmethod
    def build(cls, graph: Graph) -> Hierarchy:
        """Order and contract a graph; about a minute for a million nodes."""
        return cls.of(graph.arcs, ranks_of(graph))

    def after(self, old: Graph, graph: Graph) -> Hierarchy | None:
        """Contract a graph in the order of this hierarchy, which is that of an older graph.

        None where they differ so much that an order of its own would serve better.
        """
        rank = ranks_after(old, self.rank, self.parent, graph)
        if rank is None:
            return None
        made = Hierarchy.of(graph.arcs, rank)
        if made.whole_effort[0] > MOST_EFFORT * self.whole_effort[0]:
            return None
        return replace(made, whole_effort=self.whole_effort)

    @classmethod
    def of(cls, arcs: Arcs, rank: Numbers) -> Hierarchy:
        """Contract arcs in a given order of their nodes."""
        tail, head = rank[arcs.tail], rank[arcs.head]
        low, high = np.minimum(tail, head), np.maximum(tail, head)
        proper, count = low < high, len(rank)
        first, neighbours = _grouped(low[proper], high[proper], count)
        up_first, up_head, parent = contract(first, neighbours)
        up_tail = np.repeat(np.arange(count, dtype=np.uint32), np.diff(up_first))
        numbers = np.arange(len(up_head), dtype=np.uint32)
        down_first, down_arc = _grouped(up_head, numbers, count)
        place = np.searchsorted(_pairs(up_tail, up_head), _pairs(low, high))
        slots = np.where(proper, 2 * place + (tail > head), -1).astype(np.int32)
        input_arc = np.flatnonzero(proper).astype(np.uint32)
        inputs = _grouped(slots[proper], input_arc, 2 * len(up_head))
        looked = np.array([effort(up_first, parent)])
        upward = rank, parent, up_first, up_head, up_tail, down_first, down_arc
        return cls(*upward, slots, *inputs, looked)

    @classmethod
    def find(cls, graph: Graph, folder: Path) -> Hierarchy | None:
        """Map the one kept of this very graph, None when there is none."""
        return cls._mapped(_place(graph, folder))

    @classmethod
    def open(cls, graph: Graph, folder: Path, before: Graph | None = None) -> Hierarchy:
        """Map the one kept of this very graph, or build and keep it; one builder at a time.

        It is built from the one kept of a graph `before` where they differ little.
        """
        place = _place(graph, folder)
        found = cls._mapped(place)
        if found is not None:
            return found
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder / "lock"):
            known = cls.find(before, folder) if before is not None else None
            while (found := cls._mapped(place)) is None:
                made = known.after(before, graph) if known is not None and before else None
                (made or cls.build(graph))._keep(place)
        return found

    @classmethod
    def _mapped(cls, place: Path) -> Hierarchy | None:
        try:
            os.utime(place)
            return cls(*(map_array(place, field.name) for field in fields(cls)))
        except FileNotFoundError:
            return None

    def _keep(self, place: Path) -> None:
        def write(folder: Path) -> None:
            for field in fields(self):
                np.save(folder / f"{field.name}.npy", getattr(self, field.name))

        write_folder(place, write, KEPT)

    def customised(self, arc_weights: Weights) -> tuple[Weights, Via]:
        """Return `weight` and `via` by slot for the weights of the graph's arcs."""
        slots = 2 * len(self.up_head)
        weight, via = np.empty(slots, np.uint32), np.empty(slots, np.int64)
        customise(
            self.up_first, self.up_head, self.up_tail, self.down_first, self.down_arc, self.slots,
            arc_weights, weight, via,
        )  # fmt: skip
        return weight, via

    def renew(self, arc_weights: Weights, changed: Numbers, weight: Weights, via: Via) -> None:
        """Bring `weight` and `via` up to new weights of some arcs of the graph."""
        renew(
            self.up_first, self.up_head, self.up_tail, self.down_first, self.down_arc,
            self.input_first, self.input_arc, self.slots, arc_weights, changed, weight, via,
        )  # fmt: skip


def _place(graph: Graph, folder: Path) -> Path:
    return folder / f"{graph.digest}-{LAYOUT}"


def _grouped(group: Numbers | Signed, items: Numbers, count: int) -> tuple[Numbers, Numbers]:
    """Return where the items of each of `count` groups begin, and the items in their order."""
    first, order = grouped(group, count)
    return first.astype(np.uint32), np.ascontiguousarray(items[order])


def _pairs(low: Numbers, high: Numbers) -> NDArray[np.uint64]:
    return low.astype(np.uint64) << np.uint64(32) | high


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold an exclusive lock between processes."""
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
