"""Sigang's paths beside OSRM, Valhalla, pgRouting and networkx: one run, same data, same pairs.

    python -m bench.routing [--short] [--prepare] [--readme]

What takes long (extracts, orders, databases) is made once and kept under `SIGANG_HOME/bench`;
`--prepare` only does that. Before anything is timed the answers are checked to be equal. Rounds
are interleaved; the tables give medians and the ratio to the peers. `--readme` writes the tables
between the marks of README.md.
"""

from __future__ import annotations

import argparse
import datetime
import os
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from bench import (
    agreement,
    delta,
    networks,
    peers,
    routing_checks,
    routing_http,
    routing_live,
    servers,
)
from bench.networks import FOLDER, Network
from bench.routing_engine import (
    Here,
    Unequal,
    all_peers,
    contest,
    make_pairs,
    make_places,
    race,
    slow_engines,
)

README = Path(__file__).with_name("README.md")
MARKS = "<!-- routing: begin -->", "<!-- routing: end -->"
REAL = tuple(networks.READ)
VALHALLA_NAMES = {"height_m": "height", "width_m": "width", "length_m": "length",
                  "mass_t": "weight", "axle_t": "axle_load"}  # fmt: skip


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    names: tuple[str, ...]
    http: tuple[str, ...]
    slow: tuple[str, ...]
    live: tuple[str, ...]
    rounds: int
    seconds: int
    pairs: int
    compared: int
    reference: int
    trucks: int


FULL = Size(networks.NAMES, ("liechtenstein", "luxembourg"), networks.NAMES,
            ("luxembourg",), 5, 3, 200, 1000, 100_000, 60)  # fmt: skip
SHORT = Size(("liechtenstein", "luxembourg"), ("liechtenstein",), ("liechtenstein",),
             ("luxembourg",), 3, 2, 100, 200, 5_000, 15)  # fmt: skip


