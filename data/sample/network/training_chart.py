"""What a chart of the training network shows: areas of depth, and the marks of both banks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import shapely

from data.waterway.records import Area, Delivery, Names, Reach, Site
from spatial.geo.volumes import Plane

SLOPE_M = 25.0  # what of a bank's slope is drawn beside the channel
USUAL_WIDTH_M = 40.0  # drawn where the width is not known
MARK_EVERY_M = 1500.0
BELOW = "lowest navigable level"
_SIDES = {
    "left_bank": (1, Names("左岸侧面标（合成）", "Left bank mark (synthetic)")),
    "right_bank": (-1, Names("右岸侧面标（合成）", "Right bank mark (synthetic)")),
}


@dataclass
class Chart:
    """Areas of depth and marks."""

    areas: list[Area] = field(default_factory=list)
    marks: list[Site] = field(default_factory=list)


def chart_of(delivery: Delivery, depths: Mapping[str, float | None], marked: set[str]) -> Chart:
    """Return the chart of a network.

    Parameters
    ----------
    delivery
        Its reaches, drawn downstream.
    depths
        Charted depth (m) of each reach, None where it is not known: nothing is drawn there.
    marked
        Keys of the reaches that have marks.
    """
    chart = Chart()
    for reach in delivery.reaches:
        plane = Plane(reach.line.interpolate(0.5, normalized=True).coords[0])
        line = plane.shape(reach.line)
        half = (reach.width_m or USUAL_WIDTH_M) / 2
        channel = line.buffer(half, cap_style="flat")
        depth = depths[reach.key]
        if depth is not None:
            bank = line.buffer(half + SLOPE_M, cap_style="flat").difference(channel)
            chart.areas += [
                _area(reach, "channel", plane, channel, {"least_m": depth}),
                _area(reach, "bank", plane, bank, {"least_m": 0.0, "most_m": depth}),
            ]
        if reach.key in marked:
            chart.marks += _marks(reach, plane, line, half)
    return chart


def _area(
    reach: Reach, part: str, plane: Plane, shape: shapely.Geometry, depths: dict[str, float]
) -> Area:
    degrees = shapely.transform(shape, plane.unproject)
    return Area(
        f"depth/{reach.key}/{part}", "depth_area", degrees, reach.names, {**depths, "datum": BELOW}
    )


def _marks(reach: Reach, plane: Plane, line: shapely.LineString, half: float) -> Iterator[Site]:
    """Yield marks on both edges of the channel, the banks by turns."""
    sides = list(_SIDES.items())
    for number, along in enumerate(np.arange(MARK_EVERY_M / 2, line.length, MARK_EVERY_M)):
        category, (left, names) = sides[number % 2]
        at, ahead = line.interpolate(along), line.interpolate(along + 1.0)
        east, north = ahead.x - at.x, ahead.y - at.y
        norm = np.hypot(east, north) or 1.0
        off = np.array([[at.x - left * half * north / norm, at.y + left * half * east / norm]])
        yield Site(
            f"mark/{reach.key}/{number + 1}", "navmark",
            shapely.Point(plane.unproject(off)[0]), names, props={"category": category},
        )  # fmt: skip
