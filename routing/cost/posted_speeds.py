"""Speeds that signs post: of everybody, of a direction, of a vehicle, and at some hours.

A sign for one direction counts there rather than one for both, and one whose hours hold rather than
one of all hours. A vehicle keeps to the lowest of those that speak of it. A condition that nobody
can read counts where it slows, as a sign with it may hold at any time; one of the weather never.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from routing.cost.access import DIRECTIONS
from routing.cost.weekly_hours import minute_of_week, read_condition
from routing.graph.graph import Edges
from routing.graph.weights import Bools, Floats, Ints
from spatial.networks.access_values import KEYS

BASES = ("measured", "posted", "assumed")
_CLAUSE = re.compile(r"([\d.]+) @ \(([^)]*)\)")
_AND = re.compile(r"\s+AND\s+", re.IGNORECASE)
_OVER = re.compile(r"(weight|weightrating|axleload|length|width|height)\s*>(=?)\s*([\d.]+)\s*[tm]?")
_SIZES = {
    "weight": "mass_t", "weightrating": "mass_t", "axleload": "axle_t", "length": "length_m",
    "width": "width_m", "height": "height_m",
}  # fmt: skip
_OTHERS = frozenset({"trailer", "caravan", "motorhome", "coach"})  # none of ours
SAID, LEAST, OWN = 0, 1, 2
"""Of a text: what it says of everybody (NaN: as the edge has it), what slows everybody, and what is
said of the vehicle's own keys."""

Holding = frozenset[str]
Table = Mapping[str, float | str]


@dataclass(frozen=True)
class Driver:
    """Whom signs speak of: its access keys and its usual sizes by name.

    `capped` tells that what is posted only caps the speed of its own.
    """

    keys: tuple[str, ...]
    sizes: Mapping[str, float]
    capped: bool


class Fixed(NamedTuple):
    """Of some keys: the speed (km/h) of both directions, the assumed one, and the legal cap."""

    column: Floats
    assumed: Floats
    cap: Floats

    def at(self, keys: Ints) -> Fixed:
        """Return those of some keys."""
        return Fixed(*(values[keys] for values in self))


@dataclass(frozen=True)
class SpeedHours:
    """Speeds that hold at some hours.

    `weeks` are the minutes of the week of each condition; of `keys` the `row` of `tables` (access
    tables, each with a direction) speaks; `holding` are the conditions that were found to hold.
    """

    driver: Driver
    weeks: Mapping[str, Bools]
    keys: Ints
    row: Ints
    tables: tuple[tuple[Table, str], ...]
    fixed: Fixed
    holding: Holding = frozenset()

    def at(self, time: datetime) -> Holding:
        """Return the conditions that hold at a time."""
        minute = int(minute_of_week(time))
        return frozenset(text for text, week in self.weeks.items() if week[minute])

    def speeds(self, holding: Holding) -> Floats:
        """Return the speed (km/h) of each of `keys` while some conditions hold."""
        told = np.array([_told(self.driver, *one, holding) for one in self.tables]).reshape(-1, 3)
        return _speed(self.driver, told[self.row], self.fixed)[0]


class PostedSpeeds(NamedTuple):
    """By key the speed (km/h) where nothing holds by the hour, and what it is known from.

    `basis` is a number of `BASES`; `hours` are what changes speeds by the clock.
    """

    kmh: Floats
    basis: NDArray[np.uint8]
    hours: SpeedHours


def spread_by_class(edges: Edges, table: Mapping[str, float]) -> Floats:
    """Return a rule's number per edge by class; `other` is that of all classes not named."""
    return edges.edge_class.spread(table, table.get("other", np.nan))


def post_speeds(driver: Driver, edges: Edges, assumed: Floats, cap: Floats) -> PostedSpeeds:
    """Return what a vehicle drives along each key of the edges.

    `assumed` (NaN: closed) is by edge, `cap` (NaN: none) by key, both in km/h.
    """
    tables = [orjson.loads(text) if "maxspeed" in text else {} for text in edges.access.values]
    told = np.array([
        *(_told(driver, one, way, frozenset()) for one in tables for way in DIRECTIONS),
        *[(np.nan,) * 3] * 2,
    ])  # fmt: skip
    column = np.where(edges.speed_kmh > 0, edges.speed_kmh, np.nan)
    fixed = Fixed(np.repeat(column, 2), np.repeat(assumed, 2), cap)
    row = np.repeat(2 * (edges.access.codes.astype(np.int64) % (len(tables) + 1)), 2)
    row[1::2] += 1
    kmh, posted = _speed(driver, told[row], fixed)
    basis = np.full(2 * len(edges), BASES.index("assumed"), np.uint8)
    if not driver.capped:
        basis[posted] = BASES.index("posted")
        basis[posted & np.repeat(edges.speed_basis.mask(["measured"]), 2)] = BASES.index("measured")
    return PostedSpeeds(kmh, basis, _hours(driver, tables, row, fixed))


