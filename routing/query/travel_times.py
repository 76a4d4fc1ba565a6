"""An answer's times as they are when it is driven through the hours of the week."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from routing.cost.speed_profiles import ZONE, TypicalSpeeds, mean_speeds
from routing.graph.graph import Edges
from routing.live.edge_states import EdgeStateView
from routing.query.model import Path, TypicalDrive
from routing.query.one_to_many import MS_PER_S


def by_the_clock(found: Path, edges: Edges, typical: TypicalDrive, depart: datetime) -> Path:
    """Return an answer whose speeds are the means of driving it from a departure on.

    Parameters
    ----------
    found
        The answer; its edges stay as they are.
    edges
        The edges of the network.
    typical
        Closures and speed caps without those that are typical of an hour, and typical speeds.
    depart
        When the first leg begins; the others follow without a stop.
    """
    view, week = typical
    keys = np.concatenate([leg.keys for leg in found.legs])
    part = np.concatenate([leg.stop - leg.start for leg in found.legs])
    own = np.fmin(found.costs.speed_kmh[keys], view.cap_kmh[keys])
    speeds = np.fmin(week.week_of(keys), own[:, None].astype(np.float32))
    cap = view.cap_kmh.copy()
    lengths_m, waits_s = edges.length_m[keys >> 1] * part, found.waits_ms() / MS_PER_S
    cap[keys] = np.fmin(cap[keys], mean_speeds(lengths_m, speeds, depart, waits_s))
    return replace(found, view=EdgeStateView(view.shut, cap), typical=typical)


def durations_by_hour(found: Path, edges: Edges, week: TypicalSpeeds, day: datetime) -> list[float]:
    """Return the driving time (s) of a path that is left at each full hour of a local day.

    Closures and speed caps are those that the path was found under.
    """
    typical = found.typical or TypicalDrive(found.view, week)
    midnight = day.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    hours = [midnight + timedelta(hours=hour) for hour in range(24)]
    return [by_the_clock(found, edges, typical, at).sums()[1] / MS_PER_S for at in hours]
