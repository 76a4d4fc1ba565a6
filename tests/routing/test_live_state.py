"""The live state by columns is that of a plain list of rows, whatever comes and goes."""

from datetime import timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.live.edge_states import LiveState
from routing.live.state_table import DIRECTIONS, KINDS, EdgeState, EdgeStates
from tests.routing.maps import NOW

EDGES, MINUTE = 5, timedelta(minutes=1)
times = st.none() | st.integers(-3, 6).map(lambda minute: NOW + minute * MINUTE)
drawn = st.tuples(
    st.integers(0, EDGES - 1), st.sampled_from(KINDS), st.sampled_from(DIRECTIONS),
    st.integers(1, 120), times, times, st.sampled_from(["one", "two", "three"]),
)  # fmt: skip
steps = st.tuples(st.lists(drawn, max_size=6), st.integers(0, 2), st.integers(0, 3))


def holds(state, at):
    return (state.since is None or state.since <= at) and (state.until is None or at < state.until)


def expected(states, at):
    """Return shut and cap of each key by looking at one row after another."""
    shut, cap = np.zeros(2 * EDGES, bool), np.full(2 * EDGES, np.nan, np.float32)
    for state in states:
        if holds(state, at):
            for way in {"both": (0, 1), "forward": (0,), "backward": (1,)}[state.direction]:
                key = 2 * state.edge + way
                if state.kind == "closure":
                    shut[key] = True
                else:
                    cap[key] = np.fmin(cap[key], state.value)
    return shut, cap


def check(view, states, at):
    shut, cap = expected(states, at)
    assert np.array_equal(view.shut, shut)
    assert np.array_equal(view.cap_kmh, cap, equal_nan=True)


@settings(max_examples=150, deadline=None)
@given(st.lists(steps, min_size=1, max_size=6), st.data())
def test_the_state_is_that_of_a_plain_list(given_steps, data):
    live, held, row, now = LiveState(EDGES), {}, 0, NOW - 3 * MINUTE
    for version, (new, gone_count, minutes) in enumerate(given_steps, 1):
        now += minutes * MINUTE
        serial, before = live.serial, live.now
        added = []
        for edge, kind, way, value, since, until, event in new:
            row += 1
            kmh = None if kind == "closure" else float(value)
            added.append(EdgeState(row, edge, kind, way, kmh, since, until, event))
        known = sorted(held)
        gone = data.draw(st.lists(st.sampled_from(known), max_size=gone_count)) if known else []
        again = [held[number] for number in known[:1]]  # what is known already is not taken twice
        live.apply(version, [EdgeStates.of([*again, *added])], gone, now)
        held = {n: s for n, s in held.items() if n not in gone} | {s.row: s for s in added}
        held |= {s.row: s for s in again}
        check(live.now, held.values(), now)
        moved = now + data.draw(st.integers(0, 2)) * MINUTE
        live.advance(moved)
        now = moved
        check(live.now, held.values(), now)
        changed = live.changed_since(serial)
        other = (before.shut != live.now.shut) | ~(
            (before.cap_kmh == live.now.cap_kmh)
            | (np.isnan(before.cap_kmh) & np.isnan(live.now.cap_kmh))
        )
        assert set(np.flatnonzero(other)) <= set(changed.tolist())
        later = now + data.draw(st.integers(0, 9)) * MINUTE
        check(live.at(later, now) or live.now, held.values(), later)
        for edge in range(EDGES):
            told = sorted(live.reasons(edge, now))
            assert [s.row for s in told] == sorted(
                s.row for s in held.values() if s.edge == edge and holds(s, now)
            )
            assert all(tuple(s) == tuple(held[s.row]) for s in told)


def test_events_without_rows_are_forgotten():
    live = LiveState(EDGES)
    for number in range(300):
        state = EdgeState(number, 0, "speed", "both", 20.0, None, None, f"event {number}")
        live.apply(number + 1, [EdgeStates.of([state])], [number - 1], NOW)
    assert [state.event for state in live.reasons(0, NOW)] == ["event 299"]
    assert len(live._table.events) < 100
