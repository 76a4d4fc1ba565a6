"""Geometries of shapely, one or many."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

Shapes: TypeAlias = "NDArray[np.object_] | Iterable[shapely.Geometry | None] | shapely.Geometry"
"""One geometry, or an array or list of them; where one is absent it is None."""
