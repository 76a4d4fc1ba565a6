"""Arrays of a graph, and what weights of arcs are: milliseconds or millimetres, or none."""

from __future__ import annotations

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
