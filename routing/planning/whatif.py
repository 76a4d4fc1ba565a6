"""What if: the network as some changes would make it, to ask the same question of both.

A closure is another view of the same network; a speed, a limit or a new edge makes another
network. Each change knows what was before (old, new), and the effects follow from asking again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from uuid import UUID

import numpy as np
import orjson
from numpy.typing import NDArray

from routing.cch.engine import Topology
from routing.cost.profile import Profile
from routing.graph.arcs import Paid, sort_arcs
from routing.graph.delays import TURNS
from routing.graph.graph import Arcs, Coded, Edges, Graph, Ids
from routing.graph.weights import INFINITE, Floats, Ints
from routing.live.edge_states import EdgeStateView, Snapshot
from routing.query.model import Conditions
from routing.query.network import RoadNetwork
from routing.query.prepare import PreparedMetric
from spatial.errors import BadParameter
from spatial.geo.crs import distance_m, segment_lengths_m

T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True)
class NewEdge:
    """A road that is not there yet; its line (EPSG:4326) joins the nodes nearest to its ends.

    They may be up to `connect_m` away.
    """

    id: UUID
    points: Floats
    edge_class: str
    oneway: bool
    speed_kmh: float
    limits: Mapping[str, float]
    connect_m: float


@dataclass(frozen=True)
class Changes:
    """What is changed: edges shut or opened, speeds (km/h) and limits by edge, new edges.

    A limit of None is taken away. `stream_kmh` by key `2 * edge + direction` is the speed that
    nobody exceeds at a predicted volume.
    """

    shut: Ints
    opened: Ints
    speed_kmh: Mapping[int, float]
    limits: Mapping[int, Mapping[str, float | None]]
    added: Sequence[NewEdge] = ()
    stream_kmh: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Variant:
    """A network with conditions that ask it as changed; `joined_m` are gaps of new edges."""

    network: RoadNetwork
    conditions: Conditions
    joined_m: Sequence[tuple[float, float]] = ()


def vary(
    network: RoadNetwork,
    prepared: PreparedMetric,
    conditions: Conditions,
    profile: Profile,
    changes: Changes,
) -> Variant:
    """Return the network as changed.

    Parameters
    ----------
    network, prepared, conditions
        The network as it is, its metric, and what that was asked for.
    profile
        Of the conditions.
    changes
        What is changed.

    Raises
    ------
    BadParameter
        A new edge has no node near one of its ends.
    """
    view = _view(prepared.view, changes)
    other, joined = network, list[tuple[float, float]]()
    if changes.limits or changes.speed_kmh or changes.added:
        graph, joined = _extend(network.graph, prepared, changes)
        topology = prepared.metric.topology if not changes.added else Topology.build(graph)
        index = network.snapper.index if not changes.added else None
        mine = {profile.id: profile}
        other = RoadNetwork(graph, topology, mine, network.rules, index=index)
        view = _widen(view, len(graph.edges))
    snapshot = Snapshot(view, prepared.version)
    return Variant(other, replace(conditions, as_of=snapshot), joined)


def _view(view: EdgeStateView, changes: Changes) -> EdgeStateView:
    """Return a view with closures and caps as changed; a given speed lifts the live cap."""
    shut, cap = view.shut.copy(), view.cap_kmh.copy()
    shut[_keys(changes.opened)] = False
    shut[_keys(changes.shut)] = True
    cap[_keys(np.array(sorted(changes.speed_kmh), np.int64))] = np.nan
    streams = np.array(list(changes.stream_kmh), np.int64)
    cap[streams] = np.fmin(cap[streams], np.array(list(changes.stream_kmh.values()), np.float32))
    return replace(view, shut=shut, cap_kmh=cap)


def _keys(edges: Ints) -> Ints:
    return np.concatenate([2 * edges, 2 * edges + 1])


def _widen(view: EdgeStateView, edges: int) -> EdgeStateView:
    more = 2 * edges - len(view.shut)
    return replace(
        view,
        shut=np.concatenate([view.shut, np.zeros(more, np.bool_)]),
        cap_kmh=np.concatenate([view.cap_kmh, np.full(more, np.nan, np.float32)]),
    )


def _extend(
    graph: Graph, prepared: PreparedMetric, changes: Changes
) -> tuple[Graph, list[tuple[float, float]]]:
    """Return the graph with other limits and more edges, and how far each new one was joined."""
    speed = graph.edges.speed_kmh.copy()
    speed[list(changes.speed_kmh)] = list(changes.speed_kmh.values())
    edges = replace(
        graph.edges,
        limits=_limits(graph.edges, changes.limits),
        speed_kmh=speed,
        access=_without_speeds(graph.edges.access, list(changes.speed_kmh)),
    )
    if not changes.added:
        return replace(graph, edges=edges), []
    ends = [_join(graph, prepared, edge) for edge in changes.added]
    tail, head = (np.array([end[i] for end in ends], np.int64) for i in (0, 1))
    joined = [_reaching(graph, *row) for row in zip(changes.added, tail, head, strict=True)]
    wider = _append(edges, joined, tail, head)
    return _with_arcs(graph, wider, tail, head), [end[2] for end in ends]


def _without_speeds(access: Coded, changed: Sequence[int]) -> Coded:
    """Return access tables that say nothing of the speeds of some edges."""
    codes, number = access.codes.copy(), {text: code for code, text in enumerate(access.values)}
    for edge in changed:
        text = access.get(edge)
        if text is not None and '"maxspeed' in text:
            table = orjson.loads(text)
            kept = {key: said for key, said in table.items() if not key.startswith("maxspeed")}
            codes[edge] = number.setdefault(orjson.dumps(kept).decode(), len(number))
    return Coded(tuple(number), codes)


def _limits(edges: Edges, changed: Mapping[int, Mapping[str, float | None]]) -> Floats:
    limits = edges.limits.copy()
    for edge, values in changed.items():
        for name, value in values.items():
            limits[edge, edges.kind.sizes.index(name)] = np.nan if value is None else value
    return limits


def _join(
    graph: Graph, prepared: PreparedMetric, edge: NewEdge
) -> tuple[int, int, tuple[float, float]]:
    """Return the nodes at the ends of a new edge, and how far they are (m).

    Raises
    ------
    BadParameter
        There is none near enough that the vehicle can use.
    """
    passable = np.zeros(_node_count(graph), np.bool_)
    usable = graph.arcs.edge[prepared.metric.weights < INFINITE]
    passable[graph.edges.tail[usable]] = passable[graph.edges.head[usable]] = True
    nodes = np.flatnonzero(passable)
    found, most = [], edge.connect_m
    for lon, lat in (edge.points[0], edge.points[-1]):
        far = distance_m(graph.lon[nodes], graph.lat[nodes], lon, lat)
        at = int(far.argmin())
        if far[at] > most:
            raise BadParameter(
                f"A new edge ends {far[at]:.0f} m from the nearest node, more than {most:.0f}",
                f"新增路段端点距最近节点 {far[at]:.0f} 米，超过 {most:.0f} 米",
                mend_en="Let it begin and end at a junction or at the end of a road.",
                mend_zh="请让新路段的两端位于既有路口或道路端点。",
            )
        found.append((int(nodes[at]), float(far[at])))
    (tail, near), (head, far_) = found
    return tail, head, (round(near, 1), round(far_, 1))


def _reaching(graph: Graph, edge: NewEdge, tail: int, head: int) -> NewEdge:
    """Return a new edge whose line begins and ends at its nodes."""
    first, last = ([[graph.lon[node], graph.lat[node]]] for node in (tail, head))
    return replace(edge, points=np.concatenate([first, edge.points, last]))


def _node_count(graph: Graph) -> int:
    """Return the number of nodes without the copies of restricted junctions."""
    return int(max(graph.edges.tail.max(), graph.edges.head.max())) + 1


def _append(edges: Edges, added: Sequence[NewEdge], tail: Ints, head: Ints) -> Edges:
    """Return the edges with new ones at the end."""
    shapes = [np.asarray(edge.points, np.float64) for edge in added]
    counts = np.array([len(shape) for shape in shapes], np.int64)
    oneway = np.array([edge.oneway for edge in added], np.bool_)
    limits = [[edge.limits.get(name, np.nan) for name in edges.kind.sizes] for edge in added]
    columns: dict[str, Any] = {
        "ids": Ids.of([edge.id for edge in added]).pairs,
        "tail": tail.astype(np.int32),
        "head": head.astype(np.int32),
        "oneway": oneway,
        "opened": np.zeros(len(added), np.bool_),
        "legal_oneway": oneway,
        "length_m": np.array([segment_lengths_m(*shape.T).sum() for shape in shapes]),
        "speed_kmh": np.array([edge.speed_kmh for edge in added], np.float64),
        "limits": np.array(limits, np.float64).reshape(-1, len(edges.kind.limits)),
        "limits_known": np.ones(len(added), np.bool_),
        "shape_start": edges.shape_start[-1] + np.cumsum(counts),
        "shape": np.concatenate(shapes),
        "node_ids": edges.node_ids[:0],
        "toll": np.full(len(added), -1, np.int8),
        "roundabout": np.zeros(len(added), np.bool_),
        "crossing": edges.crossing[:0],
    }
    texts = {
        "mode": edges.kind.mode, "speed_basis": "assumed", "access": "{}", "origin": "derived",
        "source": "what-if",
    }  # fmt: skip
    made: dict[str, Any] = {}
    for name in Edges.columns():
        old = getattr(edges, name)
        if isinstance(old, Coded):
            named = [texts.get(name)] * len(added)
            new = [edge.edge_class for edge in added] if name == "edge_class" else named
            made[name] = _coded(old, new)
        else:
            made[name] = _joined(old, columns[name])
    return Edges(**made, kind=edges.kind)


def _joined(old: NDArray[T], new: NDArray[Any]) -> NDArray[T]:
    return np.concatenate([old, new.astype(old.dtype)])


def _coded(old: Coded, new: Sequence[str | None]) -> Coded:
    values = list(old.values)
    for text in new:
        if text is not None and text not in values:
            values.append(text)
    codes = np.array([-1 if text is None else values.index(text) for text in new], np.int32)
    return Coded(tuple(values), np.concatenate([old.codes, codes]))


def _with_arcs(graph: Graph, edges: Edges, tail: Ints, head: Ints) -> Graph:
    """Return the graph with arcs of the new edges, from the copies of their nodes as well."""
    arcs = graph.arcs
    first = 2 * len(graph.edges)
    both = ~edges.oneway[len(graph.edges) :]
    forward = first + 2 * np.arange(len(tail))
    starts = np.concatenate([tail, head[both]])
    stops = np.concatenate([head, tail[both]])
    keys = np.concatenate([forward, forward[both] + 1])
    node, original = _copies(graph)
    pairs = [
        (n, a) for n, o in zip(node, original, strict=True) for a in np.flatnonzero(starts == o)
    ]
    copied = np.array(pairs, np.int64).reshape(-1, 2)
    exempt = [arcs.exempt.get(number) for number in range(len(arcs))]
    more = len(starts) + len(copied)
    turn_m = np.full(len(arcs) + more, np.nan)
    turn_m[: len(arcs)][arcs.turn >= 0] = arcs.turn_m
    turn_node = np.full(len(arcs) + more, -1)
    turn_node[: len(arcs)][arcs.turn >= 0] = arcs.turn_node
    made = sort_arcs(
        edges,
        np.concatenate([arcs.tail.astype(np.int64), starts, copied[:, 0]]),
        np.concatenate([arcs.head.astype(np.int64), stops, stops[copied[:, 1]]]),
        np.concatenate([arcs.key, keys, keys[copied[:, 1]]]),
        [*exempt, *[None] * more],
        turn_m,
        turn_node,
        _paid(arcs, edges, more),
    )
    return Graph(edges, made, graph.lon, graph.lat, Ids(edges.ids))


def _paid(arcs: Arcs, edges: Edges, more: int) -> Paid:
    """Return what is paid of turns where so many arcs are added; turns into new edges are free."""
    paid = Paid.nothing(edges, len(arcs) + more)
    paid.leave[: len(arcs.leave)] = arcs.delay_counts[arcs.leave, -len(TURNS) :]
    paid.enter[: len(arcs)] = arcs.delay_counts[arcs.enter, -len(TURNS) :]
    return paid


def _copies(graph: Graph) -> tuple[list[int], list[int]]:
    """Return the copies of restricted junctions, and the node that each is a copy of."""
    arcs, count = graph.arcs, _node_count(graph)
    into = np.flatnonzero(arcs.head >= count)
    back = (arcs.key[into] & 1).astype(np.bool_)
    edge = arcs.key[into] >> 1
    original = np.where(back, graph.edges.tail[edge], graph.edges.head[edge])
    found = dict(zip(arcs.head[into].tolist(), original.tolist(), strict=True))
    return list(found), list(found.values())
