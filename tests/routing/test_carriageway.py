"""Stakes, signs, entrances and queue tails on a divided road with ramps and broken chains."""

import numpy as np
import pytest

from routing.corridor.carriageway import find_devices, find_tail, lines_of
from routing.corridor.directed_search import At, keys_in
from routing.cost.traffic_flow import State, tail_m
from spatial.errors import BadParameter, NotFound
from tests.routing.corridor import Corridor, at, edge_id


@pytest.fixture(scope="module")
def corridor():
    return Corridor()


def signs(corridor, side, k_m, way="upstream", over="main", **more):
    main = corridor.mainline(side)
    kept = main.keys if over == "main" else main.keys | corridor.streets.expressway
    hits = find_devices(
        corridor.streets, corridor.place(side, k_m, more.pop("occurrence", None)),
        corridor.placed(side, kept), kept, way, within_m=more.pop("within_m", 20_000), **more,
    )  # fmt: skip
    return [(hit.device.id, round(hit.distance_m)) for hit in hits]


@pytest.mark.parametrize(
    ("side", "k_m", "x", "edge"),
    [
        ("up", 95_500, 500, "up 0"), ("up", 98_200, 3000, "up 2500"),
        ("up", 100_000, 4776.7, "up 4000"), ("up", 105_000, 9840, "up 8000"),
        ("down", 100_000, 4776.7, "down 5000"), ("down", 97_000, 2000, "down 5000"),
    ],
)  # fmt: skip
def test_a_stake_lies_within_20_m_on_its_own_side(corridor, side, k_m, x, edge):
    place = corridor.place(side, k_m)
    assert corridor.x(place) == pytest.approx(x, abs=20)
    assert corridor.x(place) == pytest.approx(x, abs=1)
    names = {corridor.name(place.key), edge}
    assert all(name.startswith(side) for name in names)
    assert place.key % 2 == 0


def test_a_stake_in_the_gap_of_a_short_chain_is_nowhere(corridor):
    with pytest.raises(NotFound):
        corridor.place("up", 98_100)


def test_a_stake_of_a_long_chain_names_both_its_places(corridor):
    with pytest.raises(BadParameter) as told:
        corridor.place("up", 102_200)
    assert len(told.value.extra["places"]) == 2
    assert [round(corridor.x(corridor.place("up", 102_200, n))) for n in (1, 2)] == [6940, 7040]
    with pytest.raises(BadParameter):
        corridor.place("up", 102_200, 3)


def test_the_first_two_signs_upstream_of_k100_towards_ningbo(corridor):
    found = signs(corridor, "up", 100_000, limit=2)
    assert found == [("up 4500", 277), ("up 3900", 877)]


def test_signs_of_ramps_count_only_where_they_are_asked_for(corridor):
    found = [name for name, _ in signs(corridor, "up", 100_000, over="ramps")]
    assert found == ["up 4500", "up 3900", "on ramp", "up 1500", "G15 sign"]
    main = [name for name, _ in signs(corridor, "up", 100_000)]
    assert main == ["up 4500", "up 3900", "up 1500"]


def test_the_other_side_has_signs_of_its_own(corridor):
    assert signs(corridor, "down", 100_000, way="upstream") == []
    found = signs(corridor, "down", 100_000, way="downstream")
    assert [name for name, _ in found] == ["down 4790", "down 4600"]


def test_downstream_follows_the_traffic(corridor):
    found = [name for name, _ in signs(corridor, "up", 100_000, way="downstream")]
    assert found == ["up 4800 staked", "up 4900", "up 6990"]


def test_a_higher_number_lies_upstream_behind_a_long_chain(corridor):
    """K102+250 stands 70 m before the second K102+180: numbers alone would say downstream."""
    found = signs(corridor, "up", 102_180, occurrence=2, limit=1)
    assert found == [("up 6990", 30)]


def test_a_distance_is_driven_not_the_difference_of_stakes(corridor):
    assert signs(corridor, "up", 98_300, limit=1) == [("up 1500", 1600)]
    stake_of_the_sign = 96_500
    assert 98_300 - stake_of_the_sign == 1800


def test_entrances_upstream_of_a_place(corridor):
    streets = corridor.streets
    kept = corridor.mainline("up").keys | streets.expressway
    found = streets.openings([corridor.place("up", 100_000)], kept, 8_000, "upstream")
    told = [(corridor.name(e.joins), corridor.name(e.others[0])) for e in found]
    assert told == [("on 1", "street 2700"), ("G15 street", "south")]
    assert found[0].distance_m == pytest.approx(776.7 + 362.1, abs=1)
    near = streets.openings([corridor.place("up", 100_000)], kept, 1_000, "upstream")
    assert near == []


def test_exits_downstream_of_a_place(corridor):
    streets = corridor.streets
    kept = corridor.mainline("up").keys | streets.expressway
    found = streets.openings([corridor.place("up", 96_500)], kept, 6_000, "downstream")
    told = [(corridor.name(e.joins), round(e.distance_m)) for e in found]
    assert told == [("off 1", 1000 + 289), ("off 2", 4500 + 283)]


def test_no_entrance_is_an_exit(corridor):
    streets = corridor.streets
    kept = corridor.mainline("down").keys | streets.expressway
    found = streets.openings([corridor.place("down", 95_500)], kept, 20_000, "upstream")
    assert [corridor.name(e.joins) for e in found] == ["down on"]


def test_a_queue_of_the_worked_example_ends_where_the_wave_has_come(corridor):
    length = tail_m(State(3600, 45), State(1200, 240), 900)
    main = corridor.mainline("up")
    head = corridor.place("up", 100_000)
    tail = find_tail(corridor.streets, head, main.keys, length)
    assert tail.whole
    assert corridor.x(tail.at) == pytest.approx(4776.7 - 3076.9, abs=1)
    lines = lines_of(corridor.streets, tail)
    assert lines[0][-1] == pytest.approx(at(4776.7, 0), abs=1e-5)
    assert lines[-1][0] == pytest.approx(at(4776.7 - 3076.9, 0), abs=1e-5)


def test_the_sign_for_a_queue_stands_two_kilometres_before_its_tail(corridor):
    found = signs(corridor, "up", 103_000, beyond_m=2_000 + 700, limit=1)
    assert found == [("up 4900", 2940)]


def test_a_queue_longer_than_the_carriageway_says_so(corridor):
    main = corridor.mainline("up")
    tail = find_tail(corridor.streets, corridor.place("up", 96_000), main.keys, 5_000)
    assert not tail.whole
    assert (tail.distance_m, corridor.x(tail.at)) == pytest.approx((1000, 0), abs=1)


def test_nobody_turns_round_on_a_two_way_street(corridor):
    streets = corridor.streets
    name = next(k for k in streets.all_keys.nonzero()[0] if corridor.name(k) == "street 2700")
    place = At(int(name), 100.0)
    kept = streets.all_keys & ~streets.expressway
    keys = [r.key for r in streets.search([place], kept, 50_000, "upstream")]
    assert not {key ^ 1 for key in keys} & set(keys)


def test_only_directions_that_may_be_driven_are_keys(corridor):
    ids = corridor.graph.ids

    pair = np.array([ids.find(edge_id("up 0")), ids.find(edge_id("street 0"))])
    keys = keys_in(corridor.streets, pair)
    assert sorted(keys % 2) == [0, 0, 1]
