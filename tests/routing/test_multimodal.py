"""Fronts and profiles of itineraries equal what trying all of them leaves."""

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from routing.multimodal.bag_kernels import UNKNOWN
from routing.multimodal.cards import Volume, choose_cards, to_unit
from routing.multimodal.itinerary import Itinerary
from routing.multimodal.prices import Factors, Load, Tariffs
from routing.multimodal.question import Limits, Question, Roads
from routing.multimodal.reliability import Scenario, on_time, ready_in
from routing.multimodal.search import find_front, find_profile
from routing.multimodal.timetable import MODES, ROAD, Service, Timetable
from tests.routing.linkage_networks import call, hubs_of, random_question, trips_of
from tests.routing.linkage_reference import Reference

HOUR, MINUTE = 3600, 60
NETWORKS = 40
RAIL, TRUCK = MODES.index("rail"), ROAD
WORKED = Path(__file__).parents[3] / "shared" / "worked_examples.json"
ONE_BOX, ANY = Load(1, 1.0), Limits()
FREE = Factors("none", dict.fromkeys(MODES, (0.0, 0.0)))


def question_of(reference):
    timetable = Timetable.build(reference.hubs, reference.services, reference.trips)
    return Question(
        timetable, reference.load, reference.roads, reference.start_hub, reference.goal_hub,
        reference.factors, reference.tariffs, reference.limits,
    )  # fmt: skip


def asked(hubs, services, rows, ends, *, load=ONE_BOX, factors=FREE, limits=ANY):
    """Return the question and its reference; nothing can be driven but by services."""
    roads = Roads.none(len(hubs.ids))
    reference = Reference(
        hubs, services, trips_of(rows), load, roads, *ends, factors, Tariffs(), limits
    )
    return question_of(reference), reference


@pytest.mark.parametrize("seed", range(NETWORKS))
def test_fronts_and_profiles_are_those_of_trying_everything(seed):
    reference = random_question(seed)
    question = question_of(reference)
    for at in (0, 5 * HOUR):
        assert {one.vector for one in find_front(question, at)} == reference.front(at)
    found = find_profile(question, 0, 30 * HOUR)
    told = [(one.departs, *one.vector) for one in found if not one.any_time]
    assert len(told) == len(set(told))
    assert set(told) == reference.profile(0, 30 * HOUR)


def test_the_drawn_networks_hold_what_is_to_be_proven():
    """Of the networks above many have several answers, transfers, closed hubs, open intervals."""
    fronts = [find_front(question_of(random_question(seed)), 0) for seed in range(NETWORKS)]
    assert sum(len(front) > 1 for front in fronts) > NETWORKS / 3
    assert sum(any(one.transfers > 1 for one in front) for front in fronts) > NETWORKS / 20
    assert any(one.amounts[1] >= UNKNOWN or one.amounts[3] >= UNKNOWN
               for front in fronts for one in front)  # fmt: skip
    assert sum(len(random_question(seed).hubs.closed_from) for seed in range(NETWORKS)) > 10


def cut_off_trap():
    """A train that stays needs no gate-in; a truck that is sooner and cheaper misses it."""
    trains = Service("T", RAIL, "a", "")
    services = [trains, Service("truck", TRUCK, "b", ""), Service("T2", RAIL, "a", "")]
    gate = 60 * MINUTE
    half_past = HOUR + 30 * MINUTE
    through = [
        call(0, 0, 0),
        call(1, 2 * HOUR, 2 * HOUR + 5 * MINUTE, gate_in_s=gate, km=20, per_teu=500),
        call(2, 4 * HOUR, 4 * HOUR, km=15, per_teu=300),
    ]
    truck = [call(0, 0, 0), call(1, half_past, half_past, km=90, per_teu=450)]
    later = [call(1, 0, 0, gate_in_s=gate), call(2, 2 * HOUR, 2 * HOUR, km=15, per_teu=300)]
    onward = [call(1, 0, 0), call(2, 3 * HOUR, 3 * HOUR, km=170, per_teu=900)]
    rows = [
        ("T", 0, 9, through, [8 * HOUR]),
        ("truck", 1, 9, truck, [8 * HOUR]),
        ("T2", 2, 9, later, [16 * HOUR]),
        ("truck on", 1, 9, onward, [8 * HOUR + half_past, 10 * HOUR]),
    ]
    grams = Factors("drawn", {"rail": (1000.0, 1000.0), "road": (1000.0, 1000.0)})
    return asked(hubs_of(3), services, rows, (0, 2), factors=grams)


