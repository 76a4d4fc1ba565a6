"""The linkage beside peers: scgraph for the least cost, HiGHS for flows and berths, a road answer.

Answers are equal before anything is timed; rounds are interleaved; processor seconds of one thread.
scgraph is asked for one number of a graph without times, by the quickest of its searches; the
linkage answers the whole front with times, so that the ratio is not one of like with like.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csc_array

from bench.linkage_networks import FACTORS, TARIFFS, WEEK_S, Drawn
from bench.linkage_static import write_static
from bench.servers import ROOT, environment
from routing.berths.model import Quay, Task, Vessel
from routing.berths.planning import plan
from routing.berths.rule_models import BerthGaps, BerthSearch
from routing.multimodal.expanded import Expanded, Passing, expand
from routing.multimodal.flow import find_flow
from routing.multimodal.prices import Load
from routing.multimodal.question import Limits, Question
from routing.multimodal.search import find_front

SEARCHES, HIERARCHY = ("dijkstra", "bidirectional_dijkstra"), "contraction_hierarchy"
HIERARCHY_HUBS = 50
"""Of more hubs scgraph's hierarchy is not made: with 300 it took more than ten minutes."""
LOAD = Load(2.0, 28.0)
MOST_TRANSFERS = 12
"""More than any cheapest way has: a graph without times does not count them."""
YUAN = 200.0
"""So many of what flows are compared by (twice the middle, hundredths) make a yuan."""
GREAT = 1e6
"""What HiGHS is told that a TEU is worth, yuan: more than any way costs here."""


