"""The kernels that choose few of many: by the volume of what they are better than.

The best few are found by branch and bound: what a further point adds never grows when others are
kept beside it (the volume is submodular), so that the greatest gains of now bound what may follow.
"""

from __future__ import annotations

import numpy as np

from routing.compiled import compiled, inlined
from routing.graph.weights import Bools, Floats, Ints


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
def choose(points: Floats, order: Floats, slabs: Floats, levels: Floats, most: int) -> Ints:
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


@inlined
def _gains(
    points: Floats, order: Floats, slabs: Floats, levels: Floats, kept: Bools, volume: float,
    rest: Ints, count: int, given: Ints, gain: Floats,
) -> None:  # fmt: skip
    """Write `count` points by what each adds beside those kept, the greatest gain first."""
    for k in range(count):
        point = rest[k]
        kept[point] = True
        more = hypervolume(points, order, kept, slabs, levels) - volume
        kept[point] = False
        at = k
        while at > 0 and gain[at - 1] < more:
            gain[at], given[at] = gain[at - 1], given[at - 1]
            at -= 1
        gain[at], given[at] = more, point


@inlined
def _volume_of(points: Floats, order: Floats, slabs: Floats, levels: Floats, few: Ints) -> float:
    """Return the volume of a few points."""
    kept = np.zeros(len(points), np.bool_)
    kept[few] = True
    return hypervolume(points, order, kept, slabs, levels)


@inlined
def _hopeless(gain: Floats, at: int, size: int, left: int, volume: float, best: float) -> bool:
    """Tell whether a volume and the `left` greatest gains from one on do not pass the best."""
    return bool(at + left > size or volume + gain[at : at + left].sum() <= best * (1 + 1e-12))


@compiled("Tuple((i8[::1],b1))(f8[:,::1],f8[::1],f8[::1],f8[::1],i8[::1],i8)")
def choose_best(
    points: Floats, order: Floats, slabs: Floats, levels: Floats, begin: Ints, tries: int
) -> tuple[Ints, bool]:
    """Return as many points as `begin` that have the most volume, and whether that is proven.

    So many volumes are reckoned at the most; `begin` is a choice to be bettered.
    """
    count, most = len(points), len(begin)
    given, gain = np.empty((most, count), np.int64), np.zeros((most, count))
    size, at, volume = np.zeros(most, np.int64), np.zeros(most, np.int64), np.zeros(most + 1)
    chosen, best, kept = begin.copy(), begin.copy(), np.zeros(count, np.bool_)
    best_volume = _volume_of(points, order, slabs, levels, begin)
    _gains(points, order, slabs, levels, kept, 0.0, np.arange(count), count, given[0], gain[0])
    size[0], depth, tries = count, 0, tries - count
    while depth >= 0:
        i, left = at[depth], most - depth
        if _hopeless(gain[depth], i, size[depth], left, volume[depth], best_volume):
            depth -= 1
            if depth >= 0:
                kept[chosen[depth]] = False
                at[depth] += 1
            continue
        chosen[depth], volume[depth + 1] = given[depth, i], volume[depth] + gain[depth, i]
        if left == 1:
            best[:], best_volume = chosen, volume[depth + 1]
            at[depth] += 1
            continue
        if tries <= 0:
            return best, False
        kept[chosen[depth]] = True
        rest = size[depth] - i - 1
        _gains(
            points, order, slabs, levels, kept, volume[depth + 1], given[depth, i + 1 :], rest,
            given[depth + 1], gain[depth + 1],
        )  # fmt: skip
        tries -= rest
        depth += 1
        size[depth], at[depth] = rest, 0
    return best, True
