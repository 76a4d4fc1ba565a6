"""What a path amounts to, against sums made one part at a time."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.answer.summary import Sheet, summarise
from routing.cost.posted_speeds import BASES
from routing.cost.tolls import Tolls
from routing.cost.vehicle import UNLIMITED
from routing.graph.graph import Coded
from routing.live.edge_states import EdgeStateView

EDGES = 6
PARTS = st.tuples(
    st.integers(0, 2 * EDGES - 1), st.sampled_from([(0, 1), (0.25, 1), (0, 0.5), (0.3, 0.3)])
)
COLUMN = st.lists(st.integers(-1, 2), min_size=EDGES, max_size=EDGES)
MARKS = st.lists(st.booleans(), min_size=EDGES, max_size=EDGES).map(np.array)
METRES = st.lists(st.sampled_from([10.0, 400.0, 3000.0]), min_size=EDGES, max_size=EDGES)
CAPS = st.lists(st.sampled_from([np.nan, 5.0, 200.0]), min_size=2 * EDGES, max_size=2 * EDGES)


def by_key(basis):
    """Return what a speed is known from: backward another thing than forward."""
    forward = np.abs(np.array(basis))
    return np.column_stack([forward, (forward + 1) % len(BASES)]).ravel().astype(np.uint8)


def make(metres, columns, marks, caps, tariff):
    """Return edges and an answer without legs on them."""
    origin, ref, basis = columns
    known, tolled, said, _ = marks
    edges = SimpleNamespace(
        length_m=np.array(metres),
        limits_known=known,
        origin=Coded(("real", "synthetic", "derived"), np.array(origin, np.int32)),
        ref=Coded(("G1", "S2", "X3"), np.array(ref, np.int32)),
    )
    costs = SimpleNamespace(
        speed_kmh=np.linspace(20, 120, 2 * EDGES),
        basis=by_key(basis),
        tolls=Tolls(0.5, tolled, said) if tariff else None,
        co2_kg_km=0.2,
    )
    view = EdgeStateView(np.zeros(2 * EDGES, np.bool_), np.array(caps, np.float32))
    return edges, SimpleNamespace(costs=costs, view=view, vehicle=UNLIMITED)


def leg(parts):
    keys = np.array([key for key, _ in parts], np.int64)
    start, stop = np.array([span for _, span in parts], np.float64).T.copy()
    waits = np.concatenate([[0.0], 1000.0 * keys[:-1]])
    return SimpleNamespace(keys=keys, start=start, stop=stop, waits_ms=lambda costs: waits)


@given(
    st.lists(st.lists(PARTS, min_size=1, max_size=8), min_size=1, max_size=3),
    METRES, st.tuples(COLUMN, COLUMN, COLUMN), st.tuples(MARKS, MARKS, MARKS, MARKS), CAPS,
    st.booleans(),
)  # fmt: skip
def test_sums_are_those_of_the_parts(drives, metres, columns, marks, caps, tariff):
    edges, found = make(metres, columns, marks, caps, tariff)
    sheet = Sheet(edges, found.costs, marks[3])
    told = summarise(edges, found, [leg(parts) for parts in drives], sheet)
    (origin, ref, basis), (known, tolled, said, carrying) = columns, marks
    driven = [[(k, metres[k >> 1] * (b - a)) for k, (a, b) in one if b > a] for one in drives]
    every = [part for one in driven for part in one]
    total = sum(m for _, m in every)

    def seconds(key, m):
        return m * 3.6 / np.fmin(found.costs.speed_kmh[key], np.float32(caps[key]))

    def waiting(one):
        return sum(key for key, _ in one[:-1])

    def share(chosen):
        return round(sum(m for k, m in every if chosen(k)) / total, 6) if total else 0.0

    for (length, duration), one, parts in zip(told.by_leg, driven, drives, strict=True):
        assert length == pytest.approx(sum(m for _, m in one))
        assert duration == pytest.approx(sum(seconds(k, m) for k, m in one) + waiting(parts))
    assert told.length_m == pytest.approx(total)
    waited = sum(waiting(parts) for parts in drives)
    assert told.duration_s == pytest.approx(sum(seconds(k, m) for k, m in every) + waited)
    assert told.delay_s == pytest.approx(waited)
    assert told.turns_round == sum(a ^ 1 == b for (a, _), (b, _) in pairwise(every))
    assert told.limits_unknown_share == pytest.approx(share(lambda k: not known[k >> 1]), abs=2e-6)
    for names, shares, column in (
        (edges.origin.values, told.origin_share, np.repeat(origin, 2)),
        (BASES, told.basis_share, by_key(basis)),
    ):  # fmt: skip
        wanted = {n: share(lambda k, i=i, c=column: c[k] == i) for i, n in enumerate(names)}
        assert shares == pytest.approx({n: s for n, s in wanted.items() if s}, abs=2e-6)
    numbers = [edges.ref.values[ref[k >> 1]] for k, _ in every if ref[k >> 1] >= 0]
    assert told.refs == list(dict.fromkeys(numbers))
    assert told.carried == [k >> 1 for k, _ in every if carrying[k >> 1]]
    paid = sum(m for k, m in every if tolled[k >> 1]) / 1000 * 0.5
    assert told.toll_cny == (pytest.approx(paid) if tariff else None)
    basis_of_toll = "posted" if all(said[k >> 1] for k, _ in every) else "assumed"
    assert told.toll_basis == (basis_of_toll if tariff else None)
    assert told.co2_kg == pytest.approx(0.2 * total / 1000)


def test_nothing_carried_is_nothing_told():
    marks = (np.ones(EDGES, np.bool_),) * 4
    edges, found = make([10.0] * EDGES, ([0] * EDGES,) * 3, marks, [np.nan] * 2 * EDGES, False)
    assert summarise(edges, found, [leg([(0, (0, 1))])]).carried == []