class Peer:
    """The peers' process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, do: str, **more: object) -> dict[str, Any]:
        """Return what it answers."""
        assert self._process.stdin and self._process.stdout
        print(json.dumps({"do": do, **more}), file=self._process.stdin, flush=True)
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


@contextmanager
def peer() -> Iterator[Peer]:
    """Run the peers in their environment, made from its hashed lock the first time."""
    command = [environment("linkage") / "python", ROOT / "bench" / "linkage_peer.py"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Peer(process)
        assert process.stdin
        process.stdin.close()


def beside_scgraph(
    asked: Peer, folder: Path, size: tuple[int, int], questions: int, rounds: int
) -> dict[str, object]:
    """Ask for the least cost; return medians and ratios."""
    drawn, rng = Drawn(*size), np.random.default_rng(2)
    roads = [drawn.roads(*rng.uniform(0, drawn.at.max(), (2, 2))) for _ in range(questions)]
    limits = Limits(most_transfers=MOST_TRANSFERS)

    def question(number: int) -> Question:
        return drawn.question(LOAD, roads[number], limits)

    write_static([question(n) for n in range(questions)], folder / "static.npz")
    searches = (*SEARCHES, HIERARCHY) if size[0] <= HIERARCHY_HUBS else SEARCHES
    made = asked.ask("load", path=str(folder / "static.npz"), hierarchy=HIERARCHY in searches)
    costs = [_least(question(n)) for n in range(questions)]
    direct = [int(question(n).direct[0, 1]) for n in range(questions)]
    for search in searches:
        lengths = asked.ask("paths", algorithm=search)["lengths"]
        assert [min(a, b) for a, b in zip(lengths, direct, strict=True)] == costs, search
    times: dict[str, list[float]] = {name: [] for name in ("front", "bounds", *searches)}
    for _ in range(rounds):
        for name, work in (("front", lambda n: find_front(question(n), 3600)),
                           ("bounds", question)):  # fmt: skip
            times[name].append(float(np.median([_seconds(work, n) for n in range(questions)])))
        for search in searches:
            answer = asked.ask("paths", algorithm=search)
            times[search].append(float(np.median(answer["seconds"])))
    ms = {name: round(float(np.median(own)) * 1000, 3) for name, own in times.items()}
    best = min(searches, key=lambda name: ms[name])
    return {
        "scgraph": size, "questions": questions, "rounds": rounds, "differ": 0, "ms": ms,
        "best of scgraph": best, "its time / front": round(ms[best] / ms["front"], 3),
        "its time / bounds": round(ms[best] / ms["bounds"], 3),
        "hierarchy s": round(made["hierarchy_s"], 2) if HIERARCHY in searches else None,
        "peak MB": round(made["peak_mb"]),
    }  # fmt: skip


def _least(question: Question) -> int:
    return min(one.amounts[0] for one in find_front(question, 3600))


def _seconds(work: Any, number: int) -> float:
    begun = time.process_time()
    work(number)
    return time.process_time() - begun


def beside_highs(
    asked: Peer, folder: Path, size: tuple[int, int], rounds: int
) -> dict[str, object]:
    """Send a week's flow from the west to the east; return times of both."""
    drawn = Drawn(*size)
    order = np.argsort(drawn.at[:, 0]).tolist()
    ends = max(2, size[0] // 20)
    asks = Passing(order[:ends], order[-ends:], 0, WEEK_S, {})

    def network() -> Expanded:
        return expand(drawn.timetable, Load(1.0, 14.0), FACTORS, TARIFFS, Limits(), asks)

    made = network()
    _write_flow(made, folder / "flow.npz")
    flow = find_flow(made)
    worth = GREAT * flow.teu - float((flow.on * made.cost).sum()) / YUAN
    times: dict[str, list[float]] = {"expand": [], "flow": [], "simplex": [], "ipm": []}
    for _ in range(rounds):
        times["expand"].append(_seconds(lambda _: network(), 0))
        times["flow"].append(_seconds(lambda _: find_flow(made), 0))
        for solver in ("simplex", "ipm"):
            answer = asked.ask("solve", path=str(folder / "flow.npz"), solver=solver)
            assert abs(-answer["objective"] - worth) <= 1e-6 * worth, (solver, answer, worth)
            times[solver].append(answer["seconds"])
    seconds = {name: round(float(np.median(own)), 3) for name, own in times.items()}
    best = min(("simplex", "ipm"), key=lambda name: seconds[name])
    return {
        "flow": size, "nodes": made.nodes, "arcs": len(made.tail), "TEU": flow.teu,
        "gap": flow.gap, "rounds": rounds, "s": seconds, "best of HiGHS": best,
        "its time / ours": round(seconds[best] / (seconds["flow"] + seconds["expand"]), 2),
        "peak MB of HiGHS": round(answer["peak_mb"]),
    }  # fmt: skip


def _write_flow(made: Expanded, place: Path) -> None:
    """Write the flow as a programme: what leaves the source is worth a great deal."""
    count, inner = len(made.tail), made.nodes - 2
    columns = np.arange(count)
    rows = np.concatenate([made.head, made.tail])
    value = np.concatenate([np.ones(count), -np.ones(count)])
    kept = rows < inner
    matrix = csc_array(
        (value[kept], (rows[kept], np.concatenate([columns, columns])[kept])), (inner, count)
    )
    cost = made.cost / YUAN - GREAT * (made.tail == inner)
    _write(place, cost, made.room.astype(float), matrix, np.zeros(inner), np.zeros(inner), False)


def _write(place: Path, cost: np.ndarray, upper: np.ndarray, matrix: csc_array, low: np.ndarray,
           high: np.ndarray, whole: bool) -> None:  # fmt: skip
    np.savez(place, cost=cost, upper=upper, row_low=low, row_high=high, whole=whole,
             start=matrix.indptr, index=matrix.indices, value=matrix.data)  # fmt: skip


def beside_milp(asked: Peer, folder: Path, tasks: int) -> dict[str, object]:
    """Plan berths for one vessel each; HiGHS solves all begins as an integer programme."""
    gaps = BerthGaps(along_m=0, between_min=0, under_keel_m=0)
    extent = BerthSearch(changes=300_000, passes=6, seconds_most=20, seed=1)
    rows = []
    for seed in range(tasks):
        task = _berth_task(seed, gaps)
        begun = time.process_time()
        found = plan(task, extent)
        took = time.process_time() - begun
        _write_berths(task, folder / "berths.npz")
        relaxed = asked.ask("solve", path=str(folder / "berths.npz"), solver="simplex")
        _write_berths(task, folder / "berths.npz", whole=True)
        solved = asked.ask("solve", path=str(folder / "berths.npz"), solver="mip")
        optimum = round(solved["objective"])
        assert found.bound <= optimum <= found.cost
        rows.append((found.cost, found.bound, optimum, relaxed["objective"], took,
                     relaxed["seconds"], solved["seconds"]))  # fmt: skip
    cost, bound, optimum, relaxed_, ours, lp, mip = map(np.array, zip(*rows, strict=True))
    return {
        "berths": tasks, "plans that are optimal": int((cost == optimum).sum()),
        "bound / optimum, least": round(float((bound / optimum).min()), 4),
        "HiGHS relaxed / optimum, least": round(float((relaxed_ / optimum).min()), 4),
        "plan s p50": round(float(np.median(ours)), 2), "HiGHS relaxed s p50":
        round(float(np.median(lp)), 2), "HiGHS optimum s p50": round(float(np.median(mip)), 2),
    }  # fmt: skip


def _berth_task(seed: int, gaps: BerthGaps) -> Task:
    rng = np.random.default_rng(seed)
    quays = [Quay(f"q{n}", 1, single=True) for n in range(3)]
    vessels = [
        Vessel(f"v{n}", 1, int(rng.integers(0, 60)), weight=int(rng.integers(1, 4)),
               lasts_at={quay.id: int(rng.integers(6, 25)) for quay in quays})
        for n in range(14)
    ]  # fmt: skip
    return Task(quays, vessels, gaps)


def _write_berths(task: Task, place: Path, whole: bool = False) -> None:
    """Write each begin of each vessel at each berth as a column; a minute of a berth is a row."""
    horizon = 60 + sum(max(one.lasts_at.values()) for one in task.vessels) // len(task.quays) + 25
    quays = [quay.id for quay in task.quays]
    cost, rows, columns = [], [], []
    for number, one in enumerate(task.vessels):
        for place_, quay in enumerate(quays):
            lasts = one.lasts_at[quay]
            for begin in range(one.arrival, horizon - lasts):
                minutes = len(task.vessels) + place_ * horizon + np.arange(begin, begin + lasts)
                rows.append(np.append(minutes, number))
                columns.append(np.full(lasts + 1, len(cost)))
                cost.append(one.cost(begin + lasts))
    row, column = np.concatenate(rows), np.concatenate(columns)
    shape = len(task.vessels) + len(quays) * horizon, len(cost)
    matrix = csc_array((np.ones(len(row)), (row, column)), shape)
    low, high = np.zeros(shape[0]), np.ones(shape[0])
    low[: len(task.vessels)] = 1
    _write(place, np.array(cost, float), np.ones(len(cost)), matrix, low, high, whole)


def beside_road(size: tuple[int, int], questions: int) -> dict[str, object]:
    """Return what the front has before a plain road answer: the way by road alone."""
    drawn, rng = Drawn(*size), np.random.default_rng(4)
    cost, co2, sooner = [], [], 0
    for _ in range(questions):
        question = drawn.question(
            LOAD, drawn.roads(*rng.uniform(0, drawn.at.max(), (2, 2))), Limits(most_transfers=3)
        )
        front, road = find_front(question, 3600), question.direct[0]
        assert min(one.ready for one in front) <= 3600 + road[0]
        cost.append(min(one.amounts[0] for one in front) / road[1])
        co2.append(min(one.amounts[2] for one in front) / road[3])
        sooner += int(min(one.ready for one in front) < 3600 + road[0])
    return {
        "road answer": size, "questions": questions, "least cost / road p50":
        round(float(np.median(cost)), 3), "least CO2 / road p50": round(float(np.median(co2)), 3),
        "sooner than by road": sooner,
    }  # fmt: skip
