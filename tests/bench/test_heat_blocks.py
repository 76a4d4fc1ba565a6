"""Blocks of the cube with their halos give what the whole cube gives."""

import numpy as np
import pytest

from bench import heat_blocks as blocks
from bench.heat_cluster import ASKED, LEVEL, on_one_machine
from bench.heat_data import make_rows
from layers.heat.cube_rows import rows_of
from layers.heat.held_cube import HeldCube


@pytest.fixture(scope="module")
def cube():
    series, rows = make_rows("m", 200_000, 20_000, 3_000)
    return HeldCube(1, series, rows, rows_of(*np.zeros((5, 0), np.int64)))


def test_blocks_give_what_one_machine_gives(cube, tmp_path):
    keys, whole_sums, z = on_one_machine(cube)
    first = blocks.write_blocks(cube, tmp_path, LEVEL, 7)
    numbers = range(len(first))
    assert len(first) == 7
    sums = [blocks.sum_block(tmp_path, n, ASKED, LEVEL) for n in numbers]
    for name in ("keys", "events", "exposure"):
        joined = np.concatenate([getattr(s, name) for s in sums])
        assert np.array_equal(joined, getattr(whole_sums, name))
    parts = [blocks.totals(s) for s in sums]
    pooled = sum(p[0] for p in parts) / sum(p[1] for p in parts)
    rates = blocks.rates_of(parts, [blocks.squares_about(s, pooled) for s in sums])
    values = [blocks.residuals(s, rates) for s in sums]
    every = np.concatenate([v.values for v in values])
    spread = blocks.Spread(len(every), float(every.mean()), float(every.std()))
    found = []
    for n in numbers:
        halo = blocks.halo_of(values[n].keys)
        near = [int(b) for b in blocks.blocks_of(first, halo) if b != n]
        assert near
        beside = [blocks.halo_part(values[b], halo) for b in near]
        found.append(blocks.hot_spots(values[n], beside, spread))
    assert np.array_equal(np.concatenate([v.keys for v in values]), keys)
    assert np.concatenate(found) == pytest.approx(z, rel=1e-9, abs=1e-9)
    alone = np.concatenate([blocks.hot_spots(v, [], spread) for v in values])
    assert np.abs(alone - z).max() > 0.01, "without halos cells at the edges differ"
