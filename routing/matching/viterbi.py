"""The most likely states of a trace: Viterbi's algorithm, in one piece or online with a lag.

Online, a fix is decided as soon as every surviving sequence agrees on it, or when `lag` later
fixes are known: then the best sequence decides and others that disagree are dropped. With a lag
that is never reached the decisions are those made in one piece. The confidence is the probability
of the decided edge, in either direction, given all fixes known at that moment (forward and
backward, as in Rabiner, "A tutorial on hidden Markov models", 1989).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from routing.graph.weights import Floats, Ints
from routing.matching.candidate_kernels import ALONG, AWAY, COUNT, KEY, REAL, VIA, WHOLE
from routing.matching.decision_kernels import agreed, decide, drop_others, likeliest
from routing.matching.hmm import Columns, Lengths, Ways
from routing.matching.trace_kernels import NO_PATH, Codes
from routing.matching.viterbi_kernels import CHANCE, COLUMN, CUT, FIRST, FIX, WAYS, begin, follow

ROOM = 4_096  # arcs that the list of ways has room for at first


class Decided(NamedTuple):
    """States of fixes one after another; `first` tells that the first follows none before.

    `picks` are rows of the decoder's tables until it is trimmed; `alongs` are shares
    of the edges in driving direction, `cut` is the code of the break before the first one.
    """

    picks: Ints
    fixes: list[int]
    keys: list[int]
    alongs: list[float]
    distances_m: list[float]
    confidence: list[float]
    first: bool
    cut: int


class Decoder:
    """The columns that are not yet decided, and their states."""

    def __init__(self, ways: Ways) -> None:
        self.whole = np.empty((0, WHOLE), np.int64)
        self.real = np.empty((0, REAL))
        self.ways: NDArray[np.int32] = np.empty(ROOM, np.int32)
        self._ways = ways
        self._columns = np.zeros((1, COLUMN), np.int64)  # and one more that ends the last one
        self._fixes = np.empty((0, 2))
        self._chances = np.empty(0)
        self._low = self._high = 0  # the columns held
        self._rooted = False  # the lowest one held is decided, and only leads to the others

    def __len__(self) -> int:
        return self._high - self._low - self._rooted

    def load(self, columns: Columns, fix: Ints, points: Floats, cut: Codes) -> range:
        """Append columns: number, place and break of each fix; return which they are."""
        old = len(self._columns) - 1
        table = np.zeros((old + len(fix) + 1, COLUMN), np.int64)
        table[: old + 1] = self._columns
        table[old:-1, FIX], table[old:-1, CUT] = fix, cut
        before = table[old, FIRST] - table[old - 1, FIRST] if old else 0
        sizes = np.append(before, columns.counts)
        table[old + 1 :, FIRST] = table[old, FIRST] + np.cumsum(columns.counts)
        table[old + 1 :, CHANCE] = table[old, CHANCE] + np.cumsum(sizes[1:] * sizes[:-1])
        chances = np.empty(int(table[-1, CHANCE] - table[old, CHANCE]))
        if old:
            self.whole = np.concatenate([self.whole, columns.whole])
            self.real = np.concatenate([self.real, columns.real])
            self._fixes = np.concatenate([self._fixes, points])
            self._chances = np.concatenate([self._chances, chances])
        else:
            self.whole, self.real = columns.whole, columns.real
            self._fixes, self._chances = points, chances
        self._columns = table
        return range(old, len(table) - 1)

    def cuts(self, columns: range) -> list[int]:
        """Return those of some columns before which the trace breaks."""
        cut = self._columns[columns.start : columns.stop, CUT]
        return [] if not cut.any() else (np.flatnonzero(cut) + columns.start).tolist()

    def begin(self, column: int, *, lost: bool = False) -> None:
        """Start a sequence with a column; the one before must have been finished.

        `lost` says that no sequence led to it.
        """
        if lost:
            self._columns[column, CUT] = NO_PATH
        begin(column, self._columns, self.whole, self.real)
        self._low, self._high, self._rooted = column, column + 1, False

    def extend(self, stop: int, lengths: Lengths) -> bool:
        """Go on to a column; return False when no sequence leads to it, or to one before it."""
        work = self._ways.borrow()
        while True:
            reached = follow(
                self._high, stop, lengths.model, self._columns, self._fixes, self.whole, self.real,
                self._chances, self.ways, self._ways.first, self._ways.far, lengths.cost,
                self._ways.out, self._ways.lon, self._ways.lat,
                work.length, work.marks, work.due, work.queue,
            )  # fmt: skip
            if reached >= 0:
                break
            self._high = -1 - reached
            self.ways = np.resize(self.ways, 2 * len(self.ways))
        self._ways.give(work)
        self._high = reached
        return reached == stop

    @property
    def next(self) -> int:
        """The column that sequences go on to."""
        return self._high

    def finish(self) -> Decided | None:
        """Decide everything and forget it."""
        if not len(self):
            return None
        last = self._high - 1
        decided = self._decide(last, likeliest(last, self._columns, self.real))
        self._low, self._rooted = self._high, False
        return decided

    def settle(self, lag: int) -> Decided | None:
        """Decide what all sequences agree on, and what is older than the lag."""
        at, state = agreed(self._low, self._high, self._columns, self.whole, self.real)
        overdue = self._high - 1 - lag
        if overdue > at:
            at = overdue
            state = drop_others(at, self._high, self._columns, self.whole, self.real)
        if at < self._low + self._rooted:
            return None
        decided = self._decide(at, state)
        self._low, self._rooted = at, True
        return decided

    def trim(self) -> None:
        """Forget the columns that are decided."""
        low = min(self._low, len(self._columns) - 2)
        if low <= 0:
            return
        table = self._columns[low:]
        first, chance, way = (int(table[0, column]) for column in (FIRST, CHANCE, WAYS))
        table[:, FIRST] -= first
        table[:, CHANCE] -= chance
        used = int(table[:, WAYS].max())
        table[:, WAYS] -= way
        self.ways[: used - way] = self.ways[way:used]
        self.whole, self.real = self.whole[first:], self.real[first:]
        self.whole[:, VIA] -= way
        self._columns, self._fixes = table, self._fixes[low:]
        self._chances = self._chances[chance:]
        self._low, self._high = self._low - low, self._high - low

    def most_parts(self, decided: Decided) -> int:
        """Return how many parts of edges a drive over states may have at the most."""
        return 2 * len(decided.picks) + int(np.maximum(self.whole[decided.picks, COUNT], 0).sum())

    def _decide(self, at: int, state: int) -> Decided:
        """Return the decisions up to a column, given its state."""
        first = self._low + self._rooted
        picks, sure = np.empty(at + 1 - first, np.int64), np.empty(at + 1 - first)
        decide(
            first, at, state, self._high, self._columns, self.whole, self.real, self._chances,
            picks, sure,
        )  # fmt: skip
        real = self.real[picks]
        return Decided(
            picks, self._columns[first : at + 1, FIX].tolist(), self.whole[picks, KEY].tolist(),
            real[:, ALONG].tolist(), real[:, AWAY].tolist(), sure.tolist(),
            not self._rooted, int(self._columns[first, CUT]),
        )  # fmt: skip
