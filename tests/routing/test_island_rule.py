"""Tables follow the island rule of paths: pair by pair the times are those of the path."""

import numpy as np

from routing.planning.island_rule import begins, moved, table
from routing.query.model import Conditions, PathQuery
from routing.query.one_to_many import span
from spatial.errors import SigangError
from tests.routing.maps import NOW, Town


def town() -> Town:
    """Return a main road ABC, an island XY beside it and one far away, PQ."""
    drawing = "A----B----C                                        P--Q\n X-Y"
    return Town(drawing, {"AB": {}, "BC": {}, "XY": {}, "PQ": {}})


def test_a_table_says_what_paths_say():
    net = town().network
    points = [town().at(place) for place in ("X", "Y", "C", "P")]
    prepared = net.prepared(Conditions("car"), NOW)
    side = points, net.snap(prepared, points)
    found = table(net, prepared, side, side).seconds

    def path_s(first, last):
        try:
            legs = net.path(PathQuery("car", [first, last]), NOW).legs
        except SigangError:
            return np.inf
        return sum(leg.weight for leg in legs) / 1000

    wanted = [[path_s(first, last) for last in points] for first in points]
    assert np.isfinite(wanted).sum() == 10
    np.testing.assert_allclose(found, wanted, atol=0.01)


def test_places_on_islands_move_to_the_main_network():
    net = town().network
    points = [town().at(place) for place in ("X", "C")]
    prepared = net.prepared(Conditions("car"), NOW)
    spots = net.snap(prepared, points)
    x, c = moved(net, prepared, (points, spots))
    assert town().names[x[0].edge] == "AB"
    assert c == spots[1]


def test_a_reach_begins_on_the_main_network_as_well():
    net, graph = town().network, town().graph
    prepared = net.prepared(Conditions("car"), NOW)
    for place, names in (("X", {"XY", "AB", "BC"}), ("C", {"AB", "BC"})):
        side = [town().at(place)], net.snap(prepared, [town().at(place)])
        for backward in (False, True):
            spots = begins(net, prepared, side, backward=backward)
            reached = span(graph, prepared.metric, spots, 10**9, backward=backward)
            assert {town().names[edge] for edge in reached.keys >> 1} == names


def test_an_island_with_a_way_out_is_left_by_it():
    roads = {"AB": {}, "BC": {}, "XY": {}, "YB": {"oneway": True, "length_m": 90_000.0}}
    drawing = "A----B----C\n X-Y"
    one = Town(drawing, roads)
    net = one.network
    prepared = net.prepared(Conditions("car"), NOW)
    side = [one.at("X")], net.snap(prepared, [one.at("X")])
    spots = begins(net, prepared, side)
    assert spots == side[1][0]
    assert begins(net, prepared, side, backward=True) != spots
