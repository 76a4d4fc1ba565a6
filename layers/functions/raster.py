"""Surfaces as pictures and grids: PNG tiles with a palette, GeoTIFF with bands of numbers.

Where nothing was inspected a picture has its pattern and a grid has no data.
"""

from __future__ import annotations

import math

import numpy as np
import orjson
from numpy.typing import NDArray

from layers.declare.style import Colour, Theme
from layers.functions.cell_tile import TILE_PX, cells_in_tile, shown_cells
from layers.functions.declared import FunctionLayer
from layers.functions.surface import (
    NO_CLASS,
    NOT_INSPECTED,
    STATES,
    CellSurface,
)
from layers.tiles.tile_cache import Tile, pack_plain
from routing.graph.weights import Ints
from routing.statistics.tile_kernels import fill_polygons
from spatial.errors import BadParameter
from spatial.geo.crs import WEB_MERCATOR, WGS84
from spatial.geo.zorder import bounds_of, columns_and_rows, key_of_cell

EMPTY = 255
"""Of a picture: no cell; below it, by their numbers, the states without a value."""
MOST_PIXELS = 4_000_000
SMALL_PX = 2
"""Cells of any shape that are narrower are one pixel of a picture."""
HALF_WORLD_M = 20037508.342789244
BANDS = ("value", "lower", "upper")
"""What every grid has, before its counts."""
_ROW, _COLUMN = np.indices((TILE_PX, TILE_PX))
_PATTERNS = {
    "hatch": (_ROW + _COLUMN) % 8 < 2,
    "cross": (_ROW % 8 == 0) | (_COLUMN % 8 == 0),
    "flat": _ROW % 8 < 2,
    "dots": (_ROW % 4 < 2) & (_COLUMN % 4 < 2),
}
Classes = NDArray[np.uint8]
Box = tuple[float, float, float, float]


def class_grid(
    surface: CellSurface, zxy: tuple[int, int, int], classes: list[int] | None
) -> Classes:
    """Return the class of each pixel of a tile; where cells are smaller the highest in it."""
    of = shown_cells(surface, cells_in_tile(surface, zxy), classes)
    colour = surface.colour[of].astype(np.int64)
    without = EMPTY - surface.state[of].astype(np.int64)
    shown = np.where(colour != NO_CLASS, colour, without).astype(np.uint8)
    rank = np.where(colour != NO_CLASS, colour, -1)
    order = np.argsort(rank, kind="stable")
    if surface.kind.level is not None:
        return _square_grid(surface.keys[of][order], shown[order], surface.kind.level, zxy)
    if not surface.kind.upright:
        return _slanted_grid(surface, of[order], shown[order], zxy)
    grid = np.full((TILE_PX, TILE_PX), EMPTY, np.uint8)
    for i in order:
        left, top, right, bottom = _pixels(surface, int(of[i]), zxy)
        grid[top:bottom, left:right] = shown[i]
    return grid


