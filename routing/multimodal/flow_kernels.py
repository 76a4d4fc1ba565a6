"""The kernels of a cheapest greatest flow: shortest paths with potentials, and blocking flows.

Method: the primal-dual algorithm (L. R. Ford, D. R. Fulkerson, "Flows in Networks", 1962; reduced
costs after J. Edmonds, R. M. Karp, 1972; blocking flows after E. A. Dinic, 1970). Runs of a service
cost the same, so that few lengths of paths occur, and all flow of one length is sent at once.

Arc `2 i` is arc i forwards, `2 i + 1` backwards; `room` is what each may still carry.
"""

from __future__ import annotations

import numpy as np

from routing.cch.heap_kernels import pop, push
from routing.compiled import compiled, inlined
from routing.graph.weights import Ints

FAR = 2**41
"""No distance is as long."""
NODE_BITS = 21
"""A heap's items are a distance and, in so many bits, a node."""
NONE = -1


@inlined
def _reach(
    first: Ints, out: Ints, head: Ints, room: Ints, cost: Ints, pot: Ints, dist: Ints,
    source: int, sink: int, heap: Ints,
) -> None:  # fmt: skip
    """Write the reduced distances from a node, until a sink is reached (none: -1)."""
    dist[:] = FAR
    dist[source] = 0
    mask, size = (1 << NODE_BITS) - 1, 1
    heap[0] = source
    while size > 0:
        item = pop(heap, size)
        size -= 1
        node, far = item & mask, item >> NODE_BITS
        if far > dist[node]:
            continue
        if node == sink:
            return
        for place in range(first[node], first[node + 1]):
            arc = out[place]
            if room[arc] > 0:
                to = head[arc]
                reached = far + cost[arc] + pot[node] - pot[to]
                if reached < dist[to]:
                    dist[to] = reached
                    push(heap, size, (reached << NODE_BITS) | to)
                    size += 1


@inlined
def _rank(
    first: Ints, out: Ints, head: Ints, room: Ints, cost: Ints, pot: Ints, level: Ints,
    source: int, sink: int, queue: Ints,
) -> bool:  # fmt: skip
    """Write how many arcs of no reduced cost lead to a node; tell whether they get to the sink."""
    level[:] = NONE
    level[source] = 0
    queue[0], done, size = source, 0, 1
    while done < size and level[sink] == NONE:
        node = queue[done]
        done += 1
        for place in range(first[node], first[node + 1]):
            arc = out[place]
            to = head[arc]
            if level[to] == NONE and room[arc] > 0 and cost[arc] + pot[node] == pot[to]:
                level[to] = level[node] + 1
                queue[size] = to
                size += 1
    return bool(level[sink] != NONE)


@inlined
def _send(path: Ints, depth: int, room: Ints, most: int) -> tuple[int, int]:
    """Send what the arcs of a path carry; return it, and the depth of the first arc then full."""
    amount = most
    for k in range(depth):
        amount = min(amount, room[path[k]])
    full = depth
    for k in range(depth - 1, -1, -1):
        room[path[k]] -= amount
        room[path[k] ^ 1] += amount
        if room[path[k]] == 0:
            full = k
    return amount, full


@inlined
def _block(
    first: Ints, out: Ints, head: Ints, room: Ints, cost: Ints, pot: Ints, level: Ints,
    source: int, sink: int, path: Ints, next_: Ints,
) -> int:  # fmt: skip
    """Send a blocking flow over arcs of no reduced cost that lead a level on; return how much."""
    next_[:] = first[:-1]
    sent, depth, node = 0, 0, source
    while True:
        if node == sink:
            amount, depth = _send(path, depth, room, FAR)
            sent += amount
            node = head[path[depth] ^ 1]
            continue
        moved = False
        while next_[node] < first[node + 1]:
            arc = out[next_[node]]
            to = head[arc]
            fits = room[arc] > 0 and cost[arc] + pot[node] == pot[to]
            if fits and level[to] == level[node] + 1:
                path[depth], node, moved = arc, to, True
                depth += 1
                break
            next_[node] += 1
        if not moved:
            if depth == 0:
                return sent
            depth -= 1
            node = head[path[depth] ^ 1]
            next_[node] += 1


@compiled("i8[::1](i8[::1],i8[::1],i8[::1],i8[::1],i8[::1],i8,i8)")
def send_flow(
    first: Ints, out: Ints, head: Ints, room: Ints, cost: Ints, source: int, sink: int
) -> Ints:
    """Send the greatest flow at the least cost, and return potentials that prove it.

    `room` is changed. Arcs out of node v are `out[first[v]:first[v + 1]]`; costs of forward arcs
    are not negative, those of backward arcs the opposite. With the potentials no arc with room has
    a negative reduced cost.
    """
    nodes, arcs = len(first) - 1, len(head)
    pot, dist = np.zeros(nodes, np.int64), np.empty(nodes, np.int64)
    heap, queue = np.empty(arcs + 1, np.int64), np.empty(nodes, np.int64)
    level, path = np.empty(nodes, np.int64), np.empty(nodes, np.int64)
    next_ = np.empty(nodes, np.int64)
    while True:
        _reach(first, out, head, room, cost, pot, dist, source, sink, heap)
        if dist[sink] >= FAR:
            return pot
        for node in range(nodes):
            pot[node] += min(dist[node], dist[sink])
        while _rank(first, out, head, room, cost, pot, level, source, sink, queue):
            _block(first, out, head, room, cost, pot, level, source, sink, path, next_)


@compiled("i8[::1](i8[::1],i8[::1],i8[::1],i8[::1],i8[::1],i8[::1],i8,i8,i8)")
def price_nodes(
    first: Ints, out: Ints, head: Ints, room: Ints, cost: Ints, pot: Ints, source: int, sink: int,
    worth: int,
) -> Ints:  # fmt: skip
    """Return what a unit at each node costs at least, once a flow is sent; `FAR` where none gets.

    One may be had at the sink for `worth`: by sending one less.
    """
    nodes = len(first) - 1
    dist, other = np.empty(nodes, np.int64), np.empty(nodes, np.int64)
    heap = np.empty(len(head) + 1, np.int64)
    _reach(first, out, head, room, cost, pot, dist, source, NONE, heap)
    _reach(first, out, head, room, cost, pot, other, sink, NONE, heap)
    for node in range(nodes):
        here = dist[node] + pot[node] - pot[source] if dist[node] < FAR else FAR
        there = worth + other[node] + pot[node] - pot[sink] if other[node] < FAR else FAR
        dist[node] = min(here, there)
    return dist
