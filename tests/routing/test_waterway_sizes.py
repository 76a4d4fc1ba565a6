"""Largest sizes, tonnes by day, surveys, papers and tide windows, against brute force."""

from __future__ import annotations

import random
from datetime import timedelta
from itertools import combinations

import numpy as np
import pytest

from routing.query.model import PathQuery
from routing.waterway.judge import Unknown
from routing.waterway.largest import bottleneck
from routing.waterway.levels import GaugeRow, LevelRow
from routing.waterway.limits import LimitRow
from routing.waterway.loading import LoadingQuestion, PayloadTable
from routing.waterway.papers import HeldPaper, judge_papers
from routing.waterway.passed import Passed, estimate
from routing.waterway.surveys import choose_surveys
from spatial.errors import LimitViolated
from tests.routing.maps import NOW, edge_id, shipped_rules
from tests.routing.waterways import (
    FAIL,
    PASS,
    VESSEL,
    FixedWaits,
    World,
    gauge_id,
    judge_limit,
    options_of,
    place,
    random_world,
    simple_paths,
)

SIZES = ("draught_m", "air_draught_m", "beam_m", "length_m")
STEPS = {"draught_m": 0.05, "air_draught_m": 0.05, "beam_m": 0.25, "length_m": 1.0}


def admits(world, name, size, value, *, sure):
    """Tell by each row whether an edge admits a size in one dimension, whatever the others are."""
    sizes = {**VESSEL, size: value}
    from tests.routing.waterways import SIZE

    for options in options_of(world, name):
        fits = False
        for rows, needed, _ in options:
            mine = [row for row in rows if SIZE[row.kind] == size]
            found = [judge_limit(world, row, sizes, NOW)[0] for row in mine]
            there = all(kind in [row.kind for row in rows] for kind in needed if SIZE[kind] == size)
            if sure:
                fits |= there and all(one == PASS for one in found)
            else:
                fits |= FAIL not in found
        if not fits:
            return False
    return not (sure and world.edges[name].get("origin") == "schematic")


@pytest.mark.parametrize("seed", range(25))
def test_the_largest_size_is_that_of_the_best_way(seed):
    world = random_world(seed)
    network = world.network()
    judge, costs = network.limits.judge, network.costs("barge")
    state = judge.at(NOW.timestamp())
    ends = network.snapper.find([place("A"), place("F")], network.snapper.usable(None, costs))
    nothing = np.full(len(judge.kind.sizes), np.nan)
    for size in SIZES:
        column = judge.kind.sizes.index(size)
        for sure in (True, False):
            capacity = judge.capacity(state, column, nothing, sure=sure, others=False)
            found = bottleneck(network.graph, costs.passable, capacity, *ends)
            step = STEPS[size]
            for value in (found.size - step / 10, found.size + step / 10):
                if not np.isfinite(value) or value <= 0:
                    continue
                passes = any(
                    all(admits(world, name, size, value, sure=sure) for name in path)
                    for path in simple_paths(world, "A", "F")
                )
                assert passes == (value < found.size)
            if found.limiting is not None:
                assert capacity[found.limiting] == found.size
                assert min(capacity[edge] for edge in found.edges) == found.size


def river(levels, depth=3.0):
    """Return a way A-B-C of which BC has a depth by a gauge."""
    gauge = GaugeRow(gauge_id(0), "G", {"zh": "站", "en": "Gauge"}, "1985")
    limits = [
        LimitRow("ab", "depth", 9.0, edge=edge_id("AB")),
        LimitRow("bc", "depth", depth, edge=edge_id("BC"), datum="1985", reference_level_m=2.0,
                 gauge=gauge.id),
    ]  # fmt: skip
    issued = NOW - timedelta(hours=1)
    rows = [LevelRow(gauge.id, "reading", issued, issued, None, levels[0][1], None)]
    rows += [
        LevelRow(gauge.id, "forecast", NOW + timedelta(hours=6 * n), issued, *each)
        for n, each in enumerate(levels)
    ]
    return World({"AB": {}, "BC": {}}, limits, [], [gauge], rows)


