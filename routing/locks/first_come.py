"""First come: leave at once with whoever is there, fetch empty when only the other side waits."""

from __future__ import annotations

from collections.abc import Sequence

from routing.locks.label_kernels import FAR
from routing.locks.model import Chamber, Lockage, Ship, Task, Way
from routing.locks.placement import Placer
from routing.locks.timing import begins, opens, other


def first_come(task: Task, placer: Placer) -> list[Lockage]:
    """Return the lockages of a lock that looks at nobody who is not there yet.

    Each chamber takes of those who wait on its side, in the order of arrival, whoever fits beside
    those already taken; one that does not fit lets the next ones of this chamber wait behind it
    unless it could not use the chamber at all.
    """
    left = {ship.id: ship for ship in sorted(task.ships, key=lambda s: (s.ready, s.id))}
    side: list[Way] = [chamber.side for chamber in task.chambers]
    free = [max(chamber.free_from, task.now) for chamber in task.chambers]
    out: list[Lockage] = []
    while left:
        k = min(range(len(free)), key=lambda k: (free[k], k))
        chamber, at = task.chambers[k], free[k]
        usable = [ship for ship in left.values() if placer.fits(chamber, [ship])]
        if not usable or at >= FAR:
            if all(f >= FAR for f in free):
                break
            free[k] = FAR
            continue
        here = _who(chamber, placer, [s for s in usable if s.way == side[k] and s.ready <= at])
        there = [s for s in usable if s.way != side[k] and s.ready <= at]
        if not here and not there:
            free[k] = min(ship.ready for ship in usable)
            continue
        start = begins(chamber, at, side[k], here) if here else opens(
            chamber, at, chamber.lasts_s(side[k])
        )  # fmt: skip
        end = min(FAR, start + chamber.lasts_s(side[k]))
        if end < FAR:
            out.append(_lockage(chamber, placer, side[k], start, end, here))
            for ship in here:
                del left[ship.id]
        free[k], side[k] = end, other(side[k])
    return sorted(out, key=lambda lockage: (lockage.start, lockage.chamber))


def _who(chamber: Chamber, placer: Placer, queue: Sequence[Ship]) -> list[Ship]:
    taken: list[Ship] = []
    for ship in queue:
        if not placer.fits(chamber, [*taken, ship]):
            break
        taken.append(ship)
    return taken


def _lockage(
    chamber: Chamber, placer: Placer, way: Way, start: int, end: int, ships: Sequence[Ship]
) -> Lockage:
    berths = placer.berths(chamber, ships) if ships else []
    return Lockage(chamber.id, way, start, end, tuple(ship.id for ship in ships), berths or ())
