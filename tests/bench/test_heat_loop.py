"""Patrols that follow counts run away from the truth; those that follow rates do not."""

import numpy as np
import pytest

from bench.heat_loop import WORLDS, compare

SEEDS = range(20)


@pytest.fixture(scope="module", params=sorted(WORLDS))
def years(request):
    return compare(WORLDS[request.param], 52, SEEDS)


def test_by_rates_patrols_stay_with_the_truth(years):
    ours = years["rates"]
    assert max(year.off for year in ours) <= 0.05
    assert max(year.regret for year in ours) <= 0.05
    assert 0.85 <= np.mean([year.covered for year in ours]) <= 0.95
    assert np.mean([year.off for year in ours]) < min(
        np.mean([year.off for year in years[other]]) for other in ("counts", "last year", "random")
    )


def test_by_counts_they_run_away(years):
    off = np.mean([year.off for year in years["counts"]])
    assert off > 0.1
    last = np.mean([year.shares[-1] for year in years["counts"]])
    if len(years["counts"][0].oracle) == 2:
        assert last == pytest.approx(0.97, abs=0.01)
