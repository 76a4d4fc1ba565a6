"""Map matching as in the textbook: every way searched to its end, nothing given up on the way."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from routing.cch.reference import Reference
from routing.graph.graph import Graph
from routing.graph.weights import INFINITE
from routing.index.linear_measure import scales
from routing.matching.hmm import UNIT_M, Lengths, Model


@dataclass(frozen=True)
class State:
    """A place on an arc: the share driven of it, and the metres from the fix."""

    arc: int
    along: float
    distance_m: float
    sigma_m: float

    @property
    def place(self) -> float:
        return -0.5 * (self.distance_m / self.sigma_m) ** 2


def states_near(graph: Graph, lengths: Lengths, model: Model, point, sigma_m) -> list[State]:
    """Return the states on all edges in reach of a fix, by looking at every segment."""
    scale, edges = scales(point[1:])[0], graph.edges
    near = []
    for edge in np.flatnonzero(lengths.usable).tolist():
        line = (edges.vertices(edge) - point) * scale
        inner = edges.vertices(edge) * scales((edges.vertices(edge)[1:, 1]).mean(keepdims=True))[0]
        steps = np.hypot(*np.diff(inner, axis=0).T)
        best = (math.inf, 0.0)
        for k, (a, b) in enumerate(pairwise(line)):
            share = float(np.clip(-(a @ (b - a)) / max((b - a) @ (b - a), 1e-12), 0, 1))
            apart = float(np.hypot(*(a + (b - a) * share)))
            best = min(best, (apart, (steps[:k].sum() + share * steps[k]) / steps.sum()))
        if best[0] <= max(model.radius_m, model.radius_sigmas * sigma_m):
            near.append((best[0], edge, best[1]))
    return [
        State(arc, 1 - share if graph.arcs.key[arc] & 1 else share, apart, sigma_m)
        for apart, edge, share in near
        for arc in range(graph.arcs.first[2 * edge], graph.arcs.first[2 * edge + 2])
        if lengths.whole[arc] != INFINITE
    ]


class Textbook:
    """Viterbi's algorithm, and the forward and backward passes, over columns of states."""

    def __init__(self, graph: Graph, lengths: Lengths, model: Model, columns, points) -> None:
        self.columns = columns
        self._graph, self._model, self._whole = graph, model, lengths.whole
        self._dijkstra = Reference(graph, lengths.whole)
        self.logs = [
            self._step(columns[k], columns[k + 1], points[k], points[k + 1])
            for k in range(len(columns) - 1)
        ]

    def length(self, source: int, target: int) -> int | None:
        """Return the weight of a shortest way between nodes."""
        found = self._dijkstra.path(source, target)
        return None if found is None else found[0]

    def _driven(self, first: State, second: State, mate: State | None) -> float:
        """Return the metres between two states; `mate` is the first one, looking the other way."""
        arcs = self._graph.arcs
        metres = [self._whole[s.arc] * UNIT_M for s in (first, second)]
        done, place = first.along * metres[0], second.along * metres[1]
        if first.arc == second.arc and place - done >= -self._model.back_m:
            return abs(place - done)
        if arcs.key[first.arc] == arcs.key[second.arc] ^ 1:
            return abs(metres[1] - place - done) + self._model.uturn_m
        ways = [self._over(first, second)]
        if mate is not None:
            ways.append(self._over(mate, second) + self._model.uturn_m)
        return min(ways)

    def _over(self, first: State, second: State) -> float:
        """Return the metres from one state to another over junctions."""
        arcs, metres = self._graph.arcs, [self._whole[s.arc] * UNIT_M for s in (first, second)]
        weight = self.length(int(arcs.head[first.arc]), int(arcs.tail[second.arc]))
        if weight is None:
            return math.inf
        return (1 - first.along) * metres[0] + weight * UNIT_M + second.along * metres[1]

    def _step(self, before, after, point, next_point):
        straight = float(np.hypot(*((next_point - point) * scales(next_point[1:])[0])))
        scale = self._model.beta_m + self._model.beta_share * straight
        logs = np.full((len(after), len(before)), -math.inf)
        for j, second in enumerate(after):
            for i, first in enumerate(before):
                other = self._graph.arcs.key[first.arc] ^ 1
                mates = [s for s in before if self._graph.arcs.key[s.arc] == other]
                driven = self._driven(first, second, mates[0] if mates else None)
                if driven <= straight + self._model.detour_m:
                    logs[j, i] = second.place - abs(driven - straight) / scale
        return logs

    def scores(self) -> list[np.ndarray]:
        """Return the logarithm of the best sequence to each state, until none leads on."""
        found = [np.array([s.place for s in self.columns[0]])]
        for logs in self.logs:
            score = (logs + found[-1]).max(axis=1)
            if np.isneginf(score).all():
                break
            found.append(score)
        return found

    def chances(self) -> list[np.ndarray]:
        """Return the probability of each state given all fixes; some sequence must lead through."""
        steps = [np.exp(logs) for logs in self.logs]
        alpha = [np.exp([s.place for s in self.columns[0]])]
        for step in steps:
            alpha.append(step @ alpha[-1])
            alpha[-1] = alpha[-1] / alpha[-1].sum()
        beta = [np.ones(len(self.columns[-1]))]
        for step in reversed(steps):
            beta.append(beta[-1] @ step)
            beta[-1] = beta[-1] / beta[-1].sum()
        both = [a * b for a, b in zip(alpha, reversed(beta), strict=True)]
        return [one / one.sum() for one in both]
