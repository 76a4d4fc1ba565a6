"""Hot stretches of routes by stake: rate, interval and trend, and where nobody looked."""

from __future__ import annotations

from datetime import date

import numpy as np
from pydantic import BaseModel, Field

from layers.declare.base import Text
from layers.heat.counted import Counted
from layers.processes.law.event_inputs import HOURS, Hours
from layers.processes.law.route_places import OnRoutes, put_on_routes
from layers.processes.law.route_segments import Counts, Segments, count, cut_segments
from layers.processes.law.route_stretches import Stretch, Told, shown, stretches_of
from layers.processes.law.slice_inputs import SliceInputs
from layers.processes.readers.route_rows import Records, RouteRows, day_of, routes
from layers.processes.readers.rules_in_force import rules_at
from layers.processes.runtime.helpers import show_rule
from layers.processes.runtime.model import (
    ENFORCERS,
    Features,
    Outputs,
    Process,
    Scene,
    titled,
)
from routing.graph.weights import Bools, Ints
from routing.statistics.rates import empirical_bayes
from routing.statistics.rule_models import HOT_SPOTS, INTERVALS, SPACE_TIME, STRETCHES
from routing.statistics.stretches import segment_states
from spatial.rules import Rules, get_rule

METHOD = (
    "segments by stake; rate by empirical Bayes (Marshall 1991) with gamma interval; hot or cold by"
    " the posterior chance of a rate beyond a ratio of the pooled one, expected share of false"
    " findings bounded (Newton et al. 2004); adjacent segments of one state joined within a county;"
    " trend of the rates of slices (Mann 1945, Kendall 1975)"
)


class StretchInputs(SliceInputs):
    """Which events and exposure, when, of whom."""

    hours: Hours | None = HOURS


class Left(BaseModel):
    """What stands on no stretch: events and exposure."""

    events: int
    exposure: int


class StretchSummary(BaseModel):
    """What was counted, how, and by which rules."""

    routes: int
    segments: int
    inspected: int = Field(description="Segments with a rate")
    hot: int = Field(description="Hot stretches")
    cold: int = Field(description="Cold stretches")
    not_inspected_m: float = Field(description="Length without any record of exposure")
    events: int
    exposure: int
    off_route: Left = Field(description="On no route within reach")
    side_unknown: Left = Field(description="Of routes counted by side, without a side")
    pooled_rate: float | None
    between_variance: float | None
    since: date | None
    until: date | None
    slices: int
    method: str = METHOD
    rules: list[dict[str, object]]
    sentence: Text


class StretchOutputs(Outputs):
    """The stretches with their numbers, and what they are."""

    stretches: Features = titled("路段", "Stretches")
    summary: StretchSummary = titled("汇总", "Summary")


RULES = rules_at(lambda _: None)
KINDS = (STRETCHES, INTERVALS, HOT_SPOTS, SPACE_TIME)


def asked(inputs: StretchInputs) -> Counted:
    """Return which records a question is about."""
    return Counted(
        inputs.since, inputs.until, inputs.hours, inputs.events, inputs.kinds, inputs.exposure,
        inputs.units,
    )  # fmt: skip


ROUTES = routes(asked)


def slices_of(days: Ints, slice_days: int, last: int | None) -> tuple[Ints, int]:
    """Return the number of the slice of each day and that of the first; -1 before the last ones.

    Slices are counted from the Monday that is day 0, those that are asked for from 0.
    """
    whole = days // slice_days
    if not len(days):
        return whole, 0
    newest = int(whole.max())
    first = int(whole.min()) if last is None else newest - last + 1
    return np.where(whole >= first, whole - first, -1), first


