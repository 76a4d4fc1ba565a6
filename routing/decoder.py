"""The most likely states of a trace: Viterbi's algorithm, in one piece or online with a lag.

Online, a fix is decided as soon as every surviving sequence agrees on it, or when `lag` later
fixes are known: then the best sequence decides and others that disagree are dropped. With a lag
that is never reached the decisions are those made in one piece. The confidence is the probability
of the decided edge, in either direction, given all fixes known at that moment (forward and
backward, as in Rabiner, "A tutorial on hidden Markov models", 1989).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from routing.graph import Floats, Ints
from routing.trellis import NEVER, Columns

FAR_SIGMAS = 3.5  # a fix as far as this from its road is as likely somewhere else


@dataclass(frozen=True)
class Decided:
    """The state of one fix; `first` tells that it follows none before."""

    fix: int
    arc: int
    along: float
    distance_m: float
    confidence: float
    first: bool


@dataclass
class _Column:
    """One fix: its states, the best predecessor of each, and what the passes need."""

    fix: int
    arc: Ints
    key: Ints
    along: Floats
    distance_m: Floats
    chance: Floats  # of the distance to the road
    back: Ints | None  # None: a beginning
    step: Floats | None  # chances of the steps from the column before
    alpha: Floats  # chance of each state given the fixes so far


class Decoder:
    """The fixes that are not yet decided, at most `lag` of them when online."""

    def __init__(self) -> None:
        self._columns: list[_Column] = []
        self._score = np.zeros(0)
        self._rooted = False  # the first column is decided and only continues the sequence

    def __len__(self) -> int:
        return len(self._columns) - self._rooted

    def begin(self, states: Columns, row: int) -> None:
        """Start a sequence with a column; the one before must have been finished."""
        chance = np.exp(states.logp[row])
        alpha = chance / max(chance.sum(), np.finfo(float).tiny)
        self._score = states.logp[row]
        self._columns = [_column(states, row, chance, None, None, alpha)]
        self._rooted = False

    def extend(self, states: Columns, row: int, log_step: Floats, step: Floats) -> bool:
        """Add a column; return False, changing nothing, when no sequence leads to it.

        `log_step` and `step` are the likelihoods from states of the last column, padded alike.
        """
        width = len(self._score)
        total = self._score[:, None] + log_step[:width]
        back = total.argmax(axis=0)
        score = total.max(axis=0) + states.logp[row]
        if score.max() == NEVER:
            return False
        chance = np.exp(states.logp[row])
        alpha = (self._columns[-1].alpha @ step[:width]) * chance
        whole = alpha.sum()
        alpha = alpha / whole if whole > 0 else np.exp(score - score.max())
        self._columns.append(_column(states, row, chance, back, step[:width], alpha))
        self._score = score
        return True

    def finish(self) -> list[Decided]:
        """Decide everything and forget it."""
        if not self._columns:
            return []
        decided = self._decide(len(self._columns) - 1, int(self._score.argmax()))
        self._columns, self._rooted = [], False
        return decided

    def settle(self, lag: int) -> list[Decided]:
        """Decide what all sequences agree on, and what is older than the lag."""
        at, state = self._agreed()
        overdue = len(self._columns) - 1 - lag
        if overdue > at:
            at, state = overdue, self._drop_others(overdue)
        if at < self._rooted:
            return []
        decided = self._decide(at, state)
        self._columns, self._rooted = self._columns[at:], True
        return decided

    def _agreed(self) -> tuple[int, int]:
        """Return the last column on which all sequences agree, -1 for none, and its state."""
        alive = np.flatnonzero(self._score > NEVER)
        for at in range(len(self._columns) - 1, -1, -1):
            if len(alive) == 1:
                return at, int(alive[0])
            back = self._columns[at].back
            if back is not None:
                alive = np.unique(back[alive])
        return -1, -1

    def _drop_others(self, at: int) -> int:
        """Keep only sequences that pass the best one's state of a column; return that state."""
        ancestor = np.arange(len(self._score))
        for column in reversed(self._columns[at + 1 :]):
            assert column.back is not None  # noqa: S101
            ancestor = column.back[ancestor]
        state = int(ancestor[self._score.argmax()])
        self._score = np.where(ancestor == state, self._score, NEVER)
        return state

    def _decide(self, at: int, state: int) -> list[Decided]:
        """Return the decisions up to a column, given its state."""
        sure = self._backward(at)
        found = []
        for number in range(at, self._rooted - 1, -1):
            column = self._columns[number]
            found.append(_decided(column, state, sure[number], number == 0))
            if column.back is not None:
                state = int(column.back[state])
        return found[::-1]

    def _backward(self, at: int) -> list[Floats]:
        """Return the chance of each state of the first columns given all fixes."""
        columns = self._columns
        beta = np.ones(len(self._score))
        sure = [beta] * (at + 1)
        for number in range(len(columns) - 1, self._rooted - 1, -1):
            column = columns[number]
            if number <= at:
                both = column.alpha * beta
                sure[number] = both / max(both.sum(), np.finfo(float).tiny)
            if column.step is not None:
                beta = column.step @ (column.chance * beta)
                beta = beta / max(beta.max(), np.finfo(float).tiny)
        return sure


def _column(
    states: Columns, row: int, chance: Floats, back: Ints | None, step: Floats | None, alpha: Floats
) -> _Column:
    return _Column(
        int(states.fix[row]), states.arc[row], states.key[row], states.along[row],
        states.distance_m[row], chance, back, step, alpha,
    )  # fmt: skip


def _decided(column: _Column, state: int, sure: Floats, first: bool) -> Decided:
    same = column.key >> 1 == column.key[state] >> 1
    chance = column.chance[state]
    on_road = chance / (chance + np.exp(-0.5 * FAR_SIGMAS**2))
    return Decided(
        column.fix, int(column.arc[state]), float(column.along[state]),
        float(column.distance_m[state]), float(min(sure[same].sum(), 1.0) * on_road), first,
    )  # fmt: skip
