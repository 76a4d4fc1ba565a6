"""Grow the streets of a town: a bent lattice whose blocks get coarser away from the centre.

The town is a lattice of cells. Every `BLOCK` cells runs an arterial; inside a block, lines are kept
every 1, 2, 4 or 8 cells by the density there. Runs are dropped or cut short (dead ends), water
takes what is no bridge, and a smooth field bends it all, so that no two quarters look alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from data.facts import Facts

CELL_M = 115.0
BLOCK = 8
STEPS = (1, 2, 4, 8)
STEP_ABOVE = (0.80, 0.34, 0.12, 0.035)  # density from which a block keeps every 1, 2, 4, 8 cells
MISSING_SHARE = 0.13  # runs inside a block that are not there
DEAD_END_SHARE = 0.14  # runs that end inside the block
EDGE_SHARE = 0.62  # sides that a block of open country keeps: towns fray out
JITTER_M = 5.0
METRES_PER_DEGREE = 111_320.0
MARGIN = 0.01  # degrees of land and water looked at around a town

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass
class Lattice:
    """Kept segments of a town: `east[i, j]` joins (i, j) to (i+1, j), `north[i, j]` to (i, j+1)."""

    east: Bools
    north: Bools
    bridge_east: Bools
    bridge_north: Bools
    lonlat: Floats  # (n, n, 2) degrees

    @property
    def half(self) -> int:
        """Return the index of the centre line."""
        return int(self.lonlat.shape[0] // 2)


def grow(
    rng: np.random.Generator,
    town: Facts,
    land: shapely.Geometry,
    rivers: list[tuple[shapely.Geometry, int]],
) -> Lattice:
    """Grow a town of about `town["edges"]` edges on `land`, bridging `rivers` (line, width_m)."""
    blocks = 2 * int(np.ceil(np.sqrt(town["edges"]) / 7.0))
    n = blocks * BLOCK + 1
    lonlat = _bend(rng, town, n)
    block_lonlat = lonlat[BLOCK // 2 :: BLOCK, BLOCK // 2 :: BLOCK][:blocks, :blocks]
    on_land = _inside(land, block_lonlat)
    noise = _smooth_noise(rng, blocks)
    step = _steps(town["edges"], noise, on_land)
    east = _kept(rng, step, n)
    north = _kept(rng, step.T, n).T
    lattice = Lattice(east, north, np.zeros_like(east), np.zeros_like(north), lonlat)
    if land is not None:
        _keep_dry(lattice, land)
    near = shapely.box(*around(lonlat))
    for line, width_m in rivers:
        if near.intersects(line):
            _cut_river(lattice, line, width_m)
    _drop_piers(lattice)
    return lattice


def _bend(rng: np.random.Generator, town: Facts, n: int) -> Floats:
    """Return lon/lat of all lattice points: turned, bent by waves of 3–11 km, jittered."""
    index = (np.arange(n) - n // 2) * CELL_M
    x, y = np.meshgrid(index, index, indexing="ij")
    arterial = (np.arange(n) % BLOCK) == (n // 2) % BLOCK
    loose = ~(arterial[:, None] | arterial[None, :])
    dx, dy = rng.normal(0.0, JITTER_M, (2, n, n)) * loose
    for wave_m, height_m in ((11_000.0, 520.0), (6_100.0, 230.0), (3_200.0, 70.0)):
        for shift in (dx, dy):
            angle, phase = rng.uniform(0.0, 2 * np.pi, 2)
            along = x * np.cos(angle) + y * np.sin(angle)
            np.add(shift, height_m * np.sin(2 * np.pi * along / wave_m + phase), out=shift)
    middle = n // 2
    x, y = x + dx - dx[middle, middle], y + dy - dy[middle, middle]
    turn = np.radians(town["turn_deg"])
    lon, lat = town["centre"]
    east_m = x * np.cos(turn) - y * np.sin(turn)
    north_m = x * np.sin(turn) + y * np.cos(turn)
    scale = METRES_PER_DEGREE * np.cos(np.radians(lat))
    lonlat = np.stack([lon + east_m / scale, lat + north_m / METRES_PER_DEGREE], axis=-1)
    return np.asarray(np.round(lonlat, 6), dtype=np.float64)


def _smooth_noise(rng: np.random.Generator, blocks: int) -> Floats:
    """Return a factor per block around 1 that neighbours share: towns have lobes and gaps."""
    noise = rng.normal(0.0, 1.0, (blocks, blocks))
    for _ in range(2):
        for axis in (0, 1):
            noise = (noise + np.roll(noise, 1, axis) + np.roll(noise, -1, axis)) / 2.0
    return np.asarray(np.exp(0.42 * noise / noise.std()), dtype=np.float64)


def _steps(edges: int, noise: Floats, on_land: Bools) -> npt.NDArray[np.int64]:
    """Return the line step of each block (0: open country) so that about `edges` come out."""
    blocks = len(noise)
    axis = np.arange(blocks) - (blocks - 1) / 2
    radius = np.hypot(*np.meshgrid(axis, axis, indexing="ij"))
    low, high = 0.5, float(blocks)
    for _ in range(30):
        reach = (low + high) / 2
        step = _step_of(np.exp(-((radius / reach) ** 1.35)) * noise * on_land)
        made = sum(2.0 * (BLOCK / s) ** 2 * int((step == s).sum()) for s in STEPS)
        low, high = (reach, high) if made * 0.80 < edges else (low, reach)
    return step


def _step_of(density: Floats) -> npt.NDArray[np.int64]:
    step = np.zeros(density.shape, dtype=np.int64)
    for cells, above in zip(STEPS[::-1], STEP_ABOVE[::-1], strict=True):
        step[density >= above] = cells
    return step


def _kept(rng: np.random.Generator, step: npt.NDArray[np.int64], n: int) -> Bools:
    """Return which segments along the first axis are kept, block by block."""
    kept = np.zeros((n - 1, n), dtype=bool)
    blocks = len(step)
    for a in range(blocks):
        for b in range(blocks):
            cells = int(step[a, b])
            if not cells:
                continue
            rows = slice(a * BLOCK, (a + 1) * BLOCK)
            for side in (b * BLOCK, (b + 1) * BLOCK):
                kept[rows, side] |= cells < BLOCK or rng.random() < EDGE_SHARE
            for line in range(cells, BLOCK, cells):
                kept[rows, b * BLOCK + line] = _run(rng)
    return kept


def _run(rng: np.random.Generator) -> Bools:
    """Return the eight segments of a street inside a block: whole, missing or a dead end."""
    dice = rng.random()
    run = np.ones(BLOCK, dtype=bool)
    if dice < MISSING_SHARE:
        run[:] = False
    elif dice < MISSING_SHARE + DEAD_END_SHARE:
        stop = int(rng.integers(2, BLOCK - 1))
        run[stop:] = False
        if rng.random() < 0.5:
            run = run[::-1]
    return run


def _inside(land: shapely.Geometry, lonlat: Floats) -> Bools:
    if land is None:
        return np.ones(lonlat.shape[:2], dtype=bool)
    near = shapely.clip_by_rect(land, *around(lonlat))
    shapely.prepare(near)
    return np.asarray(shapely.contains_xy(near, lonlat[..., 0], lonlat[..., 1]))


def around(lonlat: Floats) -> tuple[float, float, float, float]:
    """Return west, south, east, north of points in degrees, and some more."""
    points = lonlat.reshape(-1, 2)
    (west, south), (east, north) = points.min(axis=0), points.max(axis=0)
    return west - MARGIN, south - MARGIN, east + MARGIN, north + MARGIN


def _keep_dry(lattice: Lattice, land: shapely.Geometry) -> None:
    """Remove segments that leave the land, if only between their ends."""
    box = around(lattice.lonlat)
    sea = shapely.difference(shapely.box(*box), shapely.clip_by_rect(land, *box))
    lattice.east &= ~_touching(lattice.lonlat, lattice.east, sea, 0)
    lattice.north &= ~_touching(lattice.lonlat, lattice.north, sea, 1)


def _cut_river(lattice: Lattice, line: shapely.Geometry, width_m: int) -> None:
    """Remove segments that touch the river; every other main arterial keeps a bridge."""
    water = shapely.buffer(line, width_m / 2 / METRES_PER_DEGREE)
    every = 4 * BLOCK if width_m > 600 else 2 * BLOCK if width_m > 120 else BLOCK
    for kept, bridge, axis in (
        (lattice.east, lattice.bridge_east, 0),
        (lattice.north, lattice.bridge_north, 1),
    ):
        wet = _touching(lattice.lonlat, kept, water, axis)
        index = np.arange(lattice.lonlat.shape[0]) - lattice.half
        main = index % every == 0
        spans = wet & (main[None, :] if axis == 0 else main[:, None])
        _drop_embankments(spans if axis == 0 else spans.T, 2 + int(2.0 * width_m / CELL_M))
        np.logical_and(kept, ~wet | spans, out=kept)
        np.logical_or(bridge, spans, out=bridge)


def _drop_embankments(spans: Bools, longest: int) -> None:
    """Drop runs along the river: a bridge of more than `longest` segments is none."""
    for line in np.flatnonzero(spans.any(axis=0)):
        for start, stop in _runs(spans[:, line]):
            if stop - start > longest:
                spans[start:stop, line] = False


def _drop_piers(lattice: Lattice) -> None:
    """Drop bridges that end where no street goes on: half of them had to stay on land."""
    streets = np.zeros(lattice.lonlat.shape[:2], dtype=bool)
    east, north = lattice.east & ~lattice.bridge_east, lattice.north & ~lattice.bridge_north
    streets[:-1, :] |= east
    streets[1:, :] |= east
    streets[:, :-1] |= north
    streets[:, 1:] |= north
    for kept, bridge, at in (
        (lattice.east, lattice.bridge_east, streets),
        (lattice.north.T, lattice.bridge_north.T, streets.T),
    ):
        np.logical_and(bridge, kept, out=bridge)
        for line in np.flatnonzero(bridge.any(axis=0)):
            for start, stop in _runs(bridge[:, line]):
                if not (at[start, line] and at[stop, line]):
                    kept[start:stop, line] = bridge[start:stop, line] = False


def _runs(of: Bools) -> list[list[int]]:
    """Return start and stop of every run of true values."""
    changes = np.flatnonzero(np.diff(np.concatenate([[0], of.astype(np.int8), [0]])))
    runs: list[list[int]] = changes.reshape(-1, 2).tolist()
    return runs


def _touching(lonlat: Floats, kept: Bools, water: shapely.Geometry, axis: int) -> Bools:
    """Return which kept segments touch the water."""
    at = np.argwhere(kept)
    ends = np.stack([at, at + ([1, 0] if axis == 0 else [0, 1])], axis=1)
    lines = shapely.linestrings(lonlat[ends[..., 0], ends[..., 1]])
    shapely.prepare(water)
    wet = np.zeros_like(kept)
    wet[at[:, 0], at[:, 1]] = shapely.intersects(water, lines)
    return wet
