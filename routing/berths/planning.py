"""The plan of berths of least cost found, with what no plan is below."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from time import monotonic

import numpy as np

from routing import stopping
from routing.berths.anneal_kernels import anneal
from routing.berths.bound_kernels import bound
from routing.berths.checks import check_extent, check_quays, refusals
from routing.berths.encode import Encoded, berthings, encode
from routing.berths.model import Plan, Task
from routing.berths.place_kernels import END, FAR, LEFT, come, place
from routing.berths.rule_models import BerthSearch
from routing.graph.weights import Floats, Ints
from spatial.errors import LimitViolated

BOUND_SHARE = 0.3
"""Of the seconds, for the bound: it does not tell where vessels lie, only when to stop."""
BOUND_ROUNDS, BOUND_CALLS = 100, 40
BOUND_STEPS = 2_000_000
"""Minutes of quays and vessels that one call looks at, about, so that it can be stopped."""
SLICES = 8
"""Parts of a pass, between which the clock is read; each is cooler than the one before."""
HOT, COLD, AGAIN = 0.3, 0.002, 0.4
"""Temperatures as shares of what a vessel costs on average; later passes begin less hot."""


@dataclass
class _Search:
    """The state of a search: order, quays and wishes now, the best, and what is proven."""

    encoded: Encoded
    state: Ints
    best: Ints
    found: Ints
    least: int
    lower: int = 0
    changes: int = 0
    steps: Floats = field(default_factory=lambda: np.array([1.5, 0.0]))


def plan(task: Task, extent: BerthSearch) -> Plan:
    """Return the plan of least cost that is found; none is below its `bound`.

    Raises
    ------
    BadParameter, LimitViolated
        Quays, tides or the extent cannot be; a vessel that no plan could take; no plan that keeps
        the tides was found for all.
    """
    check_quays(task)
    check_extent(task)
    for refusal in refusals(task):
        raise refusal.error()
    encoded = encode(task)
    search, first = _first_come(task, encoded)
    until = monotonic() + extent.seconds_most
    ended = _improve(search, extent, until)
    order, quay, wish = search.best
    cost = place(*encoded.port, order, quay, wish, search.found)
    if cost >= FAR:
        v = int(np.argmax(search.found[END]))
        raise LimitViolated(
            f"No plan was found in which vessel {task.vessels[v].id} has a place within the tides",
            f"未找到能在潮窗内安排船舶 {task.vessels[v].id} 的计划",
            mend_en="Give later tides, or plan fewer vessels.",
            mend_zh="请给出更晚的潮窗或减少船舶。",
            ship=task.vessels[v].id,
        )  # fmt: skip
    made = berthings(task, encoded, quay, search.found)
    came = first if first < FAR else None
    return Plan(made, cost, min(search.lower, cost), came, search.changes, ended)


def _first_come(task: Task, encoded: Encoded) -> tuple[_Search, int]:
    """Return a search that begins with first come, first served, and what that costs."""
    n = len(task.vessels)
    order = np.argsort(encoded.vessels[:, 0], kind="stable").astype(np.int64)
    state, found = np.full((3, n), LEFT), np.zeros((4, n), np.int64)
    state[0] = order
    cost = come(*encoded.port, order, state[1], found)
    return _Search(encoded, state, state.copy(), found, cost), cost


def _improve(search: _Search, extent: BerthSearch, until: float) -> str:
    """Search for a better plan and a better bound in turn; return why it ended."""
    prices, begun = None, monotonic()
    bound_until = begun + BOUND_SHARE * extent.seconds_most
    for number in range(extent.passes):
        _pass(search, extent, number, until)
        if search.least < FAR and (prices is None or search.lower < search.least):
            if prices is None:
                prices = _prices(search)
            _raise_bound(search, prices, min(until, bound_until))
        if search.lower >= search.least:
            return "proven"
        if monotonic() >= until:
            return "time"
    return "passes"


def _pass(search: _Search, extent: BerthSearch, number: int, until: float) -> None:
    """Anneal once from the best known, in slices that go on where the one before ended."""
    mean = min(search.least, FAR - 1) / len(search.best[0])
    hot, cold = mean * HOT * AGAIN ** (number % 4), mean * COLD
    each = max(1, extent.changes // SLICES)
    best = search.best.copy()
    search.state[:] = search.best
    for part in range(SLICES):
        if monotonic() >= until:
            return
        stopping.check()
        warm, cool = (hot * (cold / hot) ** ((part + k) / SLICES) for k in (0, 1))
        heat = np.array([each, max(warm, 1e-3), max(cool, 1e-4)])
        seed = (extent.seed * 7919 + number * SLICES + part) % 2**31
        cost = anneal(*search.encoded.port, search.state, best, search.found, heat, seed)
        search.changes += each
        if cost < search.least:
            search.least = cost
            search.best[:] = best


def _prices(search: _Search) -> Floats:
    """Return prices of nothing for each minute of each quay until the best plan has ended."""
    order, quay, wish = search.best
    place(*search.encoded.port, order, quay, wish, search.found)
    end = int(search.found[END].max()) + search.encoded.gap + 1
    return np.zeros((len(search.encoded.quays), end))


def _raise_bound(search: _Search, prices: Floats, until: float) -> None:
    encoded = search.encoded
    port = (*encoded.port[:6], encoded.gap)
    rounds = max(1, min(BOUND_ROUNDS, BOUND_STEPS // (prices.size * len(encoded.vessels)) + 1))
    for _ in range(BOUND_CALLS):
        if monotonic() >= until or search.lower >= search.least or search.steps[0] < 1e-4:
            return
        stopping.check()
        found = bound(*port, prices, search.steps, search.least, rounds)
        search.lower = max(search.lower, math.ceil(found - 1e-6))
