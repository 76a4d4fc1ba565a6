"""Kernels that decide on the states of fixes, and tell how sure that is."""

from __future__ import annotations

import math

import numpy as np

from routing.compiled import compiled
from routing.graph.weights import Floats, Ints
from routing.matching.candidate_kernels import ALPHA, BACK, KEY, PLACE, SCORE
from routing.matching.viterbi_kernels import CHANCE, FIRST, NEVER, TINY

FAR_SIGMAS = 3.5  # a fix as far as this from its road is as likely somewhere else


@compiled("UniTuple(int64, 2)(int64, int64, int64[:, ::1], int64[:, ::1], float64[:, ::1])")
def agreed(low: int, stop: int, columns: Ints, whole: Ints, real: Floats) -> tuple[int, int]:
    """Return the last column on which all sequences agree, -1 for none, and its state."""
    first, last = columns[stop - 1, FIRST], columns[stop, FIRST]
    alive = real[first:last, SCORE] > NEVER
    for row in range(stop - 1, low - 1, -1):
        first, count, state = columns[row, FIRST], 0, -1
        for j in range(len(alive)):
            if alive[j]:
                count, state = count + 1, j
        if count == 1:
            return row, state
        if row > low:
            before = np.zeros(first - columns[row - 1, FIRST], np.bool_)
            for j in range(len(alive)):
                if alive[j]:
                    before[whole[first + j, BACK]] = True
            alive = before
    return -1, -1


@compiled("int64(int64, int64, int64[:, ::1], int64[:, ::1], float64[:, ::1])")
def drop_others(at: int, stop: int, columns: Ints, whole: Ints, real: Floats) -> int:
    """Keep only sequences that pass the best one's state of a column; return that state."""
    first, last = columns[stop - 1, FIRST], columns[stop, FIRST]
    ancestor = np.empty(last - first, np.int64)
    best, state = NEVER, 0
    for j in range(last - first):
        if real[first + j, SCORE] == NEVER:
            continue
        ancestor[j] = j
        for row in range(stop - 1, at, -1):
            ancestor[j] = whole[columns[row, FIRST] + ancestor[j], BACK]
        if real[first + j, SCORE] > best:
            best, state = real[first + j, SCORE], ancestor[j]
    for j in range(last - first):
        if real[first + j, SCORE] > NEVER and ancestor[j] != state:
            real[first + j, SCORE] = NEVER
    return state


@compiled("int64(int64, int64[:, ::1], float64[:, ::1])")
def likeliest(row: int, columns: Ints, real: Floats) -> int:
    """Return the state that the best sequence to a column ends with."""
    first, state = columns[row, FIRST], 0
    for j in range(columns[row + 1, FIRST] - first):
        if real[first + j, SCORE] > real[first + state, SCORE]:
            state = j
    return state


@compiled(
    "void(int64, int64, int64, int64, int64[:, ::1], int64[:, ::1], float64[:, ::1], float64[::1],"
    " int64[::1], float64[::1])"
)
def decide(
    first: int, at: int, state: int, stop: int, columns: Ints, whole: Ints, real: Floats,
    chances: Floats, picks: Ints, sure: Floats,
) -> None:  # fmt: skip
    """Write the states of columns `first` to `at`, and the chance that their edges are right.

    `state` is that of column `at`; what is known of the columns before `stop` counts.
    """
    for row in range(at, first - 1, -1):
        picks[row - first] = columns[row, FIRST] + state
        state = whole[columns[row, FIRST] + state, BACK]
    beta = np.ones(columns[stop, FIRST] - columns[stop - 1, FIRST])
    for row in range(stop - 1, first - 1, -1):
        low, high = columns[row, FIRST], columns[row + 1, FIRST]
        if row <= at:
            total, right, pick = 0.0, 0.0, picks[row - first]
            for j in range(low, high):
                chance = real[j, ALPHA] * beta[j - low]
                total += chance
                if whole[j, KEY] >> 1 == whole[pick, KEY] >> 1:
                    right += chance
            place = math.exp(real[pick, PLACE])
            on_road = place / (place + math.exp(-0.5 * FAR_SIGMAS**2))
            sure[row - first] = min(right / max(total, TINY), 1.0) * on_road
        if row > first:
            before = np.zeros(low - columns[row - 1, FIRST])
            count, chance_at, most = len(before), columns[row, CHANCE], TINY
            for j in range(high - low):
                for i in range(count):
                    before[i] += beta[j] * chances[chance_at + j * count + i]
            for i in range(count):
                most = max(most, before[i])
            beta = before / most