def test_tonnes_are_those_of_the_lowest_sure_level_of_a_day():
    world = river([(2.0 - n * 0.05, 2.1 - n * 0.05, 2.2 - n * 0.05) for n in range(20)])
    network = world.network()
    judge, costs = network.limits.judge, network.costs("barge")
    ends = network.snapper.find([place("A"), place("C")], network.snapper.usable(None, costs))
    sizes = np.array([VESSEL[name] for name in judge.kind.sizes])
    table = PayloadTable((1.0, 2.0, 3.0), (100.0, 300.0, 700.0))
    question = LoadingQuestion(
        network.graph, costs.passable, judge, sizes, table, *ends, voyage_s=3600.0
    )
    day = question.day(NOW)
    lowest = 3.0 + (2.0 - 25 / 6 * 0.05) - 2.0  # an hour after the day
    assert day.draught_m["p10"] == pytest.approx(lowest - 0.3, abs=1e-3)
    assert day.draught_m["p90"] == pytest.approx(lowest + 0.2 - 0.3, abs=1e-3)
    assert day.payload_t["p10"] == pytest.approx(300 + 400 * (day.draught_m["p10"] - 2), abs=0.1)
    assert day.limiting["p10"] == 1
    beyond = question.day(NOW + timedelta(days=20))
    assert beyond.draught_m == {"p10": None, "p50": None, "p90": None}


def test_a_tide_opens_and_shuts_by_the_hour():
    tide = [(2.0, 2.0, 2.0), (2.0, 2.0, 2.0), (1.0, 1.0, 1.0), (1.0, 1.0, 1.0), (2.0, 2.0, 2.0),
            (2.0, 2.0, 2.0)] + [(2.0, 2.0, 2.0)] * 8  # fmt: skip
    network = river(tide).network()
    asked = PathQuery("barge", [place("A"), place("C")], sizes={**VESSEL, "draught_m": 2.6})
    opens = []
    for hour in range(30):
        when = NOW + timedelta(hours=hour)
        query = type(asked)(**{**vars(asked), "depart_at": when})
        try:
            network.path(query, NOW)
            opens.append(True)
        except LimitViolated:
            opens.append(False)
    # 0.9 of 1 m is lost from hour 6 to 12 on and won from 18 to 24: open while 2.9 m are there
    assert opens == [hour <= 6 or hour >= 24 for hour in range(30)]


@pytest.mark.parametrize("seed", range(20))
def test_surveys_let_the_most_pass(seed):
    draw = random.Random(seed)
    values = [Unknown("limit", f"edge {n}", "depth") for n in range(7)]
    waits = [frozenset(draw.sample(values, draw.randint(1, 3))) for _ in range(8)]
    amount = [float(draw.randint(1, 50)) for _ in waits]
    found = choose_surveys(waits, amount, 3)
    best = max(
        sum(a for each, a in zip(waits, amount, strict=True) if each <= set(chosen))
        for chosen in combinations(values, 3)
    )
    assert found.value == found.bound == best
    assert len(found.chosen) <= 3


@pytest.mark.parametrize(
    ("paper", "crew", "tonnage", "fault"),
    [
        (HeldPaper("manning", persons=3, valid_to=NOW + timedelta(days=1)), 3, None, None),
        (HeldPaper("manning", persons=3), 2, None, "too_few_on_board"),
        (HeldPaper("manning", persons=3), None, None, "not_told"),
        (HeldPaper("manning", valid_to=NOW), None, None, "expired"),
        (HeldPaper("manning", valid_from=NOW + timedelta(hours=1)), None, None, "not_yet_valid"),
        (HeldPaper("master", grade="三类"), None, 299.0, None),
        (HeldPaper("master", grade="三类"), None, 300.0, "grade"),
        (HeldPaper("master", grade="一类"), None, None, None),
    ],
)
def test_each_fault_of_a_paper_is_told(paper, crew, tonnage, fault):
    rules = shipped_rules()
    found = {f.kind: f for f in judge_papers(rules, [paper], NOW, NOW, crew=crew,
                                             gross_tonnage=tonnage)}  # fmt: skip
    others = {"inspection", "registration", "manning", "master"} - {paper.kind}
    assert {found[kind].fault for kind in others} == {"missing"}
    assert (found[paper.kind].fault if paper.kind in found else None) == fault
    assert all(one.paper.article for one in found.values())


def test_waits_at_locks_are_asked_for_when_one_arrives():
    world = random_world(0)
    lock = next(iter(world.structures))._replace(kind="lock", openings=())
    passed = [Passed(lock, 0, False, 600.0, 700.0, {}), Passed(lock, 0, True, 1200.0, 1300.0, {})]

    found = estimate(passed, 2000.0, NOW, FixedWaits({(lock.id, False): 120, (lock.id, True): 60}))
    assert found.end == (2180.0, 2180.0, 2180.0)
    assert [one.stop.arrive.middle_s for one in found.locks] == [600.0, 1320.0]
    none = estimate(passed, 2000.0, NOW, None)
    assert (none.end.middle_s, none.unknown) == (2000.0, [lock.id, lock.id])
