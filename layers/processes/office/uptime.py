"""How long assets were up: runs of heartbeats, each of which holds for one period more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from layers.processes.readers.uptime_rows import Run

Span = tuple[datetime, datetime]
"""From and to, half-open."""


def runs_of(heartbeats: Iterable[datetime], period_s: float) -> list[Run]:
    """Return heartbeats as runs: one that comes more than a period after another begins anew."""
    ordered, period = sorted(heartbeats), timedelta(seconds=period_s)
    if not ordered:
        return []
    breaks = [at for before, at in pairwise(ordered) if at - before > period]
    firsts = [ordered[0], *breaks]
    lasts = [max(h for h in ordered if h < at) for at in breaks]
    return list(zip(firsts, [*lasts, ordered[-1]], strict=True))


def up_within(runs: Sequence[Run], period_s: float, span: Span) -> list[Span]:
    """Return the times within a span in which an asset was up, in order and apart."""
    period, (start, end) = timedelta(seconds=period_s), span
    found: list[Span] = []
    for first, last in sorted(runs):
        begin, stop = max(first, start), min(last + period, end)
        if begin >= stop:
            continue
        if found and begin <= found[-1][1]:
            found[-1] = found[-1][0], max(stop, found[-1][1])
        else:
            found.append((begin, stop))
    return found


def down_within(up: Sequence[Span], span: Span) -> list[Span]:
    """Return what is left of a span beside the times in which an asset was up."""
    edges = [span[0], *(moment for one in up for moment in one), span[1]]
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return [(begin, end) for begin, end in pairs if begin < end]


def seconds(spans: Iterable[Span]) -> float:
    """Return how long some spans are together."""
    return sum((end - begin).total_seconds() for begin, end in spans)
