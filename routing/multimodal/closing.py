"""A timetable whose hubs are closed in further windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from routing.multimodal.timetable import Timetable

Window = tuple[int, int, int]
"""A hub's number, and from when until when (Unix s, half-open) it is closed."""


def close_hubs(timetable: Timetable, windows: Sequence[Window]) -> Timetable:
    """Return a timetable in which hubs are closed in some windows, beside those that it has."""
    if not windows:
        return timetable
    hubs = len(timetable.hub_ids)
    known = np.repeat(np.arange(hubs), np.diff(timetable.closed_first))
    hub, since, until = (
        np.concatenate([old, [window[n] for window in windows]]).astype(np.int64)
        for n, old in enumerate((known, timetable.closed_from, timetable.closed_to))
    )
    order = np.lexsort((until, since, hub))
    return replace(
        timetable,
        closed_first=np.searchsorted(hub[order], np.arange(hubs + 1)).astype(np.int64),
        closed_from=np.ascontiguousarray(since[order]),
        closed_to=np.ascontiguousarray(until[order]),
    )
