"""Kernels of density along a network: how the mass of events spreads over lixels.

An event on an edge spreads both ways by the quartic k(d) = 15/(16h) (1 − d²/h²)², 0 from h on.
What would go beyond a node is split over the half-edges there. Half-edge 2e leaves the beginning
of edge e, 2e + 1 its end; `lixel` bounds of an edge are measured from its beginning.

Events that leave an edge by one end walk the same ways from there. With a their distance to that
end and t the way walked since, the mass within t is F(t) = Σ w K(min(a + t, h)), K the integral of
k: of events sorted by a, sums of w aⁱ give F in one look. Lengths are in bandwidths here.
"""

from __future__ import annotations

import numpy as np

from routing.compiled import compiled, inlined
from routing.graph.weights import Floats, Ints

Net = tuple[Ints, Ints, Ints, Floats, Ints, Floats]
"""Half-edges that leave each node, by node; where each leads; lengths; lixels and their bounds."""
Events = tuple[Floats, Floats]
"""Distances of events to an end, rising, and sums of their powers."""
How = tuple[bool, float]
"""Whether a part goes back at nodes, and the share below which a walk ends."""
POWERS = 6
CUBIC = 2.0 / 3.0
"""Of K(u) = 15/16 (u − 2u³/3 + u⁵/5)."""


@inlined
def integral(u: float) -> float:
    """Return the mass of the quartic between 0 and u bandwidths, 0.5 at most; odd in u."""
    if u >= 1.0:
        return 0.5
    if u <= -1.0:
        return -0.5
    square = u * u
    return 0.9375 * u * (1.0 - square * CUBIC + square * square * 0.2)


@inlined
def mass_within(t: float, events: Events) -> float:
    """Return F(t) of the events of one end; `sums[i]` are those of the i nearest."""
    near, sums = events
    low, high = 0, len(near)
    while low < high:
        middle = (low + high) >> 1
        if near[middle] + t < 1.0:
            low = middle + 1
        else:
            high = middle
    s = sums[low]
    t2 = t * t
    t3 = t2 * t
    first = s[1] + s[0] * t
    third = s[3] + 3 * s[2] * t + 3 * s[1] * t2 + s[0] * t3
    fifth = s[5] + 5 * s[4] * t + 10 * s[3] * t2 + 10 * s[2] * t3
    fifth += 5 * s[1] * t3 * t + s[0] * t3 * t2
    return float(0.9375 * (first - CUBIC * third + 0.2 * fifth) + 0.5 * (sums[-1, 0] - s[0]))


@inlined
def lay(mass: Floats, net: Net, out: int, walked: float, share: float, events: Events) -> None:
    """Add to the lixels of an edge what a walk brings that enters it by a half-edge."""
    edge, along = out >> 1, out & 1 == 0
    lixel_first, bounds, length = net[4], net[5], net[3][edge]
    first, size = lixel_first[edge], lixel_first[edge + 1] - lixel_first[edge]
    before = mass_within(walked, events)
    for step in range(size):
        bound = first + edge + (step + 1 if along else size - 1 - step)
        way = walked + (bounds[bound] if along else length - bounds[bound])
        now = mass_within(way, events)
        mass[first + (step if along else size - 1 - step)] += share * (now - before)
        before = now
        if way >= 1.0:
            break


@inlined
def own(mass: Floats, net: Net, edge: int, places: Floats, weights: Floats) -> None:
    """Add what the events of an edge lay on it without leaving it."""
    first, last, bounds = net[4][edge], net[4][edge + 1], net[5]
    for i in range(len(places)):
        before = integral(bounds[first + edge] - places[i])
        for lixel in range(first, last):
            now = integral(bounds[lixel + edge + 1] - places[i])
            mass[lixel] += weights[i] * (now - before)
            before = now


@inlined
def from_end(side: int, length: float, places: Floats, weights: Floats) -> Events:
    """Return distances of an edge's events to one end, rising, and sums of their powers."""
    count = len(places)
    near, sums = np.empty(count), np.zeros((count + 1, POWERS))
    for i in range(count):
        event = count - 1 - i if side == 1 else i
        near[i] = length - places[event] if side == 1 else places[event]
        power = weights[event]
        for p in range(POWERS):
            sums[i + 1, p] = sums[i, p] + power
            power *= near[i]
    return near, sums


@inlined
def part_of(share: float, degree: int, back: bool, continuous: bool) -> float:
    """Return what goes on into one half-edge of a node; nothing is lost at a dead end."""
    if continuous:
        return share * (2.0 / degree - 1.0 if back else 2.0 / degree)
    if degree == 1:
        return share
    return 0.0 if back else share / (degree - 1)


@inlined
def walk(
    mass: Floats, cut: Floats, steps: Ints, net: Net, start: int, events: Events, how: How
) -> bool:
    """Spread beyond one end what the events of an edge send there; False after too many steps."""
    node_first, node_half, half_to, length = net[0], net[1], net[2], net[3]
    continuous, least = how
    half, walked, share = np.empty(256, np.int64), np.empty(256), np.empty(256)
    half[0], walked[0], share[0] = start, 0.0, 1.0
    size = 1
    while size > 0:
        size -= 1
        steps[0] -= 1
        came, way, part = half[size], walked[size], share[size]
        node = half_to[came]
        first, last = node_first[node], node_first[node + 1]
        if steps[0] < 0 or size + last - first > len(half):
            return False
        for at in range(first, last):
            out = node_half[at]
            mine = part_of(part, last - first, out == came ^ 1, continuous)
            if mine == 0.0:
                continue
            if abs(mine) < least:
                left = 0.5 * events[1][-1, 0] - mass_within(way, events)
                edge = out >> 1
                mass[net[4][edge] if out & 1 == 0 else net[4][edge + 1] - 1] += mine * left
                cut[0] += abs(mine * left)
                continue
            lay(mass, net, out, way, mine, events)
            if events[0][0] + way + length[out >> 1] < 1.0:
                half[size], walked[size], share[size] = out, way + length[out >> 1], mine
                size += 1
    return True


@compiled(
    "int64(int64[::1], int64[::1], int64[::1], float64[::1], int64[::1], float64[::1],"
    " int64[::1], float64[::1], float64[::1], boolean, float64, int64[::1], float64[::1],"
    " float64[::1])"
)
def spread(
    node_first: Ints, node_half: Ints, half_to: Ints, length: Floats,
    lixel_first: Ints, bounds: Floats, event_first: Ints, places: Floats, weights: Floats,
    continuous: bool, least: float, steps: Ints, mass: Floats, cut: Floats,
) -> int:  # fmt: skip
    """Add the mass of all events to `mass`; return −1, or an edge with too many ways.

    Half-edges `node_half[node_first[v] : node_first[v + 1]]` leave node v, `half_to` says where
    each leads. `bounds` are those of the lixels of each edge, one more than lixels; `places` of the
    events of each edge are sorted. Walks end below a share of `least` and are laid down, which
    `cut` counts; all together they take as many `steps` at most.
    """
    net = (node_first, node_half, half_to, length, lixel_first, bounds)
    for edge in range(len(length)):
        begin, end = event_first[edge], event_first[edge + 1]
        if begin == end:
            continue
        own(mass, net, edge, places[begin:end], weights[begin:end])
        for side in range(2):
            events = from_end(side, length[edge], places[begin:end], weights[begin:end])
            start = 2 * edge + 1 - side  # the half-edge by which they arrive at this end
            if events[0][0] < 1.0 and not walk(
                mass, cut, steps, net, start, events, (continuous, least)
            ):
                return edge
    return -1
