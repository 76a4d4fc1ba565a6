"""Other ways worth offering: through a node off the best path, and admissible.

After Abraham, Delling, Goldberg and Werneck, "Alternative Routes in Road Networks" (2013). A way is
offered when it shares little with better ones, when its detour is not much longer than what it
avoids, and when every short piece of it is a shortest path, so that nobody driving it sees a
pointless turn. Candidates are the plateaus: runs of arcs that lie on shortest paths both from the
start and to the goal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy  # loads its heavy parts when they are first used

from routing.cch.engine import Engine, Metric
from routing.cost.network_rules import Bounds, rules_of
from routing.graph.graph import Graph
from routing.graph.weights import INFINITE, Floats, Ints
from routing.index.snap import SnapPoint
from routing.query.access import End, arriving, leaving
from routing.query.driven_leg import Leg
from routing.query.enclave import Stretch, first_stretch, last_stretch
from routing.query.model import Path
from routing.query.prepare import PreparedMetric
from routing.query.search import best_on, timed
from routing.stopping import check
from spatial.rules import get_rule

MOST_TRIED = 40
MOST_PAIRS = 250_000
ROUNDED_MS = 0.01


@dataclass(frozen=True)
class Alternative:
    """A way, the part (0..1) of its time that it shares with better ones, and time / best time."""

    leg: Leg
    shared_share: float
    stretch: float


@dataclass(frozen=True)
class _Way:
    """A way as places 0 (its start), 1..n (nodes), n + 1 (its goal), with the time at each.

    The nodes `core[0]` to `core[1]` are of the way over the core, others of enclaves at its ends.
    """

    leg: Leg
    nodes: Ints
    at: Floats
    via: int
    core: tuple[int, int]


@dataclass(frozen=True)
class _Search:
    """One question: the graph, the engine, and how to leave and to arrive."""

    graph: Graph
    engine: Engine
    outs: list[End]
    intos: list[End]

    def lengths(self, nodes: Ints, firsts: Ints, lasts: Ints) -> Floats:
        """Return the (firsts, lasts) shortest times (ms) between places of a way over `nodes`."""
        count = len(nodes)
        rows, row_costs, row_of = _spread(firsts, nodes, 0, self.outs)
        columns, column_costs, column_of = _spread(lasts, nodes, count + 1, self.intos)
        found = self.engine.matrix(rows, columns)
        table = np.where(found >= INFINITE, np.inf, found) + row_costs[:, None] + column_costs
        least = np.full((len(firsts), len(lasts)), np.inf)
        np.minimum.at(least, (row_of[:, None], column_of), table)
        return least


def _spread(
    places: Ints, nodes: Ints, end: int, ends: Sequence[End]
) -> tuple[list[int], Floats, Ints]:
    """Return nodes and costs that stand for places, and which place each one stands for."""
    rows: list[tuple[int, float, int]] = []
    for number, place in enumerate(places.tolist()):
        if place == end:
            rows += [(e.node, e.cost, number) for e in ends]
        else:
            rows.append((int(nodes[place - 1]), 0.0, number))
    numbers = [row[0] for row in rows]
    return numbers, np.array([row[1] for row in rows]), np.array([row[2] for row in rows], np.int64)


def find_alternatives(
    graph: Graph,
    engine: Engine,
    places: Sequence[Sequence[SnapPoint]],
    best: Leg,
    count: int,
    bounds: Bounds,
) -> list[Alternative]:
    """Return up to `count` admissible ways besides the best one between two places, best first."""
    if len(best.keys) == 1 or count < 1:
        return []
    search = _Search(
        graph, engine, leaving(graph, engine, places[0]), arriving(graph, engine, places[1])
    )
    found: list[_Way] = []
    for node in _candidates(search, best.weight * bounds.stretch):
        check()
        way = _through(search, node)
        if way is None or _detour(way, best) > bounds.stretch:
            continue
        if _shared(way, best, found) > bounds.shared * best.weight:
            continue
        if _locally_best(search, way, bounds.local * best.weight):
            found.append(way)
        if len(found) == count:
            break
    return _by_time(found, best, bounds)


def find_others(prepared: PreparedMetric, best: Path, count: int) -> list[Path]:
    """Return the best path between two places and up to `count` other ones, best first.

    All are found in one state of the network, so that the first one may differ from `best`; none
    is entered at a banned hour.
    """
    resolved = prepared.resolved
    ends = [[best.legs[0].source], [best.legs[0].target]]
    bounds = get_rule(
        prepared.preparer.rules, rules_of(prepared.graph.edges.kind).alternatives
    ).value

    def work(shown: Metric) -> list[Path]:
        found = best_on(prepared._replace(metric=shown, places=ends))
        if found is None:
            return []
        others = find_alternatives(prepared.graph, shown, ends, found.legs[0], count, bounds)
        return [found, *(found.another(o.leg, o.shared_share, o.stretch) for o in others)]

    found = prepared.metric.in_one_state(work)
    legal = [one for one in found if not len(one.banned_keys(resolved.at))]
    return [timed(prepared, one) for one in legal] or [best]


def _shared(way: _Way, best: Leg, others: Sequence[_Way]) -> float:
    """Return the time of a way that runs over other ones."""
    keys = np.concatenate([best.keys, *(other.leg.keys for other in others)])
    return float(np.diff(way.at)[np.isin(way.leg.keys, keys)].sum())


def _by_time(found: Sequence[_Way], best: Leg, bounds: Bounds) -> list[Alternative]:
    """Order the ways by time, without those that share too much with faster ones."""
    kept: list[_Way] = []
    answers = []
    for way in sorted(found, key=lambda way: way.leg.weight):
        shared, whole = _shared(way, best, kept), way.leg.weight
        if shared <= bounds.shared * best.weight:
            kept.append(way)
            answers.append(Alternative(way.leg, shared / whole, whole / best.weight))
    return answers


def _candidates(search: _Search, limit: float) -> Ints:
    """Return a node of each plateau whose way is within the limit, the most promising first."""
    ahead, behind = _far(search, search.outs, limit), _far(search, search.intos, limit)
    arcs, weights = search.graph.arcs, search.engine.weights.astype(np.float64)
    on = np.flatnonzero(np.isfinite(ahead[arcs.tail]) & np.isfinite(behind[arcs.head]))
    tail, head, cost = arcs.tail[on], arcs.head[on], weights[on]
    flat = (ahead[tail] + cost == ahead[head]) & (cost + behind[head] == behind[tail])
    flat &= ahead[tail] + behind[tail] <= limit
    nodes, place = np.unique(np.concatenate([tail[flat], head[flat]]), return_inverse=True)
    ends = place.reshape(2, -1)
    shape = (len(nodes), len(nodes))
    ones = np.ones(ends.shape[1], np.int8)
    linked = scipy.sparse.coo_matrix((ones, (ends[0], ends[1])), shape=shape)
    count, label = scipy.sparse.csgraph.connected_components(linked, directed=False)
    first, last = np.full(count, np.inf), np.zeros(count)
    np.minimum.at(first, label, ahead[nodes])
    np.maximum.at(last, label, ahead[nodes])
    whole = ahead[nodes] + behind[nodes]
    rank = 2 * whole - (last - first)[label]
    order = np.lexsort((ahead[nodes], rank))
    _, earliest = np.unique(label[order], return_index=True)
    chosen = order[np.sort(earliest)][:MOST_TRIED]
    return np.asarray(nodes[chosen], np.int64)


def _far(search: _Search, ends: Sequence[End], limit: float) -> Floats:
    """Return how far each node is from the start, or from the goal; infinite beyond the limit."""
    far = np.full(search.graph.node_count, np.inf)
    offsets = [round(end.cost) for end in ends]
    nodes, lengths = search.engine.reach(
        [end.node for end in ends], offsets, int(limit), backward=ends is search.intos
    )
    far[nodes] = lengths
    return far


def _through(search: _Search, node: int) -> _Way | None:
    """Return the best way over a node, None when it passes a node twice."""
    outs, intos = search.outs, search.intos
    there = search.engine.matrix([end.node for end in outs], [node])[:, 0].astype(np.float64)
    onward = search.engine.matrix([node], [end.node for end in intos])[0].astype(np.float64)
    out = outs[int((there + [end.cost for end in outs]).argmin())]
    into = intos[int((onward + [end.cost for end in intos]).argmin())]
    halves = search.engine.path(out.node, node), search.engine.path(node, into.node)
    if halves[0] is None or halves[1] is None:
        return None
    off, onto = np.array(out.arcs, np.int64), np.array(into.arcs, np.int64)
    arcs = np.concatenate([off, halves[0][1], halves[1][1], onto])
    nodes = search.graph.arcs.head[np.concatenate([[out.arc], arcs])].astype(np.int64)
    if len(np.unique(nodes)) < len(nodes):
        return None
    keys = np.concatenate([[out.key], search.graph.arcs.key[arcs], [into.key]])
    start, stop = np.zeros(len(keys)), np.ones(len(keys))
    start[0], stop[-1] = out.along, into.along
    at = _times(search, out, np.concatenate([halves[0][1], halves[1][1]]), into)
    begin, end = _stretches(search, out, into)
    driven = np.concatenate([[out.arc], arcs, [into.arc]])
    leg = Leg(out.spot, into.spot, keys, start, stop, driven, float(at[-1]), begin, end)
    core = 1 + len(off), len(nodes) - len(onto)
    return _Way(leg, nodes, at, core[0] + len(halves[0][1]), core)


def _stretches(search: _Search, out: End, into: End) -> tuple[Stretch | None, Stretch | None]:
    at_ends = search.engine.at_ends
    if at_ends is None:
        return None, None
    first, last = np.array([out.arc, *out.arcs]), np.array([*into.arcs, into.arc])
    begin = first_stretch(search.graph, at_ends.enclaves, first)
    return begin, last_stretch(at_ends.enclaves, last)


def _times(search: _Search, out: End, core: Ints, into: End) -> Floats:
    """Return when a way that leaves by an end comes to each of its places; `core` are its arcs.

    Turning round in an enclave counts on the edge of the place.
    """
    weights, at_ends = search.engine.weights, search.engine.at_ends
    shown = weights if at_ends is None else at_ends.weights
    off = shown[list(out.arcs)].astype(np.float64)
    onto = shown[list(into.arcs)].astype(np.float64)
    first, last = out.cost - off.sum(), into.cost - onto.sum()
    return np.cumsum(np.concatenate([[0, first], off, weights[core], onto, [last]]))


def _detour(way: _Way, best: Leg) -> float:
    """Return the time of the part between leaving and rejoining the best way, relative to its."""
    mine, other = way.leg.keys, best.keys
    least = min(len(mine), len(other))
    ahead = int(np.argmin(np.append(mine[:least] == other[:least], False)))
    behind = int(np.argmin(np.append(mine[::-1][:least] == other[::-1][:least], False)))
    same = float(way.at[ahead] + way.at[-1] - way.at[len(mine) - behind])
    avoided = best.weight - same
    return (way.leg.weight - same) / avoided if avoided > ROUNDED_MS else np.inf


def _locally_best(search: _Search, way: _Way, reach: float) -> bool:
    """Tell whether every piece of a way that takes at most `reach` ms is a shortest path.

    Both halves are shortest, so that only pieces over the via node count. If the piece that
    stretches `reach` to both sides is shortest, all are; otherwise each one is looked at. A piece
    that begins or ends in an enclave counts as one that begins or ends at the place in it.
    """
    at, via, (enter, leave) = way.at, way.via, way.core
    low = max(int(np.searchsorted(at, at[via] - reach, side="right")) - 1, 0)
    high = min(int(np.searchsorted(at, at[via] + reach)), len(at) - 1)
    low, high = low if low >= enter else 0, high if high <= leave else len(at) - 1
    shortest = search.lengths(way.nodes, np.array([low]), np.array([high]))
    if shortest[0, 0] >= at[high] - at[low] - ROUNDED_MS:
        return True
    firsts, lasts = np.arange(max(low, enter), via), np.arange(via + 1, min(high, leave) + 1)
    firsts = np.concatenate([[0], firsts]) if low < enter else firsts
    lasts = np.concatenate([lasts, [high]]) if high > leave else lasts
    if len(firsts) * len(lasts) > MOST_PAIRS:
        return False
    begun, ended = np.maximum(firsts, enter - 1), np.minimum(lasts, leave + 1)
    within = at[ended] - at[begun][:, None] <= reach
    taken = at[lasts] - at[firsts][:, None]
    shortest = search.lengths(way.nodes, firsts, lasts)
    return not bool((within & (shortest < taken - ROUNDED_MS)).any())
