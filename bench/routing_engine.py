"""Path search in process: Sigang's engine and its peers on one network and the same pairs."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import psycopg

from bench import networks, peers
from bench.networks import FOLDER, Network
from bench.report import Unequal
from routing.cch.engine import Metric, Topology
from routing.cost.profile import load_profiles
from routing.graph.weights import INFINITE
from routing.query.access import leaving
from routing.query.driven_leg import Leg
from routing.query.leg import find_leg
from routing.query.model import Conditions, PathQuery
from routing.query.network import RoadNetwork
from spatial.networks.road import KIND as ROAD

Pair = list[list[float]]
BUDGET_S = 1.2  # of one engine in one round
TOO_SLOW = "world", "CH"  # osrm-contract had not ended after 20 minutes of processor time
SAME_S, SAME_SHARE = 0.1, 1e-4  # equal weights: OSRM rounds a segment to 1 ms, a place to 0.1 m
CLOSE_S, CLOSE_SHARE = 1.0, 0.005  # equal durations: OSRM rounds a segment to 0.1 s


class Here:
    """Sigang in this process."""

    def __init__(self, network: Network) -> None:
        begin = time.perf_counter()
        self.graph = network.graph
        folder = FOLDER / network.name / "order"
        topology = Topology.open(network.graph, folder)
        self.opened_s = time.perf_counter() - begin
        profiles = {k: v for k, v in load_profiles(ROAD).items() if k in ("car", "truck")}
        self.roads = RoadNetwork(network.graph, topology, profiles, network.rules)
        self.now = datetime.now(UTC)
        self.prepared = self.roads.prepared(Conditions("car"), self.now)
        self.metric: Metric = self.prepared.metric

    def spots(self, pairs: Sequence[Pair]) -> list[Any]:
        """Return the snapped ends of each pair."""
        return [self.roads.snap(self.prepared, [(p[0], p[1]) for p in pair]) for pair in pairs]

    def search(self, ends: Any) -> Leg | None:
        """Return the path between snapped places."""
        return find_leg(self.graph, self.metric, self.metric.weights, *ends)

    def path(self, pair: Pair) -> float:
        """Return the duration (s) of the path between two places, looked up and searched."""
        places = [(p[0], p[1]) for p in pair]
        found = self.roads.path(PathQuery("car", places), self.now)
        return found.legs[0].weight / 1000

    def node_of(self, spots: Any) -> int:
        """Return the node that follows a place."""
        return leaving(self.graph, self.metric, spots)[0].node


class Peer:
    """OSRM or Valhalla in a process of a newer Python; see peer_process.py."""

    def __init__(self, *arguments: str) -> None:
        python = peers.interpreter()
        if python is None:
            raise RuntimeError("no Python ≥ 3.12: set BENCH_PYTHON")
        folders = os.pathsep.join(str(peers.unpacked(n)) for n in ("osrm", "valhalla"))
        script = str(Path(__file__).with_name("peer_process.py"))
        self._process = subprocess.Popen(
            [python, script, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, env={**os.environ, "PYTHONPATH": folders},
        )  # fmt: skip

    def ask(self, **question: Any) -> Any:
        """Return the answer to a question."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        stdin.write(json.dumps(question) + "\n")
        stdin.flush()
        line = stdout.readline()
        if not line:
            raise RuntimeError("the peer's process ended")
        return json.loads(line)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()


@contextlib.contextmanager
def all_peers(network: Network) -> Iterator[dict[str, Peer]]:
    """Run OSRM (equal weights, CH and MLD) and Valhalla in process."""
    folder = FOLDER / network.name
    tiles = peers.valhalla_data(network.own, folder / "valhalla")
    found: dict[str, Peer] = {}
    try:
        for algorithm in peers.OSRM_STEPS:
            if (network.name, algorithm) != TOO_SLOW:
                place = folder / f"equal-{algorithm}"
                base = peers.osrm_data(network.equal, place, algorithm, peers.EQUAL)
                found[f"OSRM {algorithm}"] = Peer("osrm", str(base), algorithm)
        found["Valhalla"] = Peer("valhalla", str(tiles / "config.json"))
        yield found
    finally:
        for peer in found.values():
            peer.close()


