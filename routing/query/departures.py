"""When to leave: one question asked for many departures, each way timed for all of them.

The way of a departure is the best one at the speeds of its hour; driven through the hours, a way
that another hour chose may be faster. So every way found is timed, through the hours, for every
departure at which all of it is legal and which is from and to the same places on roads, and the
fastest is the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from routing.cost.speed_profiles import hour_of_week
from routing.graph.graph import Edges
from routing.query.arrive_by import duration_of
from routing.query.model import Path, PathQuery, ResolvedQuery
from routing.query.travel_times import by_the_clock
from routing.stopping import check
from spatial.errors import LimitViolated, NoSnap, SigangError, Unreachable


@dataclass(frozen=True)
class Departure:
    """One departure: the way that is the fastest then, with its times; None where none is legal."""

    at: datetime
    found: Path | None


def compare_departures(
    edges: Edges,
    query: PathQuery,
    departures: Sequence[datetime],
    resolve: Callable[[PathQuery], ResolvedQuery],
    ask: Callable[[PathQuery], Path],
    progress: Callable[[float], None],
) -> list[Departure]:
    """Return the fastest way found for each departure, times by the hour of the week.

    Parameters
    ----------
    edges, query
        The edges of the network, and what is asked; its own departure does not count.
    departures
        Times at which one may leave.
    resolve, ask
        What a query comes to, and its best path.
    progress
        Told the share (0..1) that is done.

    Raises
    ------
    BadParameter, NoSnap, Unreachable, LimitViolated
        What is asked is wrong at all times alike, or there is no way at any of them: the reason of
        the first one.
    """
    asked = [replace(query, depart_at=at, typical=True) for at in departures]
    resolved = [resolve(one) for one in asked]
    own = _own_ways(asked, resolved, ask, progress)
    ways = list({way.keys.tobytes(): way for way in own if way is not None}.values())
    answers = []
    for number, (mine, then) in enumerate(zip(own, resolved, strict=True)):
        check()
        same = [] if mine is None else [way for way in ways if _places(way) == _places(mine)]
        timed = [_legal_then(edges, way, then) for way in same]
        legal = [way for way in timed if way is not None]
        answers.append(Departure(departures[number], min(legal, key=duration_of, default=None)))
        progress(0.5 + (number + 1) / (2 * len(asked)))
    return answers


def _own_ways(
    asked: Sequence[PathQuery],
    resolved: Sequence[ResolvedQuery],
    ask: Callable[[PathQuery], Path],
    progress: Callable[[float], None],
) -> list[Path | None]:
    """Return the best way of each departure at the speeds of its hour, None where there is none."""
    of_state: dict[tuple[object, ...], Path | None] = {}
    own: list[Path | None] = []
    reasons: list[SigangError] = []
    for query, then in zip(asked, resolved, strict=True):
        check()
        state = _state(then)
        if state not in of_state:
            of_state[state] = None
            try:
                of_state[state] = ask(query)
            except (NoSnap, Unreachable, LimitViolated) as error:
                reasons.append(error)
        own.append(of_state[state])
        progress(len(own) / (2 * len(asked)))
    if reasons and not any(own):
        raise reasons[0]
    return own


def _places(way: Path) -> list[tuple[float, float]]:
    """Return where on roads a way begins and where its legs end; a closure may move them."""
    spots = [way.legs[0].source, *(leg.target for leg in way.legs)]
    return [(round(spot.lon, 7), round(spot.lat, 7)) for spot in spots]


def _state(resolved: ResolvedQuery) -> tuple[object, ...]:
    """Return what the best way of a departure depends on."""
    costs, snapshot = resolved.base.costs, resolved.base.snapshot
    by_the_minute = costs.bans.any or bool(costs.turn_hours.weeks)
    shown = None if snapshot is None else snapshot.view.token
    when = resolved.at if by_the_minute else hour_of_week(resolved.at)
    return shown, costs.turn_hours.shut, when


def _legal_then(edges: Edges, way: Path, resolved: ResolvedQuery) -> Path | None:
    """Return a way with the times of another departure, None where it is closed or banned then."""
    typical = resolved.typical
    if typical is None or bool(typical.view.shut[way.keys].any()):
        return None
    timed = by_the_clock(way, edges, typical, resolved.at)
    passed_ms = timed.sums()[1]
    if not np.isfinite(passed_ms) or len(timed.banned_keys(resolved.at)):
        return None
    hours = way.costs.turn_hours
    if not (hours.at(resolved.at) | hours.during(resolved.at, passed_ms)) <= hours.shut:
        return None
    return timed
