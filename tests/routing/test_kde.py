"""Density on the plane: exact at places, the same on a grid by stamping and by Fourier."""

import json
import math
import time

import numpy as np
import pytest

from routing.statistics import kde
from routing.statistics.kde import density_at, density_grid, rule_bandwidth_m
from spatial.errors import BadParameter
from tests.conftest import shared_path


@pytest.mark.shared
def test_the_worked_example():
    example = json.loads(shared_path("worked_examples.json").read_text("utf-8"))["kde_quartic"]
    ask = [example["at"]], example["points_m"], example["bandwidth_m"]
    assert density_at(*ask)[0] == pytest.approx(example["density_per_m2"], rel=1e-12)
    weighed = density_at(*ask, weights=example["weights"])[0] * 1e6
    assert weighed == pytest.approx(example["severity_weighted_per_km2"], abs=5e-7)


@pytest.mark.parametrize("kernel", ["quartic", "gaussian"])
def test_a_grid_is_the_sum_of_its_cells(kernel, monkeypatch):
    random = np.random.default_rng(5)
    grid = np.zeros((60, 70))
    grid[random.integers(0, 60, 40), random.integers(0, 70, 40)] = random.random(40) * 3
    rows, columns = np.nonzero(grid)
    y, x = np.mgrid[0:60, 0:70]
    places, points = (
        np.stack((a, b), 1) * [90.0, 110.0] for a, b in ((x.ravel(), y.ravel()), (columns, rows))
    )
    exact = density_at(places, points, 700.0, kernel, grid[rows, columns]).reshape(60, 70)
    stamped = density_grid(grid, (90.0, 110.0), 700.0, kernel)
    monkeypatch.setattr(kde, "STAMP_WORK", 0)
    fourier = density_grid(grid, (90.0, 110.0), 700.0, kernel)
    assert stamped == pytest.approx(exact, abs=1e-15 * exact.max() * 10)
    assert fourier == pytest.approx(exact, abs=1e-13 * exact.max())
    assert (fourier >= 0).all()


def test_a_density_adds_up_to_its_events():
    grid = np.zeros((401, 401))
    grid[200, 200] = 5.0
    for kernel in ("quartic", "gaussian"):
        density = density_grid(grid, (10.0, 10.0), 400.0 if kernel == "quartic" else 200.0, kernel)
        assert density.sum() * 100 == pytest.approx(5.0, rel=1e-3)


def test_the_bandwidth_by_rule():
    points = [[0.0, 0.0], [600.0, 0.0], [0.0, 800.0], [600.0, 800.0]]
    assert rule_bandwidth_m(points) == pytest.approx(0.9 * 500 * 4**-0.2)
    by_median = 0.9 * 500 / math.sqrt(math.log(2)) * 4**-0.2
    assert rule_bandwidth_m(points) < by_median


@pytest.mark.parametrize("bandwidth", [0.0, -1.0, math.nan, math.inf, 1e9])
def test_a_bandwidth_that_is_none_is_told(bandwidth):
    with pytest.raises(BadParameter, match="bandwidth"):
        density_grid(np.ones((10, 10)), (100.0, 100.0), bandwidth)


def test_a_bandwidth_by_rule_needs_events():
    with pytest.raises(BadParameter, match="too few events"):
        rule_bandwidth_m([[1.0, 1.0], [1.0, 1.0]])


def test_a_large_grid_takes_a_moment():
    grid = np.random.default_rng(2).poisson(0.5, (1024, 1024)).astype(float)
    density_grid(grid, (100.0, 100.0), 2000.0)
    begun = time.perf_counter()
    density_grid(grid, (100.0, 100.0), 2000.0)
    assert time.perf_counter() - begun < 2
