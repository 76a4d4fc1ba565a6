"""Gi*, false discoveries and Moran's I, against worked numbers."""

import json
import time

import numpy as np
import pytest

from routing.statistics.hot_spots import (
    benjamini_hochberg,
    getis_ord_gi_star,
    morans_i,
    significant_spots,
    two_sided,
)
from routing.statistics.neighbours import Neighbours, from_pairs, queen
from spatial.errors import BadParameter
from spatial.geo.zorder import bounds_of, columns_and_rows, key_of_cell, keys_of
from tests.conftest import shared_path


def grid_keys(rows, columns):
    """Return the keys of a grid, sorted, and where each cell of the grid is among them."""
    y, x = np.mgrid[0:rows, 0:columns]
    keys = key_of_cell(x.ravel() + 13_000, y.ravel() + 6_000)
    order = np.argsort(keys)
    return keys[order], order


@pytest.mark.shared
def test_the_worked_example_of_gi_star():
    example = json.loads(shared_path("worked_examples.json").read_text("utf-8"))
    example = example["getis_ord_gi_star"]
    values = np.array(example["grid"]).ravel()
    keys, order = grid_keys(5, 5)
    z = np.empty(25)
    z[order] = getis_ord_gi_star(values[order], queen(keys, with_self=True))
    assert z.reshape(5, 5) == pytest.approx(np.array(example["z"]), abs=5e-5)
    kept = np.argwhere(benjamini_hochberg(two_sided(z), 0.05).reshape(5, 5))
    assert kept.tolist() == example["fdr05_significant_cells"]


def test_neighbours_are_found_by_key_alone():
    keys, order = grid_keys(4, 6)
    found = queen(keys, with_self=True)
    x, y = columns_and_rows(keys)
    for cell in range(24):
        near = found.index[found.first[cell] : found.first[cell + 1]]
        by_hand = np.flatnonzero((abs(x - x[cell]) <= 1) & (abs(y - y[cell]) <= 1))
        assert sorted(near) == by_hand.tolist()
    assert order.size == 24


def test_a_slice_leaves_out_what_was_not_inspected():
    keys, _ = grid_keys(6, 6)
    near = queen(keys, with_self=True)
    values = np.random.default_rng(3).random((2, 36))
    values[1, 7] = np.nan
    z = getis_ord_gi_star(values, near)
    rest = np.delete(np.arange(36), 7)
    alone = getis_ord_gi_star(values[1, rest], queen(keys[rest], with_self=True))
    assert np.isnan(z[1, 7]) and np.isfinite(z[0]).all()
    assert z[1, rest] == pytest.approx(alone, abs=1e-12)


def test_equal_values_are_no_spots():
    keys, _ = grid_keys(3, 3)
    assert np.isnan(getis_ord_gi_star(np.ones(9), queen(keys, with_self=True))).all()
    assert not significant_spots(np.full(9, np.nan), 0.05).any()


def test_false_discoveries_are_held_by_rank():
    assert benjamini_hochberg([0.01, 0.02, 0.03, 0.9, np.nan], 0.05).tolist() == [
        True, True, True, False, False,
    ]  # fmt: skip
    assert not benjamini_hochberg([], 0.05).any()


def test_morans_i_of_a_chessboard_is_negative():
    keys, order = grid_keys(6, 6)
    board = (np.indices((6, 6)).sum(axis=0) % 2).ravel().astype(float)
    found = morans_i(board[order], queen(keys, with_self=False))
    assert found.i < 0 and found.expected == pytest.approx(-1 / 35)
    assert found.z_normal == pytest.approx(found.z_random, rel=0.05)


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda: queen(np.array([4]), with_self=True), "no cell has a neighbour"),
        (lambda: queen(np.array([5, 4]), with_self=True), "sorted"),
        (lambda: getis_ord_gi_star([1.0], pair()), "1 values of 2 cells"),
        (lambda: getis_ord_gi_star([1.0, 2.0], pair(with_self=False)), "include the cell itself"),
        (lambda: morans_i([1.0, 2.0, 3.0, 9.0], four(with_self=True)), "leave out the cell"),
        (lambda: morans_i([1.0, 1.0, 1.0, 1.0], four(with_self=False)), "that differ"),
    ],
)
def test_bad_input_is_told(ask, says):
    with pytest.raises(BadParameter, match=says):
        ask()


def pair(*, with_self=True) -> Neighbours:
    return from_pairs([0, 1], [1, 0], 2, with_self=with_self)


def four(*, with_self) -> Neighbours:
    return from_pairs([0, 1, 2, 3], [1, 0, 3, 2], 4, with_self=with_self)


def test_a_province_of_cells_over_a_year_takes_seconds():
    keys, _ = grid_keys(400, 500)
    values = np.random.default_rng(1).random((52, 200_000))
    near = queen(keys, with_self=True)
    getis_ord_gi_star(values[:1], near)
    begun = time.perf_counter()
    assert np.isfinite(getis_ord_gi_star(values, near)).all()
    assert time.perf_counter() - begun < 12


def test_cells_of_keys_hold_their_points():
    lon, lat = np.array([120.153, 118.9]), np.array([30.287, 27.4])
    west, south, east, north = bounds_of(keys_of(lon, lat, 14), 14)
    assert ((west <= lon) & (lon < east) & (south <= lat) & (lat < north)).all()
