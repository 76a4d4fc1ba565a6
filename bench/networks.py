"""The road networks that routing is measured on: real extracts, real graphs and a synthetic one.

Each is an OpenStreetMap file that every engine reads by its own profile, a graph as Sigang loads
it, and a second file that gives Sigang's own weights to OSRM (see equal.lua).
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import os
import pickle
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from bench import extract, servers
from bench.equal import by_key, write_equal, write_osm
from bench.grid import Streets, connected, province
from routing.cost.profile import Costs, compile_costs, load_profiles
from routing.cost.rule_models import OF_ROADS
from routing.graph.delays import DELAYS
from routing.graph.graph import Arcs, Coded, Edges, Graph, Ids, edges_from_columns
from routing.graph.turns import Restriction, split
from routing.graph.weights import INFINITE, Ints
from spatial.networks.road import KIND as ROAD
from spatial.rules import Rules

SHARED = Path(os.environ.get("BENCH_ROADS", servers.ROOT.parent / "shared/data/roads"))
FOLDER = servers.STATE / "routing"
WORLD_KMH = 80.0
SOURCES = (
    "bench/grid.py", "routing/graph/arcs.py", "routing/graph/delays.py", "routing/graph/graph.py",
    "routing/graph/junction_turns.py", "routing/graph/sequences.py", "routing/graph/turns.py",
    "spatial/networks/model.py", "spatial/networks/road.py",
)  # fmt: skip
WRITERS = ("bench/equal.py",)
LOADERS = (
    "bench/extract.py", "data/osm/delays.py", "data/osm/edges.py", "data/osm/tags.py",
    "data/osm/turns.py",
)  # fmt: skip


@dataclass(frozen=True)
class Network:
    """A network as Sigang sees it, before the server knows of it."""

    name: str
    graph: Graph
    turns: list[Restriction]
    rules: Rules
    own: Path  # as OpenStreetMap data
    equal: Path  # with Sigang's weights

    def costs(self, profile: str = "car") -> Costs:
        """Return what a profile makes of the edges."""
        return compile_costs(load_profiles(ROAD)[profile], self.graph, self.rules)

    def weights(self, costs: Costs | None = None) -> NDArray[np.uint32]:
        """Return the weights (ms) of all arcs by a profile, nothing closed."""
        keys = 2 * len(self.graph.edges)
        free = np.zeros(keys, np.bool_), np.full(keys, np.nan, np.float32)
        return (costs or self.costs()).weights(
            self.graph.arcs, np.arange(len(self.graph.arcs)), *free
        )


def without_turning(network: Network) -> Network:
    """Return a network on which a car turns round only where no other way leads on, as OSRM's."""
    edges = network.graph.edges
    weight = by_key(network.graph, network.weights())
    keys = np.flatnonzero(weight < INFINITE)
    begins = np.where(keys & 1, edges.head[keys >> 1], edges.tail[keys >> 1])
    leaving = np.bincount(begins, minlength=len(edges.node_ids))
    back = keys[weight[keys ^ 1] < INFINITE]
    node = np.where(back & 1, edges.head[back >> 1], edges.tail[back >> 1])
    ways = zip(back[leaving[node] > 1] >> 1, node[leaving[node] > 1], strict=True)
    bans = [Restriction("no", (int(edge), int(edge)), int(at)) for edge, at in ways]
    return replace(network, graph=split(edges, [*network.turns, *bans]))


def rows(name: str) -> Iterator[list[str]]:
    """Yield the rows of a reference file without its head."""
    with gzip.open(SHARED / name, "rt", newline="") as handle:
        reader = csv.reader(handle)
        next(reader)
        yield from reader


