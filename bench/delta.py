"""Road distances between the cities of the Yangtze delta beside OSRM's; each difference explained.

The network is the world's trunk roads, which know lengths and no speeds, with the fixed links of
the sample where those roads are cut. OSRM's reference distances are those of its fastest ways.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra

from bench.networks import FOLDER, SHARED, geodesic, raw_graph, rows
from data.sample.network.graph import Graph as Trunk
from data.sample.network.links import SOURCE, fixed_links
from routing.cch.engine import Metric, Topology

LIMIT = 0.06  # by which a distance may differ
CUT = "the trunk graph is cut: within the limit by the sample's links"
KNOWN = "shorter: OSRM's own distances back or over a third city are shorter, too"
SHORTEST = "shorter: the shortest way, where OSRM drives the fastest"
LONGER = "longer: no cause found"
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Roads:
    """Undirected roads: places (lon, lat), both ends and metres of each; the last are added."""

    place: Floats
    ends: Ints
    metres: Ints
    added: int

    @classmethod
    def read(cls) -> Roads:
        """Read the world's trunk roads and add the sample's fixed links."""
        place = np.array([[float(r[2]), float(r[1])] for r in rows("world-highways.nodes.csv.gz")])
        table = np.array([[float(v) for v in r] for r in rows("world-highways.edges.csv.gz")])
        ends, nobody = table[:, :2].astype(np.int64), UUID(int=0)
        count = len(place)
        trunk = Trunk([""] * count, place, *ends.T, 1000 * table[:, 2], SOURCE, [nobody] * count)
        links = fixed_links(trunk)
        more = np.array([[link.u, link.v] for link in links], np.int64)
        length = np.concatenate([1000 * table[:, 2], [link.length_m for link in links]])
        metres = np.rint(length).astype(np.int64)
        return cls(trunk.xy, np.concatenate([ends, more]), metres, len(links))

    def topology(self) -> Topology:
        """Return the hierarchy of the arcs: all forward ones, then all backward ones."""
        tail, head = np.concatenate([self.ends, self.ends[:, ::-1]]).T
        graph = raw_graph(self.place[:, 0], self.place[:, 1], tail, head)
        return Topology.open(graph, FOLDER / "world" / "order-raw")

    def links(self, *, bare: bool = False) -> csr_matrix:
        """Return the roads as a matrix, `bare` without those that were added."""
        last = len(self.ends) - (self.added if bare else 0)
        size, (u, v) = len(self.place), self.ends[:last].T
        return csr_matrix((self.metres[:last], (u, v)), (size, size))


@dataclass(frozen=True)
class Reference:
    """Cities by id, their names and places, and OSRM's metres from one to another."""

    names: dict[str, str]
    at: dict[str, tuple[float, float]]
    metres: dict[tuple[str, str], float]

    @classmethod
    def read(cls) -> Reference:
        """Read the reference distances."""
        with (SHARED / "yrd-osrm-nodes.csv").open() as handle:
            cities = {r["node_id"]: r for r in csv.DictReader(handle)}
        with (SHARED / "yrd-osrm-distances.csv").open() as handle:
            metres = {(r["from"], r["to"]): 1000 * float(r["road_distance_km"])
                      for r in csv.DictReader(handle)}  # fmt: skip
        at = {n: (float(r["longitude"]), float(r["latitude"])) for n, r in cities.items()}
        return cls({n: r["city"] for n, r in cities.items()}, at, metres)

    def shortest(self) -> dict[tuple[str, str], float]:
        """Return the shortest way that the distances prove: in either direction, over cities."""
        known = dict(self.metres)
        for (a, b), metres in self.metres.items():
            known[b, a] = min(metres, known.get((b, a), np.inf))
            known[a, b] = min(metres, known[b, a])
        for over, a, b in permutations(self.at, 3):
            way = known.get((a, over), np.inf) + known.get((over, b), np.inf)
            known[a, b] = min(known.get((a, b), np.inf), way)
        return known


@dataclass(frozen=True)
class Pair:
    """A way between two cities: share by which it is longer than OSRM's, alone and with links.

    `known` is likewise against the shortest way that OSRM's distances prove.
    """

    name: str
    bare: float
    linked: float
    known: float

    @property
    def cause(self) -> str | None:
        """Why the bare or the linked network is outside the limit, None when neither is."""
        if abs(self.linked) <= LIMIT:
            return None if abs(self.bare) <= LIMIT else CUT
        if self.linked > 0:
            return LONGER
        return KNOWN if self.known >= -LIMIT else SHORTEST


def delta_distances() -> str:
    """Compare road distances between the delta's cities with OSRM's; return what was found."""
    roads, reference = Roads.read(), Reference.read()
    exact, pairs = _measured(roads, reference)
    off = np.array([pair.linked for pair in pairs])
    bare = sum(abs(pair.bare) <= LIMIT for pair in pairs)
    causes = Counter(pair.cause for pair in pairs if pair.cause)
    lines = [
        f"{exact} of {len(pairs)} equal to scipy's Dijkstra on the same network;"
        f" {(abs(off) <= LIMIT).sum()} of {len(pairs)} within {LIMIT:.0%} of OSRM's ({bare} without"
        f" the sample's links), median {np.median(off):+.1%}.",
        "",
        "| outside the limit | pairs | which |",
        "| --- | --- | --- |",
        *(f"| {cause} | {count} | {', '.join(_listed(pairs, cause))} |"
          for cause, count in causes.most_common()),
    ]  # fmt: skip
    return "\n".join(lines)


def _listed(pairs: list[Pair], cause: str) -> Iterator[str]:
    for pair in sorted(pairs, key=lambda pair: -abs(pair.bare)):
        if pair.cause == cause:
            then = f" → {pair.linked:+.1%}" if cause == CUT else ""
            yield f"{pair.name} {pair.bare:+.1%}{then}"


def _measured(roads: Roads, reference: Reference) -> tuple[int, list[Pair]]:
    """Return how many ways equal scipy's, and all pairs."""
    whole, bare = roads.links(), roads.links(bare=True)
    label = connected_components(whole, directed=False)[1]
    main = np.flatnonzero(label == np.bincount(label).argmax())
    node = {name: int(main[_nearest(roads.place[main], *xy)]) for name, xy in reference.at.items()}
    walk = {n: float(geodesic(*xy, *roads.place[node[n]])) for n, xy in reference.at.items()}
    metric = Metric(roads.topology(), np.tile(roads.metres, 2))
    plain = {a: dijkstra(whole, directed=False, indices=node[a]) for a in node}
    alone = {a: dijkstra(bare, directed=False, indices=node[a]) for a in node}
    known, exact, pairs = reference.shortest(), 0, []
    for (a, b), theirs in reference.metres.items():
        found = metric.path(node[a], node[b])
        length = found[0] if found else np.inf
        exact += int(length == plain[a][node[b]])
        ends, name = walk[a] + walk[b], f"{reference.names[a]}–{reference.names[b]}"
        off = [(metres + ends) / theirs - 1 for metres in (alone[a][node[b]], length)]
        pairs.append(Pair(name, *off, (length + ends) / known[a, b] - 1))
    return exact, pairs


def _nearest(place: Floats, lon: float, lat: float) -> int:
    far = (place[:, 1] - lat) ** 2 + ((place[:, 0] - lon) * np.cos(np.radians(lat))) ** 2
    return int(far.argmin())
