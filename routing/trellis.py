"""The hidden Markov model of a trace: states of each fix and how likely each follows another.

A state is a place on a directed arc, so that one-ways, turn restrictions and headings hold. The
likelihoods are those of Newson and Krumm, "Hidden Markov map matching through noise and
sparseness" (2009): a Gaussian of the distance to the road, and an exponential of the difference
between the distance driven and the straight one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from routing.engine import INFINITE, Metric
from routing.graph import Bools, Floats, Graph, Ints
from routing.nearby import Near, scales
from spatial.errors import ConfigError

UNIT_M = 0.01  # of the weights that distances are searched with
WINDOW = 24  # steps whose distances are searched together
NEVER = -np.inf


@dataclass(frozen=True)
class Model:
    """The numbers of rule `road.matching`.

    `beta_m` and `beta_share` give the scale of the exponential: metres, plus a share of the
    straight distance. A vehicle that turns around counts as having driven `uturn_m` more; roads
    slower than `fair_kmh` count as longer by a `slow_share` of the time lost on them. A fix
    is compared with at most `edges` edges within `radius_m`, at least `radius_sigmas` deviations.
    A step that is driven `detour_m` longer than straight breaks the trace, as do `gap_s` seconds
    without a fix; faster than `max_kmh` is a jump; a fix nearer than `thin_m` to the last one is
    merged with it. Online, a fix is decided at the latest `lag` fixes later.
    """

    sigma_m: float
    beta_m: float
    beta_share: float
    uturn_m: float
    fair_kmh: float
    slow_share: float
    edges: int
    radius_m: float
    radius_sigmas: float
    detour_m: float
    gap_s: float
    max_kmh: float
    thin_m: float
    lag: int

    @property
    def back_m(self) -> float:
        """How far backwards standing still may look, in metres."""
        return 4 * self.sigma_m

    @classmethod
    def of(cls, value: dict[str, float]) -> Model:
        """Read the value of the rule.

        Raises
        ------
        ConfigError
            A number is missing or unknown.
        """
        try:
            given: dict[str, Any] = dict(value)
            for name in ("edges", "lag"):
                given[name] = int(value[name])
            return cls(**given)
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigError(f"road.matching: {error}", f"road.matching：{error}") from error


@dataclass(frozen=True)
class Columns:
    """States of fixes, padded to (fixes, width); arc -1 and key -2 are none.

    `along` is the share (0..1) driven of the arc, `metres` the arc's length, `logp` the logarithm
    of the likelihood of the distance to the road, `fix` numbers the fixes of the columns.
    """

    fix: Ints
    points: Floats
    arc: Ints
    key: Ints
    along: Floats
    metres: Floats
    distance_m: Floats
    logp: Floats

    def __len__(self) -> int:
        return len(self.fix)

    def narrow(self) -> Columns:
        """Return the columns without padding that none of them needs."""
        width = max(int(np.count_nonzero(self.arc >= 0, axis=1).max(initial=0)), 1)
        return Columns(
            self.fix, self.points, self.arc[:, :width], self.key[:, :width], self.along[:, :width],
            self.metres[:, :width], self.distance_m[:, :width], self.logp[:, :width],
        )  # fmt: skip

    def of(self, cut: slice | Bools) -> Columns:
        """Return some of the columns."""
        return Columns(
            self.fix[cut], self.points[cut], self.arc[cut], self.key[cut], self.along[cut],
            self.metres[cut], self.distance_m[cut], self.logp[cut],
        )  # fmt: skip


def columns(
    graph: Graph, metric: Metric, fix: Ints, points: Floats, near: Near, sigma: Floats
) -> Columns:
    """Return the states of fixes from the edges near them; closed arcs give none.

    `near.point` numbers the rows of `fix`, `points` and `sigma` (metres).
    """
    arcs = graph.arcs
    keys = np.repeat(2 * near.edge, 2)
    keys[1::2] += 1
    counts = arcs.first[keys + 1] - arcs.first[keys]
    arc = arcs.of_keys(keys)
    which = np.repeat(np.repeat(np.arange(len(near.edge)), 2), counts)
    open_ = metric.weights[arc] != INFINITE
    arc, which = arc[open_], which[open_]
    row = near.point[which]
    slot = np.arange(len(row)) - np.searchsorted(row, row)
    shape = len(fix), int(slot.max(initial=-1)) + 1
    share = near.share[which]
    distance = near.distance_m[which]

    def spread(values: NDArray[Any], empty: float) -> NDArray[Any]:
        table = np.full(shape, empty, values.dtype)
        table[row, slot] = values
        return table

    along = np.where(arcs.key[arc] & 1, 1 - share, share)
    return Columns(
        fix,
        points,
        spread(arc, -1),
        spread(arcs.key[arc], -2),
        spread(along, 0.0),
        spread(metric.weights[arc] * UNIT_M, 0.0),
        spread(distance, np.inf),
        spread(-0.5 * (distance / sigma[row]) ** 2, NEVER),
    )


def join(first: Columns, second: Columns) -> Columns:
    """Return columns one after another, padded alike."""
    if not len(first):
        return second
    width = max(first.arc.shape[1], second.arc.shape[1])
    empty = {"arc": -1, "key": -2, "along": 0.0, "metres": 0.0, "distance_m": np.inf, "logp": NEVER}
    wide = {}
    for name, fill in empty.items():
        tables = [
            np.pad(t, ((0, 0), (0, width - t.shape[1])), constant_values=fill)
            for t in (getattr(first, name), getattr(second, name))
        ]
        wide[name] = np.concatenate(tables)
    fix = np.concatenate([first.fix, second.fix])
    return Columns(fix, np.concatenate([first.points, second.points]), **wide)


def steps(
    graph: Graph, metric: Metric, model: Model, states: Columns
) -> tuple[list[Floats], list[Floats]]:
    """Return for each column but the first how likely each state follows those before.

    Both lists hold (states, states before): the logarithms, the likelihood of the distance to the
    road included, and the likelihoods relative to the largest one.
    """
    logs: list[Floats] = []
    chances: list[Floats] = []
    for low in range(0, len(states) - 1, WINDOW):
        part = states.of(slice(low, low + WINDOW + 1)).narrow()
        block = _steps(graph, metric, model, part)
        best = np.maximum(block.max(axis=(1, 2), initial=NEVER), -1e300)
        logs += list(block)
        chances += list(np.exp(block - best[:, None, None]))
    return logs, chances


def _steps(graph: Graph, metric: Metric, model: Model, states: Columns) -> Floats:
    driven = _driven(graph, metric, model, states)
    delta = np.diff(states.points, axis=0) * scales(states.points[1:, 1])
    straight = np.hypot(delta[:, 0], delta[:, 1])[:, None, None]
    far = driven > straight + model.detour_m
    logp = np.abs(driven - straight)
    logp /= -(model.beta_m + model.beta_share * straight)
    logp[far] = NEVER
    logp += states.logp[1:, :, None]
    return np.asarray(logp, np.float64)


def _driven(graph: Graph, metric: Metric, model: Model, states: Columns) -> Floats:
    """Return (steps, states, states before): the metres driven."""
    arc, key, along, metres = states.arc, states.key, states.along, states.metres
    rows, row = _numbered(graph.arcs.head[arc[:-1]])
    places, place = _numbered(graph.arcs.tail[arc[1:]])
    lengths = metric.matrix(rows, places)
    if not lengths.size:
        return np.full((len(arc) - 1, arc.shape[1], arc.shape[1]), np.inf)
    metres_of: Floats = np.where(lengths == INFINITE, np.inf, lengths * UNIT_M).T
    passed = along * metres
    driven: Floats = metres_of[place[:, :, None], row[:, None, :]]
    driven += passed[1:, :, None]
    driven += (metres - passed)[:-1, None, :]
    same = arc[1:, :, None] == arc[:-1, None, :]
    at = np.nonzero(same)
    moved = passed[at[0] + 1, at[1]] - passed[at[0], at[2]]
    here = moved >= -model.back_m
    driven[at[0][here], at[1][here], at[2][here]] = np.abs(moved[here])
    at = np.nonzero(key[1:, :, None] == (key ^ 1)[:-1, None, :])
    across = np.abs(metres[at[0] + 1, at[1]] - passed[at[0] + 1, at[1]] - passed[at[0], at[2]])
    driven[at] = across + model.uturn_m
    unreal = arc < 0
    driven[np.broadcast_to(unreal[1:, :, None], driven.shape)] = np.inf
    driven[np.broadcast_to(unreal[:-1, None, :], driven.shape)] = np.inf
    return np.asarray(driven, np.float64)


def _numbered(nodes: NDArray[np.uint32]) -> tuple[Ints, Ints]:
    """Return the distinct nodes and the number of each in the table."""
    distinct, number = np.unique(nodes, return_inverse=True)
    return distinct.astype(np.int64), number.reshape(nodes.shape)