def _hours(driver: Driver, tables: list[Table], row: Ints, fixed: Fixed) -> SpeedHours:
    """Return what holds at some hours."""
    weeks, chosen = dict[str, Bools](), list[tuple[Table, str]]()
    place = np.full(2 * (len(tables) + 1), -1, np.int64)
    for number, table in enumerate(tables):
        for way, direction in enumerate(DIRECTIONS):
            named = {c: _week(driver, c) for c in _conditions(driver, table, direction)}
            timed = {c: w for c, w in named.items() if w is not None and w.any() and not w.all()}
            if timed:
                weeks |= timed
                place[2 * number + way] = len(chosen)
                chosen.append((table, direction))
    keys = np.flatnonzero(place[row] >= 0)
    return SpeedHours(driver, weeks, keys, place[row[keys]], tuple(chosen), fixed.at(keys))


def _speed(driver: Driver, told: Floats, fixed: Fixed) -> tuple[Floats, Bools]:
    """Return speeds by key, and where a sign says them; `told` is by key and `SAID, LEAST, OWN`."""
    said = np.fmin(np.where(np.isnan(told[:, SAID]), fixed.column, told[:, SAID]), told[:, LEAST])
    known = np.isfinite(said)
    usual = np.fmin(fixed.assumed, said) if driver.capped else np.where(known, said, fixed.assumed)
    return np.fmin(np.fmin(usual, told[:, OWN]), fixed.cap), known


def _names(key: str, direction: str) -> tuple[str, str]:
    name = f"maxspeed:{key}" if key else "maxspeed"
    return name, f"{name}:{direction}"


def _clauses(table: Table, name: str) -> list[tuple[str, str]]:
    """Return speed and condition of each clause of a conditional sign."""
    return _CLAUSE.findall(str(table.get(f"{name}:conditional", "")))


def _conditions(driver: Driver, table: Table, direction: str) -> Iterator[str]:
    for key in ("", *driver.keys):
        for name in _names(key, direction):
            yield from (condition for _, condition in _clauses(table, name))


def _told(
    driver: Driver, table: Table, direction: str, holding: Holding
) -> tuple[float, float, float]:
    """Return what an access table says in one direction: `SAID`, `LEAST` and `OWN`."""
    said, least = _of_key(driver, table, "", direction, holding)
    own = [_of_key(driver, table, key, direction, holding) for key in driver.keys]
    known = [kmh for pair in own for kmh in pair if not np.isnan(kmh)]
    return said, least, min(known, default=np.nan)


def _of_key(
    driver: Driver, table: Table, key: str, direction: str, holding: Holding
) -> tuple[float, float]:
    """Return what signs for one access key say, and the lowest of those that may always hold."""
    said = least = np.nan
    for name in _names(key, direction):
        said = float(table.get(name, said))
        for text, condition in _clauses(table, name):
            week = _week(driver, condition)
            if week is None:
                least = float(np.fmin(least, float(text)))
            elif condition in holding or bool(week.all()):
                said = float(text)
    return said, least


def _week(driver: Driver, condition: str) -> Bools | None:
    """Return when a condition may hold for a vehicle, None where nobody can read it."""
    hours = []
    for part in _AND.split(condition.strip()):
        holds = _of_vehicle(driver, part.strip("() "))
        if holds is False:
            return np.zeros(1, np.bool_)
        if holds is None:
            hours.append(part)
    return read_condition(" AND ".join(hours)) if hours else np.ones(1, np.bool_)


def _of_vehicle(driver: Driver, part: str) -> bool | None:
    """Tell whether a part of a condition is met by the vehicle, None where it is of no vehicle."""
    found = _OVER.fullmatch(part.lower())
    if found is not None:
        size, most = driver.sizes.get(_SIZES[found[1]], 0.0), float(found[3])
        return size > most or (bool(found[2]) and size == most)
    if part in _OTHERS:
        return False
    return part in driver.keys if part in KEYS else None
