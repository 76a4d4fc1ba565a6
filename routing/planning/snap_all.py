"""Many places at once: each snapped where it can be, the others named instead of refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from routing.graph.weights import Ints
from routing.index.snap import SnapPoint
from routing.query.network import RoadNetwork
from routing.query.prepare import PreparedMetric


@dataclass(frozen=True)
class Placed:
    """The spots of each place, in their order; `missing` have no usable network nearby."""

    spots: list[list[SnapPoint]]
    missing: Ints


def place_all(
    network: RoadNetwork, prepared: PreparedMetric, points: Sequence[tuple[float, float]]
) -> Placed:
    """Snap places (longitude, latitude), off small islands where the main network is near.

    One that cannot be snapped has no spots.
    """
    snapper, usable = network.snapper, network.snapper.usable(prepared.metric, prepared.costs)
    spots = snapper.off_islands(points, usable, prepared.costs, snapper.find(points, usable))
    missing = [number for number, place in enumerate(spots) if not place]
    return Placed(spots, np.array(missing, np.int64))
