"""Berth plans: the optimum of a public instance and of small ones, tides, gaps, what is refused."""

import json
import random
from dataclasses import replace

import pytest

from routing.berths.checks import refusals
from routing.berths.faults import cost_of, faults
from routing.berths.model import Block, Quay, Task, Tide, Vessel
from routing.berths.planning import plan
from routing.berths.rule_models import BerthGaps, BerthSearch
from spatial.errors import BadParameter, LimitViolated
from tests.conftest import shared_path
from tests.routing.berth_cases import EXTENT, NO_GAPS, least_cost, public_instance, random_task


@pytest.mark.shared
def test_a_public_instance_within_a_percent_in_ten_seconds():
    cases = json.loads(shared_path("cases/heat-ports.json").read_text("utf-8"))
    case = next(one for one in cases if one["id"] == "H10")
    expected, task = case["expected"], public_instance(case["input"])
    made = plan(task, BerthSearch(changes=150_000, passes=12, seconds_most=9, seed=1))
    assert not faults(task, made.berthings)
    assert made.cost == cost_of(task, made.berthings)
    assert made.first_come == expected["first come to the berth that ends it first"]
    assert made.bound <= expected["optimum"] <= made.cost <= 1.01 * expected["optimum"]
    print(f"cost {made.cost}, optimum {expected['optimum']}, bound {made.bound}")


def test_a_plan_is_as_good_as_trying_every_berthing():
    proven, compared = 0, 0
    for seed in range(40):
        task = random_task(seed)
        if refusals(task):
            continue
        try:
            made = plan(task, EXTENT)
        except LimitViolated:
            assert least_cost(task) is None, seed
            continue
        least = least_cost(task, made.cost)
        assert not faults(task, made.berthings), seed
        assert made.cost == least == cost_of(task, made.berthings), seed
        assert made.bound <= least <= (made.first_come or least), seed
        proven += made.ended == "proven"
        compared += 1
    assert compared > 25
    assert proven > 5


def test_the_same_seed_gives_the_same_plan():
    task = random_task(7)
    extent = EXTENT.model_copy(update={"changes": 3000, "passes": 2})
    assert plan(task, extent) == plan(task, extent)


def test_a_long_quay_keeps_its_gaps_for_a_hundred_vessels():
    rng = random.Random(5)
    vessels = [
        Vessel(f"v{k}", rng.randint(90, 400), rng.randrange(5 * 1440), rng.randint(360, 1600),
               draught_m=rng.choice([9.0, 12.5, 15.2]), weight=rng.choice([1, 1, 4]))
        for k in range(100)
    ]  # fmt: skip
    tides = [Tide(t, t + 240, 17.0) for t in range(180, 20 * 1440, 745)]
    gaps = BerthGaps(along_m=20, between_min=30, under_keel_m=1)
    task = Task([Quay("east", 1800, 17), Quay("west", 1200, 16.5)], vessels, gaps, 15, tides)
    made = plan(task, BerthSearch(changes=4000, passes=1, seconds_most=10, seed=1))
    assert not faults(task, made.berthings)
    assert 0 < made.bound <= made.cost < made.first_come


def test_who_draws_much_waits_for_the_tide_both_ways():
    vessel = Vessel("deep", 300, 0, 100, draught_m=15.0)
    task = Task([Quay("q", 400)], [vessel], NO_GAPS, 12, [Tide(60, 90, 16), Tide(300, 330, 16)])
    (one,) = plan(task, EXTENT).berthings
    assert (one.start, one.handled, one.leaves) == (60, 160, 300)
    light = replace(task, vessels=[replace(vessel, draught_out_m=9.0)])
    assert plan(light, EXTENT).berthings[0].leaves == 160


