"""A seeded synthetic province of a million junctions, the hard case for separators.

A jittered grid with arterials and motorways, rivers with few bridges, one-way streets and dead
ends; only its largest strongly connected part is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

SEED = 20260302
SIDE = 1_075  # junctions along a side before the thinning; a million are left
WEST, SOUTH = 118.1, 27.2
STEP_DEG = 0.004
JITTER = 0.28  # of a step
ARTERIAL, MOTORWAY = 12, 96  # every so many lines
KEPT = 0.55  # of the local streets
ONEWAY = 0.08
RIVERS, BRIDGE = 9, 60  # every so many crossings of a river is a bridge
SPEED_KMH = {"residential": 30, "primary": 60, "motorway": 100}

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Streets:
    """Straight streets between places (EPSG:4326): ends, class, speed and whether one-way."""

    lon: Floats
    lat: Floats
    tail: Ints
    head: Ints
    road_class: NDArray[np.str_]
    speed_kmh: Floats
    oneway: Bools


def province(side: int = SIDE) -> Streets:
    """Return the streets of a grid of `side` by `side` junctions."""
    rng = np.random.default_rng(SEED)
    row, column = (a.ravel() for a in np.mgrid[0:side, 0:side])
    jitter = rng.uniform(-JITTER, JITTER, (2, side * side))
    lon = WEST + (column + jitter[0]) * STEP_DEG
    lat = SOUTH + (row + jitter[1]) * STEP_DEG
    number = np.arange(side * side).reshape(side, side)
    tail = np.concatenate([number[:, :-1].ravel(), number[:-1].ravel()])
    head = np.concatenate([number[:, 1:].ravel(), number[1:].ravel()])
    across = np.arange(len(tail)) < side * (side - 1)  # along a row
    line = np.where(across, row[tail], column[tail])
    road_class = np.full(len(tail), "residential", "U11")
    road_class[line % ARTERIAL == 0] = "primary"
    road_class[line % MOTORWAY == 0] = "motorway"
    local = road_class == "residential"
    keep = ~local | (rng.random(len(tail)) < KEPT)
    keep &= ~_in_water(rng, side, row, column, tail, head)
    oneway = local & (rng.random(len(tail)) < ONEWAY)
    turned = rng.random(len(tail)) < 0.5
    tail, head = np.where(turned, head, tail), np.where(turned, tail, head)
    speed = np.array([SPEED_KMH[k] for k in road_class.tolist()], np.float64)
    parts = (a[keep] for a in (tail, head, road_class, speed, oneway))
    return connected(Streets(lon, lat, *parts))


def _in_water(
    rng: np.random.Generator, side: int, row: Ints, column: Ints, tail: Ints, head: Ints
) -> Bools:
    """Return the streets that cross a river where it has no bridge."""
    along = np.arange(side)
    wet = np.zeros(len(tail), np.bool_)
    for number in range(RIVERS):
        wave = rng.normal(0, 0.35, side).cumsum() + rng.uniform(0.1, 0.9) * side
        a, b = (column, row) if number % 2 else (row, column)
        side_of = b > wave[a]
        crossing = np.flatnonzero(side_of[tail] != side_of[head])
        bridge = along[a[tail[crossing]]] % BRIDGE == 0
        wet[crossing[~bridge]] = True
    return wet


def connected(streets: Streets) -> Streets:
    """Return the largest part in which every place reaches every other one."""
    count = len(streets.lon)
    back = ~streets.oneway
    tail = np.concatenate([streets.tail, streets.head[back]])
    head = np.concatenate([streets.head, streets.tail[back]])
    matrix = coo_matrix((np.ones(len(tail), np.int8), (tail, head)), shape=(count, count))
    _, label = connected_components(matrix, connection="strong")
    main = label == np.bincount(label).argmax()
    keep = main[streets.tail] & main[streets.head]
    number = np.cumsum(main) - 1
    return Streets(
        streets.lon[main],
        streets.lat[main],
        number[streets.tail[keep]],
        number[streets.head[keep]],
        streets.road_class[keep],
        streets.speed_kmh[keep],
        streets.oneway[keep],
    )
