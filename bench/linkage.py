"""The linkage: equal to trying everything, beside peers, and how it grows.

`python -m bench.linkage` tries 1,000 random networks, then asks for the least cost beside scgraph,
sends flows and plans berths beside HiGHS, holds fronts against a plain road answer, and asks
growing networks. Times are processor times of one thread; the machine's load stands beside them.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.linkage_disruption import replanned
from bench.linkage_networks import WEEK_S, Drawn
from bench.linkage_peers import beside_highs, beside_milp, beside_road, beside_scgraph, peer
from routing.multimodal.cards import choose_cards
from routing.multimodal.prices import Load
from routing.multimodal.question import Limits, Question
from routing.multimodal.search import find_front, find_profile
from routing.multimodal.timetable import Timetable
from tests.routing.linkage_networks import random_question

SIZES = ((50, 3_000), (300, 20_000), (1_000, 120_000), (2_000, 500_000))
LOAD = Load(2.0, 28.0)
HOURS_S = 30 * 3600


def agree(networks: int) -> dict[str, object]:
    """Try every itinerary of random networks; return how many fronts and profiles differ."""
    differ = itineraries = several = 0
    for seed in range(networks):
        reference = random_question(seed)
        question = Question(
            Timetable.build(reference.hubs, reference.services, reference.trips), reference.load,
            reference.roads, reference.start_hub, reference.goal_hub, reference.factors,
            reference.tariffs, reference.limits,
        )  # fmt: skip
        front = {one.vector for one in find_front(question, 0)}
        found = find_profile(question, 0, HOURS_S)
        profile = {(one.departs, *one.vector) for one in found if not one.any_time}
        differ += front != reference.front(0)
        differ += profile != reference.profile(0, HOURS_S)
        itineraries += len(profile)
        several += len(front) > 1
    return {"networks": networks, "differ": differ, "itineraries": itineraries,
            "fronts of several": several}  # fmt: skip


def timed(work: Callable[[], object]) -> tuple[float, object]:
    begun = time.process_time()
    found = work()
    return time.process_time() - begun, found


def grow(hubs: int, departures: int, questions: int) -> dict[str, object]:
    """Ask a network of a size; return processor seconds of its questions."""
    drawn, rng = Drawn(hubs, departures), np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        drawn.timetable.save(Path(folder) / "index")
        mapped = Timetable.open(Path(folder) / "index")
        assert mapped is not None
        drawn.timetable = mapped
        fronts, profiles, sizes, shares = [], [], [], []
        for _ in range(questions):
            start, goal = rng.uniform(0, drawn.at.max(), (2, 2))
            roads = drawn.roads(start, goal)
            ready, question = timed(
                lambda roads=roads: drawn.question(LOAD, roads, Limits(most_transfers=3))
            )
            took, front = timed(lambda question=question: find_front(question, 3600))
            fronts.append(ready + took)
            shares.append(choose_cards(front).share)
            took, profile = timed(lambda question=question: find_profile(question, 0, WEEK_S))
            profiles.append(ready + took)
            sizes.append(len(profile))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "hubs": hubs, "departures a week": departures, "questions": questions,
        "front p50": round(float(np.median(fronts)), 3),
        "front p95": round(float(np.quantile(fronts, 0.95)), 3),
        "profile p50": round(float(np.median(profiles)), 3),
        "profile p95": round(float(np.quantile(profiles, 0.95)), 3),
        "itineraries of a profile p50": int(np.median(sizes)),
        "least share of five cards": round(min(shares), 4), "peak MB": round(peak),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, default=1_000)
    parser.add_argument("--questions", type=int, default=40)
    parser.add_argument("--sizes", type=int, default=len(SIZES), help="how many of the sizes")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peer-sizes", type=int, default=len(SIZES), help="sizes beside scgraph")
    parser.add_argument("--flow-sizes", type=int, default=2, help="sizes of flows")
    parser.add_argument("--disruption", type=int, help="only plan so many shipments anew")
    options = parser.parse_args()
    if options.disruption:
        print({"load of the machine": os.getloadavg(), "processors": os.cpu_count()})
        for hubs, departures, closed in ((40, 600, 3), (300, 20_000, 10)):
            print(replanned(hubs, departures, options.disruption, closed))
        return
    print({"load of the machine": os.getloadavg(), "processors": os.cpu_count()})
    print(agree(options.networks))
    with peer() as asked, tempfile.TemporaryDirectory() as folder:
        for size in SIZES[: options.peer_sizes]:
            print(beside_scgraph(asked, Path(folder), size, options.questions, options.rounds))
        for size in SIZES[: options.flow_sizes]:
            print(beside_highs(asked, Path(folder), size, options.rounds))
        print(beside_milp(asked, Path(folder), 12))
    print(beside_road(SIZES[1], options.questions))
    for hubs, departures in SIZES[: options.sizes]:
        print(grow(hubs, departures, max(4, options.questions * 300 // max(hubs, 300))))


if __name__ == "__main__":
    main()
