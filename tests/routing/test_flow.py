"""Delay by load, lost lanes, shock waves: the worked examples and what must always hold."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.cost.traffic_flow import (
    State,
    bpr_factor,
    lane_loss,
    predict,
    predicted_time,
    queue_margin_m,
    tail_m,
    wave_speed,
)
from spatial.errors import BadParameter
from tests.conftest import shared_path
from tests.routing.maps import shipped_rules

RULES = shipped_rules()


def example(name):
    return json.loads(shared_path("worked_examples.json").read_text("utf-8"))[name]


def test_the_worked_example_of_bpr():
    told = example("bpr")
    found = predicted_time(told["t0_min"], told["vc"], RULES)
    assert float(found) == pytest.approx(told["t_min"], abs=5e-6)


def test_the_worked_example_of_a_shock_wave():
    told = example("incident_shockwave")
    upstream, queue = (
        State(told[name]["q_veh_h"], told[name]["k_veh_km"]) for name in ("upstream", "queue")
    )
    assert wave_speed(upstream, queue) == pytest.approx(told["w_km_h"], abs=5e-5)
    assert tail_m(upstream, queue, 900) == pytest.approx(
        1000 * told["tail_km_after_15_min"], abs=0.05
    )
    assert queue_margin_m(RULES) == 2000


def test_a_queue_that_melts_has_no_tail():
    assert tail_m(State(1200, 240), State(3600, 45), 900) > 0
    assert tail_m(State(1000, 20), State(3600, 45), 900) == 0
    with pytest.raises(BadParameter):
        wave_speed(State(1000, 20), State(900, 20))


@pytest.mark.parametrize("load", [-0.1, float("nan"), float("inf")])
def test_a_load_is_a_number_of_at_least_zero(load):
    with pytest.raises(BadParameter):
        bpr_factor(load, 0.15, 4)


@settings(max_examples=80, deadline=None)
@given(st.floats(5, 120), st.integers(1, 6), st.integers(1, 6))
def test_fewer_lanes_are_never_faster(free, lanes, closed):
    one = lane_loss(free, lanes, "motorway", closed, RULES)
    more = lane_loss(free, lanes, "motorway", closed + 1, RULES)
    if closed >= lanes:
        assert one.speed_kmh is None
        assert one.share == 0
    else:
        assert 0 < one.speed_kmh <= free
        assert more.speed_kmh is None or more.speed_kmh <= one.speed_kmh
        assert one.share == pytest.approx((lanes - closed) / lanes)


def test_half_of_the_lanes_slow_the_stream_as_bpr_says():
    found = lane_loss(100, 2, "motorway", 1, RULES)
    usual, now = 1 + 0.15 * 0.6**4, 1 + 0.15 * 1.2**4
    assert found.speed_kmh == pytest.approx(100 * usual / now)
    assert found.lanes_basis == "recorded"
    assert lane_loss(100, None, "motorway", 1, RULES) == (
        type(found)(2, 1, "assumed", 0.5, found.speed_kmh)
    )


def predicted(volume, capacity=np.nan, lanes=0, road_class="motorway"):
    columns = [np.atleast_1d(np.asarray(v, np.float64)) for v in (volume, capacity)]
    count = len(columns[0])
    return predict([road_class] * count, np.full(count, lanes), columns[0],
                   np.broadcast_to(columns[1], count), RULES)  # fmt: skip


def test_a_given_capacity_comes_first_then_recorded_lanes_then_assumed_ones():
    assert predicted(1800, 2000).factor[0] == pytest.approx(1 + 0.15 * 0.9**4)
    own, three, assumed = predicted(2100, 4000, 3), predicted(2100, lanes=3), predicted(2100)
    assert (own.load[0], three.load[0], assumed.load[0]) == (0.525, pytest.approx(1 / 3), 0.5)
    assert (three.lanes_known[0], assumed.lanes_known[0]) == (True, False)
    assert (three.lanes[0], assumed.lanes[0]) == (3, 2)
    assert (
        predicted(300, road_class=None).load[0] == predicted(300, road_class="track").load[0] == 0.5
    )


def test_a_level_ends_with_its_bound():
    loads = np.array([0, 0.35, 0.36, 0.55, 0.75, 0.9, 0.91, 1.0, 1.01, 9])
    assert predicted(loads * 1000, 1000).level.tolist() == [1, 1, 2, 2, 3, 4, 5, 5, 6, 6]
