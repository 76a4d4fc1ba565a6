"""Criticality: the ranking equals that of asking every trip anew with each structure closed."""

from random import Random

import numpy as np
import pytest

from routing.cch.engine import Metric
from routing.planning.criticality import Vulnerability, gravity
from routing.query.model import Conditions
from routing.query.one_to_many import durations
from tests.routing.maps import NOW, Town

MAP = """
A---B---C---D
|   |   |   |
E---F---G---H
    |       |
    I       J
"""
ROADS = ("AB", "BC", "CD", "EF", "FG", "GH", "AE", "BF", "CG", "DH", "FI", "HJ")


def town(seed: int) -> Town:
    rng = Random(seed)
    return Town(MAP, {name: {"length_m": rng.randint(500, 3000) * 1.0} for name in ROADS})


def placed(made: Town, stops: str):
    prepared = made.network.prepared(Conditions("car"), NOW)
    return prepared, made.network.snap(prepared, [made.at(stop) for stop in stops])


def by_brute_force(made, prepared, spots, trips, bundle):
    """Ask all trips anew on a metric without the edges."""
    graph = made.network.graph
    before = durations(graph, prepared.metric, spots, spots)
    metric = prepared.metric
    shut = Metric(metric.topology, metric.weights.copy(), fixed=metric.fixed)
    arcs = graph.arcs.of_keys(np.concatenate([2 * bundle, 2 * bundle + 1]))
    shut.update(arcs, np.full(len(arcs), 2**31 - 1))
    after = durations(graph, shut, spots, spots)
    counts = np.isfinite(before) & (trips > 0)
    cut = counts & ~np.isfinite(after)
    added = sum(
        (after[p] - before[p]) * trips[p] for p in zip(*np.nonzero(counts & ~cut), strict=True)
    )
    return added / 3600, trips[cut].sum()


@pytest.mark.parametrize("seed", range(6))
def test_the_ranking_equals_asking_everything_again(seed):
    made = town(seed)
    prepared, spots = placed(made, "ABCDEFGHIJ")
    rng = np.random.default_rng(seed)
    trips = rng.integers(0, 5, (10, 10)).astype(float)
    np.fill_diagonal(trips, 0)
    bundles = [np.array([n]) for n in range(len(ROADS))] + [np.array([1, 4]), np.array([0, 3])]
    found = Vulnerability(made.network.graph, prepared.metric, spots, trips).rank(bundles)
    assert sorted(loss.structure for loss in found) == list(range(len(bundles)))
    for loss in found:
        added, cut = by_brute_force(made, prepared, spots, trips, bundles[loss.structure])
        assert loss.added_vehicle_h == pytest.approx(added, abs=1e-5)
        assert loss.cut_trips == pytest.approx(cut)
    assert [x.added_vehicle_h for x in found] == sorted(
        (x.added_vehicle_h for x in found), reverse=True
    )


def test_the_only_way_cuts_off_and_the_metric_is_as_before():
    made = town(1)
    prepared, spots = placed(made, "AIJ")
    trips = np.ones((3, 3))
    np.fill_diagonal(trips, 0)
    work = Vulnerability(made.network.graph, prepared.metric, spots, trips)
    weights = work._metric.weights.copy()
    (loss,) = work.rank([np.array([ROADS.index("HJ")])])
    assert loss.cut_trips == 4 and loss.trips == 4
    assert (loss.added_vehicle_h, loss.added_s_per_trip) == (0, 0)
    assert (work._metric.weights == weights).all()


def test_a_structure_that_nobody_uses_costs_nothing():
    made = town(2)
    prepared, spots = placed(made, "AB")
    trips = np.array([[0.0, 1.0], [0.0, 0.0]])
    told = []
    work = Vulnerability(made.network.graph, prepared.metric, spots, trips)
    (loss,) = work.rank([np.array([ROADS.index("HJ")])], told.append)
    assert (loss.trips, loss.added_vehicle_h, loss.cut_trips) == (0, 0, 0)
    assert told == [1.0]


def test_gravity_sums_up_and_leaves_out_what_has_no_way():
    times = np.array([[0, 600, np.inf], [600, 0, 1200], [np.inf, 1200, 0]], float)
    trips = gravity(times, np.array([1.0, 2.0, 1.0]), 1000, 3600)
    assert trips.sum() == pytest.approx(1000)
    assert trips[0, 2] == 0 and (np.diag(trips) == 0).all()
    assert trips[0, 1] / trips[1, 2] == pytest.approx(np.exp(600 / 3600))
    assert gravity(np.full((2, 2), np.inf), np.ones(2), 10, 60).sum() == 0
