"""A task as arrays: whole decimetres along quays, minutes from the first arrival."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from routing.berths.checks import span
from routing.berths.model import Berthing, Quay, Task, Vessel
from routing.berths.place_kernels import END, FAR, START, X
from routing.graph.weights import Ints

PER_M = 10


@dataclass(frozen=True)
class Encoded:
    """What kernels take, in their order, see `place_kernels`; times are less `origin`.

    `size` is −1 where a vessel may not lie; it and the length of a quay hold one gap more.
    """

    quays: Ints
    vessels: Ints
    size: Ints
    lasts: Ints
    ready: Ints
    gates: Ints
    blocks: Ints
    gap: int
    origin: int

    @property
    def port(self) -> tuple[Ints, Ints, Ints, Ints, Ints, Ints, Ints, int]:
        """All that `place` takes first."""
        return (
            self.quays, self.vessels, self.size, self.lasts, self.ready, self.gates, self.blocks,
            self.gap,
        )  # fmt: skip


def encode(task: Task) -> Encoded:
    """Return a task whose vessels are none of `refusals` as arrays."""
    origin = min(vessel.arrival for vessel in task.vessels)
    gap = math.ceil(task.gaps.along_m * PER_M - 1e-6)
    size, lasts, ready = (np.full((len(task.vessels), len(task.quays)), -1) for _ in range(3))
    for v, vessel in enumerate(task.vessels):
        for k, quay in enumerate(task.quays):
            handled = vessel.lasts_on(quay.id)
            if handled is not None and _fits(task, vessel, quay):
                own = _down(quay.length_m) if quay.single else _up(vessel.length_m)
                size[v, k], lasts[v, k] = own + gap, handled
                ready[v, k] = max(vessel.arrival, quay.opens) - origin
    gates, rows = _gates(task, origin)
    vessels = [
        [v.arrival - origin, v.weight, FAR if v.due is None else v.due - origin, v.late_weight,
         rows[v.draught_m], rows[v.draught_out_m or v.draught_m]] for v in task.vessels
    ]  # fmt: skip
    blocks = [
        [k, _down(b.from_m), _up(b.to_m) - _down(b.from_m) + gap, b.since - origin,
         b.until - origin]
        for k, quay in enumerate(task.quays) for b in quay.blocks
    ]  # fmt: skip
    return Encoded(
        np.array([[_down(q.length_m) + gap, int(q.single)] for q in task.quays], np.int64),
        np.array(vessels, np.int64), size, lasts, ready, gates,
        np.array(blocks, np.int64).reshape(-1, 5), task.gaps.between_min, origin,
    )  # fmt: skip


def berthings(task: Task, encoded: Encoded, quay: Ints, found: Ints) -> list[Berthing]:
    """Return what the kernels wrote, by start, quay and place."""
    made = []
    for v, vessel in enumerate(task.vessels):
        k, start = int(quay[v]), int(found[START, v]) + encoded.origin
        handled = start + int(encoded.lasts[v, k])
        leaves = int(found[END, v]) + encoded.origin
        at = int(found[X, v]) / PER_M
        made.append(Berthing(vessel.id, task.quays[k].id, at, start, handled, leaves))
    return sorted(made, key=lambda one: (one.start, one.quay, one.from_m))


def _fits(task: Task, vessel: Vessel, quay: Quay) -> bool:
    deep = all(task.bears(d, quay.depth_m) for d in (vessel.draught_m, vessel.draught_out_m))
    return deep and _up(vessel.length_m) <= _down(quay.length_m)


def _gates(task: Task, origin: int) -> tuple[Ints, dict[float | None, int]]:
    """Return when vessels may move, as the next minute for each, by draught; the row of each."""
    draughts = {d for v in task.vessels for d in (v.draught_m, v.draught_out_m or v.draught_m)}
    minutes = span(task)
    by_tides: dict[tuple[bool, ...], int] = {}
    rows: dict[float | None, int] = {}
    lines: list[Ints] = []
    for draught in sorted(draughts, key=lambda d: d or 0):
        always = task.bears(draught, task.depth_m)
        key = (always, *(not always and task.bears(draught, t.depth_m) for t in task.tides))
        if key not in by_tides:
            by_tides[key] = len(lines)
            lines.append(_gate(task, origin, minutes, key))
        rows[draught] = by_tides[key]
    return np.array(lines, np.int64), rows


def _gate(task: Task, origin: int, minutes: int, key: tuple[bool, ...]) -> Ints:
    times = np.arange(minutes + 1)
    if key[0]:
        return times
    shut = np.full(minutes + 1, FAR)
    for tide, bears in zip(task.tides, key[1:], strict=True):
        if bears:
            since, until = (min(max(0, t - origin), minutes) for t in (tide.since, tide.until))
            shut[since:until] = times[since:until]
    return np.minimum.accumulate(shut[::-1])[::-1].copy()


def _up(metres: float) -> int:
    return math.ceil(metres * PER_M - 1e-6)


def _down(metres: float) -> int:
    return math.floor(metres * PER_M + 1e-6)