@dataclass
class Report:
    """The text so far; each part says how long it took."""

    parts: list[str] = field(default_factory=list)
    goals: list[list[str]] = field(default_factory=list)
    begin: float = field(default_factory=time.perf_counter)

    def add(self, title: str, text: str) -> None:
        """Append a part and show it."""
        part = f"### {title}\n\n{text}\n"
        self.parts.append(part)
        print(f"\n{part}\n[{time.perf_counter() - self.begin:.0f} s]", flush=True)

    def judge(self, what: str, where: str, found: float, goal: float) -> None:
        """Note a ratio (or share) that is to be at least a goal."""
        met = "yes" if found >= goal else "**no**"
        self.goals.append([what, where, f"{found:.2f}", f"≥ {goal:g}", met])


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def middle(values: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def ratio(slow: Sequence[float], fast: Sequence[float]) -> float:
    """Return the median of the rounds' ratios."""
    return statistics.median(a / b for a, b in zip(slow, fast, strict=True))


def prepare(port: int, size: Size) -> None:
    """Make everything that is kept."""
    for name in size.names:
        network = networks.open_network(name)
        with all_peers(network):
            Here(network)
        if name in REAL:
            peers.osrm_data(network.own, FOLDER / name / "own-CH", "CH")
        if name in size.http + size.live:
            routing_http.database(port, network)
        print(f"{name} is prepared", flush=True)
    delta.Roads.read().topology()


def engines(report: Report, here: Here, network: Network, size: Size, conn: Any) -> list[str]:
    """Race the engines of a network; return its row of tables."""
    pairs = make_pairs(here, network, size.pairs)
    calm = Here(networks.without_turning(network)) if network.turns else None
    with all_peers(network) as found:
        entrants = contest(here, calm, found, pairs)
        every = dict(entrants.engines)
        if network.name in size.slow:
            every |= slow_engines(here, network, pairs, conn)
        took = race(every, len(pairs), size.rounds)
        places = make_places(here, network, 200, seed=2)
        tables, equal = routing_live.race_tables(here, found, places, size.rounds)
        if calm is not None:
            around = routing_checks.around_restrictions(here, calm, network, found["OSRM CH"])
            report.add(f"Turn restrictions, {network.name}", around)
    report.add(f"Engines in process, {network.name}", _engine_text(network, took, entrants.equal))
    osrm = [name for name in found if name.startswith("OSRM")]
    for name in osrm:
        for ours in ("Sigang, from node to node", "Sigang, places known"):
            found_ratio = ratio(took[f"{name}, places known"], took[ours])
            report.judge(f"{ours}, to {name}", network.name, found_ratio, 4)
        faster = ratio(tables[name], tables["Sigang"])
        report.judge(f"table 100×100 to {name}", network.name, faster, 5)
    names = ("OSRM CH", "OSRM MLD")
    cells = [f"{1000 * middle(tables[n]):,.1f}" if n in tables else "–" for n in ("Sigang", *names)]
    ratios = [f"{ratio(tables[n], tables['Sigang']):.1f}" if n in tables else "–" for n in names]
    return [network.name, *cells, *ratios, equal]


def _engine_text(network: Network, took: dict[str, list[float]], equal: str) -> str:
    known, coded = took["Sigang, places known"], took["Sigang, from coordinates"]
    rows = [
        [name, f"{middle(us):,.0f}", f"{ratio(us, known):.2f}", f"{ratio(us, coded):.2f}"]
        for name, us in took.items()
    ]
    head = ["engine", "µs, median of rounds", "× Sigang, places known", "× from coordinates"]
    graph = network.graph
    said = f"{graph.node_count:,} nodes, {len(graph.arcs):,} arcs; {equal}."
    return f"{said}\n\n{table(head, rows)}"


def over_http(report: Report, here: Here, network: Network, port: int, size: Size) -> None:
    """Race the servers on a network."""
    pairs = make_pairs(here, network, size.pairs)
    url = routing_http.database(port, network)
    with routing_http.all_services(url, network, pairs) as services:
        equal = routing_http.check(services, 20)
        took = routing_http.race(services, size.rounds, size.seconds)
    ours = took["Sigang"]
    rows = [
        [n, f"{middle(r.rates):,.0f}", f"{ratio(ours.rates, r.rates):.2f}",
         f"{middle(r.cpu_ms):.2f}", f"{ratio(r.cpu_ms, ours.cpu_ms):.2f}"]
        for n, r in took.items()
    ]  # fmt: skip
    for name, goal in (("OSRM CH", 1), ("OSRM MLD", 1), ("Valhalla", 5)):
        report.judge(f"paths over HTTP to {name}", network.name,
                     ratio(ours.rates, took[name].rates), goal)  # fmt: skip
    head = ["server", "paths per second", "Sigang's ×", "CPU ms per path", "its CPU ÷ Sigang's"]
    text = table(head, rows)
    report.add(f"Over HTTP, {network.name}", f"{equal}.\n\n{text}")


def live(report: Report, here: Here, network: Network, port: int, size: Size) -> None:
    """Measure closures."""
    closures = routing_live.find_closures(here, make_pairs(here, network, 200, seed=3), size.rounds)
    inside = routing_live.sigang_in_process(here, closures)
    customise, whole = routing_live.osrm_live(network, closures)
    report.judge("closure in process to OSRM", network.name, ratio(whole, inside), 50)
    rows = [
        ["Sigang in process", f"{1000 * middle(inside):,.1f}", f"{ratio(whole, inside):,.0f}"],
        ["OSRM: osrm-customize alone", f"{1000 * middle(customise):,.0f}", ""],
        ["OSRM: to the first correct answer", f"{1000 * middle(whole):,.0f}", ""],
    ]
    if network.name in size.http:
        url = routing_http.database(port, network)
        closing, http = routing_live.sigang_over_http(url, network, closures)
        row = f"Sigang over HTTP, 2 workers (the POST of the closure: {1000 * middle(closing):.0f})"
        report.judge("closure over HTTP to OSRM", network.name, ratio(whole, http), 50)
        rows.insert(1, [row, f"{1000 * middle(http):,.1f}", f"{ratio(whole, http):,.0f}"])
    text = table(["from the closure to the path that keeps off it", "ms", "OSRM's ×"], rows)
    report.add(f"Closure, {network.name}", text)


def agree(report: Report, here: Here, network: Network, size: Size) -> None:
    """Compare paths and trucks with the peers' own profiles."""
    folder = FOLDER / network.name
    overlay = agreement.Overlay(here)
    with ExitStack() as stack:
        ch = peers.osrm_data(network.own, folder / "own-CH", "CH")
        tiles = peers.valhalla_data(network.own, folder / "valhalla")
        osrm = agreement.OsrmPeer(stack.enter_context(peers.osrm(ch, "CH")))
        address = stack.enter_context(peers.valhalla(tiles))
        pairs = make_pairs(here, network, size.compared, seed=7)
        for peer in (osrm, agreement.ValhallaPeer(address)):
            tally = agreement.compare(here, overlay, peer, pairs)
            report.add(f"Agreement with {peer.name}'s own car, {network.name}", _tally_text(tally))
            report.judge(f"share of {peer.name}'s differences with a cause", network.name,
                         tally.attributed, 0.95)  # fmt: skip

        def truck(sizes: dict[str, float]) -> agreement.ValhallaPeer:
            options = {VALHALLA_NAMES[k]: v for k, v in sizes.items()}
            return agreement.ValhallaPeer(address, "truck", options)

        others = {"OSRM": lambda _: osrm, "Valhalla": truck}
        rows = list(routing_checks.truck_limits(here, overlay, pairs[: size.trucks], others))
    head = ["truck", "edges closed to it", "exact (Dijkstra)", "limits broken: Sigang",
            "OSRM's paths that break one", "Valhalla's"]  # fmt: skip
    report.add(f"Truck limits, {network.name}", table(head, rows))


def _tally_text(tally: agreement.Tally) -> str:
    differ = tally.asked - tally.agree
    said = (
        f"{tally.asked} pairs, {tally.agree} within 5 % in time and length; {differ} differ,"
        f" {tally.attributed:.1%} of these have a cause."
    )
    rows = [[cause, str(count)] for cause, count in tally.causes.most_common()]
    rest = "".join(f"\n- no cause: {line}" for line in tally.rest)
    return f"{said}\n\n{table(['cause', 'pairs'], rows)}\n{rest}"


def run(port: int, size: Size) -> Report:
    """Measure everything."""
    report = Report()
    report.add(
        "Luxembourg's reference answers", routing_checks.luxembourg_reference(size.reference)
    )
    if size is FULL:
        report.add("Distances in the Yangtze delta", delta.delta_distances())
    tables = []
    url = f"postgresql://sigang@127.0.0.1:{port}/postgres"
    for name in size.names:
        network = networks.open_network(name)
        here = Here(network)
        try:
            with psycopg.connect(url) as conn:
                tables.append(engines(report, here, network, size, conn))
        except Unequal as error:
            report.add(f"Engines in process, {name}", str(error))
            continue
        if name in REAL:
            agree(report, here, network, size)
        if name in size.live:
            live(report, here, network, port, size)
        if name in size.http:
            over_http(report, here, network, port, size)
        if name == "grid":
            memory = routing_checks.memory_mb_per_million_arcs(here)
            report.add("Memory", f"{memory:.0f} MB per million arcs and metric (goal ≤ 120).")
    head = ["network", "Sigang ms", "OSRM CH ms", "OSRM MLD ms", "× CH", "× MLD", "durations"]
    report.add("Tables of 100 by 100", table(head, tables))
    report.add("Goals", table(["what", "network", "found", "goal", "met"], report.goals))
    return report


def write_readme(text: str) -> None:
    """Put the text between the marks of README.md."""
    whole = README.read_text("utf-8")
    before, rest = whole.split(MARKS[0])
    _, after = rest.split(MARKS[1])
    README.write_text(f"{before}{MARKS[0]}\n\n{text}\n{MARKS[1]}{after}", "utf-8")


def headline(size: Size) -> Iterator[str]:
    """Yield what the tables rest on."""
    today = datetime.datetime.now(tz=datetime.UTC).date()
    load = os.getloadavg()[0]
    yield f"{today}, {os.cpu_count()} cores, load {load:.1f} before; {size.rounds} interleaved"
    yield f"rounds, {size.pairs} pairs a network; medians."


def main() -> None:
    """Prepare, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--prepare", action="store_true")
    parser.add_argument("--readme", action="store_true")
    given = parser.parse_args()
    size = SHORT if given.short else FULL
    servers.STATE.mkdir(parents=True, exist_ok=True)
    with servers.cluster(servers.STATE / "pg-routing") as port:
        prepare(port, size)
        if given.prepare:
            return
        head = " ".join(headline(size))
        report = run(port, size)
    text = "\n".join([head, "", *report.parts])
    (FOLDER / "report.md").write_text(text, "utf-8")
    if given.readme:
        write_readme(text)


if __name__ == "__main__":
    main()
