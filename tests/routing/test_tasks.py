"""What conditions come to, and that answers do not depend on what was asked before."""

from concurrent.futures import ThreadPoolExecutor
from itertools import permutations

import pytest

from routing.query.model import PathQuery
from spatial.errors import BadParameter
from tests.routing.maps import NOW, Town, edge_id

TWINS = """
A---B
C---D


E---F
"""
ROADS = {
    "AB": {"max_height_m": 3.0},
    "CD": {},
    "EF": {"max_height_m": 4.2},
    "AC": {"max_height_m": 3.0}, "BD": {}, "CE": {}, "DF": {},
}  # fmt: skip


def town():
    return Town(TWINS, ROADS)


def query(height=None, profile="truck", **more):
    sizes = {} if height is None else {"height_m": height}
    places = [town().at("AB:0.25"), town().at("EF:0.75")]
    return PathQuery(profile, places, sizes=sizes, **more)


def test_a_vehicle_starts_from_the_nearest_road_that_lets_it_pass():
    network, names = town().network, list(ROADS)
    for height, start, goal in ((2.5, "AB", "EF"), (4.0, "CD", "EF"), (4.5, "CD", "DF")):
        (leg,) = network.path(query(height), NOW).legs
        assert (names[leg.source.edge], names[leg.target.edge]) == (start, goal)


@pytest.mark.parametrize("order", list(permutations((2.5, 4.0, 4.5))))
def test_the_order_of_the_questions_changes_no_answer(order):
    alone = {height: town().network.path(query(height), NOW).legs[0] for height in order}
    network = town().network
    for _ in range(2):
        for height in order:
            (leg,) = network.path(query(height), NOW).legs
            quick = network.quick_path(query(height), NOW)
            assert leg.keys.tolist() == alone[height].keys.tolist()
            assert (leg.source, leg.target) == (alone[height].source, alone[height].target)
            assert quick is not None
            assert quick.legs[0].keys.tolist() == leg.keys.tolist()


def test_what_is_given_by_size_is_asked_anew_only_where_it_matters():
    network = town().network
    assert network.quick_path(query(2.5), NOW) is None  # nothing is made yet
    network.path(query(2.5), NOW)
    assert network.quick_path(query(2.6), NOW) is not None  # no road of it refuses this one
    assert network.quick_path(query(4.0), NOW) is None
    network.path(query(4.0), NOW)
    assert network.quick_path(query(4.0), NOW) is not None


def test_edges_to_avoid_are_not_started_from():
    network, names = town().network, list(ROADS)
    avoiding = query(2.5, avoid_edges=[edge_id("AB")])
    for _ in range(2):
        (leg,) = network.path(avoiding, NOW).legs
        assert names[leg.source.edge] in ("AC", "CD")
        assert names.index("AB") not in leg.edges
    with pytest.raises(BadParameter):
        network.path(query(avoid_edges=[edge_id("no such")]), NOW)


def test_preferred_classes_make_another_plan():
    network = town().network
    plain, other = (
        network.prepared(query(2.5, prefer_classes=classes), NOW) for classes in ((), ("motorway",))
    )
    assert (plain.plan.name, plain.plan.key) != (other.plan.name, other.plan.key)
    assert (plain.metric.weights < other.metric.weights).any()


def test_a_quick_answer_waits_for_nobody():
    network = town().network
    network.path(query(2.5), NOW)
    metric = network.prepared(query(2.5), NOW).metric
    for lock in (metric.lock, network._lock):
        with ThreadPoolExecutor(1) as other:
            other.submit(lock.acquire).result()
            assert network.quick_path(query(2.5), NOW) is None
            other.submit(lock.release).result()
        assert network.quick_path(query(2.5), NOW) is not None
