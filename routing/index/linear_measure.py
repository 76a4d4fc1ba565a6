"""Metres along the lines of edges: where a share of an edge is."""

from __future__ import annotations

import numpy as np

from routing.graph.graph import Edges
from routing.graph.weights import Floats, Ints
from routing.index.measure_kernels import metres_before, place_all
from spatial.geo.crs import GEOD


def scales(lat: Floats) -> Floats:
    """Return (n, 2) metres per degree of longitude and latitude at latitudes."""
    sine = np.sin(np.radians(lat))
    root = np.sqrt(1 - GEOD.es * sine * sine)
    east = np.radians(1) * GEOD.a / root * np.cos(np.radians(lat))
    north = np.radians(1) * GEOD.a * (1 - GEOD.es) / root**3
    return np.column_stack([east, north])


class Measure:
    """The lines of edges as plain arrays: `before` are the metres along its edge to each vertex."""

    def __init__(self, edges: Edges) -> None:
        self.shape = edges.shape
        self.start = edges.shape_start
        self.before = metres_before(edges.shape, edges.shape_start)

    def place(self, edge: Ints, share: Floats) -> Floats:
        """Return the (n, 2) longitude and latitude (EPSG:4326) at a share (0..1) of each edge."""
        places = np.empty((len(edge), 2))
        place_all(edge, share, self.shape, self.start, self.before, places)
        return places
