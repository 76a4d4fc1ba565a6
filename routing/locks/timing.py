"""Times of an order of lockages: each as early as chamber, ships and windows let it begin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from routing.locks.label_kernels import FAR
from routing.locks.model import Berth, Chamber, Lockage, Ship, Task, Way
from routing.locks.placement import Placer


@dataclass(frozen=True)
class Choice:
    """A lockage that is to be: its chamber by number; it begins no earlier than `start`."""

    chamber: int
    way: Way
    ships: tuple[str, ...]
    start: int = 0


def opens(chamber: Chamber, at: int, lasts: int, draught_m: float = 0.0) -> int:
    """Return the earliest time from `at` on at which a lockage may begin, `FAR` for never."""
    if not chamber.windows:
        return at
    begins = [
        max(at, window.since)
        for window in chamber.windows
        if max(at, window.since) + lasts <= window.until
        and (window.draught_m is None or draught_m <= window.draught_m + 1e-9)
    ]
    return min(begins, default=FAR)


def begins(chamber: Chamber, at: int, way: Way, ships: Sequence[Ship]) -> int:
    """Return when a lockage with these ships may begin, `FAR` for never."""
    ready = max((ship.ready for ship in ships), default=at)
    deep = max((ship.draught_m or 0.0 for ship in ships), default=0.0)
    return opens(chamber, max(at, ready), chamber.lasts_s(way), deep)


def other(way: Way) -> Way:
    """Return the opposite way."""
    return "down" if way == "up" else "up"


def timed(task: Task, placer: Placer, order: Sequence[Choice], *, keep: bool = True)\
        -> list[Lockage]:  # fmt: skip
    """Return the lockages of an order with their times and berths, the empty ones among them.

    With `keep` none begins before its `start`; else each as early as it can.
    """
    side = [chamber.side for chamber in task.chambers]
    free = [max(chamber.free_from, task.now) for chamber in task.chambers]
    out: list[Lockage] = []
    for choice in order:
        k, chamber = choice.chamber, task.chambers[choice.chamber]
        if side[k] != choice.way:
            lasts = chamber.lasts_s(side[k])
            empty = opens(chamber, free[k], lasts)
            out.append(Lockage(chamber.id, side[k], empty, empty + lasts))
            free[k] = empty + lasts
        ships = [task.ship(key) for key in choice.ships]
        at = max(free[k], choice.start) if keep else free[k]
        start = begins(chamber, at, choice.way, ships)
        end = start + chamber.lasts_s(choice.way)
        berths: Sequence[Berth] = placer.berths(chamber, ships) or ()
        out.append(Lockage(chamber.id, choice.way, start, end, choice.ships, berths))
        free[k], side[k] = end, other(choice.way)
    return sorted(out, key=lambda lockage: (lockage.start, lockage.chamber))


def cost_of(task: Task, lockages: Sequence[Lockage]) -> tuple[int, dict[str, int]]:
    """Return what lockages cost, weighted waiting and water, and the waiting of each ship."""
    weight = {rank.name: rank.weight for rank in task.order.ranks}
    waits = {
        key: lockage.start - task.ship(key).ready for lockage in lockages for key in lockage.ships
    }
    weighed = sum(weight[task.ship(key).rank] * wait for key, wait in waits.items())
    return weighed + task.order.lockage_cost_s * len(lockages), waits
