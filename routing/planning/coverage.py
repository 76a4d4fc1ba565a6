"""Coverage: what share of the roads lies within a driving time of the nearest place."""

from __future__ import annotations

import numpy as np

from routing.graph.weights import Floats, Ints
from routing.query.one_to_many import MS_PER_S, Span


def reached_share(span: Span, edge_count: int) -> Floats:
    """Return the share (0..1) of each edge that a span covers, in either direction."""
    edge = span.keys >> 1
    back = (span.keys & 1).astype(np.bool_)
    begin = np.where(back, 1 - span.stop, span.start) + 2 * edge
    end = np.where(back, 1 - span.start, span.stop) + 2 * edge
    order = np.lexsort((begin, edge))
    begin, end = begin[order], end[order]
    so_far = np.concatenate([[-np.inf], np.maximum.accumulate(end)[:-1]])
    fresh = np.clip(end - np.maximum(begin, so_far), 0, None)
    share = np.bincount(edge[order], weights=fresh, minlength=edge_count)
    return np.asarray(np.clip(share, 0, 1), np.float64)


def soonest(span: Span, edge_count: int) -> Floats:
    """Return after how many seconds each edge is first reached; infinite is not at all."""
    times = np.full(edge_count, np.inf)
    np.minimum.at(times, span.keys >> 1, np.minimum(span.start_ms, span.stop_ms) / MS_PER_S)
    return times


def by_group(share: Floats, length_m: Floats, group: Ints, count: int) -> tuple[Floats, Floats]:
    """Return covered and whole length (m) of the edges of each group; group -1 counts nowhere."""
    known = group >= 0
    whole, part = np.zeros(count), np.zeros(count)
    np.add.at(whole, group[known], length_m[known])
    np.add.at(part, group[known], (share * length_m)[known])
    return part, whole
