"""Rows of which the peers of `heat_peers.py` count, in the form that each of them reads."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from bench.heat_data import SPOTS, county_of, roads
from layers.heat.cube_rows import EPOCH, Series, rows_of
from layers.heat.held_cube import HeldCube
from spatial.geo.zorder import columns_and_rows, keys_of

LEVEL, FINE = 14, 16
"""Of the cells that are asked for, and of the cube."""
BEGIN, DAYS = date(2025, 1, 1), 730
SINCE, UNTIL = date(2026, 1, 11), date(2026, 7, 30)
DAY_S = 86_400
CASE, PASSAGE = 0, 1
Answer = list[tuple[int, int, int]]
"""Key of the cell, cases, passages: rising."""
Tile = tuple[int, int, int]


@dataclass(frozen=True)
class Seen:
    """Cases and passages in the order of their Z-order keys; `at` in seconds since 1970."""

    key: np.ndarray
    lon: np.ndarray
    lat: np.ndarray
    at: np.ndarray
    kind: np.ndarray

    def __len__(self) -> int:
        return len(self.key)

    def asked(self, tile: Tile) -> np.ndarray:
        """Tell which rows lie in a tile and in the days that are asked for."""
        z, first = tile[0], tile_key(tile)
        inside = self.key >> 2 * (FINE - z) == first
        return np.asarray(inside & (self.at >= seconds(SINCE)) & (self.at < seconds(UNTIL)))


def seconds(day: date) -> int:
    """Return when a day begins."""
    return (day - date(1970, 1, 1)).days * DAY_S


def tile_key(tile: Tile) -> int:
    """Return the Z-order key of a tile."""
    z, x, y = tile
    lat = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * (y + 0.5) / (1 << z)))))
    return int(keys_of((x + 0.5) / (1 << z) * 360 - 180, lat, z))


def make_seen(passages: int, cases: int, sites: int) -> Seen:
    """Return passages at sites and cases along roads.

    Every place lies well within its cell of the cube, so that no two ways to project it differ.
    """
    dice = np.random.default_rng(20260101)
    spot, site = (keys_of(*roads(dice, size), FINE) for size in (SPOTS, sites))
    busy = dice.lognormal(-0.3, 0.8, sites)
    of = dice.choice(sites, passages, p=busy / busy.sum())
    key = np.concatenate((spot[(SPOTS * dice.uniform(0, 1, cases) ** 2).astype(int)], site[of]))
    kind = np.repeat(np.array([CASE, PASSAGE], np.int8), (cases, passages))
    order = np.argsort(key, kind="stable")
    key, kind = key[order], kind[order]
    column, row = (part + dice.uniform(0.25, 0.75, len(key)) for part in columns_and_rows(key))
    size = 1 << FINE
    lat = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * row / size))))
    at = seconds(BEGIN) + dice.integers(0, DAYS * DAY_S, len(key))
    return Seen(key, column / size * 360 - 180, lat, at, kind)


def answer_of(key: np.ndarray, kind: np.ndarray) -> Answer:
    """Count by cells: the plain way that all others are held to."""
    cells, at = np.unique(key >> 2 * (FINE - LEVEL), return_inverse=True)
    of = [np.bincount(at[kind == one], minlength=len(cells)).tolist() for one in (CASE, PASSAGE)]
    return list(zip(cells.tolist(), *of, strict=True))


def held_cube(seen: Seen) -> tuple[HeldCube, float]:
    """Return the cube by days as a process holds it, and the seconds that adding it up took."""
    began = time.process_time()
    county = county_of(seen.lon, seen.lat)
    day = seen.at // DAY_S
    joint = (seen.key << 20 | (day - seconds(BEGIN) // DAY_S)) << 1 | seen.kind
    rows, first, n = np.unique(joint, return_index=True, return_counts=True)
    counties = int(county.max()) + 1
    names = np.repeat(["case", "exposure"], counties)
    series = Series(
        {i: i for i in range(2 * counties)}, names, np.repeat(["overload", "passage"], counties),
        [str(330000 + i % counties) for i in range(2 * counties)], np.full(2 * counties, "law"),
    )  # fmt: skip
    held = rows_of(
        seen.key[first], day[first] - (EPOCH - date(1970, 1, 1)).days, np.zeros(len(rows), int),
        seen.kind[first] * counties + county[first], n,
    )  # fmt: skip
    nothing = rows_of(*np.zeros((5, 0), np.int64))
    return HeldCube(1, series, held, nothing), time.process_time() - began


def _table(seen: Seen) -> pa.Table:
    at = pa.array(seen.at, pa.timestamp("s"))
    return pa.table({
        "key": seen.key, "lon": seen.lon, "lat": seen.lat, "at": at, "kind": seen.kind
    })  # fmt: skip


def to_parquet(seen: Seen, path: Path) -> None:
    """Write the rows in the order of their keys."""
    pyarrow.parquet.write_table(_table(seen), path, row_group_size=122_880, compression="zstd")


def to_csv(seen: Seen, path: Path) -> None:
    """Write the rows for COPY."""
    options = pyarrow.csv.WriteOptions(include_header=False)
    pyarrow.csv.write_csv(_table(seen).select(["lon", "lat", "at", "kind"]), path, options)


def to_client(seen: Seen, tile: Tile) -> bytes:
    """Return what a page would be sent to bin the points of a tile: 9 bytes a point."""
    inside = seen.asked(tile)
    columns = seen.lon[inside].astype("<f4"), seen.lat[inside].astype("<f4"), seen.kind[inside]
    return b"".join(column.tobytes() for column in columns)
