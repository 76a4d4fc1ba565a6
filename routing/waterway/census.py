"""What a standard vessel finds on every edge at one time, and why of some it cannot be told."""

from __future__ import annotations

import numpy as np

from routing.graph.weights import Floats
from routing.waterway.judge import UNKNOWN, WORDS, Judge

CAUSES = ("survey", "limit", "value", "reference", "level", "vessel")
"""Sorts of what is not known, that which must be found out first before the others."""


def verdicts_by_cause(judge: Judge, sizes: Floats, when: float) -> list[tuple[str, str | None]]:
    """Return of each edge the verdict, and of those that cannot be told the cause.

    The cause is the first of `CAUSES` in the smallest set of what would decide.

    Parameters
    ----------
    judge, sizes
        Who judges; sizes by limit of the kind, NaN is not known.
    when
        Seconds since 1970.
    """
    state = judge.at(when)
    judged = judge.verdict(state, sizes)
    found: list[tuple[str, str | None]] = [(WORDS[code], None) for code in judged.edge.tolist()]
    for edge in np.flatnonzero(judged.edge == UNKNOWN).tolist():
        ways = judge.ways_to_pass(edge, judged, state, sizes)
        least = min(ways, key=lambda way: (len(way), sorted(way)))
        cause = min((one.sort for one in least), key=CAUSES.index)
        found[edge] = WORDS[UNKNOWN], cause
    return found
