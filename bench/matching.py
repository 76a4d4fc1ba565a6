"""Map matching: Sigang, OSRM, Valhalla and FMM on the same noisy traces with known truth.

    python -m bench.matching [EXTRACT …] [--rounds 5] [--trips 20] [--no-fmm]

Truth are trips over random places in between, so that they are not shortest paths: a third driven
by each of Sigang, OSRM and Valhalla with its own speeds, on roads that all three open to cars
(checked every 40 m). Fixes every 5, 15
and 45 s with Gaussian noise of 8 m. Recall is the share of the true line within 5 m of the matched
one, precision the reverse, both on points every 5 m. CPU seconds are those of the matcher's own
process; rounds are interleaved, medians are given.

Sigang's first row is the engine with the lines of its drives; its second one reads the question and
writes the answer as JSON as well, which OSRM and Valhalla do too (theirs includes HTTP).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from bench import peers, servers
from bench.extract import read_graph, shipped_rules
from bench.matchers import Fmm, Lines, Osrm, Sigang, SigangJson, Valhalla
from bench.networks import SHARED
from bench.trips import SEED, Trip, known_to_all, sigang_route, trips
from routing.cch.engine import Topology
from routing.cost.profile import load_profiles
from routing.index.linear_measure import scales
from routing.matching.trace import Trace
from routing.query.network import RoadNetwork
from spatial.networks.road import KIND as ROAD

EXTRACTS = ("liechtenstein-2021", "porto-2020", "andorra-2021")
EVERY_S = (5, 15, 45)
WITHIN_M = 5.0


def share_near(first: Lines, second: Lines) -> float:
    """Return the share of lines that lies near others."""
    whole = [one for one in second if len(one) > 1]
    own = [one for one in first if len(one) > 1]
    if not whole or not own:
        return 0.0
    scale = scales(own[0][:1, 1])[0]
    others = shapely.MultiLineString([one * scale for one in whole])
    shapely.prepare(others)
    places = []
    for one in own:
        string = shapely.LineString(one * scale)
        places.append(shapely.line_interpolate_point(string, np.arange(0, string.length, 5.0)))
    return float(shapely.dwithin(others, np.concatenate(places), WITHIN_M).mean())


@dataclass
class Row:
    """What one matcher did at one interval."""

    name: str
    recall: float
    precision: float
    by: dict[str, float]
    rates: list[float]


def measure(
    matchers: Sequence[Any], truth: Sequence[Trip], every_s: float, rounds: int
) -> tuple[list[Row], int]:
    """Match all traces in every round; the answers are scored in the first one."""
    rng = np.random.default_rng(SEED + int(every_s))
    traces = [trip.fixes(every_s, rng) for trip in truth]
    fixes = sum(len(t) for t in traces)
    rows = [score(matcher, truth, traces) for matcher in matchers]
    for number in range(rounds):
        for i in np.roll(np.arange(len(matchers)), number).tolist():
            matcher = matchers[i]
            begin = matcher.cpu_s()
            for trace in traces:
                matcher.ask(trace)
            rows[i].rates.append(fixes / max(matcher.cpu_s() - begin, 0.01))
    return rows, fixes


def score(matcher: Any, truth: Sequence[Trip], traces: Sequence[Trace]) -> Row:
    """Return recall and precision over all traces; a refused one counts as nothing found."""
    recalls, precisions = [], []
    for trip, trace in zip(truth, traces, strict=True):
        lines: Lines = []
        with contextlib.suppress(OSError):
            lines = matcher.lines(matcher.ask(trace))
        recalls.append(share_near([trip.points], lines))
        precisions.append(share_near(lines, [trip.points]))
    names = dict.fromkeys(trip.by for trip in truth)
    by = {
        name: statistics.mean(r for r, t in zip(recalls, truth, strict=True) if t.by == name)
        for name in names
    }
    return Row(matcher.name, statistics.mean(recalls), statistics.mean(precisions), by, [])


@contextlib.contextmanager
def peers_of(pbf: Path, name: str) -> Iterator[tuple[Osrm, Valhalla]]:
    """Run OSRM (MLD) and Valhalla on an extract."""
    folder = servers.STATE / "matching" / name
    base = peers.osrm_data(pbf, folder / "osrm", "MLD")
    tiles = peers.valhalla_data(pbf, folder / "valhalla")
    with peers.osrm(base, "MLD") as first, peers.valhalla(tiles) as second:
        yield (
            Osrm("OSRM match (MLD)", first, "osrm-routed"),
            Valhalla("Valhalla trace_route", second, "valhalla_ser"),
        )


def run(name: str, rounds: int, count: int, with_fmm: bool) -> None:
    """Measure one extract and print its table."""
    pbf = SHARED / f"{name}.osm.pbf"
    graph = read_graph(pbf)
    profiles = {"car": load_profiles(ROAD)["car"]}
    network = RoadNetwork(graph, Topology.build(graph), profiles, shipped_rules())
    with contextlib.ExitStack() as stack:
        osrm, valhalla = stack.enter_context(peers_of(pbf, name))
        matchers: list[Any] = [Sigang(network), SigangJson(network), osrm, valhalla]
        if with_fmm:
            fmm = Fmm(network, servers.STATE / "matching" / name / "fmm")
            stack.callback(fmm.close)
            matchers.append(fmm)
        routes = {
            "Sigang": lambda places: sigang_route(network, places),
            "OSRM": osrm.route,
            "Valhalla": valhalla.route,
        }
        own = matchers[0]
        truth = trips(network, routes, lambda p: known_to_all(own, osrm, valhalla, p), count)
        for every_s in EVERY_S:
            report(name, every_s, *measure(matchers, truth, every_s, rounds))


def report(name: str, every_s: int, rows: Sequence[Row], fixes: int) -> None:
    """Print the rows of one interval."""
    today = datetime.now(UTC).date()
    print(f"\n{today}, {name}, every {every_s} s, {fixes} fixes, load {os.getloadavg()[1]:.1f}")
    print("| matcher | recall | precision | recall by truth | fixes per CPU s | × |")
    print("|---|---|---|---|---|---|")
    own = statistics.median(rows[0].rates)
    for row in rows:
        by = ", ".join(f"{k} {v:.3f}" for k, v in row.by.items())
        rate = statistics.median(row.rates)
        print(
            f"| {row.name} | {row.recall:.3f} | {row.precision:.3f} | {by} | {rate:,.0f} |"
            f" {own / rate:.2f} |",
            flush=True,
        )


def main() -> None:
    """Measure the extracts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("extracts", nargs="*", default=list(EXTRACTS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--trips", type=int, default=20)
    parser.add_argument("--no-fmm", action="store_true")
    given = parser.parse_args()
    for name in given.extracts:
        run(name, given.rounds, given.trips, not given.no_fmm)


if __name__ == "__main__":
    main()
