"""Typical speeds by hour of the week, and driving times that change while one drives.

Speeds are constant within an hour of local time and jump between hours. A vehicle's time is found
by driving through the hours (not by looking one speed up at the start), so that nobody arrives
earlier by leaving later (first in, first out): Ichoua, Gendreau and Potvin, EJOR 144, 2003.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from routing.cost.network_rules import HOURS, ClassWeeks, rules_of
from routing.cost.posted_speeds import Driver, post_speeds
from routing.graph.graph import Coded, Edges
from routing.graph.weights import Floats, Ints
from spatial.networks.model import NetworkKind
from spatial.rules import Rules, get_rule

HOUR_S = 3600.0
ZONE = ZoneInfo("Asia/Shanghai")
LONGEST_S = 30 * 24 * HOUR_S

Table = NDArray[np.float32]


def hour_of_week(at: datetime) -> int:
    """Return the hour of the local week, 0 from Monday 00:00."""
    local = at.astimezone(ZONE)
    return local.weekday() * 24 + local.hour


def week_factors(value: ClassWeeks[str]) -> dict[str, Floats]:
    """Return 168 factors of the free-flow speed by class."""
    return {str(name): np.array(week.factors) for name, week in value.root.items()}


@dataclass(frozen=True)
class MeasuredWeek:
    """Measured speeds of one edge and direction over the week."""

    edge: int
    direction: str
    speeds_kmh: Sequence[float]


class TypicalSpeeds:
    """Free-flow speed by key `2 * edge + direction` and its course over the week.

    Measured weeks take the place of the class's factors; of two for one key the later one counts.
    """

    def __init__(
        self,
        free_kmh: Floats,
        edge_class: Coded,
        kind: NetworkKind,
        rules: Rules,
        measured: Iterable[MeasuredWeek] = (),
    ) -> None:
        factors = week_factors(get_rule(rules, rules_of(kind).hour_of_week).value)
        flat = np.ones(HOURS)
        rows = [factors.get(name, factors.get("other", flat)) for name in edge_class.values]
        self._factors = np.array([*rows, factors.get("other", flat)], np.float32)
        self._free = free_kmh
        self._codes = edge_class.codes
        by_key: dict[int, Sequence[float]] = {}
        for week in measured:
            for way in {"both": (0, 1), "forward": (0,), "backward": (1,)}[week.direction]:
                by_key[2 * week.edge + way] = week.speeds_kmh
        keys = sorted(by_key)
        self._measured_keys = np.array(keys, np.int64)
        self._measured = np.array([by_key[k] for k in keys], np.float32).reshape(-1, HOURS)

    @classmethod
    def of(cls, edges: Edges, rules: Rules, measured: Iterable[MeasuredWeek] = ()) -> TypicalSpeeds:
        """Take the free-flow speeds from the edges, or from their classes where none is posted."""
        return cls(free_speeds(edges, rules), edges.edge_class, edges.kind, rules, measured)

    @property
    def measured_share(self) -> float:
        """Share of the keys that have measured weeks."""
        return len(self._measured_keys) / max(2 * len(self._codes), 1)

    def at(self, moment: datetime) -> Table:
        """Return the speed (km/h) of every key in the hour of a moment."""
        hour = hour_of_week(moment)
        factor = np.repeat(self._factors[self._codes, hour], 2)
        speed: Table = (self._free * factor).astype(np.float32)
        speed[self._measured_keys] = self._measured[:, hour]
        return speed

    def week_of(self, keys: Ints) -> Table:
        """Return the (keys, 168) speeds of some keys."""
        free = self._free[keys, None].astype(np.float32)
        table: Table = free * self._factors[self._codes[keys >> 1]]
        if len(self._measured_keys):
            at = np.searchsorted(self._measured_keys, keys)
            at = np.minimum(at, len(self._measured_keys) - 1)
            hit = self._measured_keys[at] == keys
            table[hit] = self._measured[at[hit]]
        return table


def free_speeds(edges: Edges, rules: Rules) -> Floats:
    """Return the free-flow speed (km/h) of each key: as recorded, else as its class has it."""
    named = get_rule(rules, rules_of(edges.kind).class_speed).value.root
    by_class = {str(name): speed for name, speed in named.items()}
    assumed = edges.edge_class.spread(by_class)
    anybody = Driver((), {}, capped=False)
    return post_speeds(anybody, edges, assumed, np.full(2 * len(edges), np.nan)).kmh


def drive(
    lengths_m: Floats, speeds_kmh: Table, depart: datetime, waits_s: Floats | None = None
) -> Floats:
    """Return the seconds after departure at which each part of a way is done.

    Parameters
    ----------
    lengths_m
        Length of each part, in the order in which they are driven.
    speeds_kmh
        (parts, 168) speeds by hour of the week.
    depart
        When the first part begins.
    waits_s
        How long one stands before each part; None is nowhere.
    """
    local = depart.astimezone(ZONE)
    hour = hour_of_week(depart)
    left = HOUR_S - (local.minute * 60 + local.second + local.microsecond / 1e6)
    passed, done = 0.0, np.empty(len(lengths_m))
    for part, length in enumerate(lengths_m.tolist()):
        rest, wait = length, 0.0 if waits_s is None else float(waits_s[part])
        passed, left = passed + wait, left - wait
        while left <= 0:
            hour, left = hour + 1, left + HOUR_S
        while rest > 0 and passed < LONGEST_S:
            pace = float(speeds_kmh[part, hour % HOURS]) / 3.6
            need = rest / pace if pace > 0 else np.inf
            if need <= left:
                passed, left, rest = passed + need, left - need, 0.0
            else:
                passed, rest = passed + left, rest - pace * left
                hour, left = hour + 1, HOUR_S
        done[part] = passed if rest <= 0 else np.inf
    return done


def mean_speeds(
    lengths_m: Floats, speeds_kmh: Table, depart: datetime, waits_s: Floats | None = None
) -> Table:
    """Return the mean speed (km/h) on each part of a way that is driven through the hours.

    Before parts one stands as `drive` has it. A part of no length has the speed of the hour of
    departure; one never done has 0.
    """
    done = drive(lengths_m, speeds_kmh, depart, waits_s)
    begun = np.concatenate([[0.0], done[:-1]]) + (0.0 if waits_s is None else waits_s)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = lengths_m * 3.6 / (done - begun)
    mean = np.where(np.isfinite(done), mean, 0.0)
    still = speeds_kmh[:, hour_of_week(depart)]
    return np.where(np.isfinite(mean), mean, still).astype(np.float32)
