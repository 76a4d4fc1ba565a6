"""Choice of ports: offers are the best of exact fronts, and closed hubs make cargo wait."""

from dataclasses import replace

import numpy as np
import pytest

from routing.multimodal.bag_kernels import UNKNOWN
from routing.multimodal.closing import close_hubs
from routing.multimodal.hub_choice import MEASURES, Choice, Offer, choose_port, find_offers
from routing.multimodal.prices import Factors, Load, Tariffs
from routing.multimodal.question import Drives, Limits, Question, Roads
from routing.multimodal.search import find_front
from routing.multimodal.timetable import MODES, Service, Timetable
from tests.routing.linkage_networks import call, hubs_of, random_question, trips_of

HOUR = 3600
RAIL = MODES.index("rail")
ALWAYS = 2**40


def question_of(reference, roads, goal_hub):
    return Question(
        Timetable.build(reference.hubs, reference.services, reference.trips), reference.load,
        roads, None, goal_hub, reference.factors, reference.tariffs, reference.limits,
    )  # fmt: skip


def test_another_start_is_asked_as_if_it_had_been_the_first():
    several = 0
    for seed in range(60):
        one, other = random_question(seed), random_question(seed + 1000)
        hubs = len(one.hubs.ids)
        if len(other.hubs.ids) != hubs:
            continue
        goal = one.goal_hub or 0
        asked = question_of(one, one.roads, goal).leaving(other.roads.access, other.roads.direct)
        roads = replace(one.roads, access=other.roads.access, direct=other.roads.direct)
        whole = find_front(question_of(one, roads, goal), 0)
        assert find_front(asked, 0) == whole
        several += len(whole) > 1
    assert several > 3


def test_a_hub_closed_afterwards_is_one_closed_from_the_start():
    changed = 0
    for seed in range(120):
        one = random_question(seed)
        hub = seed % len(one.hubs.ids)
        window = hub, 5 * HOUR, 60 * HOUR
        open_ = question_of(one, one.roads, one.goal_hub)
        before = find_front(open_, 0)
        later = Question(
            close_hubs(open_.timetable, [window]), one.load, one.roads, None, one.goal_hub,
            one.factors, one.tariffs, one.limits,
        )  # fmt: skip
        known = [(h, s, e) for h in range(len(one.hubs.ids))
                 for s, e in zip(*(column[one.hubs.closed_first[h]:one.hubs.closed_first[h + 1]]
                                   for column in (one.hubs.closed_from, one.hubs.closed_to)),
                                 strict=True)]  # fmt: skip
        closed = hubs_of(len(one.hubs.ids), closed=[*known, window])
        for name in ("closed_first", "closed_from", "closed_to"):
            assert np.array_equal(getattr(later.timetable, name), getattr(closed, name))
        changed += find_front(later, 0) != before
    assert changed > 5


def world(closed=()):
    """Return a train from a dry port (0) to a port (1); another port (2) is reached by road."""
    rides = [call(0, 0, 0), call(1, 6 * HOUR, 6 * HOUR, per_teu=500.0, km=200)]
    hubs = hubs_of(3, closed=closed)
    return Timetable.build(
        hubs, [Service("train", RAIL, "c", "")],
        trips_of([("t", 0, 9, rides, [10 * HOUR, 34 * HOUR])]),
    )  # fmt: skip


def offers(table, port, latest=72 * HOUR, at=0):
    """Return the offers to one place: 1 h from the dry port, 4 h and 5 h from the ports."""
    nowhere = np.zeros(4, np.int64), np.empty(0, np.int64), Drives.none(0)
    roads = Roads(Drives.none(3), Drives.none(3), Drives.none(1), *nowhere)
    question = Question(
        table, Load(1.0, 10.0), roads, None, port, Factors("f", {"rail": (10.0, 20.0),
        "road": (80.0, 80.0)}), Tariffs(road_cny_per_teu_km=(8.0, 10.0)), Limits(latest),
    )  # fmt: skip
    hours = np.array([1.0, 4.0, 5.0])
    access = Drives(hours * HOUR, hours * 60_000)
    direct = Drives(hours[port : port + 1] * HOUR, hours[port : port + 1] * 60_000)
    (found,) = find_offers(question, port, [(access, direct)], at, latest)
    return found


def test_the_train_is_cheap_and_the_road_is_quick():
    one = offers(world(), 1)
    assert one["time"] == Offer(1, None, 4 * HOUR, 4 * HOUR)
    assert one["cost"].first_hub == 0
    assert (one["cost"].low, one["cost"].high) == ((60 * 8 + 500) * 100, (60 * 10 + 500) * 100)
    assert one["co2"] == Offer(1, 0, 48_000 + 20_000, 48_000 + 40_000)
    assert offers(world(), 1, latest=3 * HOUR) is None


def test_who_comes_by_road_to_a_closed_port_waits_until_it_opens():
    closed = close_hubs(world(), [(1, 0, 30 * HOUR)])
    one = offers(closed, 1)
    assert one["time"] == Offer(1, None, 30 * HOUR, 30 * HOUR)
    assert offers(closed, 1, latest=29 * HOUR) is None
    assert offers(close_hubs(world(), [(1, 0, ALWAYS)]), 1) is None
    dry = offers(close_hubs(world(), [(0, 0, ALWAYS)]), 1)
    assert {own.first_hub for own in dry.values()} == {None}


def test_the_runner_up_is_the_best_of_the_other_ports():
    table = world()
    chosen = choose_port([offers(table, 1), None, offers(table, 2)])
    time, co2 = chosen["time"], chosen["co2"]
    assert (time.best.port, time.runner_up.port, time.margin, time.sure) == (1, 2, HOUR, True)
    assert co2.best.first_hub == 0 and co2.runner_up.port == 2
    assert co2.margin == 240_000 - 78_000
    assert choose_port([None, None]) is None
    alone = choose_port([offers(table, 2)])
    assert set(alone) == set(MEASURES)
    assert alone["time"].runner_up is None and alone["time"].margin is None


@pytest.mark.parametrize(
    ("ends", "sure", "margin"),
    [((10, 20, 20, 30), True, 10.0), ((10, 21, 20, 30), False, 9.5),
     ((10, UNKNOWN, 20, 30), False, None)],
)  # fmt: skip
def test_a_choice_is_sure_if_the_intervals_do_not_overlap(ends, sure, margin):
    choice = Choice(Offer(0, None, *ends[:2]), Offer(1, None, *ends[2:]))
    assert (choice.sure, choice.margin) == (sure, margin)
