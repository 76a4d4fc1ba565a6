"""What was driven between decided states, and its line."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from routing.decoder import Decided
from routing.engine import Metric
from routing.fixes import Break
from routing.graph import Edges, Floats, Graph, Ints, expand
from routing.nearby import NearIndex
from routing.trellis import Model


@dataclass(frozen=True)
class Drive:
    """A way without a break.

    `keys` (`2 * edge + direction`) are driven in order; of each one the part `start`..`stop`
    (0..1 in driving direction). `fixes` are those that it explains, with the mean of their
    `confidence`; `cut` says why it begins anew, None when it continues the drive before.
    """

    keys: Ints
    start: Floats
    stop: Floats
    fixes: list[int]
    confidence: float
    cut: Break | None

    def length_m(self, edges: Edges) -> float:
        """Return the metres driven."""
        return float((edges.length_m[self.keys >> 1] * (self.stop - self.start)).sum())


@dataclass
class _Open:
    """A drive under way; the last part may still grow."""

    cut: Break | None
    keys: list[int] = field(default_factory=list)
    start: list[float] = field(default_factory=list)
    stop: list[float] = field(default_factory=list)
    fixes: list[int] = field(default_factory=list)
    sure: list[float] = field(default_factory=list)

    def add(self, key: int, start: float, stop: float) -> None:
        self.keys.append(key)
        self.start.append(start)
        self.stop.append(stop)

    def closed(self, parts: int) -> Drive:
        """Return the first parts as a drive."""
        sure = sum(self.sure) / len(self.sure) if self.sure else 0.0
        return Drive(
            np.array(self.keys[:parts], np.int64), np.array(self.start[:parts], np.float64),
            np.array(self.stop[:parts], np.float64), self.fixes, sure, self.cut,
        )  # fmt: skip


class Follower:
    """Joins decided states to drives."""

    def __init__(self, graph: Graph, model: Model) -> None:
        self._graph = graph
        self._model = model
        self._done: list[Drive] = []
        self._open: _Open | None = None
        self._last: Decided | None = None

    def add(self, state: Decided, metric: Metric, cut: Break | None) -> None:
        """Drive on to the next decided state."""
        key = state.key
        last = None if state.first else self._last
        if self._open is None or last is None:
            self.close()
            self._open = _Open(cut)
            self._open.add(key, state.along, state.along)
        else:
            self._open = self._drive(self._open, last, state, key, metric)
        self._open.fixes.append(state.fix)
        self._open.sure.append(state.confidence)
        self._last = state

    def take(self) -> list[Drive]:
        """Return finished drives, and of the one under way all that cannot change any more."""
        done, self._done = self._done, []
        way = self._open
        if way is not None and len(way.keys) > 1:
            done.append(way.closed(len(way.keys) - 1))
            self._open = _Open(None)
            self._open.add(way.keys[-1], way.start[-1], way.stop[-1])
        return done

    def close(self) -> None:
        """End the drive under way."""
        if self._open is not None:
            self._done.append(self._open.closed(len(self._open.keys)))
        self._open = None

    def _drive(self, way: _Open, last: Decided, state: Decided, key: int, metric: Metric) -> _Open:
        """Add what lies between two states: it is what `trellis` took for the likelihood."""
        arcs = self._graph.arcs
        metres = float(self._graph.edges.length_m[key >> 1])
        if last.arc == state.arc and (state.along - last.along) * metres >= -self._model.back_m:
            way.stop[-1] = max(way.stop[-1], state.along)
            return way
        if way.keys[-1] ^ 1 == key:
            place = max(way.stop[-1], 1 - state.along)
            way.stop[-1] = place
            way.add(key, 1 - place, max(state.along, 1 - place))
            return way
        between = self._between(metric, int(arcs.head[last.arc]), int(arcs.tail[state.arc]))
        if between is None:  # closed since the state was found
            self.close()
            way = _Open("no_path")
            way.add(key, state.along, state.along)
            return way
        way.stop[-1] = 1.0
        for passed in between:
            way.add(passed, 0.0, 1.0)
        way.add(key, 0.0, state.along)
        return way

    def _between(self, metric: Metric, source: int, target: int) -> list[int] | None:
        if source == target:
            return []
        found = metric.path(source, target)
        return None if found is None else list(self._graph.arcs.key[found[1]].tolist())


def line(edges: Edges, near: NearIndex, drive: Drive) -> Floats:
    """Return the (n, 2) longitude and latitude (EPSG:4326) of a drive."""
    edge, back = drive.keys >> 1, (drive.keys & 1).astype(np.bool_)
    begin = np.where(back, 1 - drive.start, drive.start)
    end = np.where(back, 1 - drive.stop, drive.stop)
    first, begins = near.place(edge, begin)
    last, ends = near.place(edge, end)
    low = np.where(back, last, first) + 1
    inner = np.where(back, first, last) - low + 1
    counts = np.maximum(inner, 0)
    step = expand(np.zeros(len(edge), np.int64), counts)
    reverse = np.repeat(back, counts)
    vertex = np.where(
        reverse, np.repeat(low + counts - 1, counts) - step, np.repeat(low, counts) + step
    )
    points = np.empty((int(counts.sum()) + 2 * len(edge), 2))
    at = np.cumsum(counts + 2) - counts - 2
    points[at], points[at + counts + 1] = begins, ends
    points[np.repeat(at, counts) + 1 + step] = edges.shape[vertex]
    fresh = np.ones(len(points), np.bool_)
    fresh[1:] = (points[1:] != points[:-1]).any(axis=1)
    fresh[-1] |= fresh.sum() < 2
    return points[fresh]
