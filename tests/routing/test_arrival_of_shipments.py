"""Predicted arrivals hold four of five of those that they never saw, at every stage of the way."""

import numpy as np
import pytest

from routing.shipments.arrival import LegTimes, learn, predict

HOUR, CHANGE = 3600.0, 2 * 3600.0
WORLD = [(0.7, {}), (0.2, {"road": 5400}), (0.1, {"barge": 14_400, "deep_sea": 86_400})]
ROUTES = [
    [("road", 3), ("barge", 14), ("deep_sea", 200)],
    [("rail", 7), ("deep_sea", 340)],
    [("road", 5), ("feeder", 18), ("road", 2)],
    [("road", 9)],
]


def late(mode, rng):
    """Return how late a leg leaves and how much longer it runs (s): each mode has its own way."""
    leaves = {"road": rng.exponential(0.5), "rail": rng.exponential(1),
              "barge": rng.gamma(2, 1.5), "feeder": rng.gamma(2, 3),
              "deep_sea": rng.gamma(1.5, 8)}[mode]  # fmt: skip
    runs = {"road": rng.lognormal(-0.5, 0.9) - 0.4, "rail": rng.normal(0.1, 0.4),
            "barge": rng.choice([rng.normal(0, 1), rng.gamma(3, 3)], p=[0.8, 0.2]),
            "feeder": rng.normal(1, 3), "deep_sea": rng.normal(6, 20)}[mode]  # fmt: skip
    return leaves * HOUR, runs * HOUR


def shipments(number, seed):
    """Return shipments that have arrived, each leg with its plan and what became of it."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(number):
        at, ready, legs = rng.uniform(0, 1e7), None, []
        for mode, hours in ROUTES[rng.integers(len(ROUTES))]:
            departs, arrives = at, at + hours * HOUR
            leaves, runs = late(mode, rng)
            base = departs if ready is None else max(departs, ready + CHANGE)
            departed = base + leaves
            arrived = max(departed + hours * HOUR + runs, departed + 0.2 * hours * HOUR)
            legs.append(LegTimes(mode, departs, arrives, departed, arrived))
            ready, at = arrived, arrives + rng.uniform(2, 12) * HOUR
        found.append(legs)
    return found


def as_of(legs, now):
    """Return what was known of legs at a time."""
    return [
        LegTimes(leg.mode, leg.departs, leg.arrives,
                 leg.departed if leg.departed <= now else None,
                 leg.arrived if leg.arrived <= now else None)
        for leg in legs
    ]  # fmt: skip


def asked(legs, past, now):
    return predict(as_of(legs, now), past, WORLD, now, change_s=CHANGE, least=30, share=0.8)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_interval_holds_four_of_five_arrivals_that_were_held_out(seed):
    past = learn(shipments(400, seed), CHANGE)
    held_out = shipments(600, seed + 100)
    rng = np.random.default_rng(seed)
    within, widths, stages = [], [], []
    for legs in held_out:
        arrival = legs[-1].arrived
        stage = rng.uniform(-0.1, 0.95)
        now = legs[0].departs + stage * (arrival - legs[0].departs)
        one = asked(legs, past, now)
        assert one.assumed == () and one.low <= one.middle <= one.high
        within.append(one.low <= arrival <= one.high)
        widths.append(one.high - one.low)
        stages.append(stage)
    early = np.array(stages) < 0.4
    told = np.array(within)
    print(f"seed {seed}: {told.mean():.3f}, early {told[early].mean():.3f}, late "
          f"{told[~early].mean():.3f}, median width {np.median(widths) / HOUR:.1f} h")  # fmt: skip
    assert 0.75 <= told.mean() <= 0.85


def test_it_narrows_as_legs_end_and_is_never_before_now():
    past = learn(shipments(400, 5), CHANGE)
    (legs,) = [one for one in shipments(50, 6) if one[0].mode == "road" and len(one) == 3][:1]
    begun, ended = asked(legs, past, legs[0].departs - HOUR), asked(legs, past, legs[1].arrived)
    assert ended.high - ended.low < begun.high - begun.low
    overdue = legs[-1].arrives + 100 * 24 * HOUR
    waiting = [*legs[:-1], LegTimes(legs[-1].mode, legs[-1].departs, legs[-1].arrives)]
    one = predict(waiting, past, WORLD, overdue, change_s=CHANGE, least=30, share=0.8)
    assert one.low >= overdue
    assert asked(legs, past, legs[0].departs) == asked(legs, past, legs[0].departs)


def test_modes_without_a_past_go_by_the_scenarios():
    legs = [LegTimes("road", 0, HOUR), LegTimes("barge", 10 * HOUR, 20 * HOUR)]
    one = predict(legs, {}, WORLD, -HOUR, change_s=CHANGE, least=30, share=0.8)
    assert one.assumed == ("barge", "road") and one.learnt == ()
    assert one.low == one.middle == 20 * HOUR
    wide = predict(legs, {}, WORLD, -HOUR, change_s=CHANGE, least=30, share=0.9)
    assert wide.high == 24 * HOUR
    few = learn(shipments(3, 9), CHANGE)
    assert predict(legs, few, WORLD, -HOUR, change_s=CHANGE, least=30, share=0.8) == one
