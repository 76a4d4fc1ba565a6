"""Terrain: heights of the ground above mean sea level in tiles of one degree, mapped from disk.

A tile is a square of `cells` × `cells` float32 (metres above mean sea level), north first; a cell
holds for all of its area, and NaN is a place whose height nobody gives. Tiles are stored in the
database; a process maps a copy of each in its state folder.
"""

from __future__ import annotations

import math
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spatial.geo.datum import Floats
from spatial.geo.heights import Amsl, Ground

STEPS_PER_M = 10
"""Heights are stored to the decimetre, which is finer than any terrain is known."""
Grid: TypeAlias = NDArray[np.float32]
Corner: TypeAlias = tuple[int, int]
"""Whole degrees east and north of the south-west corner of a tile."""


@dataclass(frozen=True)
class Terrain:
    """The ground as one source gives it, within ± `accuracy_m`.

    `origin` is that of its rows: real, derived, schematic or synthetic.
    """

    name: str
    origin: str
    accuracy_m: float
    tiles: Mapping[Corner, Grid] = field(repr=False)

    def elevations_m(self, lon: ArrayLike, lat: ArrayLike) -> Floats:
        """Return heights of the ground (m AMSL) at places in degrees, NaN where unknown."""
        x, y = np.asarray(lon, float), np.asarray(lat, float)
        if x.size == y.size == 1:
            return np.full(x.shape, self._height_m(x.item(), y.item()))
        x, y = np.broadcast_arrays(x, y)
        west, south = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
        found = np.full(x.shape, np.nan)
        for corner in set(zip(west.ravel().tolist(), south.ravel().tolist(), strict=True)):
            grid = self.tiles.get(corner)
            if grid is None:
                continue
            mine = (west == corner[0]) & (south == corner[1])
            cells = len(grid)
            column = ((x[mine] - corner[0]) * cells).astype(np.int64)
            row = cells - 1 - ((y[mine] - corner[1]) * cells).astype(np.int64)
            found[mine] = grid[row, column]
        return found

    def find_ground(self, lon: float, lat: float) -> Ground | None:
        """Return the ground at one place, None where it is unknown."""
        height = self._height_m(lon, lat)
        return None if math.isnan(height) else Ground(self.name, Amsl(height, self.accuracy_m))

    def _height_m(self, lon: float, lat: float) -> float:
        """Return the height of the ground (m AMSL) at one place, NaN where it is unknown."""
        west, south = math.floor(lon), math.floor(lat)
        grid = self.tiles.get((west, south))
        if grid is None:
            return math.nan
        cells = len(grid)
        row = cells - 1 - int((lat - south) * cells)
        return float(grid[row, int((lon - west) * cells)])

    def cell_deg(self, lon: float, lat: float) -> float | None:
        """Return the side of a cell (degrees) at a place, None where there is no tile."""
        grid = self.tiles.get((int(lon // 1), int(lat // 1)))
        return None if grid is None else 1.0 / len(grid)


def pack(grid: Grid) -> bytes:
    """Return a tile as it is stored: to the decimetre."""
    steps = np.rint(np.asarray(grid, float) * STEPS_PER_M) / STEPS_PER_M
    return zlib.compress(np.ascontiguousarray(steps, "<f4").tobytes(), 6)


def unpack(packed: bytes, cells: int) -> Grid:
    """Return a stored tile in memory."""
    return np.frombuffer(zlib.decompress(packed), "<f4").reshape(cells, cells)


def find_tile(folder: Path, digest: str, cells: int) -> Grid | None:
    """Return a tile mapped from its file in a folder, None where there is none yet."""
    file = folder / f"{digest}.f32"
    return np.memmap(file, "<f4", mode="r", shape=(cells, cells)) if file.exists() else None


def keep_tile(folder: Path, digest: str, packed: bytes) -> None:
    """Write a stored tile into its file in a folder, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{digest}.{os.getpid()}"
    partial.write_bytes(zlib.decompress(packed))
    partial.replace(folder / f"{digest}.f32")
