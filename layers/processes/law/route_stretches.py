"""Stretches of joined segments: their numbers, their names, their lines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from layers.processes.law.route_segments import Counts, Segments
from layers.processes.readers.route_rows import RouteRows
from layers.processes.runtime.helpers import feature, path_shape
from routing.graph.weights import Floats, Ints
from routing.statistics.rates import Rates, rates_of_sums
from routing.statistics.rule_models import SpaceTime
from routing.statistics.stretches import COLD, HOT, NOT_INSPECTED, ORDINARY, SHORT, join
from routing.statistics.trends import mann_kendall
from spatial.common_units import NO_ROWS, common_numbers, unit_codes, unit_numbers
from spatial.geo.codes import format_stake
from spatial.geo.geojson import Feature
from spatial.geo.linear_reference import Carriageway

NAMES = {
    HOT: "hot", COLD: "cold", ORDINARY: "ordinary", NOT_INSPECTED: "not_inspected", SHORT: "short",
}  # fmt: skip


@dataclass(frozen=True)
class Told:
    """What the numbers of stretches are told by: rates of the segments, level, rule of trends."""

    rates: Rates
    level: float
    pace: SpaceTime


@dataclass(frozen=True)
class SliceTrend:
    """Trend over the slices with exposure, its z, and how many they are; None without a rate."""

    slices: int
    name: str | None = None
    z: float | None = None


@dataclass(frozen=True)
class Stretch:
    """Segments from the first to the last one, and their numbers; None where there is no rate.

    `wrong` is the largest chance of its segments to be neither hot nor cold. `unit` is the smallest
    one that has all records of it; without any, that in which it lies.
    """

    first: int
    last: int
    state: str
    events: int
    exposure: int
    rate: float | None
    lower: float | None
    upper: float | None
    wrong: float | None
    trend: SliceTrend
    unit: str | None


def stretches_of(
    segments: Segments, counts: Counts, state: np.ndarray[tuple[int], np.dtype[np.int8]],
    wrong: Floats, told: Told,
) -> list[Stretch]:  # fmt: skip
    """Join segments and count what they are together."""
    number = join(state, segments.run)
    if not len(number):
        return []
    first = np.flatnonzero(np.diff(number, prepend=-1))
    last = np.append(first[1:], len(number)) - 1
    events, exposure = _by_stretch(counts, number, len(first))
    total_x, total_n = events.sum(axis=0), exposure.sum(axis=0)
    rated = np.isin(state[first], (HOT, COLD, ORDINARY))
    rates = rates_of_sums(
        told.rates, np.where(rated, total_x, 0.0), np.where(rated, total_n, 0.0), told.level
    )
    worst = np.maximum.reduceat(np.where(np.isnan(wrong), -1.0, wrong), first)
    trends = _trends(events, exposure, rated, told.pace)
    units = _units(segments, counts, number, first)
    made = []
    for i, trend in enumerate(trends):
        rate, lower, upper = (_told(c, i) for c in (rates.rate, rates.lower, rates.upper))
        name, largest = NAMES[int(state[first[i]])], float(worst[i]) if rated[i] else None
        span, counted = (int(first[i]), int(last[i])), (int(total_x[i]), int(total_n[i]))
        made.append(Stretch(*span, name, *counted, rate, lower, upper, largest, trend, units[i]))
    return made


def _units(segments: Segments, counts: Counts, number: Ints, first: Ints) -> list[str | None]:
    """Return the smallest unit of the records of each stretch; without any that of its place."""
    found = common_numbers(counts.units, number[counts.at], len(first))
    lies_in = unit_numbers([segments.admin_codes[at] for at in first.tolist()])
    return unit_codes(np.where(found == NO_ROWS, lies_in, found))


def _by_stretch(counts: Counts, number: Ints, size: int) -> tuple[Floats, Floats]:
    """Return events and exposure, (slices, stretches)."""
    out = []
    for column in (counts.events, counts.exposure):
        sums = np.zeros((size, len(column)))
        np.add.at(sums, number[counts.at], column.T)
        out.append(np.ascontiguousarray(sums.T))
    return out[0], out[1]


def _trends(
    events: Floats, exposure: Floats, rated: np.ndarray[tuple[int], np.dtype[np.bool_]],
    pace: SpaceTime,
) -> list[SliceTrend]:  # fmt: skip
    """Return the trend of each stretch; slices with more events than exposure count for none."""
    known = ((exposure > 0) & (events <= exposure)).sum(axis=0).tolist()
    made = [SliceTrend(slices) for slices in known]
    tried = np.flatnonzero(rated)
    if not len(tried):
        return made
    x, n = events[:, tried], exposure[:, tried]
    rate = np.full(x.shape, np.nan)
    np.divide(x, n, out=rate, where=(n > 0) & (x <= n))
    z = mann_kendall(rate).z
    for at, score in zip(tried.tolist(), z.tolist(), strict=True):
        if known[at] < pace.least_slices:
            made[at] = SliceTrend(known[at], "too_short")
        else:
            word = "rising" if score >= pace.trend_z else "falling"
            word = word if abs(score) >= pace.trend_z else "none"
            made[at] = SliceTrend(known[at], word, round(score, 4))
    return made


def _told(column: Floats, at: int) -> float | None:
    return None if np.isnan(column[at]) else round(float(column[at]), 6)


def shown(rows: RouteRows, segments: Segments, sided: frozenset[int], stretch: Stretch) -> Feature:
    """Return a stretch as a feature: name and both directions, stakes, numbers, line."""
    number = int(segments.way[stretch.first])
    way = rows.ways[number]
    span = slice(stretch.first, stretch.last + 1)
    start, end = float(segments.from_m[stretch.first]), float(segments.to_m[stretch.last])
    low, high = float(segments.k_from[span].min()), float(segments.k_to[span].max())
    k_from, k_to = (format_stake(round(k)) for k in (low, high))
    side = way.side if number in sided else "both"
    zh, en = _towards(rows, way, side)
    line = np.round(way.between(start, end), 7).tolist()
    return feature(
        f"{way.route_id}/{side}/{way.part}/{start:.0f}",
        path_shape(line),
        admin_code=stretch.unit,
        name=f"{way.route_id} {k_from}–{k_to}",
        route=way.route_id,
        side=side,
        towards_zh=zh,
        towards_en=en,
        stake_from=k_from,
        stake_to=k_to,
        k_from=round(low, 1),
        k_to=round(high, 1),
        length_m=round(end - start, 1),
        state=stretch.state,
        events=stretch.events,
        exposure=stretch.exposure,
        rate=stretch.rate,
        lower=stretch.lower,
        upper=stretch.upper,
        wrong=None if stretch.wrong is None else round(stretch.wrong, 9),
        trend=stretch.trend.name,
        trend_z=stretch.trend.z,
        slices=stretch.trend.slices,
        calibrated=way.calibrated,
        accuracy_m=way.accuracy_m,
    )


def _towards(rows: RouteRows, way: Carriageway, side: str) -> tuple[str | None, str | None]:
    """Return where a side leads to; of both sides, both places."""
    sides = ("up", "down") if side == "both" else (side,)
    named = [rows.towards.get((way.route_id, one), (None, None)) for one in sides]
    zh, en = ([name for name in names if name] for names in zip(*named, strict=True))
    return " / ".join(zh) or None, " / ".join(en) or None
