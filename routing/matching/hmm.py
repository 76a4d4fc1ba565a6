"""The hidden Markov model of a trace: states of each fix and how likely each follows another.

A state is a place on a directed arc, so that one-ways, turn restrictions and headings hold. The
likelihoods are those of Newson and Krumm, "Hidden Markov map matching through noise and
sparseness" (2009): a Gaussian of the distance to the road, and an exponential of the difference
between the distance driven and the straight one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from routing.cost.network_rules import Matching
from routing.graph.graph import Arcs, Graph
from routing.graph.weights import Bools, Floats, Ints, Weights
from routing.index.linear_measure import Measure, scales
from routing.index.rtree import Segments
from routing.matching.candidate_kernels import REAL, WHOLE, fill, find
from routing.matching.local_search_kernels import MARKS

UNIT_M = 0.01  # of the weights that distances are searched with
BEAM = 30.0  # natural logarithms that a sequence may be less likely than the best one
MARGIN = 8.0  # and less likely than the best one to the same state
SLACK = 0.99  # the scale of metres at a fix holds so exactly for all that a search meets


@dataclass(frozen=True)
class Model:
    """The numbers of rule `road.matching`.

    `beta_m` and `beta_share` give the scale of the exponential: metres, plus a share of the
    straight distance. A vehicle that turns around counts as having driven `uturn_m` more; roads
    slower than `fair_kmh` count as longer by a `slow_share` of the time lost on them. A fix
    is compared with at most `edges` edges within `radius_m`, at least `radius_sigmas` deviations.
    A step that is driven `detour_m` longer than straight breaks the trace, as do `gap_s` seconds
    without a fix but for one that comes back within `stand_m` of the last one: the vehicle stood,
    and stopped if for `stop_s`. Faster than `max_kmh` is a jump; a fix nearer than `thin_m` to the
    last one is merged with it. Online, a fix is decided at the latest `lag` fixes later.
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
    stand_m: float
    stop_s: float
    lag: int

    @property
    def back_m(self) -> float:
        """How far backwards standing still may look, in metres."""
        return 4 * self.sigma_m

    @classmethod
    def of(cls, value: Matching) -> Model:
        """Take the value of the rule."""
        return cls(**value.model_dump())

    def numbers(self, stretch: float, beam: float = BEAM, margin: float = MARGIN) -> Floats:
        """Return the model as `trellis_kernels` takes it."""
        return np.array(
            [self.beta_m, self.beta_share, self.uturn_m, self.detour_m, self.back_m, beam, margin,
             stretch, UNIT_M],
        )  # fmt: skip


@dataclass(frozen=True)
class Lengths:
    """Distances for one vehicle: weights by arc (`UNIT_M`), where it may drive, which version.

    `cost` are the weights in the order of `Ways`, `model` its numbers as `trellis_kernels` takes
    them.
    """

    whole: Weights
    cost: Weights
    model: Floats
    usable: Bools
    version: int
    counted: Weights  # by arc, closed or not
    shown: Weights  # the weights of the profile that these follow


class Ways:
    """A graph as local searches take it: its arcs by the node that they leave."""

    def __init__(self, graph: Graph) -> None:
        self.first, self.out, self.far = graph.outward
        self.lon, self.lat = graph.lon, graph.lat
        self._straight = self._measure(graph.arcs)
        self._free: list[Workspace] = []

    def _measure(self, arcs: Arcs) -> Floats:
        """Return the straight metres from tail to head of each arc."""
        east = self.lon[arcs.head] - self.lon[arcs.tail]
        north = self.lat[arcs.head] - self.lat[arcs.tail]
        scale = scales((self.lat[arcs.head] + self.lat[arcs.tail]) / 2)
        return np.asarray(np.hypot(east * scale[:, 0], north * scale[:, 1]), np.float64)

    def stretch(self, whole: Weights, legal: Bools) -> float:
        """Return the least weight, in metres, of a straight metre of legal arcs: at most 1."""
        known = legal & (self._straight > 0)
        ratio = whole[known] * UNIT_M / self._straight[known]
        return SLACK * float(ratio.min(initial=1.0))

    def borrow(self) -> Workspace:
        """Return a workspace that nobody else has; give it back with `give`."""
        try:
            return self._free.pop()
        except IndexError:
            return Workspace(len(self.lon))

    def give(self, workspace: Workspace) -> None:
        """Take a workspace back."""
        self._free.append(workspace)


class Workspace:
    """What one local search at a time writes to: see `local_kernels`."""

    def __init__(self, nodes: int) -> None:
        self.length, self.due = np.empty(nodes), np.empty(nodes)
        self.marks = np.zeros((nodes + 1, MARKS), np.int32)
        self.queue = np.empty(nodes, np.int32)


@dataclass(frozen=True)
class Columns:
    """States of fixes, one after another; see `candidate_kernels` for the two tables."""

    counts: Ints
    whole: Ints
    real: Floats


class Candidates:
    """Finds the edges near fixes, and makes states of them."""

    def __init__(self, graph: Graph, segments: Segments, model: Model) -> None:
        self.measure = Measure(graph.edges)
        self._arcs = graph.arcs
        self._segments = segments
        self._model = model

    def find(self, points: Floats, sigma_m: Floats, used: Bools, lengths: Lengths) -> Near:
        """Return the edges near those of some points that are used."""
        model, tree, measure = self._model, self._segments, self.measure
        radius = np.maximum(model.radius_m, model.radius_sigmas * sigma_m)
        near = np.empty((len(points), model.edges, 3))
        found, states = np.empty(len(points), np.int64), np.empty(len(points), np.int64)
        find(
            points, np.where(used, radius, 0.0), measure.shape, measure.start, measure.before,
            tree.vertex, tree.edge, tree.bounds, tree.start, lengths.usable, self._arcs.first,
            lengths.whole, near, found, states,
        )  # fmt: skip
        return Near(near, found, states)

    def columns(self, near: Near, chosen: Ints, sigma_m: Floats, lengths: Lengths) -> Columns:
        """Return the states of chosen fixes."""
        arcs, counts = self._arcs, near.states[chosen]
        total = int(counts.sum())
        whole, real = np.empty((total, WHOLE), np.int64), np.empty((total, REAL))
        fill(
            chosen, sigma_m, near.edges, near.found, UNIT_M, arcs.first, lengths.whole, arcs.key,
            arcs.tail, arcs.head, whole, real,
        )  # fmt: skip
        return Columns(counts, whole, real)


@dataclass(frozen=True)
class Near:
    """The edges near fixes (see `candidate_kernels`), how many of each, how many states."""

    edges: Floats
    found: Ints
    states: Ints
