"""Hot and cold spots in space and time: the class of each cell from its slices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from layers.declare.base import Text
from layers.processes.law.shown_units import units_of_slices
from layers.processes.law.slice_inputs import SliceInputs
from layers.processes.readers.heat_slice_rows import HeatSlices, SlicesAsked, heat_slices
from layers.processes.readers.rules_in_force import rules_at
from layers.processes.runtime.helpers import box_shape, feature, show_rule
from layers.processes.runtime.model import (
    ENFORCERS,
    Features,
    Outputs,
    Process,
    Scene,
    titled,
)
from routing.graph.weights import Bools, Floats, Ints
from routing.statistics.hot_spots import getis_ord_gi_star, significant_spots
from routing.statistics.neighbours import Neighbours, queen
from routing.statistics.rates import standardised
from routing.statistics.rule_models import CELLS, HOT_SPOTS, SPACE_TIME, SpaceTime
from routing.statistics.trends import UNKNOWN, class_name, mann_kendall, space_time_classes
from spatial.geo.beidou_grid import encode_many
from spatial.geo.geojson import Feature
from spatial.geo.zorder import bounds_of
from spatial.rules import Rules, get_rule
from spatial.schema.heat_tables import CUBE_LEVEL

TOO_SHORT = "too_short"
SIGNS = {1: "+", -1: "-", 0: "0", UNKNOWN: "."}
METHOD = (
    "Gi* of the exposure-adjusted residual of each slice, queen contiguity with self, FDR by slice;"
    " trend of its z (Mann-Kendall); classes of emerging hot spots as published with ArcGIS Pro"
)


class SpaceTimeInputs(SliceInputs):
    """Which events and exposure, when, of whom."""

    level: int | None = titled("单元级别", "Level of cells", default=None, ge=8, le=CUBE_LEVEL)


class SpaceTimeSummary(BaseModel):
    """What was counted, how, and by which rules."""

    cells: int
    slices: int
    since: date | None
    until: date | None
    level: int
    classes: dict[str, int] = Field(description="Cells of each class")
    stale: int = Field(description="Cells without a class: last inspected longer ago than by rule")
    method: str = METHOD
    rules: list[dict[str, object]]
    sentence: Text


class SpaceTimeOutputs(Outputs):
    """The cells with their classes, and what they are."""

    cells: Features = titled("单元", "Cells")
    summary: SpaceTimeSummary = titled("汇总", "Summary")


RULES = rules_at(lambda _: None)


def asked(inputs: SpaceTimeInputs) -> SlicesAsked:
    """Return which cells a question is about."""
    return SlicesAsked(
        inputs.level, inputs.since, inputs.until, inputs.events, inputs.kinds, inputs.exposure,
        inputs.units,
    )  # fmt: skip


SLICES = heat_slices(asked)


def slice_scores(events: Floats, exposure: Floats, neighbours: Neighbours) -> Floats:
    """Return z of Gi* of each slice and cell; NaN where nothing was inspected or records lack."""
    values = np.full(events.shape, np.nan)
    for row, x, n in zip(values, events, exposure, strict=True):
        told = (n > 0) & (x <= n)
        row[told] = standardised(x[told], n[told])
    return getis_ord_gi_star(values, neighbours)


def run(inputs: SpaceTimeInputs, scene: Scene) -> SpaceTimeOutputs:
    """Score the slices, judge them, and name what each cell is."""
    rules, given = scene.get(RULES), scene.get(SLICES)
    pace = get_rule(rules, SPACE_TIME).value
    skipped = max(len(given.events) - (inputs.slices or len(given.events)), 0)
    events, exposure = given.events[skipped:], given.exposure[skipped:]
    z, units = np.zeros(events.shape), list[str | None]()
    if len(given.keys):
        near = queen(given.keys, with_self=True)
        z, units = slice_scores(events, exposure, near), units_of_slices(given, skipped, near)
    states = significant_spots(z, get_rule(rules, HOT_SPOTS).value.false_share)
    states[np.isnan(z)] = UNKNOWN
    trend = mann_kendall(z).z if len(z) else np.zeros(len(given.keys))
    last = _last_known(states)
    old = last < len(events) - 1 - pace.fresh_slices
    classes = _named(_classes(states, trend, pace), old)
    weeks = [given.begins(skipped + at).isoformat() if at >= 0 else None for at in last.tolist()]
    made = _shown(given, units, events, exposure, states, trend, classes, weeks)
    counted = Counter(name for name in classes if name is not None)
    found = sum(n for name, n in counted.items() if name not in {"no_pattern", TOO_SHORT})
    some = len(events) > 0
    summary = SpaceTimeSummary(
        cells=len(given.keys),
        slices=len(events),
        since=given.begins(skipped) if some else None,
        until=given.begins(skipped + len(events)) if some else None,
        level=given.level,
        classes=dict(sorted(counted.items())),
        stale=classes.count(None),
        rules=_rules(rules),
        sentence=Text(
            zh=f"{len(given.keys)} 个单元、{len(events)} 个时间片：{found} 个有冷热点类别，"
            f"{counted[TOO_SHORT]} 个时间片不足、{classes.count(None)} 个久未检查，不作分类。",
            en=f"{len(given.keys)} cells, {len(events)} slices: {found} are of a class,"
            f" {counted[TOO_SHORT]} have too few inspected slices for one,"
            f" {classes.count(None)} were last inspected too long ago.",
        ),
    )
    return SpaceTimeOutputs(cells=Features(features=list(made)), summary=summary)


def _classes(states: NDArray[np.int8], trend: Floats, pace: SpaceTime) -> NDArray[np.int8]:
    return space_time_classes(
        states, trend, critical_z=pace.trend_z, share=pace.share, least_slices=pace.least_slices
    )


def _last_known(states: NDArray[np.int8]) -> Ints:
    """Return the number of the last inspected slice of each cell, -1 without any."""
    known = states != UNKNOWN
    if not len(known):
        return np.full(known.shape[1], -1, np.int64)
    return np.where(known.any(axis=0), len(known) - 1 - known[::-1].argmax(axis=0), -1)


def _named(classes: NDArray[np.int8], old: Bools) -> list[str | None]:
    """Return the classes by name; None where a cell was last inspected too long ago for one."""
    names = [class_name(int(number)) for number in classes]
    stale = zip(names, old.tolist(), strict=True)
    return [None if gone and name != TOO_SHORT else name for name, gone in stale]


def _rules(rules: Rules) -> list[dict[str, object]]:
    return [dict(show_rule(get_rule(rules, kind))) for kind in (CELLS, HOT_SPOTS, SPACE_TIME)]


def _shown(
    given: HeatSlices, units: list[str | None], events: Floats, exposure: Floats,
    states: NDArray[np.int8], trend: Floats, classes: list[str | None], weeks: list[str | None],
) -> Iterator[Feature]:  # fmt: skip
    """Yield the cells; `history` has one sign per slice: + hot, - cold, 0 neither, . unknown."""
    if not len(given.keys):
        return
    west, south, east, north = bounds_of(given.keys, given.level)
    names = encode_many((west + east) / 2, (south + north) / 2, 5)
    for i, key in enumerate(given.keys.tolist()):
        w, s, e, n = (float(side[i]) for side in (west, south, east, north))
        known = int((states[:, i] != UNKNOWN).sum())
        yield feature(
            str(key),
            box_shape(w, s, e, n),
            admin_code=units[i],
            space_time=classes[i],
            last_inspected=weeks[i],
            history="".join(SIGNS[int(state)] for state in states[:, i]),
            trend_z=round(float(trend[i]), 4) if known > 1 and np.isfinite(trend[i]) else None,
            slices=known,
            hot=int((states[:, i] == 1).sum()),
            cold=int((states[:, i] == -1).sum()),
            events=int(events[:, i].sum()),
            exposure=int(exposure[:, i].sum()),
            beidou=str(names[i]),
        )


PROCESS = Process(
    id="heat-space-time",
    title=Text(zh="时空冷热点", en="Hot spots in space and time"),
    description=Text(
        zh="逐周计算单元的 Gi*（按检查量调整的残差），据显著性序列与趋势分为 8 种热点、8 种冷点、"
        "无规律，时间片不足者不分类。",
        en="Gi* of the exposure-adjusted residual by week, and from it the class of each cell:"
        " eight hot, eight cold, no pattern, or too few slices for one.",
    ),
    inputs=SpaceTimeInputs,
    outputs=SpaceTimeOutputs,
    run=run,
    reads=(RULES, SLICES),
    quick=True,
    roles=ENFORCERS,
    version="1.1.0",
)
