"""What the nodes of a way delay traffic by, in which direction, counted on its edges."""

import numpy as np
import pytest

from data.osm.delays import DelayNodes, count_delays

METRES_APART = 100  # in units of 1e-7 degrees times 100; only proportions count


def counted(tmp_path, nodes, *, at=None, ends=(True, True), reverse=False):
    """Return what is met on an edge over nodes with these tags, a step apart each."""
    kept = DelayNodes(tmp_path)
    for number, tags in reversed(list(enumerate(nodes))):
        kept.add(number, tags)
    xy = np.array([(x, 0) for x in at or range(len(nodes))], np.int64) * METRES_APART
    codes = kept.finish().at(np.arange(len(nodes)))
    return count_delays(codes, xy, ends, reverse=reverse)


SIGNALS, ZEBRA = {"highway": "traffic_signals"}, {"highway": "crossing"}


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ([{}, {}], {}),
        ([{}, SIGNALS], {"traffic_signals": [1, 0]}),
        ([SIGNALS, {}], {"traffic_signals": [0, 1]}),
        ([SIGNALS, ZEBRA, SIGNALS], {"traffic_signals": [1, 1], "crossing": [1, 1]}),
        ([{}, {"highway": "crossing", "crossing": "unmarked"}, {}], {}),
        (
            [{}, {**SIGNALS, "traffic_signals:direction": "forward"}, {}],
            {"traffic_signals": [1, 0]},
        ),
        ([{}, {**SIGNALS, "traffic_signals:direction": "backward"}], {"traffic_signals": [1, 0]}),
        ([{}, {"highway": "stop", "direction": "backward"}, {}], {"stop": [0, 1]}),
        ([{}, {"highway": "stop"}], {}),
        ([{}, {"highway": "stop", "stop": "all"}], {"stop": [1, 0]}),
        ([{}, {"railway": "level_crossing"}, {}], {"level_crossing": [1, 1]}),
        ([{}, {"barrier": "lift_gate"}], {"gate": [1, 0]}),
        ([{}, {"barrier": "toll_booth"}, {}], {"toll_booth": [1, 1]}),
        ([{}, {"barrier": "bollard"}, {}], {}),
    ],
)
def test_each_direction_counts_what_it_meets(tmp_path, nodes, expected):
    assert counted(tmp_path, nodes) == expected


@pytest.mark.parametrize(("at", "expected"), [((0, 10, 100), [0, 1]), ((0, 90, 100), [1, 0])])
def test_a_sign_without_a_direction_is_for_the_nearer_junction(tmp_path, at, expected):
    assert counted(tmp_path, [{}, {"highway": "give_way"}, {}], at=at) == {"give_way": expected}


def test_a_way_against_its_drawing_swaps_directions(tmp_path):
    assert counted(tmp_path, [{}, SIGNALS], reverse=True) == {"traffic_signals": [0, 1]}


def test_a_direction_at_the_end_of_an_edge_within_its_way_counts(tmp_path):
    stop = {**SIGNALS, "traffic_signals:direction": "backward"}
    assert counted(tmp_path, [{}, stop], ends=(True, False)) == {}
