"""Other times, heights and places for a plan that is refused: each tried against all around it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice

import numpy as np
import shapely

from api.airspace.extents import HIGHEST_M, Extent, written
from spatial.errors import BadParameter
from spatial.geo.crs import GEOD
from spatial.geo.volumes import Area, Circle, Footprint
from spatial.json_types import Document

LATEST_S, HIGHEST_SHIFT_M, FARTHEST_M = 7_200, 120.0, 2_000.0
STEP_M = 50.0
BEARINGS = range(0, 360, 45)
TRIED = 400
"""How many shifts of a kind are tried."""
PER_MINUTE, PER_METRE_UP, PER_METRE_ASIDE = 1.0, 0.2, 0.02
"""What a shift costs: five metres up, or fifty aside, as much as a minute."""


@dataclass(frozen=True)
class Alternative:
    """A shift of a whole plan that overlaps nothing."""

    by: str
    shift: float
    bearing_deg: int | None
    cost: float
    extents: tuple[Extent, ...]

    def told(self) -> Document:
        """Return it as it is shown: seconds later, metres up, or metres aside."""
        unit = "shift_s" if self.by == "time" else "shift_m"
        said: Document = {"by": self.by, unit: self.shift, "cost": round(self.cost, 2)}
        if self.bearing_deg is not None:
            said["bearing_deg"] = self.bearing_deg
        return {**said, "volumes": [written(one) for one in self.extents]}


def around(extents: Sequence[Extent]) -> list[Extent]:
    """Return extents grown by all that a shift may reach."""
    return [
        Extent(
            Circle(one.footprint.middle, _reach_m(one.footprint) + FARTHEST_M),
            one.lower_m, min(one.upper_m + HIGHEST_SHIFT_M, HIGHEST_M),
            one.begin, one.end + timedelta(seconds=LATEST_S),
        )
        for one in extents
    ]  # fmt: skip


def alternatives(extents: Sequence[Extent], others: Sequence[Extent]) -> list[Alternative]:
    """Return the least shift in time, height and to the side that overlaps nothing, cheapest first.

    Parameters
    ----------
    extents
        Of the plan.
    others
        All that must not be overlapped within `around` it.
    """
    kinds = (_later(extents, others), _higher(extents, others), _aside(extents))
    found = (
        next((one for one in islice(kind, TRIED) if _free(one.extents, others)), None)
        for kind in kinds
    )
    return sorted((one for one in found if one is not None), key=lambda one: one.cost)


def _free(extents: Iterable[Extent], others: Sequence[Extent]) -> bool:
    return not any(one.volume.overlaps(other.volume) for one in extents for other in others)


def _later(extents: Sequence[Extent], others: Sequence[Extent]) -> Iterator[Alternative]:
    shifts = {
        math.ceil((other.end - one.begin).total_seconds()) for one in extents for other in others
    }
    for shift in sorted(s for s in shifts if 0 < s <= LATEST_S):
        by = timedelta(seconds=shift)
        moved = tuple(replace(one, begin=one.begin + by, end=one.end + by) for one in extents)
        yield Alternative("time", shift, None, shift / 60 * PER_MINUTE, moved)


def _higher(extents: Sequence[Extent], others: Sequence[Extent]) -> Iterator[Alternative]:
    shifts = {math.ceil(other.upper_m - one.lower_m) for one in extents for other in others}
    for shift in sorted(s for s in shifts if 0 < s <= HIGHEST_SHIFT_M):
        moved = tuple(
            replace(one, lower_m=one.lower_m + shift, upper_m=one.upper_m + shift)
            for one in extents
        )
        if all(one.upper_m <= HIGHEST_M for one in moved):
            yield Alternative("height", shift, None, shift * PER_METRE_UP, moved)


def _aside(extents: Sequence[Extent]) -> Iterator[Alternative]:
    for step in range(1, int(FARTHEST_M / STEP_M) + 1):
        shift = step * STEP_M
        for bearing in BEARINGS:
            try:
                moved = tuple(
                    replace(one, footprint=_moved(one.footprint, bearing, shift)) for one in extents
                )
            except BadParameter:  # it would lie over a pole
                continue
            yield Alternative("side", shift, bearing, shift * PER_METRE_ASIDE, moved)


def _moved(footprint: Footprint, bearing: float, metres: float) -> Footprint:
    if isinstance(footprint, Circle):
        lon, lat, _ = GEOD.fwd(*footprint.centre, bearing, metres)
        return Circle((lon, lat), footprint.radius_m)
    ring = np.asarray(footprint.polygon.exterior.coords)
    count = len(ring)
    lon, lat, _ = GEOD.fwd(ring[:, 0], ring[:, 1], np.full(count, bearing), np.full(count, metres))
    return Area(shapely.Polygon(np.column_stack([lon, lat])))


def _reach_m(footprint: Footprint) -> float:
    if isinstance(footprint, Circle):
        return footprint.radius_m
    ring = np.asarray(footprint.polygon.exterior.coords)
    lon, lat = footprint.middle
    start = np.full(len(ring), lon), np.full(len(ring), lat)
    return float(GEOD.inv(*start, ring[:, 0], ring[:, 1])[2].max())
