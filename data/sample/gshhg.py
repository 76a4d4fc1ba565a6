"""Read the full-resolution shoreline of GSHHG from the binned netCDF file that Debian ships.

The file cuts every shoreline into one-degree bins. A bin holds closed rings and open segments
that enter and leave through its border; land (level 1 and 3) or water (level 2 and 4) lies to the
left of a segment once lakes are reversed. So each open segment is followed, then the border
counter-clockwise to the next entry, until the ring closes. Work in integers makes bins fit exactly.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import shapely
from numpy.typing import NDArray

from spatial.errors import SetupError

SHORE_FILE = Path("/usr/share/gmt-gshhg/binned_GSHHS_f.nc")
LAND, LAKE, LAKE_ISLAND, POND = 1, 2, 3, 4

_SIDE = 65535  # a bin's width and height in file units
_CORNERS = ((0, 0), (_SIDE, 0), (_SIDE, _SIDE), (0, _SIDE))
_OUTLINE_STEP, _OUTLINE_ISLAND = 20, 100  # points
_BLOCK, _GRID = 10, 1e-4  # degrees
_INSIDE = 4  # entry side of a ring that lies inside its bin

type_ring = NDArray[np.int64]


@dataclass(frozen=True)
class Shore:
    """One land, lake, island in a lake or pond: its level, GSHHG number and WGS 84 geometry."""

    level: int
    number: int
    geometry: shapely.Geometry


@dataclass(frozen=True)
class _Segment:
    level: int
    number: int
    closed: bool
    points: type_ring


def read_shore(bbox: tuple[float, float, float, float], path: Path = SHORE_FILE) -> list[Shore]:
    """Return everything of the shoreline inside `bbox` (west, south, east, north in degrees)."""
    if not path.exists():
        raise SetupError(
            f"the shoreline file {path} is missing",
            f"缺少海岸线文件 {path}",
            mend_en="install the Debian package gmt-gshhg-full",
            mend_zh="请安装 Debian 软件包 gmt-gshhg-full",
        )
    parts: dict[tuple[int, int], list[shapely.Geometry]] = defaultdict(list)
    with h5py.File(path) as file:
        tables = _Tables(file)
        for lon in range(int(np.floor(bbox[0])), int(np.ceil(bbox[2]))):
            for lat in range(int(np.floor(bbox[1])), int(np.ceil(bbox[3]))):
                for level, number, ring in _bin_rings(tables, lon, lat):
                    parts[level, number].append(shapely.Polygon(ring / _SIDE + (lon, lat)))
    window = shapely.box(*bbox)
    merged = ((key, shapely.union_all(polygons)) for key, polygons in sorted(parts.items()))
    shores = [Shore(*key, geometry & window) for key, geometry in merged]
    return [shore for shore in shores if not shore.geometry.is_empty]


def read_outline(
    bbox: tuple[int, int, int, int], path: Path = SHORE_FILE
) -> list[shapely.Geometry]:
    """Return the land inside `bbox` (whole degrees) for small scales, one geometry a block.

    Every `_OUTLINE_STEP`th point of a shoreline is kept, and no island of fewer than
    `_OUTLINE_ISLAND` points.
    """
    west, south, east, north = bbox
    blocks: dict[tuple[int, int], list[shapely.Geometry]] = defaultdict(list)
    with h5py.File(path) as file:
        tables = _Outline(file)
        for lon in range(west, east):
            for lat in range(south, north):
                for level, _, ring in _bin_rings(tables, lon, lat):
                    if level == LAND and len(ring) > 3:
                        land = shapely.Polygon(ring / _SIDE + (lon, lat))
                        blocks[lon // _BLOCK, lat // _BLOCK].append(shapely.make_valid(land))
    return [shapely.union_all(parts, grid_size=_GRID) for parts in blocks.values()]


class _Tables:
    """The index arrays of the file, with the point arrays left on disk."""

    def __init__(self, file: h5py.File) -> None:
        self.columns = int(file["N_bins_in_360_longitude_range"][0])
        self.rows = int(file["N_bins_in_180_degree_latitude_range"][0])
        self.corner_levels = file["Embedded_node_levels_in_a_bin"][:]
        self.first_segment = file["Id_of_first_segment_in_a_bin"][:]
        self.segments = file["N_segments_in_a_bin"][:]
        self.packed = file["Embedded_npts_levels_exit_entry_for_a_segment"][:]
        self.first_point = file["Id_of_first_point_in_a_segment"][:]
        self.numbers = file["Id_of_GSHHS_ID"][:]
        self.x = file["Relative_longitude_from_SW_corner_of_bin"]
        self.y = file["Relative_latitude_from_SW_corner_of_bin"]

    def bin_number(self, lon: int, lat: int) -> int:
        """Return the number of the bin whose south-west corner is (lon, lat)."""
        return (self.rows // 2 - 1 - lat) * self.columns + lon % self.columns

    def read_bin(self, number: int) -> Iterator[_Segment]:
        """Yield the bin's segments, lakes reversed so that their water lies to the left."""
        first = int(self.first_segment[number])
        for index in range(first, first + int(self.segments[number])):
            packed = int(self.packed[index])
            level, points = packed >> 6 & 7, self._points(index, packed >> 9)
            if level in (LAKE, POND):
                points = points[::-1]
            yield _Segment(level, int(self.numbers[index]), packed & 7 == _INSIDE, points)

    def _points(self, index: int, count: int) -> type_ring:
        span = slice(int(self.first_point[index]), int(self.first_point[index]) + count)
        pair = (self.x[span].view(np.uint16), self.y[span].view(np.uint16))
        return np.column_stack(pair).astype(np.int64)


