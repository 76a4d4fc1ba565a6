"""What a free filter changes of a tile: how long it stands, and which rows it needs."""

from __future__ import annotations

import time

import numpy as np

from layers.functions.question import Question
from layers.heat.filter_rows import Box
from spatial.geo.zorder import bounds_of, key_of_cell

Place = tuple[int, int, int]
ROWS_S = 10.0
"""How long what is counted from rows stands: the cube's version tells nothing of their columns."""
LOCAL_ZOOM, TOGETHER = 10, 2
"""From here on a tile of counts is told by the rows about it alone, where all are too many; so many
zooms farther in, tiles that lie together are told by the same rows: they are counted once."""
SLOW_S = 60.0
"""How long it is not tried again to count all rows, where that took too long."""


def moment_of(asked: Question) -> str:
    """Return what parts answers by time: of those without a filter nothing."""
    return "" if asked.filter is None else str(int(time.monotonic() / ROWS_S))


def box_of(asked: Question, zxy: Place | None, level: int | None) -> Box | None:
    """Return the degrees whose rows make all cells of a tile; None where all rows do.

    Tiles that are counted together have the same. `level` is that of the cells, None where they are
    no Z-order ones.
    """
    if level is None or getattr(asked.inputs, "surface", None) != "count":
        return None
    if zxy is None or zxy[0] < LOCAL_ZOOM:
        return None
    up = min(TOGETHER, zxy[0] - LOCAL_ZOOM)
    z, x, y = zxy[0] - up, zxy[1] >> up, zxy[2] >> up
    key, wide = key_of_cell(np.array([x]), np.array([y])), 360 / 2**level
    west, south, east, north = (float(side[0]) for side in bounds_of(key, z))
    return west - wide, south - wide, east + wide, north + wide
