"""Limits that hold at some hours: bans of the keys that a vehicle breaks them on.

A condition of the weather never holds, one that nobody can read always does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Protocol

import numpy as np

from routing.cost.access import DIRECTIONS
from routing.cost.time_bans import Bans
from routing.cost.weekly_hours import WEEK_MIN, read_condition
from routing.graph.graph import Edges
from routing.graph.weights import Bools, Ints
from spatial.networks.model import NetworkKind


class Sized(Protocol):
    """What limits are held against, as `routing.cost.vehicle.Vehicle` has it."""

    @property
    def sizes(self) -> tuple[float, ...]:
        """Dimensions in the order of the limits; NaN is not tested."""

    def binds(self, kind: NetworkKind, name: str, direction: str) -> bool:
        """Tell whether a limit of an access table speaks of the vehicle in a direction."""


@lru_cache(1024)
def _week(condition: str) -> Bools | None:
    return read_condition(condition)


def at_hours(condition: str) -> bool:
    """Tell whether the condition of a limit is hours, or never holds."""
    week = _week(condition)
    return week is not None and not bool(week.all())


def broken_at_hours(edges: Edges, vehicle: Sized) -> Mapping[int, Bools]:
    """Return when each access table refuses a vehicle for its size, by `2 * code + direction`."""
    found: dict[int, Bools] = {}
    for code, told in edges.own_limits.items():
        for name, value in told.items():
            named, _, condition = name.partition("@")
            week = _week(condition) if condition else None
            if week is None or week.all() or not week.any():
                continue
            for way, direction in enumerate(DIRECTIONS):
                if vehicle.binds(edges.kind, named, direction):
                    size = vehicle.sizes[edges.kind.columns.index(named.split(":")[1])]
                    if size > (0.0 if isinstance(value, str) else value):
                        at = 2 * code + way
                        found[at] = found[at] | week if at in found else week
    return found


def name_of(weeks: Mapping[int, Bools]) -> bytes:
    """Return what stands for some weeks."""
    name = blake2b(digest_size=16)
    for at, week in weeks.items():
        name.update(at.to_bytes(8, "little") + np.packbits(week).tobytes())
    return name.digest()


def with_limits(bans: Bans, edges: Edges, weeks: Mapping[int, Bools]) -> Bans:
    """Return bans and those of access tables besides, given by `2 * code + direction`."""
    row = np.zeros(2 * len(edges.access.values) + 2, np.int64)
    row[list(weeks)] = np.arange(1, len(weeks) + 1)
    return with_weeks(bans, row.reshape(-1, 2)[edges.access.codes].ravel(), [*weeks.values()])


def with_weeks(bans: Bans, row: Ints, weeks: Sequence[Bools]) -> Bans:
    """Return bans and some weeks besides; `row` is by key the place in `weeks` plus 1, 0: none."""
    nothing = np.zeros(WEEK_MIN, np.bool_)
    rows = [nothing, *weeks]
    pair, code = np.unique(bans.code.astype(np.int64) * len(rows) + row, return_inverse=True)
    joined = [bans.weeks[p // len(rows)] | rows[p % len(rows)] for p in pair.tolist()]
    banning = np.array([n if week.any() else 0 for n, week in enumerate(joined, 1)], np.int32)
    return Bans(banning[code.ravel()], np.array([nothing, *joined]))
