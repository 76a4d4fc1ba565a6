"""Road legs between hubs with closures and the ways around them; amounts per TEU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from routing.disruption.numbers import (
    AROUND,
    NONE,
    ROAD_COLUMNS,
    ROAD_FROM,
    ROAD_S,
    ROAD_TO,
    WINDOWS,
)
from routing.graph.weights import Bools, Floats, Ints
from routing.multimodal.bag_kernels import CO2, CO2_HIGH, COST, COST_HIGH, UNKNOWN
from routing.multimodal.prices import Factors, Load, Tariffs, price_roads

CNY, KG = range(2)
"""What is told of legs: yuan and kilograms of CO2 equivalents."""


@dataclass(frozen=True)
class Window:
    """A time, half-open, in Unix seconds."""

    since: int
    until: int


@dataclass(frozen=True)
class RoadLegs:
    """Road legs between hubs, (legs): those that are `near` may stand anywhere in an itinerary.

    Others lead from where cargo starts, or to its goal. Of each closure of `shut` the legs are
    told that it lengthens or cuts; `around_s` and `around_m` are the ways with all of them shut,
    infinite where there is none.
    """

    one: Ints
    to: Ints
    seconds: Floats
    metres: Floats
    near: Bools
    around_s: Floats
    around_m: Floats
    shut: Sequence[tuple[Bools, Window]] = ()

    @classmethod
    def open(cls, one: Ints, to: Ints, seconds: Floats, metres: Floats, near: Bools) -> RoadLegs:
        """Return legs of which none is closed."""
        return cls(one, to, seconds, metres, near, seconds, metres)


@dataclass(frozen=True)
class Amounts:
    """Yuan and kilograms per TEU, (…, 2), and what a tonne in it adds, (…, 2)."""

    each: Floats
    per_t: Floats

    def of(self, place: int | slice | tuple[int, ...], mass: float) -> Floats:
        """Return the amounts of a place per TEU of so many tonnes."""
        found: Floats = self.each[place] + mass * self.per_t[place]
        return found


@dataclass(frozen=True)
class RoadRows:
    """Road legs as kernels read them: straight ones by where they begin, then the ways around."""

    rows: Ints
    cny: Floats
    amounts: Amounts
    metres: Floats
    near: Bools
    all_first: Ints
    near_first: Ints
    near_rows: Ints
    first: Ints
    since: Ints
    until: Ints


def middle(low: Ints, high: Ints, per: float) -> Floats:
    """Return the middle of intervals, the lower end where the upper one is not known."""
    top = np.where(high >= UNKNOWN, low, high)
    return (low + top) / (2 * per)


def amounts_of(found: Ints, without: Ints, first: int = 0) -> Amounts:
    """Return amounts from those of a TEU with a tonne and without."""
    parts = []
    for one in (without, found):
        cny = middle(one[..., first + COST], one[..., first + COST_HIGH], 100)
        kg = middle(one[..., first + CO2], one[..., first + CO2_HIGH], 1000)
        parts.append(np.stack([cny, kg], -1))
    return Amounts(parts[0], parts[1] - parts[0])


def worth(amounts: Floats, cny_per_kg: float) -> Floats:
    """Return amounts (…, 2) in yuan, CO2 by its price."""
    found: Floats = amounts[..., CNY] + cny_per_kg * amounts[..., KG]
    return found


def road_rows(
    hubs: int, legs: RoadLegs, factors: Factors, tariffs: Tariffs, per_kg: float
) -> RoadRows:
    """Return road legs with the ways around closures, and the closures of each."""
    order = np.lexsort((legs.to, legs.one))
    sets: dict[tuple[int, ...], int] = {}
    shut = np.array([hit[order] for hit, _ in legs.shut], np.bool_)
    shut = shut.reshape(len(legs.shut), len(order))
    number = [
        sets.setdefault(tuple(np.flatnonzero(column).tolist()), len(sets)) for column in shut.T
    ] if len(shut) else []  # fmt: skip
    number = [NONE if not shut[:, row].any() else one for row, one in enumerate(number)]
    windows = np.array(number or [NONE] * len(order), np.int64)
    around = np.flatnonzero((windows != NONE) & np.isfinite(legs.around_s[order]))
    rows = np.full((len(order) + len(around), ROAD_COLUMNS), NONE, np.int64)
    rows[:, ROAD_FROM] = np.concatenate([legs.one[order], legs.one[order][around]])
    rows[:, ROAD_TO] = np.concatenate([legs.to[order], legs.to[order][around]])
    seconds = np.concatenate([legs.seconds[order], legs.around_s[order][around]])
    metres = np.concatenate([legs.metres[order], legs.around_m[order][around]])
    rows[: len(order), WINDOWS] = windows
    rows[around, AROUND] = len(order) + np.arange(len(around))
    empty, loaded = (
        price_roads(seconds, metres, Load(1.0, mass), factors, tariffs) for mass in (0.0, 1.0)
    )
    rows[:, ROAD_S] = empty[:, 0]
    amounts = amounts_of(loaded, empty)
    cny = np.stack([worth(amounts.each, per_kg), worth(amounts.per_t, per_kg)], -1)
    near = np.concatenate([legs.near[order], legs.near[order][around]])
    near_rows = np.flatnonzero(legs.near[order])
    counted = np.arange(hubs + 1)
    first = np.searchsorted(legs.one[order], counted).astype(np.int64)
    near_first = np.searchsorted(legs.one[order][near_rows], counted).astype(np.int64)
    return RoadRows(rows, np.ascontiguousarray(cny), amounts, metres, near, first, near_first,
                    near_rows, *_road_windows(legs, list(sets)))  # fmt: skip


def _road_windows(legs: RoadLegs, sets: Sequence[tuple[int, ...]]) -> tuple[Ints, Ints, Ints]:
    """Return the windows of each set of closures, in order."""
    merged = [merge([legs.shut[one][1] for one in members]) for members in sets]
    first = np.cumsum([0, *map(len, merged)]).astype(np.int64)
    flat = [window for own in merged for window in own]
    return (
        first,
        np.array([one.since for one in flat], np.int64),
        np.array([one.until for one in flat], np.int64),
    )


def merge(windows: Sequence[Window]) -> list[Window]:
    """Return windows in order, those that touch or overlap as one."""
    found: list[Window] = []
    for one in sorted(windows, key=lambda each: (each.since, each.until)):
        if found and one.since <= found[-1].until:
            found[-1] = Window(found[-1].since, max(found[-1].until, one.until))
        else:
            found.append(one)
    return found
