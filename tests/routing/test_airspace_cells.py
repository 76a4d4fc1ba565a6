"""Cells judged whole: no place of a cell is judged otherwise than its cell says."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from routing.airspace.ask import Heights, judge_points
from routing.airspace.cells import CELL_NAMES, MIXED, PARTLY, Cells, judge_cells
from routing.airspace.judge import Judge
from routing.airspace.verdict import NAMES, codes_of
from spatial.geo import beidou_grid
from spatial.geo.terrain import Terrain
from spatial.geo.terrain_range import grounds_between
from tests.routing.test_airspace import NOON, flight_of, joins_of, judge, terrain

LEVELS = {3: (4, 6), 4: (60, 60), 5: (900, 900)}
CASES = [
    (3, "AGL", 100.0, "light", "ordinary"), (4, "AGL", 100.0, "light", "ordinary"),
    (4, "AMSL", 150.0, "small", "farm_work"), (4, "W84", 300.0, "light", "ordinary"),
    (4, "STD", 500.0, "micro", "facility_owner"), (5, "AGL", 40.0, "micro", "ordinary"),
    (5, "AMSL", 250.0, "light", "farm_work"),
]  # fmt: skip


def block(level: int, west: float, south: float, side: float) -> Cells:
    across, up = LEVELS[level]
    columns = np.arange(round(west * across), round((west + side) * across))
    rows = np.arange(round(south * up), round((south + side) * up))
    column, row = (axis.ravel() for axis in np.meshgrid(columns, rows))
    return Cells(column, row, LEVELS[level])


def sampled(level: int) -> Cells:
    """Return cells of the judge's world and somewhat beyond it; of fine ones some."""
    if level == 3:
        return block(level, 119.5, 29.5, 2.0)
    cells = block(level, 119.9, 29.9, 1.2) if level == 4 else block(level, 120.0, 30.0, 1.0)
    chosen = np.random.default_rng(level).permutation(len(cells))[:1500]
    return replace(cells, column=cells.column[chosen], row=cells.row[chosen])


@pytest.mark.parametrize(("level", "datum", "height", "aircraft", "task"), CASES)
@pytest.mark.parametrize("holed", [False, True])
def test_no_place_is_judged_otherwise_than_its_cell(level, datum, height, aircraft, task, holed):
    made, joins = judge(), joins_of(1005.0)
    if holed:  # part of the ground is unknown
        joins = replace(joins, terrain=holed_terrain())
        made = Judge(replace(made.air, joins=joins))
    flight = flight_of(aircraft, task, "z1", NOON)
    cells, heights = sampled(level), Heights(datum, height, height)
    found = judge_cells(made, cells, heights, flight, joins)
    seen = Counter(CELL_NAMES[found.verdict].tolist())
    rng = np.random.default_rng(int(height))
    for _ in range(6):
        lon = cells.west + rng.random(len(cells)) * (cells.east - cells.west)
        lat = cells.south + rng.random(len(cells)) * (cells.north - cells.south)
        there = judge_points(made, lon, lat, heights, flight, joins)
        said = NAMES[codes_of(there.least, there.most, there.unknown)]
        whole = CELL_NAMES[found.verdict] != MIXED
        assert (said[whole] == CELL_NAMES[found.verdict][whole]).all()
        assert (there.least >= found.mildest).all()
        assert (there.most <= found.heaviest).all()
        unsure = found.ground == PARTLY
        assert (there.unknown == (found.ground > 0))[~unsure].all()
        pairs = set(zip(found.cell.tolist(), found.zone.tolist(), strict=True))
        assert set(zip(there.place.tolist(), there.zone.tolist(), strict=True)) <= pairs
    assert seen[MIXED] < len(cells)
    if level > 3:
        assert len(seen) > 1
        assert seen[MIXED] < len(cells) / 2


def holed_terrain() -> Terrain:
    grid = terrain().tiles[120, 30].copy()
    grid[np.random.default_rng(1).random(grid.shape) < 0.1] = np.nan
    return replace(terrain(), tiles={(120, 30): grid})


def test_a_cell_that_a_zone_only_touches_is_mixed_and_names_it():
    made, joins = judge(), joins_of(None)
    number = made.air.zones.numbers["z1"]
    lon, lat = made.air.zones.shapes[number].exterior.coords[0]
    cells = Cells(np.array([int(lon * 60)]), np.array([int(lat * 60)]), (60, 60))
    flight = flight_of("light", when=NOON)
    heights = Heights("AGL", 40.0, 40.0)
    found = judge_cells(made, cells, heights, flight, joins)
    assert number in found.zone
    assert not found.whole[found.zone == number].any()


def test_the_ground_of_a_cell_is_that_of_all_its_places():
    cells, shuffled = sampled(5), random.Random(3)
    low, high, gap = grounds_between(terrain(), cells.column, cells.row, cells.per_degree)
    for n in shuffled.sample(range(len(cells)), 200):
        lon = np.linspace(cells.west[n] + 1e-7, cells.east[n] - 1e-7, 9)
        lat = np.linspace(cells.south[n] + 1e-7, cells.north[n] - 1e-7, 9)
        there = terrain().elevations_m(*(axis.ravel() for axis in np.meshgrid(lon, lat)))
        assert (there.min(), there.max(), False) == (low[n], high[n], gap[n])


def test_codes_with_heights_of_many_are_those_of_one():
    rng = np.random.default_rng(2)
    lon, lat = rng.uniform(-170, 170, 40), rng.uniform(-80, 80, 40)
    heights = np.append(rng.uniform(-300, 9000, 39), 120.0)
    for level in (1, 4, 5, 10):
        codes = beidou_grid.encode_3d_many(lon, lat, heights, level).tolist()
        assert codes == [
            beidou_grid.encode_3d(repr(x), repr(y), float(h), level)
            for x, y, h in zip(lon.tolist(), lat.tolist(), heights.tolist(), strict=True)
        ]  # fmt: skip
