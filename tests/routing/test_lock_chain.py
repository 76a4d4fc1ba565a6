"""A voyage through locks: the sum of its parts where nothing is ahead; its interval holds."""

from time import perf_counter

import numpy as np
import pytest

from bench.locks_voyage import chain, coverage
from routing.locks.chain import LockAhead, passages
from routing.locks.model import Chamber, Ship
from routing.locks.placement import Placer
from routing.locks.rule_models import LockForecast
from tests.routing.lock_cases import PLAIN

RULE = LockForecast(
    arrival_sd_s=900, lockage_sd=0.1, sailing_sd=0.05, filling=0.8, level=0.8, courses=200
)
SURE = RULE.model_copy(update={"arrival_sd_s": 0.0, "lockage_sd": 0.0, "sailing_sd": 0.0})
PLACER = Placer(PLAIN, 4000)
VESSEL = Ship("own", "up", 0, 40, 10)


def test_empty_locks_are_passed_as_soon_as_the_chamber_is_fetched():
    here = Chamber("c", 100, 12, 600, 600, side="up")
    there = Chamber("c", 100, 12, 600, 600, side="down")
    locks = [LockAhead("a", "up", 1000, [here], []), LockAhead("b", "up", 2000, [there], [])]
    one, two = passages(VESSEL, 50, locks, PLACER, SURE)
    assert one.arrive_s == (1050, 1050, 1050)
    assert one.through_s == (1650, 1650, 1650)
    assert two.arrive_s[1] == 3650
    assert two.through_s[1] == 3650 + 600 + 600  # an empty lockage, then its own


def test_a_queue_ahead_is_waited_for_and_a_full_chamber_left_behind():
    chamber = Chamber("c", 41, 12, 600, 600, side="up")
    ahead = [Ship(f"s{k}", "up", 0, 40, 10) for k in range(3)]
    (passage,) = passages(VESSEL, 0, [LockAhead("a", "up", 10, [chamber], ahead)], PLACER, SURE)
    assert passage.through_s[1] == 3 * 1200 + 600
    (passage,) = passages(
        VESSEL, 0, [LockAhead("a", "up", 10, [Chamber("c", 30, 12, 600, 600)], [])], PLACER, SURE
    )
    assert passage.through_s[1] == np.inf


def test_the_same_seed_tells_the_same():
    import random

    locks = chain(random.Random(1))
    assert passages(VESSEL, 0, locks, PLACER, RULE) == passages(VESSEL, 0, locks, PLACER, RULE)
    start = perf_counter()
    passages(VESSEL, 0, locks, PLACER, RULE)
    assert perf_counter() - start < 1.0


@pytest.mark.parametrize("nights", [60])
def test_four_of_five_arrivals_lie_within_the_interval(nights):
    told = coverage(nights, PLAIN, RULE)
    assert 0.70 <= told["of_all_locks"] <= 0.90
