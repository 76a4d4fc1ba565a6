"""Networks from lines: shared nodes, connected components and loose ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from spatial.geo.datum import Floats
from spatial.geo.shapes import Shapes

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

SNAP_DEGREES = 1e-7  # about 1 cm: ends closer than this are one node
ANTIMERIDIAN = round(180 / SNAP_DEGREES)


@dataclass(frozen=True)
class Network:
    """Nodes (degrees, shape (n, 2)) and the node index of each line's first and last point."""

    xy: Floats
    tail: Ints
    head: Ints


def build_network(lines: Shapes) -> Network:
    """Join lines whose ends lie on one point, also over ±180°; those that cross stay apart."""
    array = np.asarray(lines, dtype=object)
    first = shapely.get_coordinates(shapely.get_point(array, 0))
    last = shapely.get_coordinates(shapely.get_point(array, -1))
    ends = np.vstack([first, last]).reshape(-1, 2)
    keys = np.round(ends / SNAP_DEGREES).astype(np.int64)
    keys[keys[:, 0] == -ANTIMERIDIAN, 0] = ANTIMERIDIAN
    _, at, node = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    node = node.reshape(-1).astype(np.int64)
    return Network(ends[at], node[: len(array)], node[len(array) :])


def components(tail: Ints, head: Ints, nodes: int) -> Ints:
    """Return the number of the weakly connected component of each node, the largest being 0."""
    links = coo_array((np.ones(len(tail), dtype=np.int8), (tail, head)), shape=(nodes, nodes))
    count, labels = connected_components(links, directed=False)
    sizes = np.bincount(labels, minlength=count)
    rank = np.empty(count, dtype=np.int64)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(count)
    return np.asarray(rank[labels])


def degrees(tail: Ints, head: Ints, nodes: int) -> Ints:
    """Return how many line ends meet at each node."""
    return np.bincount(tail, minlength=nodes) + np.bincount(head, minlength=nodes)


def dangling_edges(network: Network) -> Mask:
    """Mark lines with an end that no other line shares."""
    degree = degrees(network.tail, network.head, len(network.xy))
    return np.asarray((degree[network.tail] == 1) | (degree[network.head] == 1))


def in_small_component(network: Network, least_edges: int) -> Mask:
    """Mark lines whose connected component has fewer than `least_edges` lines."""
    if len(network.tail) == 0:
        return np.zeros(0, dtype=bool)
    label = components(network.tail, network.head, len(network.xy))[network.tail]
    return np.asarray(np.bincount(label)[label] < least_edges)
