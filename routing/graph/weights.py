"""Arrays of a graph, and what weights of arcs are: milliseconds or millimetres, or none."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

INFINITE = 2**31 - 1
"""May not pass; also the length of no path."""
LARGEST = 2**30
"""Of a finite weight: two may be added without reaching `INFINITE`."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Numbers = NDArray[np.uint32]
Signed = NDArray[np.int32]
Via = NDArray[np.int64]
Weights = NDArray[np.uint32]


class Fixed(NamedTuple):
    """What of the weight of each arc is paid at its begin and at its end, in the same unit.

    It is paid whole by who passes there, and by nobody else; only the rest is shared out over the
    length. Empty arrays are nothing.
    """

    begin: Weights
    end: Weights


NOTHING_FIXED = Fixed(np.zeros(0, np.uint32), np.zeros(0, np.uint32))


def driving(weights: Weights, fixed: Fixed, arcs: Ints) -> Floats:
    """Return what of the weights of some arcs is shared out over their lengths."""
    whole = weights[arcs].astype(np.float64)
    if len(fixed.begin):
        whole -= fixed.begin[arcs]
        whole -= fixed.end[arcs]
    return whole
