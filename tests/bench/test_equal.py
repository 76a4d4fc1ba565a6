"""The file of equal weights: no segment that OSRM would shorten, lengths as it measures them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench import equal
from bench.networks import geodesic
from bench.report import Report
from routing.graph.turns import Restriction, split
from routing.graph.weights import INFINITE
from tests.routing.maps import edge_id, edges_of, node_id

OSRM_MOST_MS = 2**22 - 1


def graph_of(*shapes):
    """Return edges in a row: each begins where the one before ends."""
    rows = [
        {
            "id": edge_id(str(i)),
            "from_node": node_id(str(i)),
            "to_node": node_id(str(i + 1)),
            "shape": shape,
            "length_m": 1.0,
        }
        for i, shape in enumerate(shapes)
    ]
    return split(edges_of(rows), [])


DEGREES = st.tuples(st.floats(-2, 2), st.floats(-2, 2))


@given(
    st.tuples(st.floats(-170, 170), st.floats(-50, 50)),
    st.lists(DEGREES, min_size=1, max_size=4),
    st.integers(1, 2**26),
)
@settings(max_examples=50)
def test_no_segment_is_longer_than_osrm_can_hold(begin, steps, weight):
    shape = np.cumsum([begin, *steps], axis=0).tolist()
    graph = graph_of(shape, [shape[-1], (0.0, 0.0)])
    drawn = equal.draw(graph, np.array([weight, INFINITE, INFINITE, 500]))
    first, last = drawn.start[:2]
    metres = equal._segment_m(drawn.shape)[first : last - 1]
    share = metres / max(metres.sum(), 1e-3)
    assert (weight * share).max() <= OSRM_MOST_MS
    assert drawn.shape[[first, last - 1]] == pytest.approx(
        np.array([shape[0], shape[-1]]), abs=1e-6
    )
    assert len(drawn.nodes(1)) == 2
    assert drawn.nodes(0)[-1] == drawn.nodes(1)[0]
    assert drawn.place[np.array(drawn.nodes(0)) - 1] == pytest.approx(
        drawn.shape[first:last], abs=1e-6
    )


@given(
    st.floats(-179, 179), st.floats(-80, 80), st.floats(-0.01, 0.01), st.floats(-0.01, 0.01)
)  # fmt: skip
def test_lengths_are_those_of_the_ellipsoid(lon, lat, east, north):
    shape = np.round([(lon, lat), (lon + east, lat + north)], 6)
    metres = equal._segment_m(shape)[0]
    assert metres == pytest.approx(float(geodesic(*shape[0], *shape[1])), rel=0.01, abs=0.05)


def test_a_barrier_is_a_node_that_no_car_passes_either_way():
    graph = graph_of(*([(i, 0.0), (i + 1, 0.0)] for i in range(4)))
    at = graph.edges.head.tolist()
    turns = [
        Restriction("no", (0, 1), at[0]),
        Restriction("no", (1, 0), at[0]),
        Restriction("no", (1, 2), at[1]),
        Restriction("no", (2, 3), at[2], exempt=("motorcar",)),
        Restriction("no", (3, 2), at[2], exempt=("motorcar",)),
    ]
    assert equal.barriers(graph.edges, turns) == {at[0]}


def test_a_part_that_fails_is_told_and_does_not_stop_the_others():
    report = Report()
    with report.attempt("first"):
        raise RuntimeError("no peer")
    with report.attempt("second"):
        report.add("second", "found")
    report.judge("speed", "town", 3.0, 4)
    text = report.text("today")
    assert "- first: no peer" in text
    assert "### first\n\n**Not measured**: no peer" in text
    assert "### second\n\nfound" in text
    assert "| speed | town | 3.00 × | ≥ 4 × | **no** |" in text
