"""Which of many plans share space and time: each pair decided as the doors decide it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import shapely

from api.airspace.extents import Extent


def overlapping_pairs(
    plans: Sequence[Sequence[Extent]],
) -> Iterator[tuple[int, int, list[tuple[Extent, Extent]]]]:
    """Yield pairs of plans by number, the smaller first, with the extents that overlap."""
    owner = np.repeat(np.arange(len(plans)), [len(plan) for plan in plans])
    extents = [one for plan in plans for one in plan]
    if not extents:
        return
    found: dict[tuple[int, int], list[tuple[Extent, Extent]]] = {}
    for n, m in _near(extents):
        pair = int(owner[n]), int(owner[m])
        if pair[0] != pair[1] and extents[n].volume.overlaps(extents[m].volume):
            found.setdefault(pair, []).append((extents[n], extents[m]))
    for (n, m), shared in sorted(found.items(), key=lambda one: one[0]):
        yield n, m, shared


def _near(extents: Sequence[Extent]) -> Iterator[tuple[int, int]]:
    """Yield pairs whose boxes touch and whose times and heights overlap."""
    boxes = np.array([shapely.box(*box) for one in extents for box in one.cover.boxes])
    whose = np.repeat(np.arange(len(extents)), [len(one.cover.boxes) for one in extents])
    begin, end = (
        np.array([getattr(one, name).timestamp() for one in extents]) for name in ("begin", "end")
    )
    low = np.array([one.lower_m for one in extents])
    high = np.array([one.upper_m for one in extents])
    one, other = whose[shapely.STRtree(boxes).query(boxes)]
    keep = (one < other) & (begin[one] < end[other]) & (begin[other] < end[one])
    keep &= (low[one] < high[other]) & (low[other] < high[one])
    yield from sorted(set(zip(one[keep].tolist(), other[keep].tolist(), strict=True)))