def run(inputs: StretchInputs, scene: Scene) -> StretchOutputs:
    """Count along the routes, judge the segments, join and describe the stretches."""
    rules, rows = scene.get(RULES), scene.get(ROUTES)
    rule, pace = get_rule(rules, STRETCHES).value, get_rule(rules, SPACE_TIME).value
    placed = put_on_routes(rows.ways, rows.records, rule)
    segments = cut_segments(rows.ways, placed.counted, rule.segment_m, rows.counties)
    slices, first = slices_of(rows.records.day, pace.slice_days, inputs.slices)
    how_many = int(slices.max(initial=-1)) + 1
    counts = count(segments, placed, rows.records, slices, how_many)
    level = get_rule(rules, INTERVALS).value.level
    events, exposure = (
        np.bincount(counts.at, column.sum(axis=0), len(segments)).astype(np.float64)
        for column in (counts.events, counts.exposure)
    )
    rated = (exposure > 0) & (events <= exposure)
    rates = empirical_bayes(events[rated], exposure[rated], level)
    share = get_rule(rules, HOT_SPOTS).value.false_share
    state, wrong = segment_states(events, exposure, rates, rule.ratio, share)
    told = Told(rates, level, pace)
    found = stretches_of(segments, counts, state, wrong, told)
    made = [shown(rows, segments, placed.sided, stretch) for stretch in found]
    summary = _summary(rules, rows, segments, placed, counts, found, told, slices)
    if how_many:
        span = {
            "since": day_of(first * pace.slice_days),
            "until": day_of((first + how_many) * pace.slice_days),
        }
        summary = summary.model_copy(update=span)
    return StretchOutputs(stretches=Features(features=list(made)), summary=summary)


def _summary(
    rules: Rules, rows: RouteRows, segments: Segments, placed: OnRoutes, counts: Counts,
    found: list[Stretch], told: Told, slices: Ints,
) -> StretchSummary:  # fmt: skip
    records = rows.records
    way = np.where(slices >= 0, placed.way[records.place], 0)
    hot = sum(one.state == "hot" for one in found)
    unseen = [one for one in found if one.state == "not_inspected"]
    dark = float(sum(segments.to_m[s.last] - segments.from_m[s.first] for s in unseen))
    total = float((segments.to_m - segments.from_m).sum())
    return StretchSummary(
        routes=len({rows.ways[number].route_id for number in placed.counted}),
        segments=len(segments),
        inspected=len(told.rates.rate),
        hot=hot,
        cold=sum(one.state == "cold" for one in found),
        not_inspected_m=round(dark, 1),
        events=int(counts.events.sum()),
        exposure=int(counts.exposure.sum()),
        off_route=_left(records, way == -1),
        side_unknown=_left(records, way == -2),
        pooled_rate=float(told.rates.pooled) if np.isfinite(told.rates.pooled) else None,
        between_variance=told.rates.variance if len(told.rates.rate) else None,
        since=None,
        until=None,
        slices=len(counts.events),
        rules=[dict(show_rule(get_rule(rules, kind))) for kind in KINDS],
        sentence=Text(
            zh=f"{hot} 段查获率显著偏高；{total / 1000:.0f} 公里中有 {dark / 1000:.0f} 公里没有检查"
            "记录，不等于没有违法。",
            en=f"{hot} stretches with a rate that is clearly high. Of {total / 1000:.0f} km"
            f" {dark / 1000:.0f} km have no record of inspection; that is not zero.",
        ),
    )


def _left(records: Records, which: Bools) -> Left:
    return Left(
        events=int(records.events[which].sum()), exposure=int(records.exposure[which].sum())
    )


PROCESS = Process(
    id="hot-stretches",
    title=Text(zh="路线热点路段", en="Hot stretches of routes"),
    description=Text(
        zh="按路线桩号分段统计检查与查获：收缩查获率及区间、显著偏高或偏低的相邻路段合并、逐周趋势；"
        "未检查的路段单列。",
        en="Segments of routes by stake: rates shrunk by empirical Bayes with interval, significant"
        " neighbours joined, trend by week; stretches that nobody inspected are told as such.",
    ),
    inputs=StretchInputs,
    outputs=StretchOutputs,
    run=run,
    reads=(RULES, ROUTES),
    quick=True,
    roles=ENFORCERS,
    version="1.1.0",
)
