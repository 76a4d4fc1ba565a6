"""Assignment: the worked example, every small matrix by trying all, impossible pairs."""

import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.planning.assignment import assign, ranked
from tests.conftest import shared_path


@pytest.mark.shared
def test_dispatch_assignment():
    example = json.loads(shared_path("worked_examples.json").read_text())["dispatch_assignment"]
    found = assign(example["cost_min"])
    assert found.best.pairs.tolist() == example["assignment"]
    assert found.best.total == example["total"]
    assert found.greedy.total == example["greedy_global_total"]
    assert found.saved == example["greedy_global_total"] - example["total"]


COSTS = st.one_of(st.integers(0, 9).map(float), st.just(float("inf")))


def every_pairing(matrix):
    """Yield (served, total) of every way to pair rows with columns."""
    rows, columns = matrix.shape
    few, many = sorted((rows, columns))
    for chosen in itertools.permutations(range(many), few):
        pairs = [(i, c) if rows <= columns else (c, i) for i, c in enumerate(chosen)]
        costs = [matrix[p] for p in pairs if np.isfinite(matrix[p])]
        yield len(costs), sum(costs)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_pairing_serves_more_or_costs_less(data):
    rows, columns = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 4))
    cells = data.draw(st.lists(COSTS, min_size=rows * columns, max_size=rows * columns))
    matrix = np.array(cells).reshape(rows, columns)
    found = assign(matrix)
    most = max(served for served, _ in every_pairing(matrix))
    least = min(total for served, total in every_pairing(matrix) if served == most)
    assert (len(found.best), found.best.total) == (most, least)
    assert len(found.greedy) <= most
    if len(found.greedy) == most:
        assert found.best.total <= found.greedy.total
    assert len(set(found.best.pairs[:, 0])) == len(set(found.best.pairs[:, 1])) == most
    assert sorted([*found.best.pairs[:, 0], *found.idle_rows]) == list(range(rows))
    assert sorted([*found.best.pairs[:, 1], *found.unserved_columns]) == list(range(columns))


def test_a_task_that_nobody_reaches_is_left_and_named():
    found = assign([[600.0, np.inf], [300.0, np.inf]])
    assert found.best.pairs.tolist() == [[1, 0]]
    assert found.unserved_columns.tolist() == [1]
    assert found.idle_rows.tolist() == [0]


def test_a_longest_time_forbids_pairs():
    assert len(assign([[600.0]], most=500).best) == 0
    assert len(assign([[500.0]], most=500).best) == 1


def test_serving_more_comes_before_serving_sooner():
    found = assign([[1.0, 9.0], [2.0, np.inf]])
    assert found.best.total == 11 and len(found.best) == 2
    assert len(found.greedy) == 1 and np.isnan(found.saved)


def test_teams_are_ranked_by_cost_and_unreachable_ones_left_out():
    assert ranked([[5.0], [np.inf], [1.0], [5.0]], 0, 3).tolist() == [2, 0, 3]


@pytest.mark.parametrize("costs", [[1.0], [[-1.0]], [[float("nan")]]])
def test_what_is_no_cost_is_refused(costs):
    with pytest.raises(ValueError, match="cost"):
        assign(costs)


def test_nothing_to_do():
    found = assign(np.zeros((3, 0)))
    assert len(found.best) == 0 and found.idle_rows.tolist() == [0, 1, 2]
