"""The search: the best path on a prepared metric, around banned hours where there are some."""

from __future__ import annotations

from functools import partial

import numpy as np

from routing.query.held_lock import Held
from routing.query.leg import find_legal_leg, find_legs
from routing.query.leg_kernels import turns_anywhere
from routing.query.model import Path
from routing.query.prepare import PreparedMetric
from routing.query.time_dependent import TimeDependentSearch
from routing.query.travel_times import by_the_clock
from routing.stopping import check


def search(prepared: PreparedMetric) -> Path | None:
    """Return the best path, None when there is none.

    Where there is none from or to a small island, the main network near it is tried.
    """
    found = drive(prepared)
    if found is None:
        moved = prepared.off_islands()
        found = None if moved is None else drive(moved)
    if found is None or prepared.resolved.typical is None:
        return found
    return timed(prepared, found)


def search_at_once(prepared: PreparedMetric) -> Path | None:
    """Return the best path if the metric tells it without another one or a wait, else None."""
    with Held(prepared.metric.lock, wait=False) as ours:
        found = best_on(prepared, at_once=True) if ours else None
    return None if found is None or prepared.refuses(found) else found


def timed(prepared: PreparedMetric, found: Path) -> Path:
    """Return a path whose times are those of driving through the hours of the week, if asked."""
    typical = prepared.resolved.typical
    if typical is None:
        return found
    return by_the_clock(found, prepared.graph.edges, typical, prepared.resolved.at)


def drive(prepared: PreparedMetric) -> Path | None:
    """Search; where a restriction of turns begins to hold during the drive, search under it.

    One that ends during the drive holds throughout: the way is legal and maybe not the fastest.
    """
    found, resolved = _drive(prepared), prepared.resolved
    hours = resolved.base.costs.turn_hours
    if found is None or not hours.weeks:
        return found
    held = hours.shut | hours.during(resolved.at, found.sums()[1])
    if held == hours.shut:
        return found
    return _drive(prepared.anew(resolved.shutting_turns(held)))


def _drive(prepared: PreparedMetric) -> Path | None:
    """Search, and search again without the edges that would be entered at a banned hour.

    The second time only those are left out, later all that are banned during the drive. Where
    that was needed, a search that looks at each ban by the clock may find a faster way.
    """
    found, resolved = _fastest(prepared), prepared.resolved
    bans, around = resolved.base.costs.bans, prepared
    while found is not None and resolved.by_the_clock and bans.any:
        entered = found.banned_keys(resolved.at)
        if not len(entered):
            break
        again = around is not prepared
        during = bans.during(resolved.at, found.sums()[1]) if again else np.False_
        banned = np.zeros(2 * len(prepared.graph.edges), np.bool_) | during
        banned[entered] = True
        around = around.anew(around.resolved.keeping_off(banned))
        found = _fastest(around)
    return found if around is prepared else _soonest(prepared, found)


def _soonest(prepared: PreparedMetric, other: Path | None) -> Path | None:
    """Return the way that arrives first under the bans, or another one that is no slower.

    A way that turns round is returned only for want of another: that search does not see where
    turning is forbidden beyond the copies of junctions.
    """
    resolved, metric = prepared.resolved, prepared.exactly().metric
    with metric.lock:
        stamp, weights, at_ends = metric.stamp, metric.weights, metric.at_ends
    asked = TimeDependentSearch(
        prepared.graph, weights, at_ends, metric.fixed, resolved.base.costs.bans, resolved.at
    )
    legs = asked.legs(prepared.places)
    if legs is None:
        return other
    state = resolved.base.version(stamp), stamp.view
    found = Path(legs, resolved.base.costs, resolved.vehicle, *state)
    turns = any(turns_anywhere(leg.keys, leg.start, leg.stop) for leg in legs)
    worse = other is not None and (turns or found.weight >= other.weight)
    return other if worse or len(found.banned_keys(resolved.at)) else found


def _fastest(prepared: PreparedMetric) -> Path | None:
    """Look on the metric that is there first; a path that breaks nothing there is the best."""
    found = best_on(prepared)
    if found is None or prepared.exact or not prepared.refuses(found):
        return found
    return best_on(prepared.exactly())


def best_on(prepared: PreparedMetric, *, at_once: bool = False) -> Path | None:
    """Return the best path on a metric, whatever it refuses; None when there is none.

    `at_once` there is none either where only a search over arcs would find it.
    """
    metric, resolved = prepared.metric, prepared.resolved
    check()
    with metric.lock:
        find = partial(find_legal_leg, prepared.graph, metric, resolved.base.costs, at_once=at_once)
        legs = find_legs(find, prepared.places)
        if legs is None:
            return None
        state = resolved.base.version(metric.stamp), metric.stamp.view
        return Path(legs, resolved.base.costs, resolved.vehicle, *state)
