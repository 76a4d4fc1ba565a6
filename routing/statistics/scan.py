"""Kulldorff's spatial scan: the circles in which more happened than exposure explains."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import scipy  # loads its heavy parts when they are first used
from numpy.typing import ArrayLike

from routing.graph.weights import Floats, Ints
from routing.statistics import scan_kernels
from routing.statistics.rates import inspected
from spatial.errors import BadParameter


@dataclass(frozen=True)
class Cluster:
    """A circle of cells with more events than expected.

    `p` is the share of replications, this one among them, whose best circle is as good.
    """

    centre: int
    cells: Ints
    radius_m: float
    events: float
    expected: float
    log_ratio: float
    p: float

    @property
    def relative(self) -> float:
        """Return events over expected ones."""
        return self.events / self.expected

    def relative_risk(self, total: float) -> float:
        """Return the rate within over that outside, of so many events in all.

        Infinite where nothing happened outside.
        """
        outside = total - self.events
        return self.relative * (total - self.expected) / outside if outside > 0 else math.inf


def poisson_scan(
    places_m: ArrayLike, events: ArrayLike, exposure: ArrayLike, *,
    replications: int, seed: int, share: float = 0.5, most_cells: int = 400,
    progress: Callable[[float], None] = lambda _: None,
) -> list[Cluster]:  # fmt: skip
    """Return the clusters that do not overlap, the most likely first.

    Kulldorff 1997, for Poisson counts: c ln(c/E) + (C−c) ln((C−c)/(C−E)) of circles around each
    cell, its chance by throws of all events by exposure. Cells without exposure take no part.

    Parameters
    ----------
    places_m, events, exposure
        (cells, 2) centres in metres; events, whole numbers, and exposure of each cell.
    replications, seed, share, most_cells
        Throws, where their random numbers begin; of all exposure, and cells, that a circle holds.
    progress
        Told the share of the throws that are done.

    Raises
    ------
    BadParameter
        As `inspected`; there are no events, no replications, or events that are no whole numbers.
    """
    seen = np.flatnonzero(inspected(events, exposure))
    cases, looks = (np.asarray(a, np.float64)[seen] for a in (events, exposure))
    _check(cases, replications)
    expected, most = looks * cases.sum() / looks.sum(), share * cases.sum()
    near, away = _nearest(_pairs(places_m)[seen], min(most_cells, len(seen)))
    best, size = np.empty(len(seen)), np.empty(len(seen), np.int64)
    scan_kernels.best_circles(near, away, cases, expected, most, best, size)
    thrown = _replicate((near, away, most), expected, replications, seed, progress)
    found = []
    for centre in _apart(near, best, size):
        cells = near[centre, : size[centre]]
        p = float(1 + (thrown >= best[centre]).sum()) / (1 + replications)
        sums = float(cases[cells].sum()), float(expected[cells].sum())
        rest = float(away[centre, size[centre] - 1]), *sums, float(best[centre]), p
        found.append(Cluster(int(seen[centre]), np.sort(seen[cells]), *rest))
    return found


def _apart(near: Ints, best: Floats, size: Ints) -> Iterator[int]:
    """Yield centres of circles with more than expected that overlap none before, the best first."""
    taken = np.zeros(len(near), bool)
    for centre in np.argsort(-best, kind="stable").tolist():
        cells = near[centre, : size[centre]]
        if best[centre] > 0 and not taken[cells].any():
            taken[cells] = True
            yield centre


def _check(cases: Floats, replications: int) -> None:
    if replications < 1:
        raise BadParameter("a scan needs replications", "扫描须至少一次重复")
    if cases.sum() <= 0:
        raise BadParameter("there are no events to scan", "没有可供扫描的事件")
    if (cases != np.round(cases)).any():
        raise BadParameter("a scan counts whole events", "扫描只接受整数件数")


def _pairs(places_m: ArrayLike) -> Floats:
    return np.asarray(places_m, np.float64).reshape(-1, 2)


def _nearest(places: Floats, count: int) -> tuple[Ints, Floats]:
    """Return the nearest cells of each and how far they are, itself first."""
    found = scipy.spatial.cKDTree(places).query(places, k=count)
    away, near = (np.reshape(part, (-1, count)) for part in found)
    return near.astype(np.int64), np.round(away.astype(np.float64), 6).astype(np.float64)


def _replicate(
    circles: tuple[Ints, Floats, float], expected: Floats, replications: int, seed: int,
    progress: Callable[[float], None],
) -> Floats:  # fmt: skip
    """Return the highest ratio of each throw of all events by what is expected."""
    random = np.random.default_rng(seed)
    chances, total = expected / expected.sum(), round(float(expected.sum()))
    near, away, most = circles
    highest = np.empty(replications)
    for number in range(replications):
        thrown = random.multinomial(total, chances).astype(np.float64)
        highest[number] = scan_kernels.highest(near, away, thrown, expected, most)
        progress((number + 1) / replications)
    return highest
