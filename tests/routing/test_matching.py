"""Map matching: known drives come back; nothing forbidden is driven; every fix has a fate."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.live.state_table import EdgeState, EdgeStates
from routing.matching.matched_path import line
from routing.matching.matcher import Matched, Matcher, Tracker
from routing.matching.stops import find_stops
from routing.matching.trace import Trace
from routing.matching.trace_kernels import SUSPECTS
from routing.query.model import Conditions
from spatial.errors import BadParameter
from tests.routing.grid_town import driven, share_near, town, wander
from tests.routing.maps import NOW, Town

CAR = Conditions("car")
seeds = st.integers(0, 2**32 - 1)


def fixes(points, every_s=10.0, sigma=5.0) -> Trace:
    points = np.array(points, np.float64).reshape(-1, 2)
    return Trace(points, np.arange(len(points)) * every_s, np.full(len(points), sigma))


def drawn(drawing, roads, turns=()):
    """Return a town from a map whose edges are as long as they are drawn, and its matcher."""
    town_ = Town(drawing, roads, turns)
    for name in roads:
        (x, y), (u, v) = town_.places[name[0]], town_.places[name[1]]
        metres = float(np.hypot((u - x) * 96486, (v - y) * 110852))
        roads[name] = {"length_m": metres, **roads[name]}
    return town_, Matcher(town_.network)


def along(town_, *stops, steps=8):
    """Return points on straight lines between stops, ends included."""
    places = [np.array(town_.at(s)) for s in stops]
    parts = [np.linspace(a, b, steps, endpoint=False) for a, b in pairwise(places)]
    return np.concatenate([*parts, places[-1:]])


def names(town_, matched: Matched):
    """Return the edges driven, a backward one in lower case."""
    return [
        [town_.names[k >> 1].lower() if k & 1 else town_.names[k >> 1] for k in d.keys.tolist()]
        for d in matched.drives
    ]


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_a_trace_without_noise_gives_back_exactly_what_was_driven(seed):
    rng = np.random.default_rng(seed)
    keys = wander(rng, int(rng.integers(1, 25)))
    truth = driven(keys, every_s=4, noise_m=0, rng=rng)
    found = town()[1].match(CAR, truth.trace, NOW)
    assert [d.keys.tolist() for d in found.drives] == [keys]
    edges = town()[0].graph.edges
    assert found.drives[0].length_m(edges) == pytest.approx(truth.drive.length_m(edges), abs=1)


@pytest.mark.parametrize(("every_s", "least"), [(5, 0.99), (15, 0.97), (45, 0.60)])
def test_noisy_traces_find_their_roads(every_s, least):
    rng = np.random.default_rng(7)
    matcher = town()[1]
    recalls, precisions = [], []
    for _ in range(15):
        truth = driven(wander(rng, 25), every_s, 8, rng)
        found = matcher.match(CAR, truth.trace, NOW)
        lines = [line(matcher.measure, d) for d in found.drives]
        recalls.append(share_near(truth.line, lines))
        precisions.append(np.mean([share_near(one, [truth.line]) for one in lines]))
    assert np.mean(recalls) >= least
    assert np.mean(precisions) >= least


@settings(max_examples=25, deadline=None)
@given(seeds, st.integers(1, 7))
def test_online_with_enough_lag_is_the_same_as_in_one_piece(seed, piece):
    rng = np.random.default_rng(seed)
    trace = driven(wander(rng, 15), 7, 8, rng).trace
    matcher = town()[1]
    whole = matcher.match(CAR, trace, NOW)
    tracker = Tracker(matcher, CAR, lag=10_000)
    placed, keys = [], []
    for at in range(0, len(trace), piece):
        cut = slice(at, at + piece)
        placed += tracker.push(
            Trace(trace.points[cut], trace.seconds[cut], trace.sigma_m[cut]), NOW
        )
        keys += [k for drive in tracker.take() for k in drive.keys.tolist()]
    placed += tracker.finish()
    keys += [k for drive in tracker.take() for k in drive.keys.tolist()]
    ordered = sorted(placed, key=lambda p: p.fix)
    assert [(p.fix, p.edge, p.backward, p.status) for p in ordered] == [
        (p.fix, p.edge, p.backward, p.status) for p in whole.placed
    ]
    assert keys == [k for drive in whole.drives for k in drive.keys.tolist()]


def test_the_size_of_the_pieces_does_not_matter_and_memory_is_bounded():
    rng = np.random.default_rng(2)
    trace = driven(wander(rng, 60), 3, 10, rng).trace
    results = []
    for piece in (1, 5, 1000):
        tracker = Tracker(town()[1], CAR, lag=6)
        placed = []
        for at in range(0, len(trace), piece):
            cut = slice(at, at + piece)
            placed += tracker.push(
                Trace(trace.points[cut], trace.seconds[cut], trace.sigma_m[cut]), NOW
            )
            assert len(tracker) <= 6
        placed += tracker.finish()
        results.append([(p.fix, p.edge, p.backward) for p in sorted(placed, key=lambda p: p.fix)])
    assert results[0] == results[1] == results[2]
    assert [fix for fix, *_ in results[0]] == list(range(len(trace)))


LADDER = """
A---B---C
|   |   |
D---E---F
"""


def ladder(turns=(), **roads):
    given = {"AB": {}, "BC": {}, "AD": {}, "BE": {}, "CF": {}, "DE": {}, "EF": {}}
    return drawn(LADDER, {**given, **roads}, turns)


def test_a_straight_drive():
    town_, matcher = ladder()
    found = matcher.match(CAR, fixes(along(town_, "AB:0.2", "B", "BC:0.6")), NOW)
    assert names(town_, found) == [["AB", "BC"]]
    assert found.confidence > 0.9
    drive = found.drives[0]
    assert (drive.start[0], drive.stop[-1]) == (
        pytest.approx(0.2, abs=0.01),
        pytest.approx(0.6, abs=0.01),
    )
    points = line(matcher.measure, drive)
    assert points[0] == pytest.approx(town_.at("AB:0.2"), abs=1e-6)
    assert points[-1] == pytest.approx(town_.at("BC:0.6"), abs=1e-6)
    assert town_.places["B"] in [tuple(p) for p in points.tolist()]


def test_a_drive_against_the_edge_direction_is_backward():
    town_, matcher = ladder()
    found = matcher.match(CAR, fixes(along(town_, "BC:0.6", "B", "AB:0.2")), NOW)
    assert names(town_, found) == [["bc", "ab"]]
    assert all(p.backward for p in found.placed if p.status == "used")


def test_a_one_way_is_never_driven_against():
    town_, matcher = ladder(AB={"oneway": True}, BC={"oneway": True})
    found = matcher.match(CAR, fixes(along(town_, "C", "B", "A")), NOW)
    driven_ = [k for keys in names(town_, found) for k in keys]
    assert "ab" not in driven_
    assert "bc" not in driven_


def test_a_closed_road_is_not_driven_until_it_opens_again():
    town_, matcher = ladder()
    trace = fixes(along(town_, "AB:0.5", "B", "BC:0.5"))
    rows = town_.close(1, "BC")
    found = matcher.match(CAR, trace, NOW)
    assert "BC" not in [k for keys in names(town_, found) for k in keys]
    assert found.version == 1
    assert "off_road" in {p.status for p in found.placed}
    assert found.confidence < 0.9
    town_.network.apply(2, [], rows, NOW)
    again = matcher.match(CAR, trace, NOW)
    assert names(town_, again) == [["AB", "BC"]]
    assert again.version == 2


def test_a_closure_holds_for_a_vehicle_that_is_followed_online():
    town_, matcher = ladder()
    tracker = Tracker(matcher, CAR, lag=2)
    first, second = along(town_, "AB:0.2", "B"), along(town_, "BC:0.1", "C")
    tracker.push(fixes(first), NOW)
    town_.close(1, "BC", direction="both")
    later = Trace(second, 100.0 + np.arange(len(second)) * 10, np.full(len(second), 5.0))
    placed = tracker.push(later, NOW) + tracker.finish()
    assert town_.names.index("BC") not in {p.edge for p in placed if p.fix >= len(first)}
    assert len(placed) + 1 >= len(second)
    assert tracker.version == 1


def test_a_forbidden_turn_is_not_taken():
    town_, matcher = ladder(turns=[("no", "AB", "BE")])
    found = matcher.match(CAR, fixes(along(town_, "AB:0.1", "B", "E", steps=5)), NOW)
    pairs = [p for keys in names(town_, found) for p in pairwise(keys)]
    assert ("AB", "BE") not in pairs
    assert any("BE" in keys for keys in names(town_, found))


def test_limits_of_the_vehicle_hold():
    town_ = Town(
        LADDER, {"AB": {"max_height_m": 3.0, "length_m": 800.0}, "DE": {"length_m": 800.0}}
    )
    matcher = Matcher(town_.network)
    trace = fixes(along(town_, "AB:0.2", "AB:0.8"))
    tall = Conditions("truck", sizes={"height_m": 4.0})
    assert {p.status for p in matcher.match(tall, trace, NOW).placed} == {"off_road"}
    assert names(town_, matcher.match(CAR, trace, NOW)) == [["AB"]]


def test_a_turn_on_the_road_is_seen():
    town_, matcher = ladder()
    found = matcher.match(CAR, fixes(along(town_, "AB:0.1", "AB:0.8", "AB:0.1")), NOW)
    assert names(town_, found) == [["AB", "ab"]]
    drive = found.drives[0]
    assert drive.stop[0] == pytest.approx(0.8, abs=0.05)
    assert drive.start[1] == pytest.approx(0.2, abs=0.05)


def test_a_turn_at_a_fix_on_a_side_road_is_seen():
    town_, matcher = ladder()
    places = ["AB:0.5", "AB:0.9", "BE:0.2", "BE:0.4", "BC:0.1", "BC:0.5"]
    found = matcher.match(CAR, fixes([town_.at(place) for place in places], every_s=25), NOW)
    assert names(town_, found) == [["AB", "BE", "be", "BC"]]
    drive = found.drives[0]
    assert drive.stop[1] == pytest.approx(0.4, abs=0.01)
    assert drive.start[2] == pytest.approx(0.6, abs=0.01)
    assert (drive.stop[2], drive.start[3]) == (1, 0)


def test_standing_still_is_no_turning():
    town_, matcher = ladder()
    rng = np.random.default_rng(1)
    moving = along(town_, "AB:0.1", "AB:0.5")
    standing = np.repeat(moving[-1:], 30, axis=0) + rng.normal(0, 5, (30, 2)) / [96486, 110852]
    found = matcher.match(CAR, fixes([*moving, *standing, *along(town_, "AB:0.6", "AB:0.9")]), NOW)
    assert names(town_, found) == [["AB"]]


def test_a_silence_breaks_the_trace():
    town_, matcher = ladder()
    points = along(town_, "AB:0.1", "AB:0.9")
    seconds = np.arange(len(points)) * 10.0
    seconds[4:] += matcher.model.gap_s
    found = matcher.match(CAR, Trace(points, seconds, np.full(len(points), 5.0)), NOW)
    assert [d.cut for d in found.drives] == ["start", "gap"]
    assert [d.fixes for d in found.drives] == [[0, 1, 2, 3], [4, 5, 6, 7, 8]]
    assert found.placed[4].cut == "gap"


@pytest.mark.parametrize("stood_s", [90.0, 300.0, 33 * 60.0])
@pytest.mark.parametrize("heard", [True, False])
@pytest.mark.parametrize("noise_m", [0.0, 5.0])
def test_who_stands_goes_on_with_the_same_drive_and_stops(stood_s, heard, noise_m):
    town_, matcher = ladder()
    rng = np.random.default_rng(1)
    moving, later = along(town_, "AB:0.1", "AB:0.5"), along(town_, "AB:0.6", "AB:0.9")
    count = int(stood_s // 10) if heard else 1
    still = np.repeat(moving[-1:], count, axis=0)
    still += rng.normal(0, noise_m, still.shape) / [96486, 110852]
    points = np.concatenate([moving, still, later])
    came = 10.0 * len(moving) + (10.0 * np.arange(count) if heard else np.array([stood_s]))
    seconds = np.concatenate(
        [10.0 * np.arange(len(moving)), came, came[-1] + 10.0 * np.arange(1, len(later) + 1)]
    )
    trace = Trace(points, seconds, np.full(len(points), 5.0))
    found = matcher.match(CAR, trace, NOW)
    assert names(town_, found) == [["AB"]]
    stops = find_stops(trace, range(len(trace)), matcher.model)
    if stood_s < matcher.model.stop_s:
        assert stops == []
        return
    [stop] = stops
    assert stop.seconds == pytest.approx(stood_s, abs=25.0)
    assert len(moving) - 2 <= stop.first_fix <= len(moving) <= stop.last_fix


def test_fixes_without_times_and_slow_ones_are_no_stop():
    town_, matcher = ladder()
    points = along(town_, "AB:0.1", "AB:0.9")
    for seconds in (np.full(len(points), np.nan), np.arange(len(points)) * 30.0):
        trace = Trace(points, seconds, np.full(len(points), 5.0))
        assert find_stops(trace, range(len(trace)), matcher.model) == []


def test_roads_without_a_link_break_the_trace():
    town_, matcher = drawn("A---B C---D", {"AB": {}, "CD": {}})
    found = matcher.match(CAR, fixes(along(town_, "AB:0.2", "CD:0.8", steps=12)), NOW)
    assert names(town_, found) == [["AB"], ["CD"]]
    assert [d.cut for d in found.drives] == ["start", "no_path"]
    assert "off_road" in {p.status for p in found.placed}


def test_a_long_way_off_the_road_breaks_the_trace():
    town_, matcher = ladder()
    on, off = along(town_, "AB:0.1", "AB:0.4"), along(town_, "AB:0.4", "AB:0.8", steps=30)
    off[:-1] += [0.0, 0.0015]
    found = matcher.match(CAR, fixes([*on, *off]), NOW)
    assert [d.cut for d in found.drives] == ["start", "off_road"]


def test_a_short_way_off_the_road_does_not():
    town_, matcher = ladder()
    points = along(town_, "AB:0.1", "AB:0.9")
    points[4] += [0.0, 0.0015]
    found = matcher.match(CAR, fixes(points), NOW)
    assert found.placed[4].status == "off_road"
    assert names(town_, found) == [["AB"]]


def test_bad_fixes_are_set_aside_with_reasons():
    town_, matcher = ladder()
    good = along(town_, "AB:0.1", "AB:0.9")
    points = np.array(
        [good[0], [np.nan, 30], good[1], good[1], good[0], [122.0, 30.0], [200, 0], good[2]]
    )
    seconds = np.array([0.0, 5, 10, 10, 5, 20, 25, 30])
    sigma = np.array([5.0] * 8)
    found = matcher.match(CAR, Trace(points, seconds, sigma), NOW)
    assert [p.status for p in found.placed] == [
        "used", "invalid", "used", "duplicate", "late", "jump", "invalid", "used",
    ]  # fmt: skip
    assert names(town_, found) == [["AB"]]


def test_a_wrong_first_fix_is_left_behind():
    town_, matcher = ladder()
    good = along(town_, "AB:0.1", "AB:0.9")
    found = matcher.match(CAR, fixes([[121.5, 30.0], *good]), NOW)
    assert [p.status for p in found.placed] == [
        "off_road",
        *["jump"] * (SUSPECTS - 1),
        *["used"] * 7,
    ]
    assert names(town_, found) == [["AB"]]


def test_fixes_without_times_are_matched_in_order():
    town_, matcher = ladder()
    points = along(town_, "AB:0.1", "B", "BE:0.9")
    nothing = np.full(len(points), np.nan)
    found = matcher.match(CAR, Trace(points, nothing, np.full(len(points), 5.0)), NOW)
    assert names(town_, found) == [["AB", "BE"]]


def test_fixes_without_times_break_where_nobody_drives_that_far_in_a_gap():
    town_, matcher = drawn(f"A{60 * '-'}B", {"AB": {}})
    points = [town_.at(f"AB:{share}") for share in (0.05, 0.06, 0.95, 0.96)]
    found = matcher.match(CAR, Trace(np.array(points), np.full(4, np.nan), np.full(4, 5.0)), NOW)
    assert [(d.cut, d.fixes) for d in found.drives] == [("start", [0, 1]), ("gap", [2, 3])]


def test_no_fix_and_one_fix():
    town_, matcher = ladder()
    nothing = matcher.match(CAR, fixes([]), NOW)
    assert (nothing.placed, nothing.drives, nothing.confidence) == ([], [], 0.0)
    one = matcher.match(CAR, fixes([town_.at("AB:0.5")]), NOW)
    assert [p.status for p in one.placed] == ["used"]
    assert len(line(matcher.measure, one.drives[0])) == 2


def test_confidence_is_low_between_two_roads_and_high_on_a_lonely_one():
    town_, matcher = drawn("A-------B\nC-------D", {"AB": {}, "CD": {}})
    middle = (np.array(town_.places["A"]) + town_.places["C"]) / 2
    right = (np.array(town_.places["B"]) + town_.places["D"]) / 2
    between = fixes(np.linspace(middle, right, 9)[1:-1], sigma=60.0)
    on = fixes(along(town_, "AB:0.1", "AB:0.9"))
    unsure, sure = (matcher.match(CAR, trace, NOW).confidence for trace in (between, on))
    assert unsure < 0.6 < 0.95 < sure


def test_an_unknown_profile_is_told():
    _town, matcher = ladder()
    with pytest.raises(BadParameter):
        matcher.match(Conditions("rocket"), fixes([[121, 30]]), NOW)


def test_a_trace_must_fit_together():
    with pytest.raises(ValueError, match="fit together"):
        Trace(np.zeros((2, 2)), np.zeros(1), np.ones(2))


def test_a_weather_limit_closes_nothing():
    town_, matcher = ladder()
    state = EdgeState(900, town_.names.index("AB"), "speed", "both", 20.0, None, None, "e")
    town_.network.apply(1, [EdgeStates.of([state])], [], NOW)
    found = matcher.match(CAR, fixes(along(town_, "AB:0.2", "B")), NOW)
    assert (names(town_, found), found.version) == ([["AB"]], 1)
