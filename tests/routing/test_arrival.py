"""Leaving in time, with driving times that depend on the departure."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.query.arrive_by import duration_of, leave_in_time
from routing.query.model import PathQuery
from spatial.errors import Unreachable
from tests.routing.maps import NOW, Town

TOWN = Town("A   B", {"AB": {"length_m": 5000.0}})
QUERY = PathQuery("car", waypoints=[TOWN.at("A"), TOWN.at("B")])
FOUND = TOWN.network.path(QUERY, NOW)


def slowed(factor):
    """Return the answer with all speeds divided."""
    return replace(FOUND, costs=replace(FOUND.costs, speed_kmh=FOUND.costs.speed_kmh / factor))


def test_the_driving_time_is_that_of_the_answer():
    assert duration_of(FOUND).total_seconds() == pytest.approx(5000 / 1000 / 50 * 3600, rel=1e-3)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(1, 3), min_size=24, max_size=24), st.integers(0, 1439))
def test_an_answer_never_arrives_late(factors, minute):
    by = NOW.replace(hour=0, minute=0) + timedelta(minutes=minute)

    def ask(query):
        return [slowed(factors[query.depart_at.hour])]

    try:
        query, found = leave_in_time(QUERY, by, ask)
    except Unreachable:
        return
    assert query.depart_at + duration_of(found[0]) <= by
    assert duration_of(found[0]) == duration_of(slowed(factors[query.depart_at.hour]))


def test_a_driving_time_that_does_not_change_is_met_exactly():
    query, found = leave_in_time(QUERY, NOW, lambda _: [FOUND])
    assert query.depart_at + duration_of(found[0]) == NOW


def test_a_driving_time_that_grows_with_every_earlier_departure_is_refused():
    asked = []

    def ask(query):
        asked.append(query)
        return [slowed(len(asked))]

    with pytest.raises(Unreachable):
        leave_in_time(QUERY, NOW, ask)
