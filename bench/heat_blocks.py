"""The cube of enforcement heat in files by range of Z-order, and hot spots of it block by block.

A block is counted from its own file alone. Numbers of the whole (pooled rate, variance, mean and
spread of residuals) are put together from those of the blocks, and Gi* of the cells at a block's
edge takes in those of other blocks that touch it: its halo. Who runs the blocks does not matter
(`heat_cluster.py`: dask).
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from layers.functions.cells import zorder_cells
from layers.heat.counted import Counted
from layers.heat.cube_rows import Series, rows_of
from layers.heat.held_cube import HeldCube, Sums
from routing.graph.weights import Floats, Ints
from routing.statistics.neighbours import QUEEN
from spatial.geo.zorder import columns_and_rows, key_of_cell

CUBE_LEVEL = 16
SERIES = "series.json"


@dataclass(frozen=True)
class Values:
    """Inspected cells of a block, keys rising, each with its exposure-adjusted residual."""

    keys: Ints
    values: Floats


@dataclass(frozen=True)
class Rates:
    """Pooled rate and variance between cells, of all blocks."""

    pooled: float
    variance: float


@dataclass(frozen=True)
class Spread:
    """Number, mean and standard deviation of the residuals of all blocks."""

    count: int
    mean: float
    deviation: float


def write_blocks(cube: HeldCube, folder: Path, level: int, count: int) -> Ints:
    """Write a file for each range of cells of a level, and return the ranges' first keys.

    Ranges have about as many rows each; no cell of the level lies in two.
    """
    cells, *others = cube.base.columns()
    shift = 2 * (CUBE_LEVEL - level)
    order = np.argsort(cells, kind="stable")
    cell = cells[order]
    cuts = cell[np.linspace(0, len(cell) - 1, count + 1).astype(int)[1:-1]] >> shift
    first = np.unique(np.concatenate(([0], cuts)))
    at = np.append(np.searchsorted(cell, first << shift), len(cell))
    for number, (begin, end) in enumerate(pairwise(at)):
        part = order[begin:end]
        named = zip(("day", "hour", "series", "n"), others, strict=True)
        columns = {name: column[part] for name, column in named}
        table = pa.table({"cell": cell[begin:end], **columns})
        pq.write_table(table, folder / f"{number:05}.parquet", compression="zstd")
    series = cube.series
    text = json.dumps([
        list(series.at), series.measures.tolist(), series.kinds.tolist(),
        list(series.admin_codes), series.unit_ids.tolist(),
    ])  # fmt: skip
    (folder / SERIES).write_text(text, encoding="utf-8")
    return np.asarray(first)


def read_block(folder: Path, number: int) -> HeldCube:
    """Return the cube of one block."""
    ids, measures, kinds, codes, units = json.loads((folder / SERIES).read_text("utf-8"))
    at = {one: place for place, one in enumerate(ids)}
    series = Series(at, np.array(measures), np.array(kinds), codes, np.array(units))
    table = pq.read_table(folder / f"{number:05}.parquet")
    columns = (table[n].to_numpy() for n in ("cell", "day", "hour", "series", "n"))
    return HeldCube(1, series, rows_of(*columns), rows_of(*np.zeros((5, 0), np.int64)))


def sum_block(folder: Path, number: int, asked: Counted, level: int) -> Sums:
    """Return the sums of one block by cells of a level."""
    kind = zorder_cells(level)
    return read_block(folder, number).sum(asked, kind.name, kind.grouping)


def _inspected(sums: Sums) -> Sums:
    known = (sums.exposure > 0) & (sums.events <= sums.exposure)
    return Sums(sums.keys[known], sums.events[known], sums.exposure[known])


def totals(sums: Sums) -> tuple[float, float, int]:
    """Return events, exposure and number of the inspected cells."""
    known = _inspected(sums)
    return float(known.events.sum()), float(known.exposure.sum()), len(known.keys)


def squares_about(sums: Sums, pooled: float) -> float:
    """Return Σ n (r − m)² of the inspected cells."""
    known = _inspected(sums)
    return float((known.exposure * (known.events / known.exposure - pooled) ** 2).sum())


def rates_of(parts: Sequence[tuple[float, float, int]], squares: Sequence[float]) -> Rates:
    """Put pooled rate and variance together: Marshall's, as on one machine."""
    events, exposure = (math.fsum(p[i] for p in parts) for i in (0, 1))
    pooled, cells = events / exposure, sum(p[2] for p in parts)
    variance = math.fsum(squares) / exposure - pooled * cells / exposure
    return Rates(pooled, max(0.0, variance))


def residuals(sums: Sums, rates: Rates) -> Values:
    """Return the exposure-adjusted residuals of a block."""
    known = _inspected(sums)
    chance = rates.variance + rates.pooled / known.exposure
    rate = known.events / known.exposure
    return Values(known.keys, (rate - rates.pooled) / np.sqrt(chance))


def halo_of(keys: Ints) -> Ints:
    """Return the keys of places that touch cells and are none of them."""
    column, row = columns_and_rows(keys)
    around = [key_of_cell(np.maximum(column + dx, 0), np.maximum(row + dy, 0)) for dx, dy in QUEEN]
    return np.setdiff1d(np.concatenate(around), keys)


def blocks_of(first: Ints, keys: Ints) -> Ints:
    """Return the numbers of the blocks in whose ranges keys lie."""
    return np.unique(np.searchsorted(first, keys, side="right") - 1)


def count_and_sum(values: Values) -> tuple[int, float]:
    """Return number and sum of the residuals of a block."""
    return len(values.values), float(values.values.sum())


def squares_of(values: Values, mean: float) -> float:
    """Return the sum of the squares of a block's residuals about a mean."""
    return float(((values.values - mean) ** 2).sum())


def hot_spots(own: Values, others: Sequence[Values], spread: Spread) -> Floats:
    """Return z of Gi* of the cells of a block, with those of other blocks beside it."""
    keys = np.concatenate((own.keys, *(other.keys for other in others)))
    order = np.argsort(keys)
    keys = keys[order]
    values = np.concatenate((own.values, *(other.values for other in others)))[order] - spread.mean
    column, row = columns_and_rows(own.keys)
    local, weight = np.zeros(len(own.keys)), np.zeros(len(own.keys))
    for dx, dy in QUEEN:
        x, y = column + dx, row + dy
        wanted = key_of_cell(np.maximum(x, 0), np.maximum(y, 0))
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        there = (keys[at] == wanted) & (x >= 0) & (y >= 0)
        local += np.where(there, values[at], 0.0)
        weight += there
    below = np.sqrt((spread.count * weight - weight**2) / (spread.count - 1))
    return np.asarray(local / (spread.deviation * below))


def halo_part(values: Values, halo: Ints) -> Values:
    """Return of a block what lies in the halo of another one."""
    there = np.isin(values.keys, halo)
    return Values(values.keys[there], values.values[there])
