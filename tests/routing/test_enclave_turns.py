"""Turns that cost on the way out of enclaves and into them, against a search over edges."""

import heapq
import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.cch.engine import Topology
from routing.cost.profile import load_profiles, usable_profiles
from routing.graph.turns import split
from routing.index.snap import SnapPoint
from routing.query.leg import find_legal_leg
from routing.query.model import Conditions
from routing.query.network import RoadNetwork
from routing.query.one_to_many import MS_PER_S, span, table
from spatial.networks.road import KIND as ROAD
from tests.routing.maps import NOW, edge_id, edges_of, node_id
from tests.routing.test_reach_engine import covers
from tests.routing.test_turn_costs import RULES, SIZES, Bends
from tests.routing.test_u_turns import plain_oneway

BEFORE, ON, BEHIND = range(3)
OUTSIDE = 2  # nodes that streets open to all need not lead to
MS_PER_M = 100  # at 36 km/h


class Phases(Bends):
    """Ways before the core, on it and behind it; the core is where streets open to all lead."""

    def __init__(self, edges, private):
        edges = plain_oneway(edges)
        super().__init__(edges, [], (edges.length_m * MS_PER_M).tolist(), "car")
        self.private, public = private, [k for k in self.tail if k >> 1 not in private]
        first = {self.tail[0]}
        ahead = self.reached(first, [(self.tail[k], self.head[k]) for k in public])
        self.core = ahead & self.reached(first, [(self.head[k], self.tail[k]) for k in public])

    @staticmethod
    def reached(found, steps):
        while more := {head for tail, head in steps if tail in found} - found:
            found = found | more
        return found

    def after(self, key, phase):
        """Return the phases in which one may be after driving a key."""
        if phase == BEFORE:
            return [ON if self.head[key] in self.core else BEFORE]
        on = [ON] if phase == ON and key >> 1 not in self.private else []
        return [*on, BEHIND] if phase == ON or self.tail[key] not in self.core else on

    def lengths(self, spot):
        """Return how far (ms) the ends of keys are from a spot, by phase."""
        queue, far = [], {}
        for key in (2 * spot.edge, 2 * spot.edge + 1):
            if key in self.tail:
                left = spot.fraction if key & 1 else 1 - spot.fraction
                phase = ON if self.head[key] in self.core else BEFORE
                heapq.heappush(queue, (self.weight[key >> 1] * left, key, phase))
        while queue:
            cost, last, phase = heapq.heappop(queue)
            if (last, phase) in far:
                continue
            far[last, phase] = cost
            for key in self.onward((last,)):
                for then in self.after(key, phase):
                    on = cost + self.over(last, key) + self.weight[key >> 1]
                    heapq.heappush(queue, (on, key, then))
        return far

    def over(self, last, key):
        return self.turn_ms((last,)) if key == last ^ 1 else self.bend_ms(last, key)

    def arrival(self, far, source, target):
        """Return how far a spot is by the lengths from another one; infinite is no way."""
        best = math.inf
        for key in (2 * target.edge, 2 * target.edge + 1):
            if key not in self.tail:
                continue
            share = 1 - target.fraction if key & 1 else target.fraction
            driving = self.weight[key >> 1] * share
            for (last, phase), cost in far.items():
                if self.head[last] == self.tail[key] and self.after(key, phase):
                    best = min(best, cost + self.over(last, key) + driving)
            begun = 1 - source.fraction if key & 1 else source.fraction
            if source.edge == target.edge and begun <= share:
                best = min(best, self.weight[key >> 1] * (share - begun))
        return best


def town(seed):
    """Return the edges of streets on a grid, and which are private: most off a core that is not."""
    rng = random.Random(seed)
    count = rng.randint(6, 9)
    places = rng.sample([(x, y) for x in range(4) for y in range(4)], count)
    nodes = [  # no three on a line: who turns by 180° turns neither to the left nor to the right
        (121 + 0.0004 * (x + rng.uniform(0, 0.3)), 30 + 0.0004 * (y + rng.uniform(0, 0.3)))
        for x, y in places
    ]
    ends = [(rng.randrange(n), n) for n in range(1, count)]
    more = {tuple(sorted(rng.sample(range(count), 2))) for _ in range(rng.randrange(2, 7))}
    streets = count - OUTSIDE - 1  # the first ones, which hold the core together
    ends += sorted(more - set(ends))
    private = {i for i in range(len(ends)) if i >= streets and rng.random() < 0.6}
    rows = [
        {
            "id": edge_id(f"{i}"), "from_node": node_id(f"{a}"), "to_node": node_id(f"{b}"),
            "oneway": i >= streets and rng.random() < 0.15, "length_m": float(rng.randint(5, 60)),
            "class": rng.choice([*SIZES]), "shape": [nodes[a], nodes[b]], "speed_kmh": 36.0,
            "access": '{"access": "private"}' if i in private else None,
        }
        for i, (a, b) in enumerate(ends)
    ]  # fmt: skip
    return edges_of(rows), private, rng


def opened(edges):
    """Return graph, metric and costs of a car."""
    graph = split(edges, [])
    profiles = usable_profiles(load_profiles(ROAD), RULES)
    network = RoadNetwork(graph, Topology.build(graph), profiles, RULES)
    return graph, network.prepared(Conditions("car"), NOW).metric, network.costs("car")


def spots_on(edges, rng):
    """Return a place on each edge, in random order."""
    chosen = rng.sample(range(len(edges)), len(edges))
    return [SnapPoint(e, rng.uniform(0.05, 0.95), 0, 0.0, 0.0, 0.0) for e in chosen]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_paths_and_tables_equal_a_search_over_edges(seed):
    edges, private, rng = town(seed)
    truth, spots = Phases(edges, private), spots_on(edges, rng)
    graph, metric, costs = opened(edges)
    seconds, _, _ = table(graph, metric, [[s] for s in spots], [[t] for t in spots])
    for i, source in enumerate(spots):
        far = truth.lengths(source)
        for j, target in enumerate(spots):
            wanted = truth.arrival(far, source, target)
            leg = find_legal_leg(graph, metric, costs, [source], [target])
            assert (leg.weight if leg else math.inf) == pytest.approx(wanted, abs=5)
            assert seconds[i, j] * MS_PER_S == pytest.approx(wanted, abs=5)
            if leg is not None:
                driving = edges.length_m[leg.edges] * (leg.stop - leg.start) * MS_PER_M
                took = driving.sum() + leg.waits_ms(costs).sum()
                assert took == pytest.approx(wanted, abs=5)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_a_reach_ends_where_paths_do(seed, backward):
    edges, private, rng = town(seed)
    truth, spots = Phases(edges, private), spots_on(edges, rng)
    graph, metric, _ = opened(edges)
    here, limit = spots[0], rng.randrange(3_000, 30_000)
    found = span(graph, metric, [here], limit, backward=backward)
    for there in spots[1:]:
        source, target = (there, here) if backward else (here, there)
        far = truth.arrival(truth.lengths(source), source, target)
        if abs(far - limit) > 5:
            assert covers(found, there.edge, there.fraction) == (far <= limit)


def test_some_towns_have_enclaves_and_turns_that_cost():
    metrics = [opened(town(seed)[0])[1] for seed in range(20)]
    inside = [m for m in metrics if m.at_ends is not None and (m.fixed.begin > 0).any()]
    assert len(inside) > 8