def luxembourg() -> Streets:
    """Return Luxembourg's car graph; opposite arcs of one time are one street."""
    place = np.array([[float(v) for v in r[1:3]] for r in rows("luxembourg-rk.nodes.csv.gz")])
    arcs = np.array([[int(v) for v in r] for r in rows("luxembourg-rk.arcs.csv.gz")])
    arcs = arcs[arcs[:, 0] != arcs[:, 1]]
    arcs = arcs[np.lexsort((arcs[:, 3], arcs[:, 1], arcs[:, 0]))]
    first = np.ones(len(arcs), np.bool_)
    first[1:] = (arcs[1:, :2] != arcs[:-1, :2]).any(axis=1)
    arcs = arcs[first]  # of parallel arcs only the fastest matters
    low, high = arcs[:, :2].min(axis=1), arcs[:, :2].max(axis=1)
    _, start, count = np.unique(
        np.stack([low, high, arcs[:, 3]], axis=1),
        axis=0, return_index=True, return_counts=True,
    )  # fmt: skip
    arcs, oneway = arcs[start], count == 1
    lon, lat = place[:, 1], place[:, 0]
    metres = geodesic(lon[arcs[:, 0]], lat[arcs[:, 0]], lon[arcs[:, 1]], lat[arcs[:, 1]])
    keep = metres > 0
    arcs, oneway, metres = arcs[keep], oneway[keep], metres[keep]
    speed = metres * 3600 / np.maximum(arcs[:, 3], 1)
    road_class = np.full(len(arcs), "unclassified")
    return connected(Streets(lon, lat, arcs[:, 0], arcs[:, 1], road_class, speed, oneway))


def world() -> Streets:
    """Return the trunk roads of the world at one speed."""
    place = np.array([[float(v) for v in r[1:3]] for r in rows("world-highways.nodes.csv.gz")])
    edges = np.array([[float(v) for v in r] for r in rows("world-highways.edges.csv.gz")])
    tail, head = edges[:, 0].astype(np.int64), edges[:, 1].astype(np.int64)
    keep = (place[tail] != place[head]).any(axis=1) & (
        np.abs(place[tail, 1] - place[head, 1]) < 180
    )
    tail, head = tail[keep], head[keep]
    n = len(tail)
    road_class, speed = np.full(n, "trunk"), np.full(n, WORLD_KMH)
    return Streets(place[:, 1], place[:, 0], tail, head, road_class, speed, np.zeros(n, np.bool_))


def geodesic(lon1: Any, lat1: Any, lon2: Any, lat2: Any) -> NDArray[np.float64]:
    """Return distances on the ellipsoid (m)."""
    return np.asarray(Geod(ellps="WGS84").inv(lon1, lat1, lon2, lat2)[2])


def graph_of(streets: Streets) -> Graph:
    """Return streets as the graph that their file would load as."""
    n = len(streets.tail)
    ends = np.stack([streets.tail, streets.head], axis=1)
    points = np.stack([streets.lon[ends], streets.lat[ends]], axis=2).round(7).reshape(-1, 2)
    flat = points.reshape(n, 4).T
    columns: dict[str, Sequence[Any]] = defaultdict(lambda: [None] * n)
    columns |= {
        "id": [UUID(int=i + 1) for i in range(n)],
        "from_node": [UUID(int=i + 1) for i in streets.tail.tolist()],
        "to_node": [UUID(int=i + 1) for i in streets.head.tolist()],
        "oneway": streets.oneway.tolist(), "length_m": geodesic(*flat).tolist(),
        "speed_kmh": streets.speed_kmh.tolist(), "limits_known": [False] * n, "mode": ["road"] * n,
        "class": streets.road_class.tolist(), "speed_basis": ["posted"] * n, "access": ["{}"] * n,
        "origin": ["real"] * n, "source": ["bench"] * n,
    }  # fmt: skip
    return split(edges_from_columns(columns, np.full(n, 2, np.int64), points, ROAD), [])


def raw_graph(lon: Any, lat: Any, tail: Ints, head: Ints) -> Graph:
    """Return a graph of bare arcs, enough for the engine."""
    n = len(tail)
    nobody = Coded((), np.full(n, -1, np.int32))
    key = np.arange(n)
    never = np.full(n, -1, np.int32), np.zeros(0, np.float32), np.zeros(0, np.int64)
    ends = tail.astype(np.uint32), head.astype(np.uint32)
    free = *(np.zeros(n, np.int32) for _ in range(3)), np.zeros((1, len(DELAYS)), np.int32)
    arcs = Arcs(*ends, key, np.arange(n + 1), nobody, *never, *free)
    return Graph(cast(Edges, None), arcs, lon, lat, Ids(np.zeros((0, 2), np.uint64)))


