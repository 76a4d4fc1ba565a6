"""Feeds of detectors: the newest of a source counts, the lowest of several, in their time."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.live.edge_states import LiveState
from routing.live.speed_feeds import Feed, find_known
from routing.live.state_table import EdgeState, EdgeStates
from spatial.ids import stable_uuid7
from tests.routing.maps import NOW, Town, edge_id

EDGES = 4
MINUTE = timedelta(minutes=1)
minutes = st.integers(-3, 6)

uploads = st.lists(
    st.tuples(
        st.sampled_from(["one", "two"]),
        st.dictionaries(st.integers(0, 2 * EDGES - 1), st.integers(5, 90), max_size=5),
        minutes,
        st.integers(1, 5),
    ),
    max_size=6,
)


def make(number, source, speeds, since, lasts):
    keys = np.array(sorted(speeds), np.int64)
    kmh = np.array([speeds[k] for k in keys.tolist()], np.float32)
    begin = NOW + since * MINUTE
    return Feed(-1 - number, source, keys, kmh, begin, begin + lasts * MINUTE)


def expected(feeds, at):
    """Say the same one key at a time."""
    found = np.full(2 * EDGES, np.nan, np.float32)
    for source in {feed.source for feed in feeds}:
        for key in range(2 * EDGES):
            mine = [f for f in feeds if f.source == source and f.holds(at) and key in f.keys]
            if mine:
                newest = min(mine, key=lambda feed: feed.row)
                found[key] = np.fmin(found[key], newest.kmh[newest.keys == key][0])
    return found


@settings(max_examples=80, deadline=None)
@given(uploads, st.lists(minutes, min_size=1, max_size=3), st.data())
def test_the_picture_is_that_of_a_plain_search(given_uploads, steps, data):
    live = LiveState(EDGES)
    feeds = [make(i, *upload) for i, upload in enumerate(given_uploads)]
    single = EdgeState(1, 1, "speed", "forward", 40.0, None, None, "e")
    start = NOW - 3 * MINUTE
    live.apply(1, [*feeds, EdgeStates.of([single])], [], start)
    gone = data.draw(st.sets(st.sampled_from([f.row for f in feeds]))) if feeds else set()
    live.apply(2, [], sorted(gone), start)
    kept = [feed for feed in feeds if feed.row not in gone]
    for step in sorted(steps):
        at = NOW + step * MINUTE
        live.advance(at)
        wanted = expected(kept, at)
        wanted[2] = np.fmin(wanted[2], 40.0)
        assert np.array_equal(live.now.cap_kmh, wanted, equal_nan=True)
        assert not live.now.shut.any()


def test_the_picture_of_another_time_has_its_feeds():
    live = LiveState(EDGES)
    live.apply(1, [make(0, "one", {3: 20}, 2, 2)], [], NOW)
    assert np.isnan(live.now.cap_kmh).all()
    then = live.at(NOW + 3 * MINUTE, NOW)
    assert then is not None
    assert then.cap_kmh[3] == 20
    assert live.at(NOW + MINUTE, NOW) is None


@pytest.fixture(scope="module")
def graph():
    return Town("A B C", {"AB": {}, "BC": {}}).graph


def test_columns_become_keys_and_the_last_of_an_edge_counts(graph):
    known, other, unknown = edge_id("AB"), edge_id("BC"), stable_uuid7("map", "none")
    columns = [known, unknown, other, known], [2, 2, 1, 0], [50, 60, 30, 20]
    feed = Feed.of(graph, -1, "one", columns, (None, None))
    a, b = graph.ids.find(known), graph.ids.find(other)
    speeds = {2 * a: 20, 2 * a + 1: 50, 2 * b + 1: 30}
    assert dict(zip(feed.keys.tolist(), feed.kmh.tolist(), strict=True)) == speeds
    assert (np.diff(feed.keys) > 0).all()
    assert find_known(graph.ids, columns[0]).tolist() == [True, False, True, True]
    assert find_known(graph.ids, []).tolist() == []
