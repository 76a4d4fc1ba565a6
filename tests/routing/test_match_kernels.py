"""The kernels of map matching against the textbook, on small towns with random closures."""

import math
from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.graph.weights import INFINITE
from routing.matching.candidate_kernels import (
    ALONG,
    ARC,
    AWAY,
    BACK,
    COUNT,
    HEAD,
    KEY,
    SCORE,
    TAIL,
    TURN,
    VIA,
)
from routing.matching.decision_kernels import FAR_SIGMAS
from routing.matching.hmm import UNIT_M
from routing.matching.local_search_kernels import LAST_STAMP, STAMP
from routing.matching.matcher import Matcher
from routing.matching.trace_kernels import START
from routing.matching.viterbi import Decoder
from routing.matching.viterbi_kernels import STRETCH
from routing.query.model import Conditions
from tests.routing.maps import NOW, Town
from tests.routing.match_reference import State, Textbook, states_near

GRID = "A-B-C-D\n\nE-F-G-H\n\nI-J-K-L"
PAIRS = ["AB", "BC", "CD", "EF", "FG", "GH", "IJ", "JK", "KL"]
PAIRS += ["AE", "EI", "BF", "FJ", "CG", "GK", "DH", "HL"]
TURNS = [("no", "AB", "BF"), ("no", "FG", "GK"), ("only", "JK", "KL"), ("no", "BF", "FG", "GH")]
SIGMA_M = 40.0
CAR = Conditions("car")


@cache
def town_of(number):
    """Return one of a few towns and its matcher."""
    rng = np.random.default_rng(number)
    roads = {}
    for name in rng.permutation(PAIRS)[: int(rng.integers(10, len(PAIRS)))].tolist():
        metres = 386.0 if PAIRS.index(name) < 9 else 443.0
        length_m = metres * rng.uniform(0.7, 1.8)
        roads[name] = {"oneway": bool(rng.random() < 0.2), "length_m": length_m}
    town = Town(GRID, roads, [turn for turn in TURNS if set(turn[1:]) <= set(roads)])
    return town, Matcher(town.network)


def stretch_of(lengths):
    return float(lengths.model[STRETCH])


def world_of(number, seed):
    """Return a matcher, its lengths with some arcs closed, and the fixes of a drive."""
    town, matcher = town_of(number)
    rng = np.random.default_rng(seed)
    lengths = matcher.lengths(CAR, NOW)
    whole = lengths.whole.copy()
    whole[rng.random(len(whole)) < 0.1] = INFINITE
    arcs = matcher.graph.arcs
    usable = np.zeros(len(matcher.graph.edges), np.bool_)
    usable[arcs.edge[whole != INFINITE]] = True
    stops = [town.at(f"{rng.choice(town.names)}:{rng.random()}") for _ in range(3)]
    points = np.concatenate([np.linspace(a, b, 3, endpoint=False) for a, b in pairwise(stops)])
    points += rng.normal(0, 30, points.shape) / [96486, 110852]
    lengths = replace(
        lengths, whole=whole, cost=whole[matcher.ways.out], usable=usable,
        model=matcher.model.numbers(stretch_of(lengths), math.inf, math.inf),
    )  # fmt: skip
    return matcher, lengths, points


worlds = st.builds(world_of, st.integers(0, 5), st.integers(0, 2**32 - 1))


def columns_of(matcher, lengths, points):
    """Return the states of fixes by the kernels, and which fixes have any."""
    sigma = np.full(len(points), SIGMA_M)
    near = matcher.candidates.find(points, sigma, np.ones(len(points), np.bool_), lengths)
    chosen = np.flatnonzero(near.states > 0)
    return matcher.candidates.columns(near, chosen, sigma, lengths), chosen


def as_states(columns) -> list[list[State]]:
    rows = [
        State(int(w[ARC]), float(r[ALONG]), float(r[AWAY]), SIGMA_M)
        for w, r in zip(columns.whole, columns.real, strict=True)
    ]
    ends = np.cumsum(columns.counts).tolist()
    return [rows[a:b] for a, b in pairwise([0, *ends])]


def decoded(matcher, lengths, points):
    """Return a decoder that has followed the fixes, the textbook beside it, and how far it came."""
    columns, chosen = columns_of(matcher, lengths, points)
    decoder = Decoder(matcher.ways)
    cut = np.zeros(len(chosen), np.int8)
    cut[:1] = START
    loaded = decoder.load(columns, chosen, points[chosen], cut)
    book = Textbook(matcher.graph, lengths, matcher.model, as_states(columns), points[chosen])
    if len(loaded):
        decoder.begin(0)
        decoder.extend(len(loaded), lengths)
    return decoder, book


