"""How a place is to be left and come to: in which direction of the road, on which side of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from routing.graph.graph import Graph
from routing.graph.weights import INFINITE
from routing.index.snap import AHEAD, BACK, BOTH, SnapPoint, Usable

TOLERANCE_DEG = 45.0
DriveOn = Literal["right", "left"]


@dataclass(frozen=True, slots=True)
class Approach:
    """What is asked of a place beside where it is.

    Parameters
    ----------
    heading
        Degrees clockwise from north in which it is passed; None for any.
    tolerance
        Degrees by which the road may differ from it, to either side.
    curb
        Whether the place shall lie on the side on which one drives. Where the road is driven in the
        other direction alone, it does not count.
    """

    heading: float | None = None
    tolerance: float = TOLERANCE_DEG
    curb: bool = False

    @property
    def any(self) -> bool:
        """Whether the place may be left and come to in every way."""
        return self.heading is None and not self.curb


ANY = Approach()


@dataclass(frozen=True, slots=True)
class SnapOptions:
    """What a question says about snapping.

    Parameters
    ----------
    radius_m
        How far a place may be from the network; None for what the rule says.
    approaches
        One per place, or none at all.
    """

    radius_m: float | None = None
    approaches: Sequence[Approach] = ()


AS_THE_RULE_SAYS = SnapOptions()


def ways_of(
    graph: Graph,
    usable: Usable,
    point: tuple[float, float],
    spot: SnapPoint,
    approach: Approach,
    drive_on: DriveOn,
    least_m: float,
) -> int:
    """Return the directions of a spot's edge that fit an approach, 0 where there is none.

    A point that lies not farther than `least_m` from the road lies on no side of it.
    """
    ways = _open(usable, spot.edge)
    line = graph.edges.vertices(spot.edge)
    at = min(spot.vertex, len(line) - 2)
    squeeze = math.cos(math.radians(spot.lat))
    along = (line[at + 1] - line[at]) * np.array([squeeze, 1.0])
    if approach.heading is not None:
        bearing = math.degrees(math.atan2(along[0], along[1]))
        ways &= (
            AHEAD * _near(bearing, approach.heading, approach.tolerance)
            | BACK * _near(bearing + 180, approach.heading, approach.tolerance)
        )  # fmt: skip
    if approach.curb and spot.distance_m > least_m:
        off = (point[0] - spot.lon) * squeeze, point[1] - spot.lat
        right = along[0] * off[1] - along[1] * off[0] < 0
        ways = ways & (AHEAD if right == (drive_on == "right") else BACK) or ways
    return ways


def _near(bearing: float, heading: float, tolerance: float) -> bool:
    return abs((bearing - heading + 180) % 360 - 180) <= tolerance


def _open(usable: Usable, edge: int) -> int:
    """Return the directions of an edge that are open."""
    if not len(usable.weights):
        return BOTH
    ways = 0
    for key, way in ((2 * edge, AHEAD), (2 * edge + 1, BACK)):
        arcs = usable.weights[usable.first[key] : usable.first[key + 1]]
        ways |= way if (arcs != INFINITE).any() else 0
    return ways
