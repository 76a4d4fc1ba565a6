"""Rates per exposure, shrunk; cells that nobody inspected; differences of two periods."""

import itertools
import json

import numpy as np
import pytest
import scipy.stats

from routing.statistics.rates import (
    Rates,
    difference,
    empirical_bayes,
    gamma_interval,
    rate_interval,
    standardised,
)
from spatial.errors import BadParameter
from tests.conftest import shared_path


def case(number):
    cases = json.loads(shared_path("cases/heat-ports.json").read_text("utf-8"))
    return next(one for one in cases if one["id"] == number)


@pytest.mark.shared
def test_the_worked_example_ranks_by_rate():
    example = json.loads(shared_path("worked_examples.json").read_text("utf-8"))
    example = example["enforcement_rate_empirical_bayes"]
    found = empirical_bayes(example["hits"], example["inspections"], 0.9)
    assert found.pooled == pytest.approx(example["global_rate"], abs=5e-7)
    assert found.rate == pytest.approx(example["eb_rate"], abs=5e-7)
    assert np.argmax(example["hits"]) == np.argmin(found.rate) == 3
    assert (found.lower < found.rate).all() and (found.rate < found.upper).all()


@pytest.mark.shared
def test_no_more_spread_than_chance_gives_the_pooled_rate_everywhere():
    given = case("H01")["input"]
    found = empirical_bayes(given["hits"], given["inspected"], 0.9)
    assert found.variance == 0.0
    assert found.rate == pytest.approx([0.0491803] * 5, abs=5e-8)
    assert len(set(found.upper)) == 1


@pytest.mark.shared
def test_a_cell_that_nobody_inspected_has_no_rate():
    given = case("H01")["input"]["second"]
    found = empirical_bayes(given["hits"], given["inspected"], 0.9)
    rest = empirical_bayes(given["hits"][1:], given["inspected"][1:], 0.9)
    assert np.isnan([found.rate[0], found.lower[0], found.upper[0]]).all()
    assert np.array_equal(found.rate[1:], rest.rate)
    assert np.isfinite(found.rate[1:]).all()
    assert np.isnan(standardised(given["hits"], given["inspected"])[0])


def test_intervals_hold_the_true_rate_as_often_as_they_say():
    random = np.random.default_rng(7)
    true = random.gamma(4.0, 0.03, 20_000)
    looks = random.integers(5, 200, 20_000)
    hits = np.minimum(random.poisson(true * looks), looks)
    found = empirical_bayes(hits, looks, 0.9)
    held = ((found.lower <= true) & (true <= found.upper)).mean()
    assert held == pytest.approx(0.9, abs=0.01)


def test_nothing_inspected_and_nothing_found():
    empty = empirical_bayes([0, 0], [0, 0], 0.9)
    assert np.isnan(empty.pooled) and np.isnan(empty.rate).all()
    quiet = empirical_bayes([0, 0], [40, 3], 0.9)
    assert quiet.rate.tolist() == [0, 0] and (quiet.upper > 0).all()
    assert standardised([0, 0], [40, 3]).tolist() == [0, 0]


def test_a_difference_has_the_sign_of_the_change_and_an_interval():
    then = empirical_bayes([4, 9, 1, 30, 0], [10, 60, 2, 600, 0], 0.9)
    now = empirical_bayes([1, 30, 1, 30, 2], [10, 60, 2, 600, 9], 0.9)
    gap, lower, upper = difference(now, then)
    assert gap[1] > 0 and lower[1] > 0
    assert lower[0] < 0 < upper[0]
    assert np.isnan(gap[4]), "not inspected then: no difference"


@pytest.mark.parametrize("scales", [(10, 10), (100, 10), (10, 100)])
def test_the_interval_of_a_difference_holds_what_both_posteriors_say(scales):
    """The chance that the difference of both gamma posteriors lies in it, by scipy's integral."""
    for shapes in itertools.product((0.5, 1, 3, 10, 100), repeat=2):
        both = [
            Rates(0.1, 1.0, np.array([a / b]), *gamma_interval(np.array([a]), np.array([b]), 0.9))
            for a, b in zip(shapes, scales, strict=True)
        ]
        _, lower, upper = difference(*both)
        now, then = (scipy.stats.gamma(a, scale=1 / b) for a, b in zip(shapes, scales, strict=True))
        before = then.ppf((np.arange(4000) + 0.5) / 4000)
        below, above = now.cdf(lower + before).mean(), now.sf(upper + before).mean()
        assert 0.86 < 1 - below - above < 0.915, shapes
        if min(shapes) >= 3:
            assert 1 - below - above == pytest.approx(0.9, abs=0.006), shapes


@pytest.mark.parametrize(
    ("events", "exposure", "level", "says"),
    [
        ([3, 1], [2, 1], 0.9, "1 cells have more events than exposure"),
        ([1], [2, 1], 0.9, "differ in size"),
        ([-1], [2], 0.9, "not negative"),
        ([np.nan], [2], 0.9, "finite"),
        ([1], [2], 1.0, "not between 0 and 1"),
    ],
)
def test_bad_input_is_told(events, exposure, level, says):
    with pytest.raises(BadParameter, match=says):
        empirical_bayes(events, exposure, level)


def test_one_plain_rate_has_an_interval_of_its_own():
    lower, upper = rate_interval(20, 100, 0.9)
    assert lower < 0.2 < upper
    closer = rate_interval(200, 1000, 0.9)
    assert lower < closer[0] < 0.2 < closer[1] < upper
    assert rate_interval(0, 100, 0.9)[0] == 0.0
    with pytest.raises(BadParameter, match="no rate"):
        rate_interval(0, 0, 0.9)