class _Outline(_Tables):
    """The tables with all points in memory, which yield thinned shorelines of land only."""

    def __init__(self, file: h5py.File) -> None:
        super().__init__(file)
        self.x, self.y = self.x[:], self.y[:]

    def read_bin(self, number: int) -> Iterator[_Segment]:
        """Yield the bin's land with few points; the ends of a segment stay."""
        for whole in super().read_bin(number):
            points = whole.points
            if whole.level != LAND or (whole.closed and len(points) < _OUTLINE_ISLAND):
                continue
            thin = np.concatenate([points[:-1:_OUTLINE_STEP], points[-1:]])
            yield _Segment(whole.level, whole.number, whole.closed, thin)


def _bin_rings(tables: _Tables, lon: int, lat: int) -> Iterator[tuple[int, int, type_ring]]:
    """Yield (level, number, closed ring in file units) of everything in one bin."""
    number = tables.bin_number(lon, lat)
    open_segments: dict[int, list[_Segment]] = defaultdict(list)
    for segment in tables.read_bin(number):
        if not segment.closed:
            open_segments[segment.level].append(segment)
        elif len(segment.points) > 3:
            yield segment.level, segment.number, segment.points
    lowest = min(int(tables.corner_levels[number]) >> shift & 7 for shift in (9, 6, 3, 0))
    for level in range(1, lowest + 1):
        if not open_segments[level]:
            yield level, 0, np.array(_CORNERS)
    for level, segments in open_segments.items():
        for first, ring in _close(segments):
            yield level, first.number, ring


def _close(segments: list[_Segment]) -> Iterator[tuple[_Segment, type_ring]]:
    """Yield the rings that open segments of one level make with the bin's border."""
    waiting = {i: _along(segment.points[0]) for i, segment in enumerate(segments)}
    while waiting:
        start = current = next(iter(waiting))
        pieces: list[type_ring] = []
        while True:
            pieces.append(segments[current].points)
            leave = _along(segments[current].points[-1])
            follower = min(waiting, key=lambda i: (waiting[i] - leave) % (4 * _SIDE))
            pieces.append(_border(leave, waiting.pop(follower)))
            if follower == start:
                break
            current = follower
        yield segments[start], np.concatenate(pieces)


def _along(point: type_ring) -> int:
    """Return how far a border point lies counter-clockwise from the south-west corner."""
    x, y = int(point[0]), int(point[1])
    if y == 0:
        return x
    if x == _SIDE:
        return _SIDE + y
    return 3 * _SIDE - x if y == _SIDE else 4 * _SIDE - y


def _border(leave: int, enter: int) -> type_ring:
    """Return the corners passed on the way counter-clockwise from `leave` to `enter`."""
    span = (enter - leave) % (4 * _SIDE)
    first = leave // _SIDE + 1
    passed = [k for k in range(first, first + 5) if k * _SIDE - leave < span]
    return np.array([_CORNERS[k % 4] for k in passed], dtype=np.int64).reshape(-1, 2)