@settings(max_examples=40, deadline=None)
@given(worlds)
def test_the_states_of_a_fix_are_on_the_nearest_edges(world):
    matcher, lengths, points = world
    columns, chosen = columns_of(matcher, lengths, points)
    every = [states_near(matcher.graph, lengths, matcher.model, p, SIGMA_M) for p in points]
    assert chosen.tolist() == [k for k, states in enumerate(every) if states]
    for found, wanted in zip(as_states(columns), [s for s in every if s], strict=True):
        near = {state.arc: state for state in wanted}
        for state in found:
            same = near.pop(state.arc)
            assert (state.along, state.distance_m) == pytest.approx(
                (same.along, same.distance_m), abs=1e-6
            )
        edges = {int(matcher.graph.arcs.edge[state.arc]) for state in found}
        assert len(edges) == matcher.model.edges or not near
        farthest = max(state.distance_m for state in found)
        assert all(state.distance_m > farthest - 1e-6 for state in near.values())


@settings(max_examples=80, deadline=None)
@given(worlds)
def test_the_best_sequence_to_each_state_is_that_of_the_textbook(world):
    matcher, lengths, points = world
    decoder, book = decoded(matcher, lengths, points)
    if not book.columns:
        return
    wanted = book.scores()
    assert decoder.next == len(wanted)
    at = 0
    for scores in wanted:
        assert decoder.real[at : at + len(scores), SCORE] == pytest.approx(scores, abs=1e-6)
        at += len(scores)


@settings(max_examples=80, deadline=None)
@given(worlds)
def test_decisions_have_the_best_score_and_the_probability_of_the_textbook(world):
    matcher, lengths, points = world
    decoder, book = decoded(matcher, lengths, points)
    if len(book.scores() if book.columns else ()) < len(book.columns) or not book.columns:
        return
    decided = decoder.finish()
    starts = np.cumsum([0, *map(len, book.columns)])
    picks = [pick - start for pick, start in zip(decided.picks, starts, strict=False)]
    total = book.columns[0][picks[0]].place
    for logs, (i, j) in zip(book.logs, pairwise(picks), strict=True):
        total += logs[j, i]
    assert total == pytest.approx(book.scores()[-1].max(), abs=1e-6)
    for k, chances in enumerate(book.chances()):
        edges = np.array([matcher.graph.arcs.edge[s.arc] for s in book.columns[k]])
        place = math.exp(book.columns[k][picks[k]].place)
        on_road = place / (place + math.exp(-0.5 * FAR_SIGMAS**2))
        sure = chances[edges == edges[picks[k]]].sum() * on_road
        assert decided.confidence[k] == pytest.approx(sure, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(worlds)
def test_ways_lead_over_open_arcs_from_state_to_state_and_are_the_shortest(world):
    matcher, lengths, points = world
    decoder, book = decoded(matcher, lengths, points)
    arcs = matcher.graph.arcs
    starts = np.cumsum([0, *map(len, book.columns)])
    for row in range(1, decoder.next):
        for j in range(starts[row], starts[row + 1]):
            state = decoder.whole[j]
            if state[COUNT] < 0 or state[BACK] < 0:
                continue
            way = decoder.ways[state[VIA] : state[VIA] + state[COUNT]]
            column = decoder.whole[starts[row - 1] : starts[row]]
            before = column[state[BACK]]
            if state[TURN]:
                before = column[column[:, KEY] == before[KEY] ^ 1][0]
            nodes = [int(before[HEAD]), *arcs.head[way].tolist()]
            assert nodes[:-1] == arcs.tail[way].tolist()
            assert nodes[-1] == state[TAIL]
            weight = int(lengths.whole[way].astype(np.int64).sum())
            assert weight == book.length(nodes[0], nodes[-1])


def test_giving_up_unlikely_sequences_hardly_ever_changes_what_is_decided():
    changed = 0
    for seed in range(200):
        matcher, lengths, points = world_of(seed % 6, seed)
        usual = replace(lengths, model=matcher.model.numbers(stretch_of(lengths)))
        (decoder, _), (narrow, _) = (decoded(matcher, one, points) for one in (lengths, usual))
        assert narrow.next == decoder.next
        if decoder.next:
            changed += narrow.finish().keys != decoder.finish().keys
    assert changed <= 1


@settings(max_examples=20, deadline=None)
@given(worlds)
def test_stamps_begin_anew_and_the_list_of_ways_grows(world):
    matcher, lengths, points = world
    decoder, _ = decoded(matcher, lengths, points)
    work = matcher.ways.borrow()
    work.marks[-1, STAMP] = LAST_STAMP - 1
    matcher.ways.give(work)
    columns, chosen = columns_of(matcher, lengths, points)
    again = Decoder(matcher.ways)
    again.ways = np.empty(1, np.int32)
    again.load(columns, chosen, points[chosen], np.zeros(len(chosen), np.int8))
    if len(chosen):
        again.begin(0)
        again.extend(len(chosen), lengths)
    assert again.next == decoder.next
    reached = int(columns.counts[: again.next].sum())
    assert np.array_equal(again.real[:reached, SCORE], decoder.real[:reached, SCORE])


def test_lengths_shorter_than_straight_lines_are_found():
    town = Town("A-B-C", {"AB": {"length_m": 386.0}, "BC": {"length_m": 38.6}})
    matcher = Matcher(town.network)
    lengths = matcher.lengths(CAR, NOW)
    least = lengths.whole.min() * UNIT_M / 386.0
    assert stretch_of(lengths) == pytest.approx(0.99 * least, rel=0.01)