def _square_grid(keys: Ints, shown: Classes, level: int, zxy: tuple[int, int, int]) -> Classes:
    """Return the grid of cells that are parts of a tile, or hold it; the last of a pixel stays."""
    z, x, y = zxy
    fine = max(z, min(level, z + TILE_PX.bit_length() - 1))
    column, row = columns_and_rows(keys >> 2 * max(0, level - fine))
    side = 1 << (fine - z)
    grid = np.full((side, side), EMPTY, np.uint8)
    if level < z:
        grid[:] = shown[-1] if len(shown) else EMPTY
    else:
        grid[row - y * side, column - x * side] = shown
    return np.repeat(np.repeat(grid, TILE_PX // side, axis=0), TILE_PX // side, axis=1)


def _pixels(surface: CellSurface, cell: int, zxy: tuple[int, int, int]) -> tuple[int, ...]:
    """Return left, top, right and bottom of a cell in pixels of a tile, at least one of them."""
    z, x, y = zxy
    box = (surface.boxes[cell] * (1 << z) - (x, y, x, y)) * TILE_PX
    left, top = (max(0, round(side)) for side in box[:2])
    right, bottom = (min(TILE_PX, round(side)) for side in box[2:])
    return left, top, max(right, left + 1), max(bottom, top + 1)


def _slanted_grid(
    surface: CellSurface, of: Ints, shown: Classes, zxy: tuple[int, int, int]
) -> Classes:
    """Return the grid of cells of any shape: a pixel is of the cell that holds its middle.

    Cells too small for that are the pixel of their own middle; the last of a pixel stays.
    """
    z, x, y = zxy
    grid = np.full((TILE_PX, TILE_PX), EMPTY, np.uint8)
    boxes = (surface.boxes[of] * (1 << z) - (x, y, x, y)) * TILE_PX
    small = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0) < SMALL_PX
    column, row = ((boxes[small, :2] + boxes[small, 2:]) / 2).astype(np.int64).T
    here = (column >= 0) & (column < TILE_PX) & (row >= 0) & (row < TILE_PX)
    grid[row[here], column[here]] = shown[small][here]
    found = surface.world.some(of[~small])
    corners = np.ascontiguousarray((found.points * (1 << z) - (x, y)) * TILE_PX)
    fill_polygons(corners, found.rings, found.of, shown[~small], grid)
    return grid


def png_tile(
    layer: FunctionLayer, surface: CellSurface, name: str, zxy: tuple[int, int, int],
    classes: list[int] | None, theme: Theme,
) -> Tile:  # fmt: skip
    """Return a tile as a picture of a surface in the colours of a theme."""
    grid = class_grid(surface, zxy, classes)
    for state, look in layer.states_of(name).items():
        grid[(grid == EMPTY - STATES.index(state)) & ~_PATTERNS[look.pattern]] = EMPTY
    cells = len(cells_in_tile(surface, zxy))
    data = _png(grid, _palette(layer, name, theme)) if cells else b""
    return pack_plain(data, cells, surface.kind.level or 0)


def _palette(layer: FunctionLayer, name: str, theme: Theme) -> dict[int, tuple[int, ...]]:
    alpha = round(layer.opacity * 255)
    found = {
        number: (*_rgb(colour, theme), alpha)
        for number, colour in enumerate(layer.surfaces[name].colors)
    }
    for state, look in layer.states_of(name).items():
        found[EMPTY - STATES.index(state)] = (*_rgb(look.color, theme), 255)
    found[EMPTY] = (0, 0, 0, 0)
    return found


def _rgb(colour: Colour, theme: Theme) -> tuple[int, ...]:
    text = (colour.light if theme == "light" else colour.dark).lstrip("#")
    return tuple(bytes.fromhex(text))


def _png(picture: Classes, palette: dict[int, tuple[int, ...]]) -> bytes:
    import rasterio
    from rasterio.io import MemoryFile

    rows, columns = picture.shape
    shape = {"width": columns, "height": rows, "count": 1, "dtype": "uint8"}
    with rasterio.Env(GDAL_PAM_ENABLED="NO"), MemoryFile() as file:
        place = rasterio.transform.from_origin(0, 0, 1, 1)
        with file.open(driver="PNG", transform=place, ZLEVEL=1, **shape) as out:
            out.write_colormap(1, palette)
            out.write(picture, 1)
        return bytes(file.read())


Bands = NDArray[np.float32]
Pixels = tuple[float, float, float, float]
"""West and north of all, width and height of one."""


def geotiff(surface: CellSurface, box: Box | None, code: int | None) -> bytes:
    """Return value, interval, events and exposure of Z-order cells as a GeoTIFF.

    Parameters
    ----------
    surface
        Of Z-order cells: pixels of EPSG:3857 are the cells themselves.
    box
        West, south, east, north in degrees; None for all cells.
    code
        3857, or 4326, whose pixels are of the cell that their middle lies in; each cell has some.

    Raises
    ------
    BadParameter
        The cells are no Z-order cells, or too many, or the system is another.
    """
    if surface.kind.level is None or code not in (WEB_MERCATOR, WGS84):
        raise BadParameter(
            "GeoTIFF is of cells=zorder in 3857 or 4326",
            "GeoTIFF 只支持 cells=zorder，3857 或 4326",
            parameter="cells" if surface.kind.level is None else "crs",
        )  # fmt: skip
    of = np.flatnonzero(_inside(surface, box))
    grid, left, top = _grid(surface, of)
    if code == WGS84:
        return _tiff(surface, *_in_degrees(grid, left, top, surface.kind.level), code)
    side = 2 * HALF_WORLD_M / (1 << surface.kind.level)
    place = left * side - HALF_WORLD_M, HALF_WORLD_M - top * side, side, side
    return _tiff(surface, grid, place, code)


def _in_degrees(grid: Bands, left: int, top: int, level: int) -> tuple[Bands, Pixels]:
    """Return the same cells in pixels of degrees, each in at least one of these.

    Rows of cells become lower towards the poles; pixels are as high as the lowest of them, so that
    the middle of at least one lies in each.
    """
    rows = key_of_cell(np.full(grid.shape[1], left), top + np.arange(grid.shape[1]))
    west, south, _, north = bounds_of(rows, level)
    high = float((north - south).min())
    count = math.ceil((north[0] - south[-1]) / high - 1e-9)
    middles = north[0] - (np.arange(count) + 0.5) * high
    of = np.searchsorted(-south, -middles)
    found = grid[:, np.minimum(of, len(rows) - 1)]
    found[:, of == len(rows)] = np.nan
    return found, (float(west[0]), float(north[0]), 360 / (1 << level), high)


def _inside(surface: CellSurface, box: Box | None) -> NDArray[np.bool_]:
    if box is None:
        return np.ones(len(surface), bool)
    lon, lat = surface.kind.middles(surface.keys)
    return (lon >= box[0]) & (lon <= box[2]) & (lat >= box[1]) & (lat <= box[3])


def _grid(surface: CellSurface, of: Ints) -> tuple[Bands, int, int]:
    """Return bands of the cells, NaN for no data, and column and row of the first one."""
    counts = surface.counts()
    if not len(of):
        return np.full((len(BANDS) + len(counts), 1, 1), np.nan, np.float32), 0, 0
    column, row = columns_and_rows(surface.keys[of])
    left, top = int(column.min()), int(row.min())
    wide, tall = int(column.max()) - left + 1, int(row.max()) - top + 1
    if wide * tall > MOST_PIXELS:
        raise BadParameter(
            f"{wide} × {tall} cells are too many for one grid", f"{wide} × {tall} 个单元过多",
            parameter="bbox",
            mend_en="Give a bbox, or a lower level.", mend_zh="请给出 bbox，或降低 level。",
        )  # fmt: skip
    lower, upper = surface.interval(of)
    known = surface.state[of] != NOT_INSPECTED
    values = (surface.value[of], lower, upper, *(column[of] for column in counts.values()))
    bands = np.full((len(values), tall, wide), np.nan, np.float32)
    for band, numbers in zip(bands, values, strict=True):
        band[row - top, column - left] = np.where(known, numbers, np.nan)
    return bands, left, top


def _tiff(surface: CellSurface, grid: Bands, pixels: Pixels, code: int) -> bytes:
    import rasterio
    from rasterio.io import MemoryFile

    count, tall, wide = grid.shape
    transform = rasterio.transform.from_origin(*pixels)
    with MemoryFile() as file:
        with file.open(
            driver="GTiff", count=count, dtype="float32", nodata=math.nan, crs=f"EPSG:{code}",
            compress="deflate", transform=transform, width=wide, height=tall,
        ) as made:  # fmt: skip
            made.write(grid)
            made.update_tags(**_tags(surface))
            for number, name in enumerate((*BANDS, *surface.counts()), start=1):
                made.set_band_description(number, name)
        return bytes(file.read())


def _tags(surface: CellSurface) -> dict[str, str]:
    """Return what a grid is: method, parameters, rules, sums."""
    return {
        f"SIGANG_{key.upper()}": value if isinstance(value, str) else orjson.dumps(value).decode()
        for key, value in surface.summary.items()
    }
