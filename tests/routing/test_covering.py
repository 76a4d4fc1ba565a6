"""Maximal covering: the worked example, and every small case by trying all choices."""

import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.planning.maximal_covering import cover_most
from tests.conftest import shared_path


@pytest.mark.shared
def test_patrol_max_coverage():
    example = json.loads(shared_path("worked_examples.json").read_text())["patrol_max_coverage"]
    demand, sites = list(example["demand"]), list(example["covers"])
    cover = [[d in example["covers"][s] for s in sites] for d in demand]
    found = cover_most(cover, list(example["demand"].values()), example["k"])
    assert [sites[s] for s in found.sites] == example["best"]
    assert (found.value, found.total) == (example["covered"], example["total"])
    assert found.gap == 0
    assert found.value > found.uniform


def best_by_trying(cover, weight, count, fixed):
    sites = range(cover.shape[1])
    choices = (c for c in itertools.combinations(sites, count) if set(fixed) <= set(c))
    return [float(weight[cover[:, list(c)].any(axis=1)].sum()) for c in choices]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_choice_covers_more(data):
    demands, sites = data.draw(st.integers(1, 8)), data.draw(st.integers(1, 6))
    cells = data.draw(st.lists(st.booleans(), min_size=demands * sites, max_size=demands * sites))
    cover = np.array(cells).reshape(demands, sites)
    weight = np.array(
        data.draw(st.lists(st.integers(0, 9), min_size=demands, max_size=demands)), float
    )
    count = data.draw(st.integers(0, sites))
    fixed = data.draw(st.sets(st.integers(0, sites - 1), max_size=count))
    found = cover_most(cover, weight, count, fixed=sorted(fixed))
    values = best_by_trying(cover, weight, count, fixed)
    assert found.value == max(values)
    assert found.value <= found.bound + 1e-6 and found.gap < 1e-6
    assert found.greedy <= found.value
    assert len(found.sites) == count and fixed <= set(found.sites.tolist())
    assert weight[found.covered].sum() == found.value
    if not fixed:
        assert found.uniform == pytest.approx(np.mean(values))


def test_greedy_can_be_beaten():
    cover = np.array([[1, 1, 0], [1, 1, 0], [1, 0, 1], [1, 0, 1], [0, 1, 0], [0, 0, 1]], bool)
    found = cover_most(cover, np.ones(6), 2)
    assert found.greedy == 5 and found.value == 6
    assert found.sites.tolist() == [1, 2]


def test_an_answer_cut_off_by_time_shows_its_gap():
    rng = np.random.default_rng(1)
    cover = rng.random((4_000, 300)) < 0.03
    weight = rng.random(4_000) + 0.5
    found = cover_most(cover, weight, 25, time_limit_s=0.01)
    assert found.greedy <= found.value <= found.bound <= found.total
    assert 0 < found.gap < 1
    assert len(found.sites) == 25


@pytest.mark.parametrize(
    ("weight", "count", "fixed"),
    [([1.0], 1, []), ([1.0, -1.0], 1, []), ([1.0, 1.0], 3, []), ([1.0, 1.0], 1, [0, 1]),
     ([1.0, float("nan")], 1, []), ([1.0, 1.0], 1, [5])],
)  # fmt: skip
def test_what_cannot_be_is_refused(weight, count, fixed):
    with pytest.raises(ValueError, match=r"."):
        cover_most([[True, False], [False, True]], weight, count, fixed=fixed)
