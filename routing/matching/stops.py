"""Where a vehicle stood: fixes that stay within a few metres of the first of them for a while."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from routing.index.snap import metres_per_degree
from routing.matching.hmm import Model
from routing.matching.trace import Trace


class Stop(NamedTuple):
    """A stop from one fix to another one, numbers of the trace, and how many seconds it took."""

    first_fix: int
    last_fix: int
    seconds: float


def find_stops(trace: Trace, fixes: Sequence[int], model: Model) -> list[Stop]:
    """Return the stops among fixes of a drive, in their order; those without a time have no part.

    Each lasts `stop_s`, and no fix of it lies farther than `stand_m` from its first one; a stop may
    hold no more than the fixes before and after it.
    """
    timed = [fix for fix in fixes if np.isfinite(trace.seconds[fix])]
    points, seconds = trace.points[timed], trace.seconds[timed]
    stops, at = [], 0
    while at < len(timed):
        east, north = metres_per_degree(float(points[at, 1]))
        apart = np.hypot(*((points[at:] - points[at]) * (east, north)).T)
        off = np.flatnonzero(apart > model.stand_m)
        end = at + int(off[0]) if len(off) else len(timed)
        took = float(seconds[end - 1] - seconds[at])
        if took >= model.stop_s:
            stops.append(Stop(timed[at], timed[end - 1], took))
            at = end
        else:
            at += 1
    return stops
