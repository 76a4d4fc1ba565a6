"""How much can pass: the cheapest greatest flow over services, what it costs, and what binds.

What more room is worth is proven by duality: what all arcs with a limit are worth together is what
the flow is worth (`Flow.gap`, 0 where all is right).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from routing.graph.weights import Ints
from routing.multimodal.bag_kernels import UNKNOWN
from routing.multimodal.expanded import ROOMY, Expanded
from routing.multimodal.flow_kernels import FAR, NODE_BITS, price_nodes, send_flow

WORTH = 2**40
"""What one more TEU is worth, twice hundredths of a yuan: more than any way costs."""


@dataclass(frozen=True)
class Flow:
    """A flow: TEU on each arc, in all, and at which cost in hundredths of a yuan.

    `high` is `UNKNOWN` where it uses an arc without an upper end. `worth_teu` and `worth_cost` tell
    of each arc what one more TEU of room is worth: so many TEU more, and so much less cost (twice
    the middle of intervals, hundredths of a yuan) beside it.
    """

    on: Ints
    teu: int
    low: int
    high: int
    worth_teu: Ints
    worth_cost: Ints
    gap: int


def find_flow(network: Expanded) -> Flow:
    """Return the flow.

    Raises
    ------
    ValueError
        There are more events than fit in one network.
    """
    if network.nodes >= 1 << NODE_BITS:
        raise ValueError(f"{network.nodes} events are more than {1 << NODE_BITS}")
    source, sink = network.nodes - 2, network.nodes - 1
    first, out, head, left, cost = _both_ways(network)
    pot = send_flow(first, out, head, left, cost, source, sink)
    on = left[1::2].copy()
    teu = int(on[network.tail == source].sum())
    at = price_nodes(first, out, head, left, cost, pot, source, sink, WORTH)
    worth = np.zeros(len(on), np.int64)
    full = (on >= network.room) & (at[network.tail] < FAR) & (at[network.head] < FAR)
    worth[full] = np.maximum(
        at[network.head[full]] - at[network.tail[full]] - cost[::2][full], 0
    )  # fmt: skip
    paid = int((on * cost[::2]).sum())
    limits = zip(worth[full].tolist(), network.room[full].tolist(), strict=True)
    gap = WORTH * teu - paid - sum(each * room for each, room in limits)
    more = (worth + WORTH // 2) // WORTH
    used = on > 0
    known = bool((network.high[used] < UNKNOWN).all())
    high = int((on * network.high)[used].sum()) if known else UNKNOWN
    low = int((on * network.low).sum())
    return Flow(on, teu, low, high, more, worth - more * WORTH, gap)


def _both_ways(network: Expanded) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Return nodes' first arcs, the arcs by node, and heads, room and cost of arcs both ways."""
    count = len(network.tail)
    tail, head = np.empty(2 * count, np.int64), np.empty(2 * count, np.int64)
    room, cost = np.zeros(2 * count, np.int64), np.empty(2 * count, np.int64)
    tail[0::2], tail[1::2] = network.tail, network.head
    head[0::2], head[1::2] = network.head, network.tail
    room[0::2] = np.minimum(network.room, ROOMY)
    cost[0::2], cost[1::2] = network.cost, -network.cost
    out = np.argsort(tail, kind="stable").astype(np.int64)
    first = np.searchsorted(tail[out], np.arange(network.nodes + 1)).astype(np.int64)
    return first, out, head, room, cost
