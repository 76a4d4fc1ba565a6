"""Terrain into tiles: from a GeoTIFF or COG, or from numbers that somebody made up.

Whatever was loaded before is replaced: one terrain is in use. A file must say its coordinate
system; who loads it says the datum of its heights and how far they may be wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from math import ceil, floor
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import psycopg

from spatial.errors import BadParameter, Quarantined
from spatial.geo import crs
from spatial.geo.geoid import open_geoid
from spatial.geo.terrain import Corner, Grid, pack
from spatial.postgres.ingest import SourceInfo, save_source

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

MOST_CELLS = 3600
"""Cells of a side of a tile: one second of arc."""
LOWEST_M, HIGHEST_M = -500.0, 9_000.0
_INSERT = """
INSERT INTO sigang.terrain_tile (lon, lat, cells, digest, packed, source_id)
VALUES (%s, %s, %s, %s, %s, %s)"""
Tiles = Iterator[tuple[Corner, Grid]]


@dataclass(frozen=True)
class Loading:
    """How the heights of a file are to be read."""

    source: str
    datum: Literal["AMSL", "W84"]
    accuracy_m: float
    geoid_accuracy_m: float = 1.0


def write_terrain(conn: psycopg.Connection, source: str, tiles: Tiles) -> int:
    """Put tiles in the place of all that there are; return how many."""
    conn.execute("DELETE FROM sigang.terrain_tile")
    count = 0
    for (lon, lat), grid in tiles:
        packed = pack(grid)
        digest = blake2b(packed, digest_size=16).hexdigest()
        conn.execute(_INSERT, [lon, lat, len(grid), digest, packed, source])
        count += 1
    return count


def load_terrain(
    conn: psycopg.Connection, file: Path, loading: Loading, progress: Callable[[str], None]
) -> int:
    """Load a raster of heights; return the number of tiles. The caller commits.

    Raises
    ------
    BadParameter
        No such file, or it cannot be read as a raster.
    Quarantined
        It lacks a coordinate system, has several bands, or holds heights that no ground has.
    SetupError
        Its heights are above the ellipsoid and there is no geoid.
    """
    import rasterio
    from rasterio.errors import RasterioError

    accuracy_m = loading.accuracy_m
    if loading.datum == "W84":
        accuracy_m += loading.geoid_accuracy_m
    save_source(
        conn,
        SourceInfo(
            loading.source, f"地形 {file.name}", f"Terrain {file.name}", "see owner", file.name,
            version=file.name,
            props={"terrain": True, "accuracy_m": accuracy_m, "origin": "real"},
        ),
    )  # fmt: skip
    try:
        with rasterio.open(file) as raster:
            _check(raster, file)
            return write_terrain(conn, loading.source, _tiles(raster, loading, progress))
    except RasterioError as error:
        raise BadParameter(
            f"{file.name} cannot be read as a raster: {error}", f"{file.name} 不是可读的栅格"
        ) from error


def _check(raster: DatasetReader, file: Path) -> None:
    fault = None
    if raster.crs is None:
        fault = "it names no coordinate system"
    elif raster.count != 1:
        fault = f"it has {raster.count} bands, not one"
    if fault:
        raise Quarantined(
            f"{file.name}: {fault}", f"{file.name} 不能作为地形载入：{fault}",
            mend_en="Write a single band with its coordinate system (gdal_edit.py -a_srs).",
            mend_zh="请写成单波段并指定坐标系（gdal_edit.py -a_srs）。",
        )  # fmt: skip


def _tiles(raster: DatasetReader, loading: Loading, progress: Callable[[str], None]) -> Tiles:
    """Yield the tiles of one degree that a raster touches, resampled to their cells."""
    from rasterio.enums import Resampling
    from rasterio.transform import from_bounds
    from rasterio.vrt import WarpedVRT
    from rasterio.warp import calculate_default_transform, transform_bounds

    target = f"EPSG:{crs.WGS84}"
    step = calculate_default_transform(
        raster.crs, target, raster.width, raster.height, *raster.bounds
    )[0].a
    cells = min(MOST_CELLS, max(1, round(1 / step)))
    west, south, east, north = transform_bounds(raster.crs, target, *raster.bounds)
    for lon in range(floor(west), ceil(east)):
        for lat in range(floor(south), ceil(north)):
            with WarpedVRT(
                raster, crs=target, resampling=Resampling.bilinear, width=cells, height=cells,
                transform=from_bounds(lon, lat, lon + 1, lat + 1, cells, cells),
                nodata=np.nan, dtype="float32",
            ) as warped:  # fmt: skip
                grid = np.asarray(warped.read(1), np.float32)
            if np.isfinite(grid).any():
                progress(f"tile {lon} {lat}")
                yield (lon, lat), _sea_level(_plausible(grid), (lon, lat), loading)


def _plausible(grid: Grid) -> Grid:
    known = grid[np.isfinite(grid)]
    if known.min() < LOWEST_M or known.max() > HIGHEST_M:
        raise Quarantined(
            f"heights from {known.min():g} to {known.max():g} m: no ground has these",
            f"高程 {known.min():g} 至 {known.max():g} 米不合理",
            mend_en="State the file's nodata value.", mend_zh="请在文件中声明 nodata 值。",
        )  # fmt: skip
    return grid


def _sea_level(grid: Grid, corner: Corner, loading: Loading) -> Grid:
    if loading.datum == "AMSL":
        return grid
    cells = len(grid)
    middles = (np.arange(cells) + 0.5) / cells
    lon, lat = np.meshgrid(corner[0] + middles, corner[1] + middles[::-1])
    undulation_m = open_geoid(loading.geoid_accuracy_m).undulations_m(lon, lat)
    return (grid - undulation_m).astype(np.float32)
