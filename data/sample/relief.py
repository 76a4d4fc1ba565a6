"""The ground of the sample: a made-up relief, the same in every installation, marked synthetic."""

from __future__ import annotations

import numpy as np
import psycopg

from data.terrain import Tiles, write_terrain
from data.things import write_sources
from spatial.geo.terrain import Grid

SOURCE = "sample-relief"
CELLS = 240  # 15″
WEST, SOUTH, EAST, NORTH = 117, 26, 124, 32
_SEED, _WAVES = 33, 12


def load_relief(conn: psycopg.Connection) -> None:
    """Put the relief in the place of whatever terrain there is."""
    write_sources(conn, SOURCE)
    write_terrain(conn, SOURCE, _tiles())


def _tiles() -> Tiles:
    for lon in range(WEST, EAST):
        for lat in range(SOUTH, NORTH):
            yield (lon, lat), _relief(lon, lat)


def _relief(west: int, south: int) -> Grid:
    """Return hills that rise to the south-west and end in plains and sea to the north-east."""
    middles = (np.arange(CELLS) + 0.5) / CELLS
    lon, lat = np.meshgrid(west + middles, south + middles[::-1])
    random = np.random.default_rng(_SEED)
    rough = np.zeros_like(lon)
    for _ in range(_WAVES):
        east, north = random.normal(0.0, 14.0, 2)
        rough += np.sin(east * lon + north * lat + random.uniform(0, 2 * np.pi))
    inland = np.clip((121.0 - lon) * 0.35 + (29.9 - lat) * 0.30, 0.0, 1.0)
    heights = np.clip(520.0 * inland * (1.0 + rough / np.sqrt(_WAVES)), 0.0, 1_900.0)
    return np.asarray(np.round(heights, 1), np.float32)
