"""Where and when the air changed between versions: what was judged elsewhere need not be again."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import shapely

from layers.processes.readers.airspace_rows import Known
from routing.airspace.zones import Zone
from spatial.geo.datum import Floats

MOST_STEPS = 64
AROUND_DEG = 0.01
"""How far around a box a zone counts as one over it."""


@dataclass(frozen=True)
class Reach:
    """Where and when a plan flies: a box in degrees, and a time."""

    west: float
    south: float
    east: float
    north: float
    begin: datetime
    end: datetime


@dataclass(frozen=True)
class _Step:
    """From one version that was held to the next: what changed; None: everything did.

    Each row of `changed` is a zone as it was or is: west, south, east, north, begin and end (s).
    """

    since: int
    until: int
    changed: Floats | None


class AirChanges:
    """The last changes of the air that one process has seen."""

    def __init__(self) -> None:
        self._steps: deque[_Step] = deque(maxlen=MOST_STEPS)

    def note(self, old: Known, new: Known) -> None:
        """Note what became of the air."""
        ground = old.coverage.counties, old.terrain_digests
        whole = ground != (new.coverage.counties, new.terrain_digests)
        changed = None if whole else _rows(_changed(old, new))
        self._steps.append(_Step(old.version, new.version, changed))

    def touch(self, since: int, now: int, reach: Reach) -> bool:
        """Tell whether the air that a plan flies in may have changed between two versions."""
        at = since
        for step in self._steps:
            if at == now:
                break
            if step.since != at:
                continue
            if step.changed is None or _meet(step.changed, reach):
                return True
            at = step.until
        return at != now


def _changed(old: Known, new: Known) -> list[Zone]:
    """Return zones that are only in one of two versions, or not the same in both."""
    before = {zone.id: zone for zone in old.zones.all}
    after = {zone.id: zone for zone in new.zones.all}
    names = [name for name in before | after if before.get(name) != after.get(name)]
    found = [one.get(name) for name in names for one in (before, after)]
    return [zone for zone in found if zone is not None]


def _rows(zones: list[Zone]) -> Floats:
    shapes = [zone.shape if zone.circle is None else zone.circle.polygon for zone in zones]
    boxes: Floats = shapely.bounds(np.array(shapes, dtype=object)).reshape(-1, 4)
    begin = [-np.inf if zone.begin is None else zone.begin.timestamp() for zone in zones]
    end = [np.inf if zone.end is None else zone.end.timestamp() for zone in zones]
    return np.column_stack([boxes, begin, end])


def _meet(changed: Floats, reach: Reach) -> bool:
    west, south, east, north, begin, end = changed.T
    near = (west <= reach.east + AROUND_DEG) & (east >= reach.west - AROUND_DEG)
    near &= (south <= reach.north + AROUND_DEG) & (north >= reach.south - AROUND_DEG)
    timely = (begin <= reach.end.timestamp()) & (end >= reach.begin.timestamp())
    return bool((near & timely).any())