Timed = Callable[[Sequence[int]], list[float]]  # seconds of the pairs with these numbers


@dataclass(frozen=True)
class Contest:
    """Engines to time on pairs, and what was found of their answers."""

    engines: dict[str, Timed]
    equal: str


def timed(question: Callable[[int], Any]) -> Timed:
    """Return a question to this process as one that takes numbers and gives seconds."""

    def run(numbers: Sequence[int]) -> list[float]:
        seconds = []
        for number in numbers:
            begin = time.perf_counter()
            question(number)
            seconds.append(time.perf_counter() - begin)
        return seconds

    return run


def asked(peer: Peer, pairs: Sequence[Pair], *, hinted: bool) -> Timed:
    """Return a question to a peer's process likewise."""

    def run(numbers: Sequence[int]) -> list[float]:
        seconds: list[float] = peer.ask(route=[pairs[n] for n in numbers], hinted=hinted)[1]
        return seconds

    return run


def equal_answers(here: Here, calm: Here | None, osrm: dict[str, Peer], pairs: list[Pair]) -> str:
    """Check that OSRM's weights are Sigang's and return what was found.

    `calm` is the network on which nobody turns round on the way, where that can matter: paths
    that do are compared there, as OSRM turns round in dead ends only.
    """
    ends = here.spots(pairs)
    ours = [here.search(places) for places in ends]
    turned = [n for n, leg in enumerate(ours) if leg is not None and turns_round(leg)]
    for n in turned:
        ours[n] = calm.search(ends[n]) if calm else ours[n]
    said = []
    for name, peer in osrm.items():
        peer.ask(learn=pairs)
        said.append(f"{name} {compare(ours, peer.ask(route=pairs, hinted=False)[0])}")
    if turned:
        said.append(f"{len(turned)} that turn round in Sigang compared without")
    return "; ".join(said)


def contest(here: Here, calm: Here | None, found: dict[str, Peer], pairs: list[Pair]) -> Contest:
    """Check that the answers are equal and return what is to be timed."""
    osrm = [name for name in found if name.startswith("OSRM")]
    equal = equal_answers(here, calm, {name: found[name] for name in osrm}, pairs)
    ends = here.spots(pairs)
    found["Valhalla"].ask(learn=pairs[:5])
    nodes = [tuple(here.node_of(place) for place in both) for both in ends]
    engines: dict[str, Timed] = {
        "Sigang, from node to node": timed(lambda n: here.metric.path(*nodes[n])),
        "Sigang, places known": timed(lambda n: here.search(ends[n])),
        **{f"{n}, places known": asked(found[n], pairs, hinted=True) for n in osrm},
        "Sigang, from coordinates": timed(lambda n: here.path(pairs[n])),
        **{f"{n}, from coordinates": asked(found[n], pairs, hinted=False) for n in osrm},
        "Valhalla, from coordinates": asked(found["Valhalla"], pairs, hinted=False),
    }
    return Contest(engines, equal)


