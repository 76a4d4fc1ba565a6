"""The network of these tests:

a---b---c       e---f
    |
    d
"""

import numpy as np
import shapely

from spatial.geo import topology

A, B, C, D, E, F = (0, 1), (1, 1), (2, 1), (1, 0), (4, 1), (5, 1)
LINES = np.array([shapely.LineString(p) for p in ([A, B], [B, C], [D, B], [E, F])])


def test_lines_share_the_nodes_at_their_ends() -> None:
    network = topology.build_network(LINES)
    assert len(network.xy) == 6
    assert network.head[0] == network.tail[1] == network.head[2]


def test_ends_a_millimetre_apart_are_one_node() -> None:
    near = np.array([shapely.LineString([A, B]), shapely.LineString([(1 + 1e-9, 1), C])])
    assert len(topology.build_network(near).xy) == 3


def test_the_largest_component_comes_first() -> None:
    network = topology.build_network(LINES)
    labels = topology.components(network.tail, network.head, 6)
    assert labels[network.tail].tolist() == [0, 0, 0, 1]


def test_small_components_are_marked() -> None:
    network = topology.build_network(LINES)
    assert topology.in_small_component(network, 2).tolist() == [False, False, False, True]
    assert not topology.in_small_component(topology.build_network(LINES[:0]), 2).any()


def test_loose_ends_are_marked() -> None:
    ring = [shapely.LineString(p) for p in ([A, B], [B, D], [D, A])]
    network = topology.build_network(np.array([*ring, shapely.LineString([D, E])]))
    assert topology.dangling_edges(network).tolist() == [False, False, False, True]
