"""Waterways: voyages against a plain Dijkstra on the same verdicts, and a month of low water.

    python -m bench.waterways --size 40 --questions 60 --seed 1

A grid of waterways whose limits are partly unknown, with gauges that fall and one that says
nothing. First equal: each voyage's answer, and the time of a sure one, to a Dijkstra over the edges
that pass (and those that may); then timed. The month: each day a vessel loads by the p10 of that
morning's forecast of a seeded river, whose truth comes out otherwise; tonnes and groundings beside
the best draught that is safe all month, known only afterwards.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import networkx as nx
import numpy as np

from api.network.rule_models import RuleBook, read_rules
from routing.cch.engine import Topology
from routing.cost.profile import load_profiles, usable_profiles
from routing.graph.drawn import drawn_edges
from routing.graph.turns import split
from routing.query.model import PathQuery
from routing.query.network import RoadNetwork
from routing.waterway.judge import FAIL, PASS, UNKNOWN
from routing.waterway.levels import GaugeRow, LevelRow, Levels
from routing.waterway.limits import LimitRow, LimitRows
from routing.waterway.loading import LoadingQuestion, PayloadTable
from routing.waterway.vessel import makes_limits
from routing.waterway.voyage import find_voyage, limits_of
from spatial.errors import LimitViolated
from spatial.ids import stable_uuid7
from spatial.networks.waterway import KIND

NOW = datetime(2026, 11, 30, 0, 0, tzinfo=UTC)
VESSEL = {"draught_m": 2.0, "air_draught_m": 6.0, "beam_m": 10.0, "length_m": 50.0,
          "deadweight_t": 500.0}  # fmt: skip
GAUGES = 4
STEP_DEG = 0.02
MONTH, VOYAGE_H = 30, 6
LONG_BOAT = PayloadTable((1.0, 1.5, 2.0, 2.5, 3.0), (80.0, 260.0, 450.0, 640.0, 830.0))
FIXED_SHOWN = 100.0
Node = tuple[int, int]


def _id(kind: str, name: object) -> UUID:
    return stable_uuid7("bench", f"{kind} {name}")


def make_network(size: int, seed: int) -> tuple[RoadNetwork, list[tuple[Node, Node]]]:
    """Return a grid of waterways of which some limits are unknown, and the ends of its edges."""
    draw = random.Random(seed)
    pairs = [
        ((x, y), (x + dx, y + dy))
        for x in range(size) for y in range(size) for dx, dy in ((1, 0), (0, 1))
        if x + dx < size and y + dy < size
    ]  # fmt: skip
    rows = [
        {"id": _id("edge", n), "from_node": _id("node", a), "to_node": _id("node", b),
         "length_m": 1000.0 + draw.randrange(2000), "class": "unclassified"}
        for n, (a, b) in enumerate(pairs)
    ]  # fmt: skip
    graph = split(drawn_edges(rows, [[place(a), place(b)] for a, b in pairs], KIND), [])
    rules = RuleBook.of(read_rules(), NOW).at(NOW)
    network = RoadNetwork(
        graph, Topology.build(graph), usable_profiles(load_profiles(KIND), rules), rules
    )
    network.take_limits(makes_limits(_limits(draw, len(pairs))))
    return network, pairs


def place(node: Node) -> tuple[float, float]:
    """Return longitude and latitude of a node of the grid."""
    return 119.0 + node[0] * STEP_DEG, 28.0 + node[1] * STEP_DEG


def _limits(draw: random.Random, edges: int) -> LimitRows:
    gauges = [GaugeRow(_id("gauge", n), f"G{n}", {"zh": None, "en": None}, "1985")
              for n in range(GAUGES)]  # fmt: skip
    limits = []
    for edge in range(edges):
        roll = draw.random()
        value = None if roll < 0.05 else 2.3 * draw.choice([0.9, 1.2, 1.5, 2.0, 2.0])
        gauge = gauges[draw.randrange(GAUGES)].id if draw.random() < 0.5 else None
        if roll < 0.9:
            limits.append(LimitRow(
                f"{edge}", "depth", value, edge=_id("edge", edge), datum="1985", gauge=gauge,
                reference_level_m=2.0 if gauge else None))  # fmt: skip
    levels = []
    for gauge in gauges[1:]:  # of the first one nothing is said
        for hour in range(0, 24 * 8, 6):
            level = 2.05 - hour / 1000
            at = NOW + timedelta(hours=hour)
            levels.append(
                LevelRow(gauge.id, "forecast", at, NOW, level - 0.02, level, level + 0.02)
            )
    return LimitRows(limits, [], Levels(gauges, levels))


def check_equal(
    network: RoadNetwork, pairs: list[tuple[Node, Node]], questions: list[tuple[Node, Node]]
) -> dict[str, int]:
    """Compare voyages at a level that stands still with Dijkstra's; return how many of each answer.

    Raises
    ------
    AssertionError
        One differs.
    """
    judge = limits_of(network).judge
    sizes = np.array([VESSEL[name] for name in judge.kind.sizes])
    verdict = judge.verdict(judge.at(NOW.timestamp()), sizes).edge
    time_s = network.costs("barge").duration_ms(2 * np.arange(len(pairs)), np.float32("nan")) / 1000
    graphs = {}
    for least in (PASS, UNKNOWN):
        graphs[least] = nx.Graph()
        for edge, (a, b) in enumerate(pairs):
            if verdict[edge] >= least:
                graphs[least].add_edge(a, b, s=float(time_s[edge]))
    told = {"passes": 0, "cannot_tell": 0, "refused": 0}
    for first, last in questions:
        answer, seconds = _voyage(network, first, last)
        sure, may = (_shortest(graphs[least], first, last) for least in (PASS, UNKNOWN))
        expected = "passes" if sure is not None else "refused" if may is None else "cannot_tell"
        assert answer == expected, (first, last, answer, expected)
        assert answer != "passes" or abs(seconds - (sure or 0.0)) < 1.0, (seconds, sure)
        told[answer] += 1
    return told


def _shortest(graph: nx.Graph, first: Node, last: Node) -> float | None:
    try:
        return float(nx.dijkstra_path_length(graph, first, last, weight="s"))
    except (nx.NetworkXNoPath, nx.NodeNotFound):
        return None


def _voyage(network: RoadNetwork, first: Node, last: Node) -> tuple[str, float]:
    query = PathQuery("barge", [place(first), place(last)], sizes=VESSEL)
    try:
        found = find_voyage(network, query, NOW)
    except LimitViolated:
        return "refused", 0.0
    return found.answer, found.paths[0].sums()[1] / 1000


def low_water(seed: int) -> tuple[float, float, int]:
    """Return the tonnes of a month by forecast and at the best fixed draught, and groundings."""
    draw = np.random.default_rng(seed)
    hours = np.arange((MONTH + 2) * 24)
    truth = 2.6 - 0.8 * np.sin(np.pi * hours / len(hours)) + np.cumsum(
        draw.normal(0, 0.004, len(hours))
    )  # fmt: skip
    by_forecast = groundings = 0.0
    for day in range(MONTH):
        begin = 24 * day
        error = np.cumsum(draw.normal(0, 0.004, 48))
        draught, tonnes = _load(truth[begin], truth[begin : begin + 48] + error, day)
        by_forecast += tonnes
        under_way = truth[begin : begin + 24 + VOYAGE_H]
        groundings += bool((draught > 2.0 + under_way - 2.0).any())
    fixed = float(2.0 + truth[: MONTH * 24 + VOYAGE_H].min() - 2.0 - 0.3)
    return by_forecast, MONTH * LONG_BOAT.tonnes(fixed), int(groundings)


def _load(reading: float, forecast: np.ndarray, day: int) -> tuple[float, float]:
    """Return draught and tonnes of a day by its forecast, whose spread grows with the hours."""
    begin, gauge = NOW + timedelta(days=day), GaugeRow(_id("gauge", "r"), "R", {}, None)
    rows = [LevelRow(gauge.id, "reading", begin, begin, None, float(reading), None)]
    for hour in range(1, 48):
        spread, at = 1.28 * 0.004 * np.sqrt(hour), begin + timedelta(hours=hour)
        middle = float(forecast[hour])
        rows.append(
            LevelRow(gauge.id, "forecast", at, begin, middle - spread, middle, middle + spread)
        )
    pairs = [((0, 0), (1, 0))]
    edges = [{"id": _id("edge", 0), "from_node": _id("node", 0), "to_node": _id("node", 1),
              "length_m": 60_000.0, "class": "unclassified"}]  # fmt: skip
    graph = split(drawn_edges(edges, [[place(a), place(b)] for a, b in pairs], KIND), [])
    limit = LimitRow("d", "depth", 2.0, edge=_id("edge", 0), gauge=gauge.id, reference_level_m=2.0)
    rules = RuleBook.of(read_rules(), NOW).at(NOW)
    made = makes_limits(LimitRows([limit], [], Levels([gauge], rows)))
    profiles = usable_profiles(load_profiles(KIND), rules)
    network = RoadNetwork(graph, Topology.build(graph), profiles, rules)
    network.take_limits(made)
    judge, costs = limits_of(network).judge, network.costs("barge")
    ends = network.snapper.index.nearest_each(
        [place((0, 0)), place((1, 0))], network.snapper.usable(None, costs), 100.0, 1.0
    )
    sizes = np.array([VESSEL[name] for name in judge.kind.sizes])
    question = LoadingQuestion(
        graph, costs.passable, judge, sizes, LONG_BOAT, *ends, VOYAGE_H * 3600.0
    )
    told = question.day(begin)
    return told.draught_m["p10"] or 0.0, told.payload_t["p10"] or 0.0


def timed(work: Callable[[], object]) -> float:
    """Return the ms that some work takes."""
    begin = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - begin)


def main() -> None:
    """Print what is equal, what voyages and checks take, and the month."""
    told = argparse.ArgumentParser(description=__doc__)
    for name, usual in (("size", 40), ("questions", 60), ("seed", 1), ("months", 5)):
        told.add_argument(f"--{name}", type=int, default=usual)
    given = told.parse_args()
    network, pairs = make_network(given.size, given.seed)
    draw = random.Random(given.seed)
    nodes = sorted({node for pair in pairs for node in pair})
    questions = [tuple(draw.sample(nodes, 2)) for _ in range(given.questions)]
    print(f"{len(pairs)} edges; equal to Dijkstra: {check_equal(network, pairs, questions)}")
    judge = limits_of(network).judge
    sizes, state = np.array([VESSEL[n] for n in judge.kind.sizes]), judge.at(NOW.timestamp())
    checks = [timed(lambda: judge.verdict(state, sizes)) for _ in range(20)]
    voyages = [timed(lambda q=q: _voyage(network, *q)) for q in questions]
    counts = np.bincount(judge.verdict(state, sizes).edge, minlength=3)
    print(f"edges refused {counts[FAIL]}, unknown {counts[UNKNOWN]}, pass {counts[PASS]}")
    print(f"all edges judged: p50 {np.median(checks):.2f} ms")
    print(f"voyage: p50 {np.median(voyages):.1f} ms, p95 {np.percentile(voyages, 95):.1f} ms")
    for seed in range(given.months):
        ours, fixed, grounded = low_water(seed)
        share = FIXED_SHOWN * (ours / fixed - 1)
        print(
            f"month {seed}: {ours:.0f} t, fixed {fixed:.0f} t, +{share:.1f} %, grounded {grounded}"
        )


if __name__ == "__main__":
    main()