def test_vessels_lie_beside_each_other_only_with_the_gap():
    vessels = [Vessel("a", 190, 0, 60), Vessel("b", 190, 0, 60)]
    roomy = Task([Quay("q", 400)], vessels, BerthGaps(along_m=20, between_min=30, under_keel_m=0))
    assert [one.start for one in plan(roomy, EXTENT).berthings] == [0, 0]
    tight = replace(roomy, quays=[Quay("q", 399.9)])
    assert [one.start for one in plan(tight, EXTENT).berthings] == [0, 90]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"from_m": 405.0}, "a: beyond the quay"), ({"start": -1, "handled": 59}, "a: too early"),
        ({"handled": 50}, "a: not handled"),
        ({"quay": "none"}, "a: at a quay that is none of hers"),
        ({"from_m": 205.0}, "a, b: too near"), ({"vessel": "x"}, "a: berthed 0 times"),
        ({"from_m": 100.0}, "a: where the quay is taken"),
        ({"start": 0}, "a: moves without water"),
    ],
)  # fmt: skip
def test_the_checker_finds_what_is_broken(change, said):
    gaps = BerthGaps(along_m=20, between_min=0, under_keel_m=0)
    quay = Quay("q", 500, blocks=[Block(130, 140, 0, 500)])
    vessels = [Vessel("a", 100, 0, 60, draught_m=9.0), Vessel("b", 100, 0, 60)]
    task = Task([quay], vessels, gaps, 8, [Tide(0, 500, 10)])
    a, b = sorted(plan(task, EXTENT).berthings, key=lambda one: one.vessel)
    a, b = replace(a, from_m=0.0), replace(b, from_m=300.0)
    assert faults(task, [a, b]) == []
    if said.endswith("water"):
        task = replace(task, tides=[Tide(1, 500, 10)])
    assert said in faults(task, [replace(a, **change), b])


GOOD = Vessel("v", 100, 0, 60)
PORT = Task([Quay("q", 200, 14)], [GOOD], NO_GAPS, 10, [Tide(100, 200, 13)])


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"length_m": 201.0}, "too-long"), ({"length_m": -5.0}, "length"),
        ({"length_m": float("nan")}, "length"), ({"lasts": 0}, "handling"),
        ({"lasts": None}, "handling"), ({"lasts_at": {"q": -1}}, "handling"),
        ({"lasts_at": {"r": 5}}, "quay"), ({"draught_m": 0.0}, "draught"),
        ({"draught_m": 14.5}, "too-deep"), ({"draught_m": 13.5}, "tide"),
        ({"draught_m": 12.0, "arrival": 200}, "tide"), ({"due": -1}, "due"),
        ({"weight": 0}, "weight"),
    ],
)  # fmt: skip
def test_a_vessel_that_no_plan_could_take_is_told_why(change, cause):
    task = replace(PORT, vessels=[replace(GOOD, **change)])
    assert [(one.vessel, one.cause) for one in refusals(task)] == [("v", cause)]
    with pytest.raises(LimitViolated) as told:
        plan(task, EXTENT)
    assert told.value.extra["cause"] == cause
    assert told.value.mend_en and told.value.mend_zh != told.value.mend_en


@pytest.mark.parametrize(
    "change",
    [
        {"quays": []}, {"quays": [Quay("q", 0)]}, {"quays": [Quay("q", 9), Quay("q", 9)]},
        {"quays": [Quay("q", 200, blocks=[Block(150, 250, 0, 5)])]}, {"vessels": []},
        {"quays": [Quay("q", 200, blocks=[Block(0, 50, 5, 5)])]}, {"tides": [Tide(5, 5, 12)]},
        {"vessels": [GOOD, replace(GOOD, id="w", arrival=10**6)]},
    ],
)  # fmt: skip
def test_what_cannot_be_planned_is_a_problem(change):
    with pytest.raises(BadParameter):
        plan(replace(PORT, **change), EXTENT)


def test_tides_too_few_for_all_name_a_vessel():
    vessels = [Vessel(f"v{k}", 150, 0, 60, draught_m=12.0, draught_out_m=5.0) for k in range(3)]
    with pytest.raises(LimitViolated, match="within the tides"):
        plan(replace(PORT, vessels=vessels), EXTENT)
