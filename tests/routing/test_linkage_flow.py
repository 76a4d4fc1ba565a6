"""What can pass in a period: equal to a linear programme, worked examples, what room is worth."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.sparse import csr_array

from routing.multimodal.expanded import Passing, expand
from routing.multimodal.flow import find_flow
from routing.multimodal.prices import Factors, Load, Tariffs
from routing.multimodal.question import Limits
from routing.multimodal.timetable import MODES, Service, Timetable
from tests.routing.linkage_networks import call, hubs_of, random_question, trips_of

HOUR, DAY = 3600, 86_400
RAIL = MODES.index("rail")


def solved(network):
    """Return the greatest flow and its least cost by HiGHS, twice hundredths of a yuan."""
    source, sink = network.nodes - 2, network.nodes - 1
    count = len(network.tail)
    columns = np.arange(count)
    balance = csr_array(
        (np.concatenate([np.ones(count), -np.ones(count)]),
         (np.concatenate([network.head, network.tail]), np.concatenate([columns, columns]))),
        shape=(network.nodes, count),
    )  # fmt: skip
    inner = np.arange(network.nodes - 2)
    out = np.where(network.tail == source, 1.0, 0.0)
    bounds = np.stack([np.zeros(count), network.room], axis=1)
    most = linprog(-out, A_eq=balance[inner], b_eq=np.zeros(len(inner)), bounds=bounds)
    assert most.status == 0 and sink == network.nodes - 1
    rows = csr_array(np.vstack([balance[inner].toarray(), out[None]]))
    least = linprog(
        network.cost.astype(float), A_eq=rows,
        b_eq=np.append(np.zeros(len(inner)), round(-most.fun)), bounds=bounds,
    )  # fmt: skip
    assert least.status == 0
    return round(-most.fun), least.fun


def random_passing(seed):
    rng, one = np.random.default_rng(seed), random_question(seed)
    one.trips.capacity_teu[:] = rng.integers(1, 9, len(one.trips.ids))
    table = Timetable.build(one.hubs, one.services, one.trips)
    hubs = rng.permutation(len(one.hubs.ids)).tolist()
    gates = {hub: int(rng.integers(1, 9)) for hub in hubs if rng.random() < 0.4}
    asked = Passing(hubs[:1], hubs[1:2], 0, 2 * DAY, gates)
    load = Load(1.0, 10.0)
    return expand(table, load, one.factors, one.tariffs, Limits(), asked)


def test_as_much_passes_at_the_same_cost_as_by_a_linear_programme():
    passed = dear = 0
    for seed in range(40):
        network = random_passing(seed)
        flow = find_flow(network)
        teu, cost = solved(network)
        assert flow.teu == teu
        assert (flow.on * network.cost).sum() == pytest.approx(cost, abs=0.5)
        assert flow.gap == 0, "what limits are worth together is what the flow is worth"
        passed += teu > 0
        dear += cost > 0
    assert passed > 12 and dear > 8


def test_flow_is_kept_at_every_node_and_within_every_limit():
    for seed in range(40):
        network = random_passing(seed)
        on = find_flow(network).on
        assert np.all((on >= 0) & (on <= network.room))
        balance = np.zeros(network.nodes, np.int64)
        np.add.at(balance, network.head, on)
        np.add.at(balance, network.tail, -on)
        assert not balance[:-2].any()


def line(capacity=(10, 4), closed=(), starts=(10,)):
    """Return trains 0→1 and 1→2, an hour apart, of two services."""
    first = [call(0, 0, 0), call(1, 2 * HOUR, 2 * HOUR, per_teu=100.0)]
    second = [call(1, 0, 0), call(2, 2 * HOUR, 2 * HOUR, per_teu=50.0)]
    return Timetable.build(
        hubs_of(3, handling_s=HOUR, closed=closed),
        [Service("a", RAIL, "c", ""), Service("b", RAIL, "c", "")],
        trips_of([("a1", 0, capacity[0], first, [at * HOUR for at in starts]),
                  ("b1", 1, capacity[1], second, [(at + 3) * HOUR for at in starts])]),
    )  # fmt: skip


def passing(table, gates=None, since=0, until=DAY):
    asked = Passing([0], [2], since, until, gates or {})
    return expand(table, Load(1.0, 10.0), Factors("f", {}), Tariffs(), Limits(), asked)


def binding(network, flow):
    """Return of each ride its TEU, and how many TEU and how much cost more room is worth."""
    halts = network.events.hub[network.ride_event]
    return {int(hub): (int(flow.on[arc]), int(flow.worth_teu[arc]))
            for hub, arc in zip(halts, network.rides, strict=True)}  # fmt: skip


def test_the_smaller_train_binds_and_one_more_of_its_places_is_one_more():
    network = passing(line())
    flow = find_flow(network)
    assert flow.teu == 4 and flow.gap == 0
    assert (flow.low, flow.high) == (4 * 150_00, 4 * 150_00)
    assert binding(network, flow) == {0: (4, 0), 1: (4, 1)}


def test_a_gate_binds_by_day():
    network = passing(line(starts=(10, 34)), {2: 3}, until=2 * DAY)
    flow = find_flow(network)
    assert flow.teu == 6
    assert [(hub, day) for _, hub, day in network.gates] == [(2, 0), (2, 1)]
    assert [int(flow.worth_teu[arc]) for arc, _, _ in network.gates] == [1, 1]
    assert find_flow(passing(line(), {0: 3})).teu == 3


def test_what_misses_its_train_or_meets_a_closed_hub_does_not_pass():
    assert find_flow(passing(line(closed=[(1, 12 * HOUR, 20 * HOUR)]))).teu == 0
    late = line()
    late = replace(late, gate_in_s=late.gate_in_s + 1)
    assert find_flow(passing(late)).teu == 0, "handled in an hour, a second too late for the gate"
    assert find_flow(passing(line(), until=15 * HOUR)).teu == 0, "handed out after the period"
    assert find_flow(passing(line(capacity=(10, np.inf)))).teu == 0, "capacity is not known"
