"""The vector tile of a surface: which cells lie in it, and what they carry."""

from __future__ import annotations

import numpy as np

from layers.functions.declared import FunctionLayer
from layers.functions.outlines import outlines_in_tile
from layers.functions.surface import NO_STATISTIC, STATES, CellSurface
from layers.tiles.mvt import Column, column_of_array, encode_layer
from layers.tiles.tile_cache import Tile, pack
from routing.graph.weights import Bools, Floats, Ints
from spatial.geo.zorder import key_of_cell

WIDE_PX = 8
"""Cells at least so many px wide carry interval and name: smaller ones nobody can point at."""
TILE_PX = 256


def cells_in_tile(surface: CellSurface, zxy: tuple[int, int, int]) -> Ints:
    """Return the numbers of the cells that lie in a tile, or touch it."""
    z, x, y = zxy
    level = surface.kind.level
    if level is None:
        return np.flatnonzero(_touching(surface.boxes, zxy))
    key = int(key_of_cell(np.array([x]), np.array([y]))[0])
    if z > level:
        first = last = key >> 2 * (z - level)
    else:
        first, last = key << 2 * (level - z), ((key + 1) << 2 * (level - z)) - 1
    start, end = np.searchsorted(surface.keys, (first, last + 1))
    return np.arange(start, end)


def _touching(boxes: Floats, zxy: tuple[int, int, int]) -> Bools:
    z, x, y = zxy
    size = 1 << z
    west, north, east, south = boxes.T * size
    found: Bools = (east > x) & (west < x + 1) & (south > y) & (north < y + 1)
    return found


def shown_cells(surface: CellSurface, of: Ints, classes: list[int] | None) -> Ints:
    """Return those of some cells that are of the classes asked for; all without any."""
    return of if classes is None else of[np.isin(surface.colour[of], classes)]


def make_tile(
    layer: FunctionLayer, surface: CellSurface, zxy: tuple[int, int, int],
    classes: list[int] | None,
) -> Tile:  # fmt: skip
    """Return the vector tile, with how many of its cells it shows."""
    inside = cells_in_tile(surface, zxy)
    of, outlines = outlines_in_tile(surface, shown_cells(surface, inside, classes), zxy)
    columns = _columns(surface, of, with_interval=_wide(surface, zxy[0]))
    data = encode_layer(layer.id, surface.keys[of], outlines, columns) if len(of) else b""
    return pack(data, len(of), len(inside), surface.kind.level or 0, 0.0)


def _wide(surface: CellSurface, z: int) -> bool:
    """Tell whether cells are wide enough to be pointed at."""
    if surface.kind.level is not None:
        return TILE_PX << max(0, z) >= WIDE_PX << surface.kind.level
    sides = surface.boxes[:, 2] - surface.boxes[:, 0]
    return bool(sides.max(initial=0.0) * (TILE_PX << max(0, z)) >= WIDE_PX)


def _columns(surface: CellSurface, of: Ints, *, with_interval: bool) -> dict[str, Column]:
    value, colour = surface.value[of], surface.colour[of].astype(np.int64)
    known = np.isfinite(value)
    # A map tells by its name which surface's colours a cell has, whatever it showed before.
    columns = {
        "surface": Column((surface.name,), np.zeros(len(of), np.int64)),
        "state": Column(STATES, surface.state[of].astype(np.int64)),
        "value": column_of_array(rounded(np.where(known, value, 0.0)), known),
        "colour": Column(np.arange(colour.max(initial=0) + 1), colour),
        **{name: column_of_array(counts[of]) for name, counts in surface.counts().items()},
    }
    if with_interval and surface.kind.level is None:
        columns["cell"] = Column(surface.titles[of].tolist(), np.arange(len(of)))
    if with_interval and surface.posterior is not None:
        for name, bound in zip(("lower", "upper"), surface.interval(of), strict=True):
            told = np.isfinite(bound)
            columns[name] = column_of_array(rounded(np.where(told, bound, 0.0)), told)
    if surface.reason is not None:
        without = surface.state[of] == NO_STATISTIC
        columns["reason"] = Column((surface.reason,), np.where(without, 0, -1))
    if surface.spot is not None:
        columns["spot"] = column_of_array(surface.spot[of].astype(np.int64))
    return columns


def rounded(values: Floats, digits: int = 4) -> Floats:
    """Return numbers of so many significant digits."""
    size = np.where(values == 0, 1.0, np.abs(values))
    step = 10.0 ** (np.floor(np.log10(size)) - digits + 1)
    exact = np.rint(values / step) * step
    return np.round(exact, 12)
