"""The statistics on 140,000 real places: accidents of STATS19, Great Britain (open data)."""

import csv
import gzip

import numpy as np
import pytest

from routing.statistics.hot_spots import (
    benjamini_hochberg,
    getis_ord_gi_star,
    morans_i,
    significant_spots,
    two_sided,
)
from routing.statistics.kde import density_at
from routing.statistics.neighbours import queen
from spatial.geo.zorder import bounds_of, keys_of
from tests.harness import shared_path

POINTS = "data/incidents/uk-stats19-accident-points-140k.csv.gz"
LEVEL = 13
"""Cells of 3 km in Britain."""
pytestmark = [pytest.mark.shared, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def places():
    with gzip.open(shared_path(POINTS), "rt") as file:
        rows = [(float(r["lng"]), float(r["lat"])) for r in csv.DictReader(file) if r["lng"]]
    assert len(rows) == 140_029
    return np.array(rows)


@pytest.fixture(scope="module")
def cells(places):
    """Return keys, counts, and who is near whom as libpysal has it."""
    libpysal = pytest.importorskip("libpysal")
    keys, counts = np.unique(keys_of(*places.T, LEVEL), return_counts=True)
    around = queen(keys, with_self=True)
    near = {
        i: around.index[around.first[i] : around.first[i + 1]].tolist() for i in range(len(keys))
    }
    return keys, counts.astype(float), near, libpysal.weights.W(near, silence_warnings=True)


def test_every_place_is_in_a_cell_at_every_level(places):
    for level in (6, 10, 13, 16):
        keys, counts = np.unique(keys_of(*places.T, level), return_counts=True)
        assert counts.sum() == len(places)
        west, south, east, north = bounds_of(keys_of(*places.T, level), level)
        lon, lat = places.T
        assert ((west <= lon) & (lon < east) & (south <= lat) & (lat <= north)).all(), level
        parents = np.unique(keys_of(*places.T, level - 1))
        assert np.array_equal(np.unique(keys >> 2), parents)


def test_hot_spots_equal_esda(cells):
    esda = pytest.importorskip("esda")
    keys, counts, _, weights = cells
    z = getis_ord_gi_star(counts, queen(keys, with_self=True))
    oracle = esda.G_Local(counts, weights, transform="B", star=None, permutations=0)
    assert len(keys) > 5_000
    assert z == pytest.approx(oracle.Zs, abs=1e-9)
    hot = significant_spots(z, 0.05) > 0
    london = int(np.searchsorted(keys, keys_of(-0.12, 51.51, LEVEL)))
    assert hot[london]
    assert 0 < hot.sum() < len(keys) / 5


def test_false_discoveries_equal_scipy(cells):
    from scipy.stats import false_discovery_control

    keys, counts, *_ = cells
    p = two_sided(getis_ord_gi_star(counts, queen(keys, with_self=True)))
    assert np.array_equal(benjamini_hochberg(p, 0.05), false_discovery_control(p) <= 0.05)


def test_morans_i_equals_esda(cells):
    esda, libpysal = (pytest.importorskip(name) for name in ("esda", "libpysal"))
    keys, counts, near, _ = cells
    around = queen(keys, with_self=False)
    others = {i: [j for j in ids if j != i] for i, ids in near.items()}
    weights = libpysal.weights.W(others, silence_warnings=True)
    found = morans_i(counts, around)
    oracle = esda.Moran(counts, weights, transformation="B", permutations=0)
    assert found.i == pytest.approx(oracle.I, rel=1e-9)
    assert found.z_normal == pytest.approx(oracle.z_norm, rel=1e-9)
    assert found.z_random == pytest.approx(oracle.z_rand, rel=1e-9)


def test_density_equals_kdepy(places):
    kdepy = pytest.importorskip("KDEpy")
    metre = np.array([np.cos(np.radians(51.5)), 1.0]) * 111_195
    metres = (places - (-0.12, 51.51)) * metre
    near = metres[(np.abs(metres) < 8_000).all(axis=1)][:5_000]
    at = np.random.default_rng(19).uniform(-5_000, 5_000, (40, 2))
    assert len(near) == 5_000
    oracle = kdepy.NaiveKDE(kernel="gaussian", bw=800.0).fit(near).evaluate(at)
    assert density_at(at, near, 800.0, "gaussian") / 5_000 == pytest.approx(oracle, rel=1e-3)
