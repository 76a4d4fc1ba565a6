"""What was driven between decided states, and its line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from routing.graph.graph import Edges
from routing.graph.weights import Floats, Ints
from routing.index.linear_measure import Measure
from routing.matching.matched_path_kernels import draw, drive_on
from routing.matching.trace import Break
from routing.matching.viterbi import Decided, Decoder

ROOM = 256  # parts that a drive has room for at first


@dataclass(frozen=True)
class MatchedPath:
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


class Follower:
    """Joins decided states to drives."""

    def __init__(self, key: Ints) -> None:
        self._key = key  # of each arc
        self._done: list[MatchedPath] = []
        self._keys = np.empty(ROOM, np.int64)
        self._start, self._stop = np.empty(ROOM), np.empty(ROOM)
        self._parts = 0  # of the drive under way; the last one may still grow
        self._fixes: list[int] = []
        self._sure: list[float] = []
        self._cut: Break | None = None

    def add(self, decoder: Decoder, decided: Decided, cut: Break | None) -> None:
        """Drive on to states just decided."""
        if decided.first or not self._parts:
            self.close()
            self._cut = cut
        self._need(self._parts + decoder.most_parts(decided))
        self._parts = drive_on(
            decided.picks, decoder.whole, decoder.real, decoder.ways, self._key, self._parts,
            self._keys, self._start, self._stop,
        )  # fmt: skip
        self._fixes += decided.fixes
        self._sure += decided.confidence

    def take(self) -> list[MatchedPath]:
        """Return finished drives, and of the one under way all that cannot change any more."""
        done, self._done = self._done, []
        if self._parts > 1:
            done.append(self._closed(self._parts - 1))
            for parts in (self._keys, self._start, self._stop):
                parts[0] = parts[self._parts - 1]
            self._parts, self._fixes, self._sure, self._cut = 1, [], [], None
        return done

    def close(self) -> None:
        """End the drive under way."""
        if self._parts:
            self._done.append(self._closed(self._parts))
        self._parts, self._fixes, self._sure, self._cut = 0, [], [], None

    def _closed(self, parts: int) -> MatchedPath:
        """Return the first parts as a drive."""
        sure = sum(self._sure) / len(self._sure) if self._sure else 0.0
        return MatchedPath(
            self._keys[:parts].copy(), self._start[:parts].copy(), self._stop[:parts].copy(),
            self._fixes, sure, self._cut,
        )  # fmt: skip

    def _need(self, parts: int) -> None:
        """Make room for so many parts."""
        if parts > len(self._keys):
            wide = 2 * parts
            self._keys = np.resize(self._keys, wide)
            self._start, self._stop = np.resize(self._start, wide), np.resize(self._stop, wide)


def line(measure: Measure, drive: MatchedPath) -> Floats:
    """Return the (n, 2) longitude and latitude (EPSG:4326) of a drive."""
    return draw(drive.keys, drive.start, drive.stop, measure.shape, measure.start, measure.before)
