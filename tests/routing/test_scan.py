"""The scan finds the planted circle, and the same seed says the same."""

import numpy as np
import pytest

from routing.statistics.scan import poisson_scan
from spatial.errors import BadParameter


def board(seed=4):
    y, x = np.mgrid[0:15, 0:15]
    places = np.stack((x.ravel(), y.ravel()), 1) * 1000.0
    random = np.random.default_rng(seed)
    looks = random.integers(50, 150, 225).astype(float)
    planted = np.hypot(*(places - [4000.0, 9000.0]).T) <= 1500
    return places, random.poisson(looks * np.where(planted, 0.2, 0.05)), looks, planted


def test_a_planted_cluster_is_the_first():
    places, hits, looks, planted = board()
    found = poisson_scan(places, hits, looks, replications=99, seed=1)
    first = found[0]
    assert first.p == pytest.approx(0.01)
    assert len(set(first.cells) & set(np.flatnonzero(planted))) >= 7
    assert first.relative > 2
    assert [one.log_ratio for one in found] == sorted((o.log_ratio for o in found), reverse=True)
    cells = np.concatenate([one.cells for one in found])
    assert len(set(cells)) == len(cells), "clusters do not overlap"
    again = poisson_scan(places, hits, looks, replications=99, seed=1)
    assert [(o.p, o.log_ratio) for o in again] == [(o.p, o.log_ratio) for o in found]


def test_the_ratio_is_that_of_the_definition():
    found = poisson_scan(
        [[0, 0], [1000, 0], [5000, 0]], [9, 1, 2], [20, 20, 60], replications=9, seed=1
    )
    cases, expected, total = 9.0, 2.4, 12.0
    by_hand = cases * np.log(cases / expected)
    by_hand += (total - cases) * np.log((total - cases) / (total - expected))
    assert found[0].cells.tolist() == [0]
    assert found[0].log_ratio == pytest.approx(by_hand)


def test_a_cell_without_exposure_takes_no_part():
    places, hits, looks, _ = board()
    hits[:20], looks[:20] = 0, 0.0
    found = poisson_scan(places, hits, looks, replications=9, seed=1)
    assert min(one.cells.min() for one in found) >= 20


@pytest.mark.parametrize(
    ("hits", "count", "says"),
    [([0, 0], 9, "no events"), ([1, 0], 0, "replications"), ([0.5, 1], 9, "whole")],
)
def test_bad_input_is_told(hits, count, says):
    with pytest.raises(BadParameter, match=says):
        poisson_scan([[0, 0], [1, 1]], hits, [5, 5], replications=count, seed=1)
