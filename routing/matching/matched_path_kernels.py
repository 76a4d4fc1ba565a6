"""Kernels that join decided states to what was driven, and draw its line."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from routing.compiled import compiled, inlined
from routing.graph.weights import Floats, Ints
from routing.index.measure_kernels import place
from routing.matching.candidate_kernels import ALONG, COUNT, KEY, TURN, VIA
from routing.matching.viterbi_kernels import STAYS, TURNS

Small = NDArray[np.int32]


@compiled(
    "int64(int64[::1], int64[:, ::1], float64[:, ::1], int32[::1], int64[::1], int64, int64[::1],"
    " float64[::1], float64[::1])"
)
def drive_on(
    picks: Ints, whole: Ints, real: Floats, ways: Small, key: Ints, count: int, keys: Ints,
    start: Floats, stop: Floats,
) -> int:  # fmt: skip
    """Append what is driven to decided states, each after the one before; return the new count.

    With a count of 0 the drive begins at the first state. `key` is that of each arc; `keys`,
    `start` and `stop` are the parts of a drive (see `routing.matching.matched_path.Drive`), with
    room enough.
    """
    for pick in picks:
        along, how, here = real[pick, ALONG], whole[pick, COUNT], whole[pick, KEY]
        if count == 0:
            keys[0], start[0], stop[0], count = here, along, along, 1
        elif how == STAYS:
            stop[count - 1] = max(stop[count - 1], along)
        elif how == TURNS:
            turn = max(stop[count - 1], 1 - along)
            stop[count - 1] = turn
            keys[count], start[count], stop[count] = here, 1 - turn, max(along, 1 - turn)
            count += 1
        else:
            if whole[pick, TURN]:
                keys[count], start[count] = keys[count - 1] ^ 1, 1 - stop[count - 1]
                count += 1
            stop[count - 1] = 1.0
            for at in range(whole[pick, VIA], whole[pick, VIA] + how):
                keys[count], start[count], stop[count] = key[ways[at]], 0.0, 1.0
                count += 1
            keys[count], start[count], stop[count] = here, 0.0, along
            count += 1
    return count


@inlined
def _add(points: Floats, count: int, lon: float, lat: float) -> int:
    """Append a point that is not the last one again; return the count."""
    if count > 0 and points[count - 1, 0] == lon and points[count - 1, 1] == lat:
        return count
    points[count, 0], points[count, 1] = lon, lat
    return count + 1


@compiled(
    "float64[:, ::1](int64[::1], float64[::1], float64[::1], float64[:, ::1], int64[::1],"
    " float64[::1])"
)
def draw(
    keys: Ints, start: Floats, stop: Floats, shape: Floats, first: Ints, before: Floats
) -> Floats:
    """Return the (n, 2) longitude and latitude of parts of edges one after another."""
    room = 2
    for key in keys:
        room += first[(key >> 1) + 1] - first[key >> 1] + 2
    points, count = np.empty((room, 2)), 0
    for part in range(len(keys)):
        edge, back = keys[part] >> 1, keys[part] & 1
        begin, end = (1 - start[part], 1 - stop[part]) if back else (start[part], stop[part])
        at, lon, lat = place(edge, begin, shape, first, before)
        to, last_lon, last_lat = place(edge, end, shape, first, before)
        count = _add(points, count, lon, lat)
        inner = range(at, to, -1) if back else range(at + 1, to + 1)
        for vertex in inner:
            count = _add(points, count, shape[vertex, 0], shape[vertex, 1])
        count = _add(points, count, last_lon, last_lat)
    if count == 1:
        points[1] = points[0]
        count = 2
    return points[:count].copy()
