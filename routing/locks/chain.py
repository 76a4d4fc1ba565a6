"""When a voyage is through each lock of a chain, with the interval that its queues leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from routing.graph.weights import Floats
from routing.locks.chain_kernels import courses
from routing.locks.encode import least_shares
from routing.locks.model import WAYS, Chamber, Ship, Way
from routing.locks.placement import Placer, chamber_cm, deep_enough, sizes_cm
from routing.locks.rule_models import LockForecast

NOT = 2.0
"""Share of a chamber that a vessel takes which does not fit it."""


@dataclass(frozen=True)
class LockAhead:
    """A lock on the way: seconds of sailing from what lies before it, and who else is expected."""

    id: str
    way: Way
    sail_s: float
    chambers: Sequence[Chamber]
    ships: Sequence[Ship]


@dataclass(frozen=True)
class Passage:
    """Of one lock: arrival and end of the lockage as low, middle and high, seconds."""

    lock: str
    arrive_s: tuple[float, float, float]
    through_s: tuple[float, float, float]
    wait_s: tuple[float, float, float]


def passages(
    vessel: Ship, begins: float, locks: Sequence[LockAhead], placer: Placer, rule: LockForecast,
    seed: int = 0,
) -> list[Passage]:  # fmt: skip
    """Return when a vessel that sails at `begins` is at and through each lock.

    The interval holds the share `rule.level` of the courses. A lock that the vessel fits in no
    chamber of is passed at no time: infinite.
    """
    out = np.empty((rule.courses, len(locks), 2))
    queues = [[*lock.ships, vessel] for lock in locks]
    widest = max(len(lock.chambers) for lock in locks)
    shares = [
        _shares(lock, queue, placer, rule, widest)
        for lock, queue in zip(locks, queues, strict=True)
    ]
    chambers = [chamber for lock in locks for chamber in lock.chambers]
    ways = [
        [*(WAYS.index(ship.way) for ship in lock.ships), WAYS.index(lock.way)] for lock in locks
    ]
    courses(
        np.cumsum([0, *(len(lock.chambers) for lock in locks)]),
        np.cumsum([0, *map(len, queues)]),
        np.array([WAYS.index(chamber.side) for chamber in chambers]),
        np.concatenate(ways),
        np.array([float(ship.ready) for queue in queues for ship in queue]),
        np.concatenate(shares),
        np.array([[float(c.lasts_up_s), float(c.lasts_down_s)] for c in chambers]),
        np.array([WAYS.index(lock.way) for lock in locks]),
        np.array([float(chamber.free_from) for chamber in chambers]),
        np.array([float(lock.sail_s) for lock in locks]),
        np.array([rule.arrival_sd_s, rule.lockage_sd, rule.sailing_sd, begins]),
        seed,
        out,
    )
    return [_passage(lock, out[:, k], rule) for k, lock in enumerate(locks)]


def _shares(
    lock: LockAhead, queue: Sequence[Ship], placer: Placer, rule: LockForecast, widest: int
) -> Floats:
    """Return what each vessel takes of each chamber, by the filling that chambers come to."""
    shares = np.full((len(queue), widest), NOT)
    for k, chamber in enumerate(lock.chambers):
        taken = least_shares(chamber_cm(chamber), sizes_cm(queue), placer) / rule.filling
        for i, ship in enumerate(queue):
            if deep_enough(chamber, ship, placer.table.rule) and placer.fits(chamber, [ship]):
                shares[i, k] = min(1.0, taken[i])
    return shares


def _passage(lock: LockAhead, out: Floats, rule: LockForecast) -> Passage:
    cuts = [(1 - rule.level) / 2, 0.5, (1 + rule.level) / 2]
    with np.errstate(invalid="ignore"):
        told = [
            np.quantile(column, cuts, method="nearest")
            for column in (out[:, 0], out[:, 1], out[:, 1] - out[:, 0])
        ]
    return Passage(lock.id, *(_three(values) for values in told))


def _three(values: Floats) -> tuple[float, float, float]:
    low, middle, high = values.tolist()
    return low, middle, high
