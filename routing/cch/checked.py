"""What is let through to the kernels of paths: weights, numbers of nodes and arcs, sources."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from routing.graph.weights import INFINITE, LARGEST, Ints, Weights


def checked_weights(weights: ArrayLike, count: int) -> Weights:
    """Return weights (ms) of `count` arcs as the kernels take them.

    Raises
    ------
    ValueError
        They are not integers of 0 to `LARGEST` or `INFINITE`, or not so many.
    """
    array = np.asarray(weights)
    if array.shape == (0,) and count == 0:
        return np.zeros(0, np.uint32)
    if array.shape != (count,) or array.dtype.kind not in "iu":
        raise ValueError(f"need {count} integer weights, not {array.dtype} of {array.shape}")
    wide = array.astype(np.int64)
    if ((wide < 0) | (wide > LARGEST) & (wide != INFINITE)).any():
        raise ValueError(f"a weight is outside 0..{LARGEST} and not {INFINITE}")
    return wide.astype(np.uint32)


def checked_numbers(numbers: ArrayLike, count: int, what: str) -> NDArray[np.uint32]:
    """Return node or arc numbers below `count`; `what` says in the error which they are.

    Raises
    ------
    ValueError
        One is no integer of 0 to `count - 1`.
    """
    array = np.atleast_1d(np.asarray(numbers))
    if array.size == 0:
        return np.zeros(0, np.uint32)
    if array.dtype.kind not in "iu" or int(array.min()) < 0 or int(array.max()) >= count:
        raise ValueError(f"{what} number outside 0..{count - 1}")
    return array.astype(np.uint32)


def checked_sources(
    sources: ArrayLike, offsets: ArrayLike, limit: int, count: int
) -> tuple[Ints, Ints]:
    """Return the sources of a reach that lie within its limit, and their offsets (ms).

    Raises
    ------
    ValueError
        A source is no node, or an offset or the limit (ms) no length of a path.
    """
    nodes = checked_numbers(sources, count, "node").astype(np.int64)
    begins = np.atleast_1d(np.asarray(offsets))
    if begins.shape != nodes.shape or (len(begins) and begins.dtype.kind not in "iu"):
        raise ValueError(f"need {len(nodes)} integer offsets")
    if (begins < 0).any() or not 0 <= limit < INFINITE:
        raise ValueError(f"an offset or the limit is outside 0..{INFINITE - 1}")
    near = begins <= limit
    return nodes[near], begins[near].astype(np.int64)
