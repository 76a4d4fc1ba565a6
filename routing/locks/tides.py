"""When a chamber bears vessels by draught: the depth over its sill in time, as windows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from math import ceil

import numpy as np

from routing.graph.weights import Bools, Floats
from routing.locks.model import Chamber, Window

CLASS_M = 0.1
"""Draughts are taken together by this step, rounded up."""
EPS = 1e-9


def with_tides(
    chamber: Chamber, when: Floats, depth_m: Floats, draughts_m: Iterable[float], margin_m: float
) -> Chamber:
    """Return a chamber whose windows bear vessels of some draughts only while there is depth.

    Parameters
    ----------
    chamber
        Its windows are those of its hours; what it tells of its sill is not looked at.
    when, depth_m
        Moments (s on the clock of the windows, rising) and the depth over the sill at each. Between
        two moments there is depth only if there is at both; before the first and after the last
        nobody with a draught is locked.
    draughts_m, margin_m
        Of those who may come; how much deeper the sill must be.
    """
    hours = chamber.windows or [Window(int(when[0]), int(when[-1]))]
    windows = [replace(window, draught_m=0.0) for window in hours]
    for draught in sorted({ceil(round(one / CLASS_M, 6)) * CLASS_M for one in draughts_m}):
        spans = _spans(when, np.asarray(depth_m >= draught + margin_m - EPS))
        windows += [
            Window(max(window.since, since), min(window.until, until), draught)
            for since, until in spans
            for window in hours
            if max(window.since, since) < min(window.until, until)
        ]
    return replace(chamber, windows=tuple(windows), sill_depth_m=float(depth_m.max()))


def _spans(when: Floats, deep: Bools) -> Iterator[tuple[int, int]]:
    """Yield from when to when it is deep at every moment."""
    steps = np.diff(np.r_[0, deep[:-1] & deep[1:], 0].astype(np.int8))
    for first, last in zip(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1), strict=True):
        yield int(when[first]), int(when[last])
