"""A voyage through six locks: does its interval hold as many arrivals as it says?

What happens is simulated here, lock by lock, with vessels laid by the oracle of placement, true
arrivals off what was said, lockages and sailing that take more or less than usual. The forecast
knows what was said, and draws courses of its own by filled area.
"""

from __future__ import annotations

import random
from dataclasses import replace
from time import process_time

from routing.locks.chain import LockAhead, passages
from routing.locks.first_come import _who as board
from routing.locks.model import Chamber, Ship
from routing.locks.placement import Placer

FLEET = ((45, 8.8), (55, 10.8), (67, 11.0), (60, 10.8), (38, 7.0))
HOUR = 3600


def chain(rng: random.Random) -> list[LockAhead]:
    """Return six locks, each with vessels of its own that have said when they come."""
    locks = []
    for k in range(6):
        sides = rng.choice(("up", "down")), rng.choice(("up", "down"))
        chambers = [
            Chamber("large", 200, 23, 2400, 2400, side=sides[0], free_from=rng.randint(0, 2400)),
            Chamber("small", 120, 12, 1800, 1800, side=sides[1], free_from=rng.randint(0, 1800)),
        ]
        ships = []
        for n in range(rng.randint(60, 150)):
            size = rng.choice(FLEET)
            ready = rng.randint(-HOUR, 26 * HOUR)
            ships.append(Ship(f"{k}-{n}", rng.choice(("up", "down")), ready, *size))
        locks.append(LockAhead(f"lock {k}", "up", rng.uniform(1, 3) * HOUR, chambers, ships))
    return locks


def through(lock: LockAhead, vessel: Ship, at: float, rng: random.Random, placer, rule) -> float:
    """Return when a vessel that comes at `at` is through a lock, as it happens."""
    ships = [
        replace(ship, ready=ship.ready + rng.gauss(0, rule.arrival_sd_s)) for ship in lock.ships
    ]
    left = {ship.id: ship for ship in [*ships, replace(vessel, id="own", ready=at, way=lock.way)]}
    side = [chamber.side for chamber in lock.chambers]
    free = [float(chamber.free_from) for chamber in lock.chambers]
    while True:
        c = min(range(len(free)), key=free.__getitem__)
        chamber, now = lock.chambers[c], free[c]
        fitting = [s for s in left.values() if placer.fits(chamber, [s])]
        waiting = sorted((s for s in fitting if s.ready <= now), key=lambda s: s.ready)
        if not waiting:
            free[c] = max(now, min((s.ready for s in fitting), default=float("inf")))
            continue
        taken = board(chamber, placer, [s for s in waiting if s.way == side[c]])
        usual = chamber.lasts_s(side[c])
        free[c] = now + usual * max(0.5, rng.gauss(1, rule.lockage_sd))
        side[c] = "down" if side[c] == "up" else "up"
        for ship in taken:
            del left[ship.id]
        if "own" not in left:
            return free[c]


def coverage(nights: int, gaps, rule) -> dict[str, object]:
    """Return how often the interval of the last lock, and of each, held what happened."""
    held, every, last, took, width = 0, 0, 0, [], []
    placer = Placer(gaps, 4000)
    for night in range(nights):
        rng = random.Random(night)
        locks = chain(rng)
        vessel = Ship("own", "up", 0, *rng.choice(FLEET))
        begins = float(rng.randint(0, 6 * HOUR))
        start = process_time()
        told = passages(vessel, begins, locks, placer, rule, seed=night)
        took.append(process_time() - start)
        at = begins
        for lock, passage in zip(locks, told, strict=True):
            at += lock.sail_s * max(0.5, rng.gauss(1, rule.sailing_sd))
            at = through(lock, vessel, at, rng, placer, rule)
            inside = passage.through_s[0] <= at <= passage.through_s[2]
            held, every = held + inside, every + 1
        last += inside
        width.append(told[-1].through_s[2] - told[-1].through_s[0])
    return {
        "voyages": nights, "of_all_locks": held / every, "of_the_last": last / nights,
        "seconds": sorted(took)[len(took) // 2], "interval_h": sum(width) / nights / HOUR,
    }  # fmt: skip