def compare(ours: Sequence[Leg | None], theirs: Sequence[Any]) -> str:
    """Return how many weights are equal; stop when more than one in a hundred differs."""
    differ = sum(
        not same_weight(None if leg is None else leg.weight / 1000, other and other[0])
        for leg, other in zip(ours, theirs, strict=True)
    )
    if differ > max(2, len(ours) // 100):
        raise Unequal(f"{differ} of {len(ours)} weights differ: nothing is timed")
    return f"{len(ours) - differ} of {len(ours)} equal"


def turns_round(leg: Leg) -> bool:
    """Tell whether a path drives an edge back at once."""
    return bool((leg.keys[1:] == leg.keys[:-1] ^ 1).any())


def same_weight(a: float | None, b: float | None) -> bool:
    """Tell whether two engines found ways of the same weight (s), or both none."""
    if a is None or b is None:
        return a is b
    return abs(a - b) <= max(SAME_S, SAME_SHARE * a)


def slow_engines(
    here: Here, network: Network, pairs: list[Pair], conn: psycopg.Connection[Any]
) -> dict[str, Timed]:
    """Return pgRouting and networkx on the same arcs, from node to node, checked to be exact."""
    nodes = [tuple(here.node_of(place) for place in pair) for pair in here.spots(pairs)]
    weights = here.metric.weights
    graph = as_networkx(network, weights)
    engines: dict[str, Callable[[int], Any]] = {
        "networkx": lambda n: nx.bidirectional_dijkstra(graph, *nodes[n])[0]
    }
    mark = blake2b(network.graph.digest.encode() + weights.tobytes(), digest_size=6).hexdigest()
    table = f"arcs_{network.name}_{mark}"
    fill_pgrouting(conn, table, network, weights)
    engines["pgRouting"] = lambda n: pgrouting(conn, table, *nodes[n])
    for name, engine in engines.items():
        right = here.metric.path(*nodes[0])
        if int(engine(0)) != (right[0] if right else INFINITE):
            raise Unequal(f"{name} and Sigang differ: nothing is timed")
    return {name: timed(engine) for name, engine in engines.items()}


def as_networkx(network: Network, weights: Any) -> Any:
    """Return the open arcs as a graph of networkx, of parallel ones the fastest."""
    passable = np.flatnonzero(weights < INFINITE)
    order = passable[np.argsort(-weights[passable].astype(np.int64), kind="stable")]
    arcs = network.graph.arcs
    graph = nx.DiGraph()
    graph.add_weighted_edges_from(
        zip(arcs.tail[order].tolist(), arcs.head[order].tolist(), weights[order].tolist(),
            strict=True)
    )  # fmt: skip
    return graph


def fill_pgrouting(conn: psycopg.Connection[Any], table: str, network: Network, w: Any) -> None:
    """Write the open arcs to a table once."""
    if conn.execute("SELECT to_regclass(%s)", [table]).fetchone()[0]:  # type: ignore[index]
        return
    arcs, passable = network.graph.arcs, np.flatnonzero(w < INFINITE)
    conn.execute("CREATE EXTENSION IF NOT EXISTS pgrouting CASCADE")
    conn.execute(f"CREATE TABLE {table} (id int, source int, target int, cost float)")
    rows = zip(passable.tolist(), arcs.tail[passable].tolist(), arcs.head[passable].tolist(),
               w[passable].tolist(), strict=True)  # fmt: skip
    with conn.cursor().copy(f"COPY {table} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    conn.execute(f"ANALYZE {table}")
    conn.commit()


def pgrouting(conn: psycopg.Connection[Any], table: str, source: int, target: int) -> float:
    """Return the weight of the path by pgr_dijkstra."""
    row = conn.execute(
        "SELECT coalesce(max(agg_cost), 2147483647) FROM pgr_dijkstra(%s, %s, %s, true)",
        [f"SELECT id, source, target, cost FROM {table}", source, target],
    ).fetchone()
    assert row is not None
    return float(row[0])


def race(engines: dict[str, Timed], count: int, rounds: int) -> dict[str, list[float]]:
    """Return each engine's median microseconds by round; slow engines get fewer pairs."""
    share = {}
    for name, engine in engines.items():
        first = max(statistics.median(engine([0, 1 % count])), 1e-7)
        share[name] = max(1, min(count, int(BUDGET_S / first)))
    found: dict[str, list[float]] = defaultdict(list)
    for number in range(rounds):
        for name, engine in engines.items():
            n = share[name]
            numbers = [(number * n + i) % count for i in range(n)]
            found[name].append(statistics.median(engine(numbers)) * 1e6)
    return found


def make_places(here: Here, network: Network, count: int, seed: int) -> list[list[float]]:
    """Return places that lie on one road only, so that everybody starts from the same one."""
    many = networks.sample_places(network, 2 * count, seed).tolist()
    snapped = here.roads.snap(here.prepared, [(p[0], p[1]) for p in many])
    alone = [place for place, spots in zip(many, snapped, strict=True) if len(spots) == 1]
    return alone[:count]


def make_pairs(here: Here, network: Network, count: int, seed: int = 1) -> list[Pair]:
    """Return seeded pairs of places."""
    places = make_places(here, network, 2 * count, seed)
    return [[a, b] for a, b in zip(places[::2], places[1::2], strict=True)]
