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
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import psycopg

from bench import (
    agreement,
    delta,
    networks,
    peers,
    routing_checks,
    routing_http,
    routing_large,
    routing_live,
    servers,
)
from bench.extract import shipped_rules
from bench.networks import FOLDER, Network
from bench.report import Report, middle, ratio, table, write_readme
from bench.routing_engine import (
    Here,
    all_peers,
    contest,
    make_pairs,
    make_places,
    race,
    slow_engines,
)

REAL = tuple(networks.READ)
LARGE = "grid"
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


FULL = Size(networks.NAMES, ("liechtenstein", "luxembourg", "grid"),
            ("liechtenstein", "andorra", "luxembourg", "grid"),
            ("luxembourg", "world", "grid"), 5, 3, 200, 1000, 100_000, 60)  # fmt: skip
SHORT = Size(("liechtenstein", "luxembourg"), ("liechtenstein",), ("liechtenstein",),
             ("luxembourg",), 3, 2, 100, 200, 5_000, 15)  # fmt: skip


def prepare(port: int, size: Size) -> None:
    """Make everything that is kept."""
    for name in size.names:
        network = networks.open_network(name)
        with all_peers(network):
            Here(network)
        if name in REAL:
            peers.osrm_data(network.own, FOLDER / name / "own-CH", "CH")
        if name in size.http:
            with routing_http.sigang(routing_http.database(port, network)):
                pass  # the first start builds what later ones map
        print(f"{name} is prepared", flush=True)
    delta.Roads.read().topology()


def engines(report: Report, here: Here, network: Network, size: Size, url: str) -> list[str]:
    """Race the engines of a network; return its row of tables."""
    name = network.name
    row = [name, *["–"] * 6]
    calm = Here(networks.without_turning(network)) if network.turns else None
    with all_peers(network) as found:
        with report.attempt(f"Engines in process, {name}"), psycopg.connect(url) as conn:
            pairs = make_pairs(here, network, size.pairs)
            entrants = contest(here, calm, found, pairs)
            every = dict(entrants.engines)
            if name in size.slow:
                every |= slow_engines(here, network, pairs, conn)
            took = race(every, len(pairs), size.rounds)
            text = _engine_text(network, took, entrants.equal)
            report.add(f"Engines in process, {name}", text)
            for peer in (peer for peer in found if peer.startswith("OSRM")):
                for ours in ("Sigang, from node to node", "Sigang, places known"):
                    times = ratio(took[f"{peer}, places known"], took[ours])
                    report.judge(f"{ours}, to {peer}", name, times, 4)
                times = ratio(took[f"{peer}, from coordinates"], took["Sigang, from coordinates"])
                report.judge(f"Sigang, from coordinates, to {peer}", name, times, 4)
        with report.attempt(f"Table of 100 by 100, {name}"):
            row = _table_row(report, (here, calm or here), network, found, size)
        if calm is not None:
            with report.attempt(f"Turn restrictions, {name}"):
                text = routing_checks.around_restrictions(here, calm, network, found["OSRM CH"])
                report.add(f"Turn restrictions, {name}", text)
    return row


def _table_row(
    report: Report, heres: tuple[Here, Here], network: Network, found: dict[str, Any], size: Size
) -> list[str]:
    """Race tables of durations; return the row of a network.

    The second of `heres` is Sigang where nobody turns round, for the comparison.
    """
    here, calm = heres
    places = make_places(here, network, 200, seed=2)
    took, equal = routing_live.race_tables(here, calm, found, places, size.rounds)
    peers_ = ("OSRM CH", "OSRM MLD")
    cells = [f"{1000 * middle(took[n]):,.1f}" if n in took else "–" for n in ("Sigang", *peers_)]
    times = {n: ratio(took[n], took["Sigang"]) for n in peers_ if n in took}
    for name, found_ratio in times.items():
        report.judge(f"table 100×100 to {name}", network.name, found_ratio, 5)
    ratios = [f"{times[n]:.1f}" if n in times else "–" for n in peers_]
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
    """Compare paths and trucks with the peers' own profiles, turn costs on both sides."""
    here = Here(replace(network, rules=shipped_rules()))
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
                         tally.attributed, 0.95, "")  # fmt: skip

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
    p5, p50, p95 = np.percentile(tally.ratios, [5, 50, 95])
    said = (
        f"Sigang's duration to the peer's: median {p50:.2f}, p5 {p5:.2f}, p95 {p95:.2f}."
        f" {tally.asked} pairs, {tally.agree} within 5 % in time and length; {differ} differ,"
        f" {tally.attributed:.1%} of these have a cause."
    )
    rows = [[cause, str(count)] for cause, count in tally.causes.most_common()]
    rest = "".join(f"\n- no cause: {line}" for line in tally.rest)
    return f"{said}\n\n{table(['cause', 'pairs'], rows)}\n{rest}"


def large(report: Report, here: Here, network: Network) -> None:
    """Measure what a large network costs."""
    name = network.name
    found = routing_large.measure(here, network, make_pairs(here, network, 1, seed=4)[0])
    rows = [
        ("start: graph, index and hierarchy mapped", 1000 * found.start_s, 3_000, "ms"),
        ("a new metric", 1000 * found.miss_s, 350, "ms"),
        ("memory per million arcs and metric", found.metric_mb, 120, "MB"),
        ("1,000 edges around a place slowed, and the next path", 1000 * found.near_s, 50, "ms"),
        ("1,000 edges anywhere slowed, and the next path", 1000 * found.anywhere_s, 350, "ms"),
    ]
    for what, value, goal, unit in rows:
        report.judge_most(what, name, value, goal, unit)
    lines = [
        [what, f"{value:,.1f} {unit}", f"≤ {goal:,} {unit}"] for what, value, goal, unit in rows
    ]
    text = table(["", "found", "goal"], lines)
    report.add(f"A large network, {name}", text)


def run(port: int, size: Size) -> Report:
    """Measure everything."""
    report = Report()
    title = "Luxembourg's reference answers"
    with report.attempt(title):
        report.add(title, routing_checks.luxembourg_reference(size.reference))
    if size is FULL:
        title = "Distances in the Yangtze delta"
        with report.attempt(title):
            report.add(title, delta.delta_distances())
    tables = [on_network(report, name, port, size) for name in size.names]
    head = ["network", "Sigang ms", "OSRM CH ms", "OSRM MLD ms", "× CH", "× MLD", "durations"]
    report.add("Tables of 100 by 100", table(head, tables))
    return report


def on_network(report: Report, name: str, port: int, size: Size) -> list[str]:
    """Measure one network; return its row of tables."""
    network = networks.open_network(name)
    here = Here(network)
    url = f"postgresql://sigang@127.0.0.1:{port}/postgres"
    row = engines(report, here, network, size, url)
    if name == LARGE:
        with report.attempt(f"A large network, {name}"):
            large(report, here, network)
    if name in REAL:
        with report.attempt(f"Agreement, {name}"):
            agree(report, here, network, size)
    if name in size.live:
        with report.attempt(f"Closure, {name}"):
            live(report, here, network, port, size)
    if name in size.http:
        with report.attempt(f"Over HTTP, {name}"):
            over_http(report, here, network, port, size)
    return row


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
    text = report.text(head)
    (FOLDER / "report.md").write_text(text, "utf-8")
    if given.readme:
        write_readme(text)


if __name__ == "__main__":
    main()
