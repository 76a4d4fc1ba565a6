"""Tables follow the island rule of paths: pair by pair the times are those of the path."""

import numpy as np

from routing.planning.island_rule import begins, moved, table
from routing.query.model import Conditions, PathQuery
from routing.query.one_to_many import durations as table_of_weights
from routing.query.one_to_many import span
from spatial.errors import SigangError
from tests.routing.maps import NOW, Town

DESTINATION = {"access": '{"motor_vehicle": "destination"}'}


def town() -> Town:
    """Return a main road ABC, an island XY beside it and one far away, PQ."""
    drawing = "A----B----C                                        P--Q\n X-Y"
    return Town(drawing, {"AB": {}, "BC": {}, "XY": {}, "PQ": {}})


def test_a_table_says_what_paths_say():
    net = town().network
    points = [town().at(place) for place in ("X", "Y", "C", "P")]
    prepared = net.prepared(Conditions("car"), NOW)
    side = points, net.snap(prepared, points)
    found = table(net, prepared, side, side, lengths=True)

    def driven(first, last):
        try:
            found = net.path(PathQuery("car", [first, last]), NOW)
        except SigangError:
            return np.inf, np.inf
        metres, took_ms = found.sums()
        return metres, took_ms / 1000

    wanted = np.array([[driven(first, last) for last in points] for first in points])
    assert np.isfinite(wanted[:, :, 1]).sum() == 10
    np.testing.assert_allclose(found.seconds, wanted[:, :, 1], atol=0.01)
    np.testing.assert_allclose(found.metres, wanted[:, :, 0], atol=0.05)


def test_what_is_preferred_chooses_the_way_and_is_not_in_a_table():
    drawing = "A----B----C\n     |    |\n     D----E----F"
    minor = {"class": "residential", **DESTINATION}
    roads = {"AB": {}, "BC": {"length_m": 2500.0}, "CE": {}, "EF": {}, "DE": minor, "BD": minor}
    town = Town(drawing, roads)
    net, stops = town.network, ["AB:0.5", "EF:0.5", "DE:0.4", "BD:0.5", "DE:0.9"]
    points, preferred = [town.at(stop) for stop in stops], ["secondary"]
    prepared = net.prepared(Conditions("car", prefer_classes=preferred), NOW)
    side = points, net.snap(prepared, points)
    found = table(net, prepared, side, side, lengths=True)
    for row, first in enumerate(points):
        for column, last in enumerate(points):
            query = PathQuery("car", [first, last], prefer_classes=preferred)
            metres, took_ms = net.path(query, NOW).sums()
            assert abs(found.seconds[row, column] - took_ms / 1000) < 0.01
            assert abs(found.metres[row, column] - metres) < 0.05
    assert round(found.metres[0, 1]) == 4500
    weighed = table_of_weights(town.graph, prepared.metric, side[1], side[1])
    assert weighed[2, 3] > 1.2 * found.seconds[2, 3]


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
