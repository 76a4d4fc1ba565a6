"""Density along a network: exact at junctions, and no mass gained or lost."""

import json
import math

import numpy as np
import pytest

from routing.statistics import network_density as module
from routing.statistics.network_density import Lixels, cut_into_lixels, network_density
from spatial.errors import BadParameter, TooComplex
from tests.conftest import shared_path

STAR = [[0, 1], [0, 2], [0, 3]]


def around(places, width=1e-3, length=2000.0):
    """Return the star with narrow lixels around places of its arms, which stand for points."""
    first, bounds = [0], []
    for arm in range(3):
        cuts = {0.0, length}
        for one, at in places:
            if one == arm:
                cuts |= {max(at - width / 2, 0.0), at + width / 2}
        bounds += sorted(cuts)
        first.append(first[-1] + len(cuts) - 1)
    return Lixels(np.array(STAR), np.full(3, length), np.array(first), np.array(bounds))


def at(found, arm, place):
    lixels = found.lixels
    here = (lixels.edge == arm) & (lixels.from_m <= place) & (place < lixels.to_m)
    return found.per_m[here][0]


@pytest.mark.shared
def test_the_handed_case_of_a_junction():
    cases = json.loads(shared_path("cases/heat-ports.json").read_text("utf-8"))
    expected = next(one for one in cases if one["id"] == "H03")["expected"]
    lixels = around([(0, 300), (0, 100), (0, 0), (1, 0), (1, 200), (2, 0)])
    smooth = network_density(lixels, [0], [300.0], None, 1000.0, "continuous")
    given = expected["equal_split_continuous_per_m"]
    assert at(smooth, 0, 300) == pytest.approx(given["at event"], abs=1e-9)
    assert at(smooth, 0, 100) == pytest.approx(given["A, 100 m from J"], abs=1e-9)
    for arm in range(3):
        assert at(smooth, arm, 0) == pytest.approx(given["at J (from every arm)"], abs=1e-9)
    assert at(smooth, 1, 200) == pytest.approx(given["B, 200 m from J"], abs=1e-9)
    jumping = network_density(lixels, [0], [300.0], None, 1000.0, "discontinuous")
    given = expected["equal_split_discontinuous_per_m"]
    assert at(jumping, 0, 0) == pytest.approx(given["A at J"], abs=1e-9)
    assert at(jumping, 1, 0) == pytest.approx(given["B at J"], abs=1e-9)
    assert at(jumping, 2, 0) == pytest.approx(given["B at J"], abs=1e-9)
    assert at(jumping, 1, 200) == pytest.approx(given["B, 200 m from J"], abs=1e-9)
    assert smooth.mass.sum() == pytest.approx(1.0, abs=1e-9)
    assert jumping.mass.sum() == pytest.approx(1.0, abs=1e-9)


