"""What routing must get right before its speed counts: reference answers, limits, restrictions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.agreement import Overlay
from bench.networks import FOLDER, Network, raw_graph, rows
from bench.routing_engine import Here, Pair, Peer, same_weight
from routing.cch.engine import Metric, Topology
from routing.cch.reference import Reference
from routing.cost.vehicle import Vehicle
from routing.graph.weights import INFINITE, Ints
from routing.query.model import Conditions, PathQuery
from spatial.errors import SigangError
from spatial.networks.road import KIND as ROAD

NO_PATH = 2_147_483_647  # of the reference answers
MOVED_M = 1.0  # OSRM takes another road than the nearest one where that leads nowhere
TRUCKS = (
    {"height_m": 2.2}, {"height_m": 3.2}, {"height_m": 4.0, "mass_t": 18.0},
    {"mass_t": 3.6}, {"mass_t": 7.6, "width_m": 2.5}, {"height_m": 3.8, "mass_t": 40.0},
)  # fmt: skip


def luxembourg_reference(count: int) -> str:
    """Compare the engine with the reference answers by both metrics; return what was found."""
    place = np.array([[float(v) for v in r[1:3]] for r in rows("luxembourg-rk.nodes.csv.gz")])
    arcs = np.array([[int(v) for v in r] for r in rows("luxembourg-rk.arcs.csv.gz")])
    asked = np.array([[int(v) for v in r] for r in rows("luxembourg-rk.queries.csv.gz")])[:count]
    graph = raw_graph(place[:, 1], place[:, 0], arcs[:, 0], arcs[:, 1])
    topology = Topology.open(graph, FOLDER / "luxembourg" / "order-raw")
    found = []
    for name, weights, answers in (("time", 3, 2), ("length", 2, 3)):
        metric = Metric(topology, arcs[:, weights])
        wrong = broken = 0
        for row in asked:
            path = metric.path(int(row[0]), int(row[1]))
            wrong += (path[0] if path else NO_PATH) != row[answers]
            broken += path is not None and not connects(arcs, path, weights, row)
        found.append(f"{name} {len(asked) - wrong:,} of {len(asked):,} equal, {broken} broken")
    return "; ".join(found)


def connects(arcs: Ints, path: tuple[int, Ints], column: int, query: Ints) -> bool:
    """Tell whether the arcs of a path follow each other and sum up to its weight."""
    driven = arcs[path[1]]
    if not len(driven):
        return bool(query[0] == query[1] and path[0] == 0)
    joined = (driven[1:, 0] == driven[:-1, 1]).all()
    ends = driven[0, 0] == query[0] and driven[-1, 1] == query[1]
    return bool(joined and ends and driven[:, column].sum() == path[0])


def around_restrictions(here: Here, calm: Here, network: Network, osrm: Peer) -> str:
    """Compare paths from the first to the last edge of each turn restriction with OSRM's.

    On `calm` nobody turns round on the way but in dead ends, as OSRM.
    """
    turns = [turn for turn in network.turns if turn.edges[0] != turn.edges[-1]]
    pairs = [[_middle(here, t.edges[0]), _middle(here, t.edges[-1])] for t in turns]
    theirs = osrm.ask(route=pairs, hinted=False)[0]
    seen: Counter[str] = Counter()
    for ends, other in zip(here.spots(pairs), theirs, strict=True):
        weights = (leg and leg.weight / 1000 for leg in (here.search(ends), calm.search(ends)))
        same = [same_weight(weight, other and other[0]) for weight in weights]
        if same[0]:
            seen["equal"] += 1
        elif same[1]:
            seen["equal where Sigang, too, turns round in dead ends only"] += 1
        elif max(map(len, ends)) > 1:
            seen["start from another road less than a metre away"] += 1
        elif other and other[3] > MOVED_M:
            seen["no way here: OSRM starts or ends somewhere else"] += 1
        else:
            seen["differ"] += 1
    found = ", ".join(f"{count} {what}" for what, count in seen.most_common())
    return f"{len(network.turns)} restrictions, {len(pairs)} paths around them: {found}"


def _middle(here: Here, edge: int) -> list[float]:
    line = here.graph.edges.vertices(edge)
    half = len(line) // 2
    return [round(float(v), 6) for v in (line[half - 1] + line[half]) / 2]


def truck_limits(
    here: Here, overlay: Overlay, pairs: Sequence[Pair], others: dict[str, Any]
) -> Iterator[list[str]]:
    """Yield a row for each truck: exactness of Sigang, limits broken by the peers' paths.

    `others` maps names to functions of sizes that return a peer with `path`.
    """
    for sizes in TRUCKS:
        prepared = here.roads.prepared(Conditions("truck", sizes=sizes), here.now)
        vehicle = Vehicle.of(prepared.costs.profile, ROAD, here.roads.rules, sizes)
        reference = Reference(here.graph, prepared.metric.weights)
        ours: Counter[str] = Counter()
        edges = here.graph.edges
        stopped = vehicle.refused(edges, np.arange(2 * len(edges)))
        wrong = prepared.metric.weights[stopped[here.graph.arcs.key]]
        ours["open"] = int((wrong < INFINITE).sum())
        for pair in pairs:
            _check_truck(here, sizes, pair, reference, stopped, ours)
        text = ", ".join(f"{k} {v:g}" for k, v in sizes.items())
        closed = int(stopped.reshape(-1, 2).any(axis=1).sum())
        cells = [text, str(closed), f"{ours['exact']} of {ours['asked']}"]
        cells.append(str(ours["broken"] + ours["open"]))
        for make in others.values():
            peer = make(sizes)
            broken = sum(_breaks(overlay, peer, pair, stopped) for pair in pairs)
            cells.append(f"{broken} of {len(pairs)}")
        yield cells


def _check_truck(
    here: Here, sizes: Any, pair: Pair, reference: Reference, stopped: Any, seen: Counter[str]
) -> None:
    query = PathQuery("truck", [(p[0], p[1]) for p in pair], sizes=sizes)
    try:
        leg = here.roads.path(query, here.now).legs[0]
    except SigangError:
        leg = None
    if leg is None or len(leg.keys) < 3:
        return
    seen["asked"] += 1
    seen["broken"] += bool(stopped[leg.keys].any())
    arcs = here.graph.arcs
    first, last = (int(arcs.first[k]) for k in (leg.keys[0], leg.keys[-1]))
    ends = (float(reference._weights[a]) for a in (first, last))
    parts = [e * share for e, share in zip(ends, (1 - leg.start[0], leg.stop[-1]), strict=True)]
    begin = int(arcs.head[first])
    entries = range(last, int(arcs.first[leg.keys[-1] + 1]))
    found = [reference.path(begin, int(arcs.tail[a])) for a in entries]
    best = min((p[0] for p in found if p is not None), default=INFINITE)
    seen["exact"] += leg.weight <= best + sum(parts) + 1


def _breaks(overlay: Overlay, peer: Any, pair: Pair, stopped: Any) -> bool:
    """Tell whether a peer's path uses an edge whose limit the vehicle breaks that way."""
    found = peer.path(pair)
    if found is None:
        return False
    keys, _, _ = overlay.keys(found.shape)
    return bool(stopped[np.array(keys, np.int64)].any())
