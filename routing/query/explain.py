"""Why a search found nothing: the limits, hours and closures that stand in the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from routing.cost.time_bans import Bans
from routing.cost.vehicle import UNLIMITED
from routing.live.edge_states import EdgeStateView, Snapshot
from routing.query.model import Path
from routing.query.prepare import PreparedMetric
from routing.query.refusal import Obstacle, Refusal, unreachable
from routing.query.search import drive


def explain(prepared: PreparedMetric) -> Refusal:
    """Return the error that says what stands in the way: limits, closures, or no road.

    Raises
    ------
    NoSnap
        One of the places is on no edge that any vehicle of the profile could use.
    """
    asked, preparer = prepared.resolved, prepared.preparer
    anything = replace(asked, vehicle=UNLIMITED, avoided=None, name="free", by_the_clock=False)
    free = preparer.prepare(anything)
    found = drive(free)
    if found is not None:
        obstacle = Obstacle(prepared.graph, preparer.rules, asked.vehicle, asked.at, asked.avoided)
        bans = asked.base.costs.bans
        later = _opening(bans, asked.at, lambda at: drive(prepared.anew(replace(asked, at=at))))
        return obstacle.error(preparer.metrics.get(asked.base), found, free.places, later)
    nothing = Snapshot(EdgeStateView.empty(len(prepared.graph.edges)))
    clear = replace(anything, base=replace(anything.base, snapshot=nothing))
    found = drive(preparer.prepare(clear))
    legs = found.legs if found else []
    return unreachable(prepared.graph.edges, preparer.live, legs, asked.at)


def _opening(
    bans: Bans, at: datetime, search: Callable[[datetime], Path | None]
) -> tuple[datetime, Path] | None:
    """Return the first end of a banned hour after which a search finds a path, and that path."""
    for depart in bans.ends_after(at) if bans.any else ():
        found = search(depart)
        if found is not None:
            return depart, found
    return None
