"""A ring of places that a question draws: closed, and not crossing itself."""

from __future__ import annotations

from typing import Annotated

import shapely
from pydantic import AfterValidator, Field

from layers.processes.runtime.model import Lat, Lon
from routing.graph.weights import Bools, Floats


def _a_ring(ring: list[tuple[float, float]]) -> list[tuple[float, float]]:
    if ring[0] != ring[-1] or not shapely.Polygon(ring).is_valid:
        raise ValueError("the ring must close and not cross itself")
    return ring


Ring = Annotated[
    list[tuple[Lon, Lat]], Field(min_length=4, max_length=2_000), AfterValidator(_a_ring)
]
"""Longitudes and latitudes (EPSG:4326); the last place is the first."""


def places_inside(ring: Ring, lon: Floats, lat: Floats) -> Bools:
    """Tell which places (degrees, EPSG:4326) lie in a ring or on it."""
    polygon = shapely.Polygon(ring)
    shapely.prepare(polygon)
    found: Bools = shapely.intersects_xy(polygon, lon, lat)
    return found
