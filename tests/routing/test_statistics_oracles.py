"""Equal to other people's code, formula by formula; where that is wrong it stands here why.

Not followed:
- esda `Empirical_Bayes` where the variance between cells comes out negative: it goes on with the
  negative number and pushes rates away from the mean; and a cell without exposure, which makes it
  NaN everywhere. Ours is in `test_rates.py`.
- esda `G_Local` of a cell without any neighbour ("island") beside itself: it warns and takes part
  with weight 0; ours is its own neighbour, as the formula of Gi* has it.
- pymannkendall of a series whose values are all equal: it says z = 0; there is no z, NaN.
"""

import numpy as np
import pytest

from routing.statistics.hot_spots import (
    benjamini_hochberg,
    getis_ord_gi_star,
    morans_i,
    two_sided,
)
from routing.statistics.kde import density_at
from routing.statistics.neighbours import from_pairs
from routing.statistics.rates import empirical_bayes, standardised
from routing.statistics.trends import mann_kendall

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def columbus():
    """Return CRIME of the 49 areas of Columbus, their numbers and who touches whom."""
    libpysal = pytest.importorskip("libpysal")
    import geopandas

    areas = geopandas.read_file(libpysal.examples.get_path("columbus.shp"))
    touching = areas.sindex.query(areas.geometry, predicate="intersects")
    return areas["CRIME"].to_numpy(float), areas["POLYID"].to_numpy(int), touching


def test_columbus_as_published(columbus):
    crime, polyid, (of, to) = columbus
    z = getis_ord_gi_star(crime, from_pairs(of, to, 49, with_self=True))
    by_id = dict(zip(polyid.tolist(), z.tolist(), strict=True))
    for area, expected in {16: 3.475051, 29: 3.28607, 24: 3.271094, 25: 3.195172}.items():
        assert by_id[area] == pytest.approx(expected, abs=5e-7)
    for area, expected in {32: -2.851023, 36: -2.674719, 40: -2.324828}.items():
        assert by_id[area] == pytest.approx(expected, abs=5e-7)
    p = two_sided(z)
    assert ((p < 0.05).sum(), benjamini_hochberg(p, 0.05).sum(), (p < 0.05 / 49).sum()) == (
        18,
        9,
        2,
    )
    found = morans_i(crime, from_pairs(of, to, 49, with_self=False).row_standardised())
    assert found.i == pytest.approx(0.5001885572, abs=5e-11)
    assert found.z_normal == pytest.approx(5.630312788, abs=5e-10)
    assert found.z_random == pytest.approx(5.589382675, abs=5e-10)


def test_gi_star_equals_esda(columbus):
    esda, libpysal = (pytest.importorskip(name) for name in ("esda", "libpysal"))
    crime, _, (of, to) = columbus
    near = {i: [int(j) for j in to[of == i]] for i in range(49)}
    weights = libpysal.weights.W(near, silence_warnings=True)
    oracle = esda.G_Local(crime, weights, transform="B", star=None, permutations=0)
    z = getis_ord_gi_star(crime, from_pairs(of, to, 49, with_self=True))
    assert z == pytest.approx(oracle.Zs, abs=1e-12)


def test_rates_equal_esda_where_it_is_right():
    smoothing = pytest.importorskip("esda.smoothing")
    random = np.random.default_rng(11)
    looks = random.integers(20, 400, 80).astype(float)
    hits = random.poisson(looks * random.gamma(3, 0.04, 80)).clip(max=looks).astype(float)
    found = empirical_bayes(hits, looks, 0.9)
    assert found.variance > 0
    assert found.rate == pytest.approx(smoothing.Empirical_Bayes(hits, looks).r.ravel(), rel=1e-12)
    oracle = smoothing.assuncao_rate(hits, looks)
    assert standardised(hits, looks) == pytest.approx(oracle, rel=1e-9)


def test_trends_equal_pymannkendall():
    kendall = pytest.importorskip("pymannkendall")
    random = np.random.default_rng(12)
    table = random.integers(0, 12, (30, 40)).astype(float)
    found = mann_kendall(table)
    for cell in range(40):
        oracle = kendall.original_test(table[:, cell])
        assert (found.s[cell], found.z[cell]) == (oracle.s, pytest.approx(oracle.z, abs=1e-12))
        assert found.p[cell] == pytest.approx(oracle.p, abs=1e-12)


@pytest.mark.parametrize("kernel", ["quartic", "gaussian"])
def test_density_equals_kdepy(kernel):
    kdepy = pytest.importorskip("KDEpy")
    random = np.random.default_rng(13)
    points, places = random.normal(0, 1000, (200, 2)), random.normal(0, 800, (50, 2))
    name, wide = ("biweight", 900.0 / 7**0.5) if kernel == "quartic" else ("gaussian", 900.0)
    oracle = kdepy.NaiveKDE(kernel=name, bw=wide).fit(points).evaluate(places)
    ours = density_at(places, points, 900.0, kernel) / 200
    assert ours == pytest.approx(oracle, rel=2e-3 if kernel == "quartic" else 1e-4)


def test_false_discoveries_equal_scipy():
    from scipy.stats import false_discovery_control

    p = np.random.default_rng(14).random(500) ** 3
    assert np.array_equal(benjamini_hochberg(p, 0.05), false_discovery_control(p) <= 0.05)
