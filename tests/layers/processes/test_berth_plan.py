"""Process `berth-plan`: rows refused singly, tides, gaps of the rule, made-up rows marked."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from layers.processes.ports.berth_plan import PROCESS
from layers.processes.registry import check_inputs
from layers.processes.runtime.model import Scene
from routing.berths.rule_models import GAPS, SEARCH, BerthSearch
from spatial.errors import BadParameter, LimitViolated
from tests.routing.maps import shipped_rules

QUAY = {"id": "north", "length_m": 420, "depth_m": 16}
TIDES = [{"since": 100, "until": 300, "depth_m": 15}, {"since": 800, "until": 1000, "depth_m": 15}]
SHIPS = [
    {"id": "a", "length_m": 200, "arrival": 0, "lasts_min": 600, "draught_m": 9},
    {"id": "b", "length_m": 200, "arrival": 10, "lasts_min": 600, "draught_m": 13.5},
    {"id": "c", "length_m": 200, "arrival": 20, "lasts_min": 60, "due": 100, "late_weight": 5},
]


@pytest.fixture(scope="module")
def rules():
    shipped = shipped_rules()
    few = BerthSearch(changes=2000, passes=2, seconds_most=20, seed=1)
    return {**shipped, SEARCH.key: replace(shipped[SEARCH.key], value=few)}


def planned(rules, vessels, **more):
    given = {"quays": [QUAY], "vessels": vessels, "channel_depth_m": 12, "tides": TIDES, **more}
    inputs, scene = check_inputs(PROCESS, given), Scene({"rules": rules}, datetime.now(UTC))
    PROCESS.check(inputs, scene)
    return PROCESS.run(inputs, scene)


def test_vessels_lie_with_the_gaps_of_the_rule_and_move_with_the_tide(rules):
    answer = planned(rules, SHIPS)
    own = {one.vessel: one for one in answer.berthings}
    assert {key: one.start for key, one in own.items()} == {"a": 0, "b": 110, "c": 20}
    assert (own["b"].handled, own["b"].leaves) == (710, 800)
    assert (own["c"].leaves, own["c"].late_min, own["b"].waits_min) == (80, 0, 100)
    assert sorted([own["a"].from_m, own["b"].from_m]) == [0, 220]
    assert (answer.faults, answer.refused, answer.origin) == ([], [], "real")
    assert answer.bound <= answer.cost == 600 + 790 + 60 <= answer.first_come
    assert answer.rules == {GAPS.key: "2026-01", SEARCH.key: "2026-01"}


def test_gaps_given_stand_in_for_those_of_the_rule(rules):
    own = {one.vessel: one for one in planned(rules, SHIPS, between_min=0).berthings}
    assert own["b"].start == 100
    beside = {one.vessel: one for one in planned(rules, SHIPS[:2], along_m=21).berthings}
    assert {key: one.start for key, one in beside.items()} == {"a": 830, "b": 100}


def test_a_vessel_that_no_plan_could_take_is_refused_by_itself(rules):
    bad = [
        {"id": "long", "length_m": 421, "arrival": 0, "lasts_min": 60},
        {"id": "idle", "length_m": 100, "arrival": 0, "lasts_min": 0},
        {"id": "negative", "length_m": -100, "arrival": 0, "lasts_min": 60},
        {"id": "dry", "length_m": 100, "arrival": 0, "lasts_min": 60, "draught_m": 14.5},
    ]
    made_up = {**SHIPS[0], "origin": "synthetic"}
    answer = planned(rules, [*bad, made_up])
    assert [one.vessel for one in answer.berthings] == ["a"]
    assert (answer.origin, answer.berthings[0].origin) == ("synthetic", "synthetic")
    told = {one.vessel: one.cause for one in answer.refused}
    assert told == {"long": "too-long", "idle": "handling", "negative": "length", "dry": "tide"}
    assert all(one.text.zh and one.mend.en for one in answer.refused)
    with pytest.raises(LimitViolated, match="421"):
        planned(rules, bad)


@pytest.mark.parametrize(
    "more", [{"quays": [{**QUAY, "length_m": 0}]}, {"tides": [{**TIDES[0], "until": 100}]},
             {"quays": [QUAY, QUAY]}, {"quays": []}, {"along_m": -1}, {"berths": 3}],
)  # fmt: skip
def test_quays_and_tides_that_cannot_be_are_a_problem(rules, more):
    with pytest.raises(BadParameter):
        planned(rules, SHIPS, **more)
