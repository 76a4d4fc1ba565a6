"""One criterion without times: what searching the linkage by cost alone is for a graph library."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from routing.multimodal.bag_kernels import (
    ALIGHTS,
    BOARDS,
    COST,
    END_HUB,
    END_WAY,
    LIFT,
    MODE,
    RIDE_COST,
)
from routing.multimodal.question import Question
from routing.multimodal.timetable import ROAD, WAYS


def write_static(questions: list[Question], place: Path) -> None:
    """Write a graph that all questions share; the last nodes are start and goal of each.

    Nodes are halts on board, then cargo at hubs by the way that it came, so that a transfer costs
    what it does and no road leg follows another. A way without times has every run.
    """
    one = questions[0]
    halts, hubs, count = one.halts, len(one.least), len(one.halts)
    table = one.timetable
    inner = np.ones(count, bool)
    inner[table.halt_first[1:] - 1] = False
    here = np.flatnonzero(inner)
    parts = [(here, here + 1, halts[here + 1, RIDE_COST])]
    off = np.flatnonzero(halts[:, ALIGHTS] & ~_firsts(table.halt_first, count))
    parts.append((off, _at(count, table.hub[off], halts[off, MODE]), np.zeros(len(off), np.int64)))
    on = np.flatnonzero(halts[:, BOARDS])
    for way in range(WAYS):
        lifted = one.transfers[table.hub[on], way, halts[on, MODE], COST] + halts[on, LIFT]
        parts.append((_at(count, table.hub[on], way), on, lifted))
        if way != ROAD:
            rows = np.repeat(np.arange(hubs), np.diff(one.road_first))
            cost = one.transfers[rows, way, ROAD, COST] + one.road_legs[:, COST]
            parts.append((_at(count, rows, way), _at(count, one.road_to, ROAD), cost))
    nodes = count + hubs * WAYS
    for number, asked in enumerate(questions):
        start, goal = np.array([nodes + 2 * number]), np.array([nodes + 2 * number + 1])
        first = _at(count, asked.starts[:, END_HUB], asked.starts[:, END_WAY])
        parts.append((np.repeat(start, len(first)), first, asked.starts[:, COST]))
        out = np.flatnonzero(asked.ends[:, END_WAY] == ROAD)
        for way in range(WAYS):
            if way != ROAD:
                last = one.transfers[out, way, ROAD, COST] + asked.ends[out, COST]
                parts.append((_at(count, out, way), np.repeat(goal, len(out)), last))
    tail, head, cost = (np.concatenate([part[n] for part in parts]) for n in range(3))
    np.savez(place, nodes=nodes + 2 * len(questions), tail=tail, head=head, cost=cost,
             first=nodes, questions=len(questions))  # fmt: skip


def _firsts(halt_first: np.ndarray, count: int) -> np.ndarray:
    first = np.zeros(count, bool)
    first[halt_first[:-1]] = True
    return first


def _at(count: int, hub: np.ndarray, way: np.ndarray | int) -> np.ndarray:
    return count + hub * WAYS + way
