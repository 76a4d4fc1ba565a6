"""Density of events along a network: kernels that keep their mass at junctions.

Okabe and Sugihara 2012, "Spatial Analysis along Networks", chapter 9; the continuous kernel as
walks with reflection: McSwiggan, Baddeley and Nair 2017, "Kernel density estimation on a linear
network". A kernel of shortest distance alone gains mass at junctions and is no density.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from routing.graph.weights import Floats, Ints
from routing.statistics import network_kernels
from routing.statistics.kde import check_bandwidth
from spatial.errors import BadParameter, TooComplex

Split = Literal["continuous", "discontinuous"]
MOST_STEPS = 100_000_000
"""Steps of walks at most: a minute or two."""


@dataclass(frozen=True)
class Lixels:
    """A network cut into lixels, the pixels of lines.

    Parameters
    ----------
    ends
        (edges, 2) nodes, from 0.
    length_m
        Of edges.
    first
        Lixels `first[e]` until `first[e + 1]` are those of edge e.
    bounds_m
        Bounds of the lixels of each edge from 0 to its length, edge after edge: those of edge e
        begin at `first[e] + e`.
    """

    ends: Ints
    length_m: Floats
    first: Ints
    bounds_m: Floats

    @property
    def edge(self) -> Ints:
        """Return the edge of each lixel."""
        return np.repeat(np.arange(len(self.length_m)), np.diff(self.first))

    @property
    def from_m(self) -> Floats:
        """Return where each lixel begins on its edge."""
        return self.bounds_m[np.arange(self.first[-1]) + self.edge]

    @property
    def to_m(self) -> Floats:
        """Return where each lixel ends on its edge."""
        return self.bounds_m[np.arange(self.first[-1]) + self.edge + 1]


@dataclass(frozen=True)
class NetworkDensity:
    """Mass of events in each lixel and its mean density; `cut` is mass that was laid at cuts."""

    lixels: Lixels
    mass: Floats
    cut: float

    @property
    def per_m(self) -> Floats:
        """Return events per metre, the mean over each lixel."""
        return self.mass / (self.lixels.to_m - self.lixels.from_m)


def cut_into_lixels(ends: ArrayLike, length_m: ArrayLike, lixel_m: float) -> Lixels:
    """Return edges cut into equal parts, each as near to a length as can be.

    Raises
    ------
    BadParameter
        A length is not above 0, or a node below 0.
    """
    nodes, length = np.asarray(ends, np.int64).reshape(-1, 2), np.asarray(length_m, np.float64)
    if not (len(nodes) == len(length) and (length > 0).all() and np.isfinite(length).all()):
        raise BadParameter("edges have two ends and a length above 0", "边须有两端且长度大于 0")
    if (nodes < 0).any() or not lixel_m > 0:
        raise BadParameter("nodes and lixels are not below 0", "节点编号与分段长度不得为负")
    counts = np.maximum(1, np.round(length / lixel_m)).astype(np.int64)
    first = np.concatenate(([0], np.cumsum(counts)))
    start = first[:-1] + np.arange(len(length))
    at = np.arange(first[-1] + len(length)) - np.repeat(start, counts + 1)
    bounds = at * np.repeat(length / counts, counts + 1)
    bounds[first[1:] + np.arange(len(length))] = length
    return Lixels(nodes, length, first, bounds)


def network_density(
    lixels: Lixels,
    edge: ArrayLike,
    offset_m: ArrayLike,
    weights: ArrayLike | None,
    bandwidth_m: float,
    split: Split = "continuous",
    *,
    least_share: float = 0.0,
) -> NetworkDensity:
    """Return the density of events by an equal-split quartic kernel.

    Of what arrives at a node with n edges each other one takes 1 / (n − 1), or, continuous, 2 / n,
    and 2 / n − 1 goes back, so that no value jumps. A dead end sends all back. The mass of each
    lixel is an exact integral; together they are Σ weights.

    Parameters
    ----------
    lixels
        The network.
    edge, offset_m, weights
        Place of each event on its edge and what it counts; 1 each when None.
    bandwidth_m, split
        h, where the kernel ends, and which one it is.
    least_share
        A walk that carries a smaller share of its event ends; its mass is laid where it would go
        on, and told as `cut`. 0 walks all.

    Raises
    ------
    BadParameter
        The bandwidth is none, or an event lies on no edge or beyond its end.
    TooComplex
        Edges are so short for the bandwidth that the ways from one are too many.
    """
    check_bandwidth(bandwidth_m)
    at, place = np.asarray(edge, np.int64), np.asarray(offset_m, np.float64)
    mass = np.ones(len(at)) if weights is None else np.asarray(weights, np.float64)
    _check_events(lixels, at, place, mass)
    return _spread(lixels, (at, place, mass), bandwidth_m, split == "continuous", least_share)


def _spread(
    lixels: Lixels, events: tuple[Ints, Floats, Floats], bandwidth_m: float,
    continuous: bool, least: float,
) -> NetworkDensity:  # fmt: skip
    """Return the density of events: edge, place and weight of each."""
    order = np.lexsort((events[1], events[0]))
    edge, place, mass = events[0][order], events[1][order], events[2][order]
    event_first = np.searchsorted(edge, np.arange(len(lixels.length_m) + 1)).astype(np.int64)
    out, cut, scale = np.zeros(lixels.first[-1]), np.zeros(1), 1 / bandwidth_m
    stuck = network_kernels.spread(
        *_half_edges(lixels.ends), lixels.length_m * scale, lixels.first, lixels.bounds_m * scale,
        event_first, place * scale, mass, continuous, least, np.array([MOST_STEPS]), out, cut,
    )  # fmt: skip
    if stuck >= 0:
        raise TooComplex(
            f"more ways within {bandwidth_m:g} m than can be walked (up to edge {stuck})",
            f"{bandwidth_m:g} 米内的路径过多（至第 {stuck} 条边）",
            mend_en="Take a smaller bandwidth or a least share.",
            mend_zh="请减小带宽，或设定最小份额。",
            edge=stuck,
        )
    return NetworkDensity(lixels, out, float(cut[0]))


def _check_events(lixels: Lixels, edge: Ints, place: Floats, mass: Floats) -> None:
    inside = (edge >= 0) & (edge < len(lixels.length_m)) & np.isfinite(mass)
    length = lixels.length_m[np.where(inside, edge, 0)]
    if not (inside & (place >= 0) & (place <= length)).all():
        raise BadParameter("an event lies beyond its edge", "有事件不在其所属的边上")


def _half_edges(ends: Ints) -> tuple[Ints, Ints, Ints]:
    """Return half-edges by the node that they leave, and the node that each leads to."""
    leaves, leads = ends.reshape(-1), ends[:, ::-1].reshape(-1)
    order = np.argsort(leaves, kind="stable")
    first = np.searchsorted(leaves[order], np.arange(int(ends.max(initial=-1)) + 2))
    return first.astype(np.int64), order.astype(np.int64), np.ascontiguousarray(leads)
