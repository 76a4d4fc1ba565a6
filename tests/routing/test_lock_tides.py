"""Windows of depth over a sill, against each moment looked at by itself."""

from __future__ import annotations

import random

import numpy as np
import pytest

from routing.locks.model import Chamber, Ship, Task, Window
from routing.locks.planning import plan
from routing.locks.tides import with_tides
from routing.locks.timing import opens
from spatial.errors import LimitViolated
from tests.routing.lock_cases import EXTENT, PLAIN, order

STEP, LASTS, MARGIN = 600, 1800, 0.3
CHAMBER = Chamber("c", 100, 12, LASTS, LASTS, sill_depth_m=2.0)


def may_begin(when, depth, hours, at, draught):
    """Tell by each moment whether a lockage that begins at a time is deep enough throughout."""
    inside = not hours or any(w.since <= at and at + LASTS <= w.until for w in hours)
    if draught == 0:
        return inside
    first = np.searchsorted(when, at, side="right") - 1
    last = np.searchsorted(when, at + LASTS, side="left")
    return inside and last < len(when) and (depth[first : last + 1] >= draught + MARGIN).all()


@pytest.mark.parametrize("seed", range(20))
def test_a_lockage_may_begin_while_it_is_deep_enough_to_its_end(seed):
    draw = random.Random(seed)
    when = np.arange(0.0, 2 * 86_400, STEP)
    depth = 2.5 + np.sin(when / 44_700 * 2 * np.pi) + np.array([draw.gauss(0, 0.1) for _ in when])
    hours = (Window(3000, 60_000), Window(90_000, 150_000)) if seed % 2 else ()
    chamber = Chamber("c", 100, 12, LASTS, LASTS, windows=hours, sill_depth_m=2.0)
    tidal = with_tides(chamber, when, depth, [2.0, 2.43, 0.8], MARGIN)
    for draught, asked in ((2.0, 2.0), (2.5, 2.43), (0.8, 0.8), (0.0, 0.0)):
        starts = range(0, int(when[-1]) - LASTS, 300)
        good = [at for at in starts if may_begin(when, depth, hours, at, draught)]
        for at in starts:
            found = opens(tidal, at, LASTS, asked)
            assert (found == at) == (at in good), (at, draught)
            later = next((one for one in good if one >= at), None)
            if later is not None:
                assert found <= later


def test_a_plan_waits_for_high_water_and_passes_the_shallow_before():
    when = np.arange(0.0, 86_400, STEP)
    depth = np.where((when >= 20_000) & (when <= 40_000), 3.0, 1.5)
    deep = Ship("deep", "up", 0, 50, 10, draught_m=2.4)
    shallow = Ship("flat", "up", 100, 50, 10, draught_m=1.0)
    chamber = with_tides(CHAMBER, when, depth, [2.4, 1.0], MARGIN)
    starts = {key: x.start for x in plan(Task([chamber], [deep, shallow], PLAIN, order(1)), EXTENT)
              .lockages for key in x.ships}  # fmt: skip
    assert starts["deep"] == 20_400  # the first moment looked at from which it is deep
    assert starts["flat"] == 100
    drowned = Ship("drowned", "up", 0, 50, 10, draught_m=2.8)
    chamber = with_tides(CHAMBER, when, depth, [2.8], MARGIN)
    with pytest.raises(LimitViolated, match="too shallow"):
        plan(Task([chamber], [drowned], PLAIN, order(1)), EXTENT)