def test_cargo_that_stays_on_a_train_needs_no_gate_in():
    question, reference = cut_off_trap()
    found = find_front(question, 8 * HOUR)
    assert [(one.ready / HOUR, one.amounts[0] / 100, one.amounts[2] / 1000) for one in found] == [
        (12, 800, 35), (18, 750, 105),
    ]  # fmt: skip
    assert [one.transfers for one in found] == [0, 1]
    assert {one.vector for one in found} == reference.front(8 * HOUR)


def test_what_came_sooner_and_cheaper_by_truck_may_miss_what_the_train_makes():
    services = [Service("truck", TRUCK, "a", ""), Service("train", RAIL, "a", "")]
    services.append(Service("barge", MODES.index("barge"), "a", ""))
    rows = [
        ("truck", 0, 9, [call(0, 0, 0), call(1, HOUR, HOUR, per_teu=400)], [8 * HOUR]),
        ("train", 1, 9, [call(0, 0, 0), call(1, 2 * HOUR, 2 * HOUR, per_teu=500)], [8 * HOUR]),
        ("barge", 2, 9, [call(1, 0, 0), call(2, HOUR, HOUR)], [11 * HOUR, 20 * HOUR]),
    ]
    hubs = hubs_of(3)
    hubs.handling_s[1, TRUCK, MODES.index("barge")] = 3 * HOUR
    question, reference = asked(hubs, services, rows, (0, 2))
    found = find_front(question, 8 * HOUR)
    assert [(one.ready // HOUR, one.amounts[0] // 100) for one in found] == [(12, 500), (21, 400)]
    assert {one.vector for one in found} == reference.front(8 * HOUR)


def test_a_missed_gate_is_not_boarded_and_papers_have_their_own_cut_off():
    rows = [("t", 0, 9, [call(0, 0, 0, gate_in_s=HOUR, documents_s=3 * HOUR), call(1, HOUR, HOUR)],
             [8 * HOUR, 20 * HOUR])]  # fmt: skip
    hubs = hubs_of(2, information_s=HOUR)
    question, _ = asked(hubs, [Service("s", RAIL, "a", "")], rows, (0, 1))
    assert [one.departs for one in find_front(question, 4 * HOUR)] == [4 * HOUR]
    (late,) = find_front(question, 4 * HOUR + 1)
    assert late.legs[0].departs == 20 * HOUR
    assert late.departs == 16 * HOUR, "an hour of papers before three of their cut-off"
    assert late.ready == 22 * HOUR, "papers take an hour at the goal, too"


def test_a_closed_hub_neither_loads_nor_hands_out():
    rows = [("t", 0, 9, [call(0, 0, 0), call(1, HOUR, HOUR)], [2 * HOUR, 8 * HOUR])]
    services = [Service("s", RAIL, "a", "")]
    question, _ = asked(hubs_of(2, closed=[(0, HOUR, 3 * HOUR)]), services, rows, (0, 1))
    (one,) = find_front(question, 0)
    assert one.legs[0].departs == 8 * HOUR
    question, _ = asked(hubs_of(2, closed=[(1, 2 * HOUR, 6 * HOUR)]), services, rows, (0, 1))
    (one,) = find_front(question, 0)
    assert (one.legs[0].arrives, one.ready) == (3 * HOUR, 6 * HOUR)


def test_runs_that_overtake_are_not_lost():
    slow = [call(0, 0, 0), call(1, 9 * HOUR, 9 * HOUR)]
    fast = [call(0, 0, 0), call(1, 2 * HOUR, 2 * HOUR)]
    rows = [("slow", 0, 9, slow, [0, 24 * HOUR]), ("fast", 0, 9, fast, [HOUR])]
    question, _ = asked(hubs_of(2), [Service("s", RAIL, "a", "")], rows, (0, 1))
    assert len(question.timetable.pattern_service) == 2
    assert [one.ready for one in find_front(question, 0)] == [3 * HOUR]


@pytest.mark.parametrize(
    ("load", "limits"),
    [
        (Load(1, 25.0), Limits()),
        (Load(4, 4.0), Limits()),
        (Load(1, 1.0, ("cold",)), Limits()),
        (Load(1, 1.0), Limits(banned_modes=frozenset({"rail"}))),
        (Load(1, 1.0), Limits(carriers=frozenset({"b"}))),
        (Load(1, 1.0), Limits(latest=2 * HOUR)),
    ],
)
def test_limits_leave_services_out(load, limits):
    service = Service("s", RAIL, "a", "", most_t=20.0)
    rows = [("t", 0, 3, [call(0, 0, 0), call(1, HOUR, HOUR)], [2 * HOUR])]
    question, _ = asked(hubs_of(2), [service], rows, (0, 1), load=load, limits=limits)
    assert find_front(question, 0) == []
    question, _ = asked(hubs_of(2), [service], rows, (0, 1))
    assert len(find_front(question, 0)) == 1


def test_what_nobody_priced_is_an_interval():
    rows = [("t", 0, 3, [call(0, 0, 0), call(1, HOUR, HOUR, km=100, per_teu=np.nan)], [0])]
    services = [Service("s", RAIL, "a", "")]
    reference = Reference(
        hubs_of(2), services, trips_of(rows), Load(2, 10.0), Roads.none(2), 0, 1,
        Factors("half", {"rail": (7.0, 25.0)}), Tariffs({"rail": (2.0, 4.5)}), Limits(),
    )  # fmt: skip
    (one,) = find_front(question_of(reference), 0)
    assert one.amounts == (2 * 100 * 200, 2 * 100 * 450, 7000, 25000)
    reference.tariffs, reference.factors = Tariffs(), Factors("empty", {})
    (one,) = find_front(question_of(reference), 0)
    assert one.amounts == (0, UNKNOWN, 0, UNKNOWN)


@pytest.mark.shared
@pytest.mark.skipif(not WORKED.exists(), reason="the worked examples are not beside the checkout")
def test_worked_example_of_four_options():
    example = json.loads(WORKED.read_text())["four_port_pareto"]
    services, rows = [], []
    for number, option in enumerate(example["options"]):
        services.append(Service(option["id"], RAIL, option["id"], ""))
        seconds = round(option["hours"] * HOUR)
        there = call(1, seconds, seconds, km=option["co2"], per_teu=option["cost"])
        rows.append((option["id"], number, 9, [call(0, 0, 0), there], [0]))
    factor = Factors("as given", {"rail": (1000.0, 1000.0)})
    question, _ = asked(hubs_of(2), services, rows, (0, 1), factors=factor)
    found = find_front(question, 0)
    ids = [question.timetable.services[question.timetable.pattern_service[
        question.timetable.halt_pattern[one.legs[0].from_halt]]].id for one in found]  # fmt: skip
    assert ids == example["pareto"]


def test_an_index_is_the_same_when_it_is_mapped_from_disk(tmp_path):
    reference = random_question(7)
    question = question_of(reference)
    question.timetable.save(tmp_path / "kept")
    mapped = Timetable.open(tmp_path / "kept")
    again = Question(
        mapped, reference.load, reference.roads, reference.start_hub, reference.goal_hub,
        reference.factors, reference.tariffs, reference.limits,
    )  # fmt: skip
    assert find_profile(again, 0, 30 * HOUR) == find_profile(question, 0, 30 * HOUR)
    assert mapped.services == question.timetable.services
    assert Timetable.open(tmp_path / "another") is None


def test_legs_tell_what_the_whole_amounts_to():
    for seed in range(NETWORKS):
        for one in find_profile(question_of(random_question(seed)), 0, 30 * HOUR):
            assert one.departs == one.legs[0].departs or one.legs[0].run is not None
            for before, after in zip(one.legs, one.legs[1:], strict=False):
                assert before.to_hub == after.from_hub
                assert before.arrives <= after.departs
            parts = [one.changes, *(leg.amounts for leg in one.legs)]
            for k, total in enumerate(one.amounts):
                assert min(sum(part[k] for part in parts), UNKNOWN) == total


def test_chance_of_being_on_time_is_played_through_scenarios():
    question, _ = cut_off_trap()
    through, changed = find_front(question, 8 * HOUR)
    calm, late = Scenario("calm", 0.75, {}), Scenario("late", 0.25, {"road": 6 * HOUR})
    assert ready_in(question, changed, calm) == changed.ready
    assert ready_in(question, changed, late) is None, "there is no later train"
    assert on_time(question, through, through.ready, [calm, late]) == 1.0
    assert on_time(question, changed, changed.ready, [calm, late]) == 0.75
    trains = Scenario("trains", 1.0, {"rail": HOUR})
    assert ready_in(question, through, trains) == 13 * HOUR


def front_of(rng, count):
    points = rng.random((count * 4, 4))
    points[:, :3] /= np.linalg.norm(points[:, :3], axis=1)[:, None]
    return [Itinerary(0, round(a * 1e6), (round(b * 1e6),) * 2 + (round(c * 1e6),) * 2,
                      (0, 0, 0, 0), (None,) * (1 + int(d * 3)))
            for a, b, c, d in 1 - points[:count]]  # fmt: skip


def test_few_cards_say_what_share_of_the_front_they_keep():
    rng = np.random.default_rng(5)
    front = front_of(rng, 9)
    cards = choose_cards(front, 5)
    assert len(cards.chosen) == 5 and 0.5 < cards.share < 1
    assert choose_cards(front[:4]) == choose_cards(front[:4], 4)
    assert choose_cards(front[:4]).share == 1.0
    assert choose_cards(front, 9).share == pytest.approx(1.0)
    assert choose_cards(front, 1).share < cards.share
    values = np.array([(o.ready, o.amounts[1], o.amounts[3], o.transfers) for o in front], float)
    unit = (values - values.min(0)) / ((values.max(0) - values.min(0)) * 1.1)
    drawn = rng.random((200_000, 4))

    def share_of(numbers):
        return (unit[numbers][:, None] <= drawn[None]).all(axis=2).any(axis=0).mean()

    told = share_of(list(cards.chosen)) / share_of(list(range(9)))
    assert told == pytest.approx(cards.share, abs=0.02)


def test_cards_are_the_best_of_all_choices_and_tell_how_many_would_be_enough():
    rng, below = np.random.default_rng(11), 0
    for _ in range(12):
        front = front_of(rng, int(rng.integers(7, 14)))
        cards = choose_cards(front, 4)
        values = np.array(
            [(o.ready, o.amounts[1], o.amounts[3], o.transfers) for o in front], float
        )
        whole = Volume(to_unit(values))
        kept = [whole.of(np.array(few)) for few in combinations(range(len(front)), 4)]
        assert cards.best
        assert cards.share == pytest.approx(max(kept) / whole.of(np.arange(len(front))))
        assert choose_cards(front, cards.enough).share >= 0.95
        below += cards.share < 0.95
    assert below > 3, "no four of these keep 95 %, and it is told"
    assert choose_cards([]).chosen == ()
