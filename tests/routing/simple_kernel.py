"""A kernel that is no density: a quartic of the shortest way, whole on every arm of a junction."""

from __future__ import annotations

import heapq
from collections import defaultdict

import numpy as np


def simple_kernel(lixels, edge, offset_m, weights, bandwidth_m):
    """Return its value in the middle of each lixel."""
    ends, length = lixels.ends, lixels.length_m
    ways = defaultdict(list)
    for (tail, head), metres in zip(ends.tolist(), length.tolist(), strict=True):
        ways[tail].append((head, metres))
        ways[head].append((tail, metres))
    of, middle = lixels.edge, (lixels.from_m + lixels.to_m) / 2
    found = np.zeros(len(of))
    for e, at, n in zip(edge, offset_m, weights, strict=True):
        reach = np.full(ends.max() + 1, np.inf)
        waiting = [(at, ends[e, 0]), (length[e] - at, ends[e, 1])]
        while waiting:
            metres, node = heapq.heappop(waiting)
            if metres < reach[node] and metres <= bandwidth_m:
                reach[node] = metres
                for other, more in ways[node]:
                    heapq.heappush(waiting, (metres + more, other))
        away = np.minimum(reach[ends[of, 0]] + middle, reach[ends[of, 1]] + length[of] - middle)
        away = np.where(of == e, np.minimum(away, abs(middle - at)), away)
        share = np.minimum(away / bandwidth_m, 1)
        found += n * 15 / 16 / bandwidth_m * (1 - share**2) ** 2
    return found
