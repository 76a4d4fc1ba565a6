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

from routing.graph import Floats, Ints
from routing.trellis import NEVER, Columns, join

FAR_SIGMAS = 3.5  # a fix as far as this from its road is as likely somewhere else
TINY = float(np.finfo(np.float64).tiny)


class Decided(NamedTuple):
    """The state of one fix; `first` tells that it follows none before."""

    fix: int
    arc: int
    key: int
    along: float
    distance_m: float
    confidence: float
    first: bool


class Decoder:
    """The columns that are not yet decided; rows are those of its table of states."""

    def __init__(self) -> None:
        self.states: Columns | None = None
        self._steps: list[Floats] = []  # by row: (states, states before) log likelihoods
        self._chances: list[Floats] = []  # the same as likelihoods relative to the best one
        self._back: list[Ints] = []  # by row: the best predecessor of each state
        self._alpha: list[Floats] = []  # by row: chance of each state given the fixes so far
        self._score = np.zeros(0)
        self._low = self._high = 0  # the rows held
        self._rooted = False  # the lowest row held is decided, and only leads to the others

    def __len__(self) -> int:
        return self._high - self._low - self._rooted

    def load(self, states: Columns) -> int:
        """Append columns to the table and return the first new row."""
        known = self.states
        self.states = states if known is None or not len(known) else join(known, states)
        return 0 if known is None else len(known)

    def know(self, steps: list[Floats], chances: list[Floats]) -> None:
        """Take over the likelihoods of the steps to the rows not known yet, in order."""
        nothing = np.zeros((0, 0))
        begin = [] if self._steps else [nothing]
        self._steps += begin + steps
        self._chances += begin + chances
        fresh = len(self._steps) - len(self._back)
        self._back += [np.zeros(0, np.int64)] * fresh
        self._alpha += [np.zeros(0)] * fresh

    def begin(self, row: int) -> None:
        """Start a sequence with a row; the one before must have been finished."""
        assert self.states is not None  # noqa: S101
        self._score = self.states.logp[row]
        chance = np.exp(self._score - self._score.max())
        self._alpha[row] = chance / chance.sum()
        self._low, self._high, self._rooted = row, row + 1, False

    def extend(self, row: int) -> bool:
        """Go on to the next row; return False, changing nothing, when no sequence leads to it."""
        step = self._steps[row]
        width = min(len(self._score), step.shape[1])
        total = step[:, :width] + self._score[:width]
        score = np.maximum.reduce(total, axis=1)
        if score[0] == NEVER and score.max() == NEVER:
            return False
        self._back[row] = total.argmax(axis=1)
        alpha = self._chances[row][:, :width] @ self._alpha[row - 1][:width]
        whole = float(np.add.reduce(alpha))
        self._alpha[row] = alpha / whole if whole > TINY else np.exp(score - score.max())
        self._score = score
        self._high = row + 1
        return True

    def finish(self) -> list[Decided]:
        """Decide everything that is held."""
        if not len(self):
            self._low, self._rooted = self._high, False
            return []
        decided = self._decide(self._high - 1, int(self._score.argmax()))
        self._low, self._rooted = self._high, False
        return decided

    def settle(self, lag: int) -> list[Decided]:
        """Decide what all sequences agree on, and what is older than the lag."""
        at, state = self._agreed()
        overdue = self._high - 1 - lag
        if overdue > at:
            at, state = overdue, self._drop_others(overdue)
        if at < self._low + self._rooted:
            return []
        decided = self._decide(at, state)
        self._low, self._rooted = at, True
        return decided

    def trim(self) -> None:
        """Forget the rows that are decided."""
        assert self.states is not None  # noqa: S101
        low = min(self._low, len(self.states) - 1)
        self.states = self.states.of(slice(low, None))
        for rows in (self._steps, self._chances, self._back, self._alpha):
            del rows[:low]
        self._low, self._high = self._low - low, self._high - low

    def _agreed(self) -> tuple[int, int]:
        """Return the last row on which all sequences agree, -1 for none, and its state."""
        alive = np.flatnonzero(self._score > NEVER)
        for row in range(self._high - 1, self._low - 1, -1):
            if len(alive) == 1:
                return row, int(alive[0])
            if row > self._low:
                alive = np.unique(self._back[row][alive])
        return -1, -1

    def _drop_others(self, at: int) -> int:
        """Keep only sequences that pass the best one's state of a row; return that state."""
        ancestor = np.arange(len(self._score))
        for row in range(self._high - 1, at, -1):
            ancestor = self._back[row][ancestor]
        state = int(ancestor[self._score.argmax()])
        self._score = np.where(ancestor == state, self._score, NEVER)
        return state

    def _decide(self, at: int, state: int) -> list[Decided]:
        """Return the decisions up to a row, given its state."""
        assert self.states is not None  # noqa: S101
        first = self._low + self._rooted
        chosen = [state]
        for row in range(at, first, -1):
            state = int(self._back[row][state])
            chosen.append(state)
        picked, rows = np.array(chosen[::-1]), np.arange(first, at + 1)
        table = self.states
        sure = self._posterior(first, at)
        key = table.key[rows, picked]
        same = table.key[first : at + 1, : sure.shape[1]] >> 1 == (key >> 1)[:, None]
        chance = np.exp(table.logp[rows, picked])
        on_road = chance / (chance + np.exp(-0.5 * FAR_SIGMAS**2))
        confidence = np.minimum((sure * same).sum(axis=1), 1.0) * on_road
        columns = (
            table.fix[rows], table.arc[rows, picked], key, table.along[rows, picked],
            table.distance_m[rows, picked], confidence, (rows == self._low) & (not self._rooted),
        )  # fmt: skip
        return [Decided(*row) for row in zip(*(c.tolist() for c in columns), strict=True)]

    def _posterior(self, first: int, last: int) -> Floats:
        """Return the chance of each state of some rows given all fixes."""
        width = max(len(self._alpha[row]) for row in range(first, last + 1))
        sure = np.zeros((last + 1 - first, width))
        beta = np.ones(len(self._score))
        for row in range(self._high - 1, first - 1, -1):
            alpha = self._alpha[row]
            if row <= last:
                size = min(len(alpha), len(beta))
                sure[row - first, :size] = alpha[:size] * beta[:size]
            if row > first:
                step = self._chances[row]
                size = min(len(step), len(beta))
                beta = beta[:size] @ step[:size]
                beta /= max(float(np.maximum.reduce(beta)), TINY)
        sure /= np.maximum(sure.sum(axis=1, keepdims=True), TINY)
        return sure
