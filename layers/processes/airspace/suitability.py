"""Where one may fly at a height and time: cells of the BeiDou grid judged whole, to be drawn.

The verdict of a cell is that of every place in it, or `mixed` with the mildest and the heaviest
that are found; where something is unknown of the ground, no cell says that flight is free.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from layers.processes.airspace.answer import NOTE
from layers.processes.readers.airspace_rows import AirOfTime
from layers.tiles.mvt import EXTENT, Value, Whole, column_of, encode_layer, rectangle_rings
from routing.airspace.ask import Heights
from routing.airspace.cells import CELL_NAMES, MIXED, CellColumns, Cells, judge_cells
from routing.airspace.judge import Flight
from routing.airspace.levels import Joins
from routing.airspace.verdict import Verdict, Weight, answer_of
from spatial.airspace_rules import FILING, Aircraft, Task
from spatial.errors import TooComplex
from spatial.geo import beidou_grid
from spatial.geo.heights import Qnh
from spatial.json_types import Document
from spatial.rules import get_rule

LAYER = "suitability"
MINZOOM, MAXZOOM = 7, 15
PER_DEGREE = {3: (4, 6), 4: (60, 60), 5: (900, 900)}
"""Columns and rows of a degree by level of the grid: 15′ × 10′, 1′, 4″."""
_FINER_FROM = ((13, 5), (9, 4), (0, 3))
MOST_CELLS, MOST_NAMES = 4_000, 3
GROUND = ("known", "unknown", "partly_unknown")
LEGEND: Mapping[str, tuple[str, str, str, str]] = {
    Verdict.PROHIBITED.value: ("禁", "X", "整格禁止飞行", "Forbidden in the whole cell"),
    Verdict.NEEDS_APPROVAL.value: (
        "批", "A", "整格须申请批准", "Needs approval in the whole cell",
    ),
    Verdict.NEEDS_CONFIRMATION.value: (
        "核", "C", "有类别未知或任务免申请：须向主管单位核实",
        "Something is unknown, or the task is exempt: must be confirmed",
    ),
    Verdict.UNDETERMINED.value: (
        "?", "?", "缺少数据或高度误差跨越界限，不能判定",
        "Cannot be told: data is lacking, or a height's accuracy reaches over a limit",
    ),
    MIXED: (
        "混", "M", "格内结论不一，按最严处理并逐点查询",
        "Differs within the cell: reckon with the heaviest, ask for the place",
    ),
    Verdict.SUITABLE.value: (
        "适", "S", "八类地面均已知且无限制：按规则无需申请；不是批准",
        "All eight categories are known and nothing stands against it: no application by rule;"
        " no approval",
    ),
}  # fmt: skip
"""Of each verdict its sign and its sentence, in Chinese and English."""


@dataclass(frozen=True)
class Asked:
    """For which height, aircraft, task and moment cells are judged."""

    heights: Heights
    aircraft: Aircraft
    task: Task
    at: datetime
    qnh: Qnh | None = None


def level_at(zoom: int) -> int:
    """Return the level of the grid that a zoom shows."""
    return next(level for first, level in _FINER_FROM if zoom >= first)


def cells_of_tile(zxy: tuple[int, int, int]) -> tuple[int, Cells]:
    """Return level and cells of a tile of WebMercatorQuad, those at its edges whole."""
    z, x, y = zxy
    level, side = level_at(z), 1 << z
    north, south = (
        math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * (y + n) / side)))) for n in (0, 1)
    )
    west, east = (360.0 * (x + n) / side - 180.0 for n in (0, 1))
    return level, cells_of_box((west, south, east, north), level)


def cells_of_box(box: tuple[float, float, float, float], level: int) -> Cells:
    """Return the cells of a level that a box in degrees touches.

    Raises
    ------
    TooComplex
        There are too many.
    """
    across, up = PER_DEGREE[level]
    west, south, east, north = box
    first, last = math.floor(west * across + 1e-9), math.ceil(east * across - 1e-9)
    low, high = math.floor(south * up + 1e-9), math.ceil(north * up - 1e-9)
    if (last - first) * (high - low) > MOST_CELLS:
        raise TooComplex(
            f"More than {MOST_CELLS:,} cells of level {level}",
            f"{level} 级网格超过 {MOST_CELLS:,} 个",
            mend_en="Ask for a smaller bbox or a coarser level.", mend_zh="请缩小范围或降低级别。",
            parameter="bbox",
        )  # fmt: skip
    grid = np.meshgrid(np.arange(first, last), np.arange(low, high))
    return Cells(grid[0].ravel(), grid[1].ravel(), PER_DEGREE[level])


@dataclass(frozen=True)
class Judged:
    """Cells of a level with what follows for each."""

    level: int
    cells: Cells
    columns: CellColumns
    air: AirOfTime

    def facts(self) -> dict[str, Sequence[Value | None]]:
        """Return what is told of cells, by name a column."""
        lon, lat = self.cells.middles
        ground, columns = self.columns.ground, self.columns
        zones = self._zones()
        said = np.array([
            [answer_of(weight, weight, unknown=unknown).value for weight in Weight]
            for unknown in (False, True)
        ])  # fmt: skip
        guarded = (ground > 0).astype(np.int8)
        return {
            "code": beidou_grid.encode_many(lon, lat, self.level).tolist(),
            "code_3d": self._solid_codes(),
            "verdict": CELL_NAMES[columns.verdict].tolist(),
            "mildest": said[guarded, columns.mildest].tolist(),
            "heaviest": said[guarded, columns.heaviest].tolist(),
            "ground": np.array(GROUND)[ground].tolist(),
            "zones": [zones.get(number) for number in range(len(self.cells))],
            "zone_count": self._counts(),
        }

    def _counts(self) -> list[int]:
        counts: list[int] = np.bincount(self.columns.cell, minlength=len(self.cells)).tolist()
        return counts

    def _zones(self) -> dict[int, str]:
        """Return by cell the names of its first zones, those that cover it first."""
        order = np.lexsort((~self.columns.whole, self.columns.cell))
        found: dict[int, list[str]] = {}
        every = self.air.known.zones.all
        pairs = zip(
            self.columns.cell[order].tolist(), self.columns.zone[order].tolist(), strict=True
        )
        for cell, zone in pairs:
            names = found.setdefault(cell, [])
            if len(names) < MOST_NAMES:
                names.append(every[zone].name_zh or every[zone].id)
        return {cell: "、".join(names) for cell, names in found.items()}

    def _solid_codes(self) -> list[str | None]:
        """Return the 3D codes of the height asked above the middles; None where it is unknown."""
        lon, lat = self.cells.middles
        known = np.flatnonzero(~np.isnan(self.columns.height_w84_m))
        found: list[str | None] = [None] * len(lon)
        if not len(known):
            return found
        heights = self.columns.height_w84_m[known]
        codes = beidou_grid.encode_3d_many(lon[known], lat[known], heights, self.level)
        for number, code in zip(known.tolist(), codes.tolist(), strict=True):
            found[number] = code
        return found


def judged(air: AirOfTime, level: int, cells: Cells, asked: Asked) -> Judged:
    """Judge cells by the air and the rules of the moment asked."""
    clock, at_s = get_rule(air.rules, FILING).value.root[asked.task], asked.at.timestamp()
    joins = air.judge.air.joins
    flight = Flight(asked.aircraft, at_s, at_s, clock)
    joined = Joins(joins.terrain, joins.geoid, asked.qnh)
    return Judged(level, cells, judge_cells(air.judge, cells, asked.heights, flight, joined), air)


def tile_of(air: AirOfTime, zxy: tuple[int, int, int], asked: Asked) -> tuple[bytes, int]:
    """Return a vector tile and how many cells it holds."""
    level, cells = cells_of_tile(zxy)
    found = judged(air, level, cells, asked)
    columns = {key: column_of(values) for key, values in found.facts().items()}
    ids, rings = np.arange(1, len(cells) + 1), _rings(cells, zxy)
    return encode_layer(LAYER, ids, rings, columns), len(cells)


def _rings(cells: Cells, zxy: tuple[int, int, int]) -> Whole:
    """Return the corners of cells in units of a tile."""
    z, x, y = zxy
    side = 1 << z
    across = [((lon + 180) / 360 * side - x) * EXTENT for lon in (cells.west, cells.east)]
    down = [
        ((1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2 * side - y) * EXTENT
        for lat in (cells.north, cells.south)
    ]
    left, top, right, bottom = (
        np.rint(side).astype(np.int64) for side in (across[0], down[0], across[1], down[1])
    )
    return rectangle_rings(left, top, right, bottom)


def items_of(found: Judged, asked: Asked) -> Document:
    """Return cells as GeoJSON."""
    cells = found.cells
    corners = zip(
        cells.west.tolist(), cells.south.tolist(), cells.east.tolist(), cells.north.tolist(),
        strict=True,
    )  # fmt: skip
    facts = found.facts()
    features = [
        {
            "type": "Feature", "id": told[0], "properties": dict(zip(facts, told, strict=True)),
            "geometry": {"type": "Polygon", "coordinates": [_ring(*box)]},
        }
        for box, *told in zip(corners, *facts.values(), strict=True)
    ]  # fmt: skip
    return {
        "type": "FeatureCollection", "level": found.level, **about(found.air, asked),
        "numberReturned": len(features), "features": features,
    }  # fmt: skip


def _ring(west: float, south: float, east: float, north: float) -> list[tuple[float, float]]:
    return [(west, south), (east, south), (east, north), (west, north), (west, south)]


def about(air: AirOfTime, asked: Asked) -> Document:
    """Return what verdicts stand on, and what the signs of cells mean."""
    return {
        "at": asked.at, "valid_until": valid_until(air, asked.at),
        "airspace_version": air.known.version, "data_as_of": air.known.changed_at,
        "note": NOTE, "legend": legend(),
    }  # fmt: skip


def legend() -> list[Document]:
    """Return sign and sentence of each verdict of a cell."""
    return [
        {"verdict": name, "sign": {"zh": said[0], "en": said[1]}, "zh": said[2], "en": said[3]}
        for name, said in LEGEND.items()
    ]


def valid_until(air: AirOfTime, at: datetime) -> datetime | None:
    """Return until when no zone begins or ends, None where nothing known changes."""
    changes = air.known.zones.changes_s
    after = np.searchsorted(changes, at.timestamp(), side="right")
    return None if after == len(changes) else datetime.fromtimestamp(changes[after], UTC)
