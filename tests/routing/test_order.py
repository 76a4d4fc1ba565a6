"""The order of stops against trying all, and the bound of the long ones."""

from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.planning.stop_order import best_order

FIXED = st.sampled_from(("both", "start", "end", "none"))


def summed(costs, stops):
    return sum(costs[a, b] for a, b in pairwise(stops))


def every_order(costs, fixed):
    """Return the cost of the cheapest order by trying all that keep what is fixed."""
    last = len(costs) - 1
    return min(
        summed(costs, stops)
        for stops in permutations(range(len(costs)))
        if (fixed not in ("both", "start") or stops[0] == 0)
        and (fixed not in ("both", "end") or stops[-1] == last)
    )


@st.composite
def tables(draw, least=2, most=7):
    count = draw(st.integers(least, most))
    number = st.integers(0, 50) | st.just(np.inf)
    rows = draw(st.lists(st.lists(number, min_size=count, max_size=count), min_size=count,
                         max_size=count))  # fmt: skip
    return np.array(rows, float)


@settings(max_examples=80, deadline=None)
@given(tables(), FIXED)
def test_the_order_is_as_cheap_as_the_cheapest_of_all(costs, fixed):
    best, found = every_order(costs, fixed), best_order(costs, fixed)
    assert (found is None) == (not np.isfinite(best))
    if found is not None:
        assert found.cost == pytest.approx(best)
        assert summed(costs, found.stops) == pytest.approx(best)
        assert sorted(found.stops) == list(range(len(costs)))
        assert found.proven
        assert fixed not in ("both", "start") or found.stops[0] == 0
        assert fixed not in ("both", "end") or found.stops[-1] == len(costs) - 1


@settings(max_examples=20, deadline=None)
@given(tables(3, 7), FIXED)
def test_the_way_for_many_stops_is_right_for_few(costs, fixed):
    best = every_order(costs, fixed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("routing.planning.stop_order.EXACT", 0)
        found = best_order(costs, fixed, budget_s=20)
    assert (found is None) == (not np.isfinite(best))
    if found is not None:
        assert found.cost == pytest.approx(best)
        assert found.proven


def test_fourteen_stops_are_exact_both_ways(monkeypatch):
    rng = np.random.default_rng(4)
    places = rng.random((14, 2)) * 1000
    costs = np.hypot(*(places[:, None] - places).T) * rng.uniform(1, 1.3, (14, 14))
    exact = best_order(costs, "both")
    monkeypatch.setattr("routing.planning.stop_order.EXACT", 3)
    bounded = best_order(costs, "both", budget_s=20)
    assert bounded.cost == pytest.approx(exact.cost)
    assert bounded.proven


def test_without_time_the_bound_is_below_and_said_to_be_unproven():
    rng = np.random.default_rng(5)
    costs = rng.random((50, 50)) * 1000
    found = best_order(costs, "none", budget_s=0)
    assert sorted(found.stops) == list(range(50))
    assert found.cost == pytest.approx(summed(costs, found.stops))
    assert not found.proven
    proven = best_order(costs, "none", budget_s=20)
    assert found.bound <= proven.bound <= proven.cost <= found.cost


def test_two_stops_stay_as_they_are():
    costs = np.array([[0, 7.0], [3.0, 0]])
    assert best_order(costs, "both").stops == [0, 1]
    assert best_order(costs, "none").stops == [1, 0]
