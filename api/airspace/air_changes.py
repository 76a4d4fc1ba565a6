"""Where the air changed between versions, so that what was judged elsewhere need not be again."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
import shapely

from layers.processes.readers.airspace_rows import Known
from routing.airspace.zones import Zone
from spatial.geo.datum import Floats

MOST_STEPS = 64
AROUND_DEG = 0.01
"""How far around a box a zone counts as one over it."""
Box = tuple[float, float, float, float]
"""West, south, east and north in degrees."""


@dataclass(frozen=True)
class _Step:
    """From one version that was held to the next: boxes of zones that changed; None: all did."""

    since: int
    until: int
    boxes: Floats | None


class AirChanges:
    """The last changes of the air that one process has seen."""

    def __init__(self) -> None:
        self._steps: deque[_Step] = deque(maxlen=MOST_STEPS)

    def note(self, old: Known, new: Known) -> None:
        """Note what became of the air."""
        ground = old.coverage.counties, old.terrain_digests
        whole = ground != (new.coverage.counties, new.terrain_digests)
        boxes = None if whole else _boxes(_changed(old, new))
        self._steps.append(_Step(old.version, new.version, boxes))

    def touch(self, since: int, now: int, box: Box) -> bool:
        """Tell whether the air within a box may have changed between two versions."""
        at = since
        for step in self._steps:
            if at == now:
                break
            if step.since != at:
                continue
            if step.boxes is None or _meet(step.boxes, box):
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


def _boxes(zones: list[Zone]) -> Floats:
    shapes = [zone.shape if zone.circle is None else zone.circle.polygon for zone in zones]
    found: Floats = shapely.bounds(np.array(shapes, dtype=object)).reshape(-1, 4)
    return found


def _meet(boxes: Floats, box: Box) -> bool:
    west, south, east, north = box
    apart = (boxes[:, 0] > east + AROUND_DEG) | (boxes[:, 2] < west - AROUND_DEG)
    apart |= (boxes[:, 1] > north + AROUND_DEG) | (boxes[:, 3] < south - AROUND_DEG)
    return not bool(apart.all())