def write_streets(streets: Streets, path: Path) -> None:
    """Write streets as OpenStreetMap data: class, maximum speed, one-way."""
    edges = zip(streets.tail.tolist(), streets.head.tolist(), streets.road_class.tolist(),
                streets.speed_kmh.tolist(), streets.oneway.tolist(), strict=True)  # fmt: skip
    ways = (
        ([tail + 1, head + 1],
         {"highway": road_class, "maxspeed": f"{speed:.6f}".rstrip("0").rstrip("."),
          "oneway": "yes" if oneway else "no"})
        for tail, head, road_class, speed, oneway in edges
    )  # fmt: skip
    write_osm(path, np.stack([streets.lon, streets.lat], axis=1), ways)


MADE: dict[str, Callable[[], Streets]] = {
    "luxembourg": luxembourg, "world": world, "grid": province,
}  # fmt: skip
READ = {"liechtenstein": "liechtenstein-2021.osm.pbf", "andorra": "andorra-2021.osm.pbf"}
NAMES = (*READ, *MADE)


def open_network(name: str) -> Network:
    """Return a network; the first time it is made, later it is read from the state folder."""
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    real = name in READ
    kept = folder / f"graph-{_digest(SOURCES + LOADERS if real else SOURCES)}.pickle"
    own = SHARED / READ[name] if real else folder / "own.osm.pbf"
    if kept.exists():
        graph, turns = pickle.loads(kept.read_bytes())
    elif real:
        edges, turns = extract.read_edges(own)
        graph = split(edges, turns)
    else:
        streets = MADE[name]()
        write_streets(streets, own)
        graph, turns = graph_of(streets), []
    if not kept.exists():
        for old in folder.glob("graph-*.pickle"):
            old.unlink()
        kept.write_bytes(pickle.dumps((graph, turns), protocol=5))
    # OSRM's profile of equal weights turns round for nothing, and so does Sigang beside it.
    rules = {
        key: r
        for key, r in extract.shipped_rules().items()
        if key not in (OF_ROADS.u_turn.key, OF_ROADS.turn_cost.key)
    }
    network = Network(name, graph, turns, rules, own, folder / "equal.osm.pbf")
    _refresh_equal(network, folder / "equal.stamp")
    return network


def _refresh_equal(network: Network, stamp: Path) -> None:
    """Write the file of equal weights again when the profile makes other weights."""
    weights = network.weights()
    h = hashlib.blake2b(weights.tobytes(), digest_size=16)
    h.update(f"{network.graph.digest}{_digest(WRITERS)}".encode())
    if not stamp.exists() or stamp.read_text() != h.hexdigest():
        write_equal(network.graph, network.turns, weights, network.equal)
        stamp.write_text(h.hexdigest())


def _digest(sources: Sequence[str]) -> str:
    """Return a hash of the code that makes a network."""
    h = hashlib.blake2b(digest_size=8)
    for name in sources:
        h.update((servers.ROOT / name).read_bytes())
    return h.hexdigest()


def main_part(graph: Graph, weights: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Return the edges with both ends in the largest strongly connected part of the open arcs."""
    keep = weights < INFINITE
    tail, head = graph.arcs.tail[keep], graph.arcs.head[keep]
    count = graph.node_count
    matrix = coo_matrix((np.ones(len(tail), np.int8), (tail, head)), shape=(count, count))
    _, label = connected_components(matrix, connection="strong")
    main = label == np.bincount(label).argmax()
    inside = main[graph.arcs.tail] & main[graph.arcs.head] & keep
    found = np.zeros(len(graph.edges), np.bool_)
    found[graph.arcs.edge[inside]] = True
    return found


def sample_places(network: Network, count: int, seed: int) -> NDArray[np.float64]:
    """Return places in the middle of edges of the main part: (count, 2) lon, lat, six decimals."""
    edges = network.graph.edges
    usable = np.flatnonzero(main_part(network.graph, network.weights()))
    chosen = np.random.default_rng(seed).choice(usable, count)
    middle = (edges.shape_start[chosen] + edges.shape_start[chosen + 1]) // 2
    return np.asarray(((edges.shape[middle - 1] + edges.shape[middle]) / 2).round(6))
