"""The kernels that choose few of many: by the volume of what they are better than."""

from __future__ import annotations

import numpy as np

from routing.compiled import compiled, inlined
from routing.graph.weights import Bools, Floats


@inlined
def _area(points: Floats, order: Floats, kept: Bools, level: float, slab: float) -> float:
    """Return the area under kept points, up to 1, of those within a level and a slab.

    `order` are the numbers of points by their first value.
    """
    area, low = 0.0, 1.0
    for k in range(len(order)):
        point = int(order[k])
        counts = kept[point] and points[point, 2] <= slab and points[point, 3] <= level
        if counts and points[point, 1] < low:
            area += (1.0 - points[point, 0]) * (low - points[point, 1])
            low = points[point, 1]
    return area


@compiled("f8(f8[:,::1],f8[::1],b1[::1],f8[::1],f8[::1])")
def hypervolume(points: Floats, order: Floats, kept: Bools, slabs: Floats, levels: Floats) -> float:
    """Return the volume of the unit cube of four dimensions that kept points are better than.

    `points` (n, 4) lie within it, smaller is better; `order` are their numbers by the first value;
    `slabs` and `levels` are their third and fourth values, each once, rising, with 1 at the end.
    """
    volume = 0.0
    for i in range(len(levels) - 1):
        for j in range(len(slabs) - 1):
            area = _area(points, order, kept, levels[i], slabs[j])
            volume += area * (slabs[j + 1] - slabs[j]) * (levels[i + 1] - levels[i])
    return volume


@compiled("i8[::1](f8[:,::1],f8[::1],f8[::1],f8[::1],i8)")
def choose(
    points: Floats, order: Floats, slabs: Floats, levels: Floats, most: int
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the numbers of `most` points: one after the other that which adds the most volume."""
    kept = np.zeros(len(points), np.bool_)
    chosen = np.empty(most, np.int64)
    for k in range(most):
        best, best_volume = -1, -1.0
        for point in range(len(points)):
            if not kept[point]:
                kept[point] = True
                volume = hypervolume(points, order, kept, slabs, levels)
                kept[point] = False
                if volume > best_volume:
                    best, best_volume = point, volume
        kept[best] = True
        chosen[k] = best
    return chosen
