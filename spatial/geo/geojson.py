"""GeoJSON (RFC 7946) as types: longitude, latitude in degrees, or the axes of a CRS asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NotRequired, TypeAlias, TypedDict

import numpy as np
from numpy.typing import NDArray

from spatial.json_types import Document, Json

Coordinates: TypeAlias = "Sequence[float | Coordinates] | NDArray[np.float64]"
"""A position, or positions nested as deep as the type of their shape says."""


class Geometry(TypedDict):
    """A shape; its coordinates are nested as deep as its type says."""

    type: str
    coordinates: Coordinates


class GeometryCollection(TypedDict):
    """Several shapes."""

    type: Literal["GeometryCollection"]
    geometries: list[Geometry]


class Feature(TypedDict):
    """A thing with its place, None where it has none."""

    type: Literal["Feature"]
    id: NotRequired[str | int]
    geometry: Geometry | None
    properties: Document
    links: NotRequired[Sequence[Json]]


def feature(geometry: Geometry | None, properties: Document) -> Feature:
    """Return a feature without an id."""
    return {"type": "Feature", "geometry": geometry, "properties": properties}