def town(seed, edges=60):
    """Return a random network with loops, dead ends, twin edges and edges of a metre."""
    random = np.random.default_rng(seed)
    ends = random.integers(0, edges * 2 // 3, (edges, 2))
    length = random.choice([1.0, 40.0, 150.0, 900.0], edges) * random.uniform(0.5, 1.5, edges)
    return cut_into_lixels(ends, length, 50.0), random


@pytest.mark.parametrize("split", ["continuous", "discontinuous"])
@pytest.mark.parametrize("seed", range(4))
def test_mass_is_the_sum_of_the_weights(split, seed):
    lixels, random = town(seed)
    edge = random.integers(0, 60, 300)
    place = random.random(300) * lixels.length_m[edge]
    weights = random.random(300)
    found = network_density(lixels, edge, place, weights, 250.0, split, least_share=1e-3)
    assert found.mass.sum() == pytest.approx(weights.sum(), rel=1e-9)
    assert split == "continuous" or found.cut < 0.05 * weights.sum()


def by_hand(lixels, edge, place, bandwidth, split):  # noqa: C901
    """Return the mass of lixels by walking half-edge by half-edge for one event."""
    mass = np.zeros(lixels.first[-1])
    c = 15 / 16

    def integral(u):
        u = max(-1.0, min(1.0, u))
        return c * (u - 2 * u**3 / 3 + u**5 / 5)

    def lay(onto, backwards, way, share):
        for i in range(lixels.first[onto], lixels.first[onto + 1]):
            a, b = lixels.from_m[i], lixels.to_m[i]
            if backwards:
                a, b = lixels.length_m[onto] - b, lixels.length_m[onto] - a
            part = integral((way + b) / bandwidth) - integral((way + a) / bandwidth)
            mass[i] += share * part

    def go(node, came, way, share):
        if way >= bandwidth:
            return
        halves = [(e, s) for e, two in enumerate(lixels.ends) for s in (0, 1) if two[s] == node]
        n = len(halves)
        for e, s in halves:
            back = (e, s) == came
            if split == "continuous":
                part = share * (2 / n - 1 if back else 2 / n)
            else:
                part = share if n == 1 else 0 if back else share / (n - 1)
            if part:
                lay(e, s == 1, way, part)
                go(lixels.ends[e][1 - s], (e, 1 - s), way + lixels.length_m[e], part)

    for i in range(lixels.first[edge], lixels.first[edge + 1]):
        a, b = lixels.from_m[i] - place, lixels.to_m[i] - place
        mass[i] += integral(b / bandwidth) - integral(a / bandwidth)
    go(lixels.ends[edge][0], (edge, 0), place, 1.0)
    go(lixels.ends[edge][1], (edge, 1), lixels.length_m[edge] - place, 1.0)
    return mass


@pytest.mark.parametrize("split", ["continuous", "discontinuous"])
def test_events_together_are_the_sum_of_each_by_hand(split):
    ends = [[0, 1], [1, 2], [2, 0], [1, 3], [3, 3], [1, 3], [2, 4]]
    lixels = cut_into_lixels(ends, [100.0, 80.0, 130.0, 60.0, 90.0, 75.0, 40.0], 25.0)
    edge, place = np.array([0, 0, 3, 4, 6]), np.array([10.0, 70.0, 30.0, 45.0, 0.0])
    found = network_density(lixels, edge, place, None, 260.0, split)
    whole = sum(
        by_hand(lixels, e, p, 260.0, split) for e, p in zip(edge, place.tolist(), strict=True)
    )
    assert found.mass == pytest.approx(whole, abs=1e-12)
    assert found.cut == 0.0


def test_a_node_of_two_edges_changes_nothing():
    whole = cut_into_lixels([[0, 1]], [1000.0], 100.0)
    halves = cut_into_lixels([[0, 2], [2, 1]], [400.0, 600.0], 100.0)
    for split in ("continuous", "discontinuous"):
        one = network_density(whole, [0], [350.0], None, 300.0, split)
        two = network_density(halves, [0], [350.0], None, 300.0, split)
        assert two.mass == pytest.approx(one.mass, abs=1e-14)


@pytest.mark.parametrize(
    ("edge", "place", "bandwidth", "says"),
    [(0, 1.0, 0.0, "bandwidth"), (0, 1.0, math.inf, "bandwidth"), (0, 2001.0, 10.0, "beyond"),
     (3, 1.0, 10.0, "beyond")],
)  # fmt: skip
def test_bad_input_is_told(edge, place, bandwidth, says):
    with pytest.raises(BadParameter, match=says):
        network_density(cut_into_lixels(STAR, [2000.0] * 3, 50.0), [edge], [place], None, bandwidth)


def test_too_many_ways_are_told(monkeypatch):
    monkeypatch.setattr(module, "MOST_STEPS", 1000)
    tiny = cut_into_lixels([[0, 1], [1, 2], [2, 0], [0, 3], [1, 3]], [1.0] * 5, 1.0)
    with pytest.raises(TooComplex, match="more ways"):
        network_density(tiny, [0], [0.5], None, 1000.0)


def test_edges_have_a_length():
    with pytest.raises(BadParameter, match="length"):
        cut_into_lixels(STAR, [10.0, 0.0, 5.0], 1.0)
