"""The path in space and time that a plan's volumes stand for: it is planned, nobody flew it.

A volume holds from its begin to its end; where the next one begins before it ends, the flight
changes over in the middle. A long volume is flown along its axis, a round one is stayed in, and the
height is the middle of its band.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely

from spatial.geo.crs import distance_m
from spatial.geo.datum import Floats

LONG = 2.0
"""A volume at least so many times as long as wide is flown along its axis."""
STEP_M = 500.0
"""Longest step of a path, so that the ground below it is known along it."""
_MOST_STEPS = 200
Node = tuple[float, float, float, float]


@dataclass(frozen=True)
class Slot:
    """A volume of a plan: footprint (degrees), middle of its heights (m), time (s)."""

    shape: shapely.Geometry
    height_m: float
    begin_s: float
    end_s: float


@dataclass(frozen=True)
class PlannedPath:
    """Nodes of a path by rising time: s, degrees, m in the datum of the slots."""

    at_s: Floats
    lon: Floats
    lat: Floats
    height_m: Floats


def planned_path(slots: Sequence[Slot]) -> PlannedPath:
    """Return the path of a plan of one volume at least."""
    ordered = sorted(slots, key=lambda slot: (slot.begin_s, slot.end_s))
    middles = [slot.shape.centroid for slot in ordered]
    changes = _changes(ordered)
    nodes: list[Node] = []
    for number, slot in enumerate(ordered):
        begin, end = changes[number], changes[number + 1]
        axis = _axis(slot.shape)
        if axis is None:
            spot = middles[number]
            times = {(begin + end) / 2}
            times |= {begin} if number == 0 else set()
            times |= {end} if number == len(ordered) - 1 else set()
            nodes += [(at, spot.x, spot.y, slot.height_m) for at in times]
            continue
        before = middles[number - 1] if number else None
        after = middles[number + 1] if number + 1 < len(ordered) else None
        entry, leave = _directed(axis, before, after)
        nodes += [(begin, *entry, slot.height_m), (end, *leave, slot.height_m)]
    return dense(_merged(nodes))


def _changes(slots: Sequence[Slot]) -> Floats:
    """Return when the flight is in each slot: n + 1 times, never falling."""
    between = [(a.end_s + b.begin_s) / 2 for a, b in pairwise(slots)]
    whole = [slots[0].begin_s, *between, max(slot.end_s for slot in slots)]
    return np.maximum.accumulate(np.array(whole))


def _axis(shape: shapely.Geometry) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """Return the ends of the long axis of a footprint, None where it is not long."""
    middle = shape.centroid
    shrink = float(np.cos(np.radians(middle.y)))
    flat = shapely.transform(shape, lambda xy: xy * [shrink, 1.0])
    box = shapely.oriented_envelope(flat)
    if box.geom_type != "Polygon":
        return None
    corners = np.asarray(box.exterior.coords)[:4]
    sides = np.hypot(*(corners[1:3] - corners[:2]).T)
    if sides.max() < LONG * sides.min():
        return None
    turn = 0 if sides[0] < sides[1] else 1
    ends = [(corners[turn] + corners[turn + 1]) / 2, (corners[turn + 2] + corners[turn - 1]) / 2]
    inset = float(sides.min()) / 2 / float(sides.max())
    first, last = ends[0] + (ends[1] - ends[0]) * inset, ends[1] + (ends[0] - ends[1]) * inset
    return (first[0] / shrink, first[1]), (last[0] / shrink, last[1])


def _directed(
    axis: tuple[tuple[float, float], tuple[float, float]],
    before: shapely.Point | None,
    after: shapely.Point | None,
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the ends of an axis in the order of the flight, as it comes and goes on."""
    one, other = axis

    def far(point: shapely.Point | None, end: tuple[float, float]) -> float:
        return 0.0 if point is None else float(np.hypot(point.x - end[0], point.y - end[1]))

    straight, turned = far(before, one) + far(after, other), far(before, other) + far(after, one)
    return (one, other) if straight <= turned else (other, one)


def _merged(nodes: Sequence[Node]) -> PlannedPath:
    """Return nodes by time, those of one time as their mean."""
    rows = np.array(nodes)
    times, which = np.unique(rows[:, 0], return_inverse=True)
    counts = np.bincount(which)
    lon, lat, height = (np.bincount(which, rows[:, at]) / counts for at in (1, 2, 3))
    return PlannedPath(times, lon, lat, height)


def dense(path: PlannedPath) -> PlannedPath:
    """Return a path whose steps are short."""
    if len(path.at_s) < 2:
        return path
    metres = distance_m(path.lon[:-1], path.lat[:-1], path.lon[1:], path.lat[1:])
    steps = np.clip(np.ceil(metres / STEP_M), 1, _MOST_STEPS).astype(int)
    share = np.concatenate([np.arange(n) / n for n in steps.tolist()])
    start = np.repeat(np.arange(len(steps)), steps)

    def between(values: Floats) -> Floats:
        inner = values[start] + share * (values[start + 1] - values[start])
        return np.append(inner, values[-1])

    columns = [between(one) for one in (path.at_s, path.lon, path.lat, path.height_m)]
    return PlannedPath(*columns)
