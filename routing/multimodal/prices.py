"""What a load costs and emits on each ride, lift, transfer and road leg: with ends, never guessed.

A price or factor that nobody gave is an interval: what the rule of its mode spans, else from
nothing to unknown. Money is in hundredths of a yuan, CO2 equivalents in grams, well to wheel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from routing.graph.weights import Bools, Floats, Ints
from routing.multimodal.bag_kernels import (
    ALIGHTS,
    BOARDS,
    CO2,
    CO2_HIGH,
    COST,
    COST_HIGH,
    DOCUMENTS,
    GATE_IN,
    HALT,
    HALT_HUB,
    INFORMATION,
    LIFT,
    LIFT_HIGH,
    MODE,
    PATTERN,
    RIDE,
    SECONDS,
    SUM,
    TRANSFER,
    UNKNOWN,
)
from routing.multimodal.timetable import ROAD, Timetable
from spatial.transport_modes import MODES

Interval = tuple[float, float | None]
"""Lowest and highest value, None where the highest is not known."""
ANYTHING: Interval = (0.0, None)


@dataclass(frozen=True)
class Load:
    """What is shipped: `teu` of boxes, `mass_t` of goods with them, the kinds that it is of."""

    teu: float
    mass_t: float
    kinds: tuple[str, ...] = ("container",)

    @property
    def unit_t(self) -> float:
        """The mass of one unit: that of a TEU where there are several."""
        return self.mass_t / max(self.teu, 1.0)


@dataclass(frozen=True)
class Factors:
    """Grams of CO2 equivalents per tonne-kilometre by mode, of one set of factors."""

    name: str
    g_per_tkm: Mapping[str, Interval]

    def of(self, mode: int) -> Interval:
        """Return the factor of a mode."""
        return self.g_per_tkm.get(MODES[mode], ANYTHING)


@dataclass(frozen=True)
class Tariffs:
    """What is taken where a service names no price, yuan: `lift` per TEU, `way` per TEU and km.

    By mode; `transfer` per TEU at a hub. Road legs are priced by `road_cny_per_teu_km`.
    """

    way: Mapping[str, Interval] = field(default_factory=dict)
    lift: Mapping[str, Interval] = field(default_factory=dict)
    transfer: Interval = ANYTHING
    road_cny_per_teu_km: Interval = ANYTHING


def spread(amount: Floats, missing: Floats, each: Interval) -> tuple[Ints, Ints]:
    """Return both ends in hundredths: of `amount`, or of `missing` times `each` where it is NaN."""
    unknown = np.isnan(amount)
    top = np.inf if each[1] is None else missing * each[1]
    low, high = np.where(unknown, missing * each[0], amount), np.where(unknown, top, amount)
    return whole(low * 100), whole(high * 100)


def whole(values: Floats) -> Ints:
    """Return values rounded to whole numbers, what is infinite as `UNKNOWN`."""
    bounded = np.minimum(np.nan_to_num(values, posinf=float(UNKNOWN)), float(UNKNOWN))
    return np.rint(bounded).astype(np.int64)


def emitted(load: Load, metres: Floats, factor: Interval) -> tuple[Ints, Ints]:
    """Return both ends of what carrying a load over distances emits, grams."""
    tkm = metres / 1000 * load.mass_t
    top = np.where(tkm > 0, np.inf, 0.0) if factor[1] is None else tkm * factor[1]
    return whole(tkm * factor[0]), whole(top)


def price_halts(
    timetable: Timetable, load: Load, factors: Factors, tariffs: Tariffs, allowed: Bools
) -> Ints:
    """Return the halts as searches take them, (halts, `HALT`); `allowed` are the patterns."""
    table = timetable
    found = np.zeros((len(table.hub), HALT), np.int64)
    mode = table.modes[table.halt_pattern]
    found[:, HALT_HUB], found[:, PATTERN], found[:, MODE] = table.hub, table.halt_pattern, mode
    found[:, GATE_IN], found[:, DOCUMENTS] = table.gate_in_s, table.documents_s
    found[:, BOARDS] = table.boards & allowed[table.halt_pattern]
    found[:, ALIGHTS] = table.alights
    found[:, RIDE + SECONDS] = table.least_ride_s
    amount = table.cny_per_teu * load.teu + table.cny_per_t * load.mass_t
    km = table.distance_m / 1000 * load.teu
    lift = table.lift_cny_per_teu * load.teu
    teu = np.full(len(lift), load.teu)
    for number, name in enumerate(MODES):
        mine = np.flatnonzero(mode == number)
        ends = spread(amount[mine], km[mine], tariffs.way.get(name, ANYTHING))
        found[mine, RIDE + COST], found[mine, RIDE + COST_HIGH] = ends
        ends = spread(lift[mine], teu[mine], tariffs.lift.get(name, ANYTHING))
        found[mine, LIFT], found[mine, LIFT_HIGH] = ends
        ends = emitted(load, table.distance_m[mine], factors.of(number))
        found[mine, RIDE + CO2], found[mine, RIDE + CO2_HIGH] = ends
    found[table.halt_first[:-1], RIDE:LIFT] = 0
    return found


def price_transfers(timetable: Timetable, load: Load, tariffs: Tariffs) -> Ints:
    """Return the transfers of hubs as searches take them, (hubs, ways, ways, `TRANSFER`)."""
    table = timetable
    found = np.zeros((*table.handling_s.shape, TRANSFER), np.int64)
    found[..., SECONDS], found[..., INFORMATION] = table.handling_s, table.information_s
    amount = table.hub_cny_per_teu * load.teu
    teu = np.full(amount.shape, load.teu)
    found[..., COST], found[..., COST_HIGH] = spread(amount, teu, tariffs.transfer)
    grams = whole(table.hub_g_per_teu * load.teu)
    found[..., CO2], found[..., CO2_HIGH] = grams, grams
    return found


def price_roads(
    seconds: Floats, metres: Floats, load: Load, factors: Factors, tariffs: Tariffs
) -> Ints:
    """Return road legs as searches take them, (legs, `SUM`), from their times and lengths."""
    found = np.zeros((len(seconds), SUM), np.int64)
    found[:, SECONDS] = np.ceil(seconds)
    km = metres / 1000 * load.teu
    unpriced = np.full(len(km), np.nan)
    found[:, COST], found[:, COST_HIGH] = spread(unpriced, km, tariffs.road_cny_per_teu_km)
    found[:, CO2], found[:, CO2_HIGH] = emitted(load, metres, factors.of(ROAD))
    return found


def list_covers(transfers: Ints) -> Bools:
    """Return (hubs, ways, ways): whether all transfers from the first way are as good.

    A road leg after a road leg is none, so that coming by road is never as good as coming
    otherwise.
    """
    ways = transfers.shape[1]
    found = np.zeros(transfers.shape[:3], np.bool_)
    for one in range(ways):
        for other in range(ways):
            if one != ROAD:
                found[:, one, other] = np.all(transfers[:, one] <= transfers[:, other], axis=(1, 2))
    return found
