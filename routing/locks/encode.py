"""A task as the arrays of the search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from routing.graph.weights import Floats, Ints
from routing.locks.label_kernels import FAR, HOLD, PARENT, READY, SIDES, WINDOW
from routing.locks.model import WAYS, Chamber, Ship, Task
from routing.locks.placement import Placer, chamber_cm, sizes_cm, whole_cm
from routing.locks.search_kernels import search

MEMO_ROWS = 1 << 16
SEED = 20_160_616


@dataclass(frozen=True)
class Encoded:
    """The arrays of a task.

    Parameters
    ----------
    sides
        Its ships by side and arrival.
    chambers, lasts
        Length, beam, most vessels; how long a lockage lasts from the lower side and the upper.
    windows, first
        When chambers may work: from, until, greatest draught; those of chamber c are from
        `first[c]` to before `first[c + 1]`, none is always.
    size, cargo, gap, salt
        Types of vessels, the gaps between classes, a random number of each type and chamber.
    memo
        Sets of types that are known to fit or not, kept from one search to the next.
    ships, many
        Vessels by side and arrival, with the columns of `label_kernels`.
    jump, area, slack
        First vessel that one lockage from this one on cannot reach; what those before it take of
        lockages; by side how many may have overtaken them, -1 where `area` tells nothing.
    highest
        Highest rank behind each.
    """

    sides: tuple[list[Ship], list[Ship]]
    chambers: Ints
    lasts: Ints
    windows: Ints
    first: Ints
    size: Ints
    cargo: Ints
    gap: Ints
    salt: Ints
    memo: Ints
    ships: Ints
    many: Ints
    jump: Ints
    area: Ints
    slack: Ints
    highest: Ints

    def search(self, rules: Ints, pool: Ints, told: Ints, upper: int) -> int:
        """Search an order; what is written and returned is as of the kernel."""
        return search(
            self.chambers, self.lasts, self.windows, self.first, self.size, self.cargo, self.gap,
            self.salt, self.memo, self.ships, self.many, self.jump, self.area, self.slack,
            self.highest, rules, pool, told, upper,
        )  # fmt: skip


def suiting(task: Task, placer: Placer, ship: Ship) -> int:
    """Return the chambers that a ship fits alone, as bits."""
    fit = (placer.fits(chamber, [ship]) for chamber in task.chambers)
    return sum(1 << k for k, fits in enumerate(fit) if fits)


def encode(task: Task, placer: Placer, until: dict[str, int]) -> Encoded:
    """Return the arrays of a task; `until` is the last begin of each ship's lockage."""
    arrival = sorted(task.ships, key=lambda ship: (ship.ready, ship.id))
    sides = tuple([ship for ship in arrival if ship.way == way] for way in WAYS)
    forms = sorted({form_of(ship) for ship in task.ships})
    examples = [Ship("", "up", 0, length, beam, cargo=cargo) for length, beam, cargo in forms]
    ships = _ships(task, placer, sides, forms, until)
    windows, first = _windows(task.chambers)
    jump, slack = _jumps(task, placer, sides, ships)
    rng = np.random.default_rng(SEED)
    return Encoded(
        sides=(sides[0], sides[1]),
        chambers=np.stack([chamber_cm(chamber) for chamber in task.chambers]),
        lasts=np.array([[c.lasts_up_s, c.lasts_down_s] for c in task.chambers], np.int64),
        windows=windows,
        first=first,
        size=sizes_cm(examples),
        cargo=np.array([placer.table.number[ship.cargo] for ship in examples], np.int64),
        gap=placer.table.cm,
        salt=rng.integers(-(1 << 62), 1 << 62, len(forms) + len(task.chambers)),
        memo=np.zeros((MEMO_ROWS, 2), np.int64),
        ships=ships,
        many=np.array([len(queue) for queue in sides], np.int64),
        jump=jump,
        area=_areas(task, placer, sides, ships),
        slack=slack,
        highest=_highest(ships, sides),
    )


def form_of(ship: Ship) -> tuple[float, float, str]:
    """Return what places depend on: length, beam, class of cargo."""
    return ship.length_m, ship.beam_m, ship.cargo


def _ships(
    task: Task,
    placer: Placer,
    sides: Sequence[Sequence[Ship]],
    forms: Sequence[tuple[float, float, str]],
    until: dict[str, int],
) -> Ints:
    """Return the vessels by side and arrival with the columns of `label_kernels`."""
    type_of = {form: k for k, form in enumerate(forms)}
    weight = {rank.name: rank.weight for rank in task.order.ranks}
    rank_of = {rank.name: -k for k, rank in enumerate(task.order.ranks)}
    ships = np.zeros((2, max(1, *map(len, sides)), 7), np.int64)
    for side, queue in enumerate(sides):
        for p, ship in enumerate(queue):
            ships[side, p] = (
                ship.ready, until[ship.id], weight[ship.rank], rank_of[ship.rank],
                type_of[form_of(ship)], suiting(task, placer, ship),
                whole_cm(ship.draught_m or 0.0),
            )  # fmt: skip
    return ships


def _windows(chambers: Sequence[Chamber]) -> tuple[Ints, Ints]:
    rows = [
        (w.since, w.until, FAR if w.draught_m is None else int(w.draught_m * 100 + 1e-6))
        for chamber in chambers
        for w in chamber.windows
    ]
    first = np.cumsum([0, *(len(chamber.windows) for chamber in chambers)])
    return np.array(rows, np.int64).reshape(-1, 3), first.astype(np.int64)


def _highest(ships: Ints, sides: Sequence[Sequence[Ship]]) -> Ints:
    """Return the highest rank behind each ship."""
    out = np.full(ships.shape[:2], -FAR, np.int64)
    for side, queue in enumerate(sides):
        for p in range(len(queue) - 2, -1, -1):
            out[side, p] = max(out[side, p + 1], ships[side, p + 1, 3])
    return out


def _jumps(
    task: Task, placer: Placer, sides: Sequence[Sequence[Ship]], ships: Ints
) -> tuple[Ints, Ints]:
    """Return the first ship that no lockage beginning with each one can reach, and the slack.

    Where all are served in the order of arrival it is what the oracle tells; else how many of the
    smallest a chamber's area or count could hold. The slack is by side, -1 where ships may be
    overtaken more often than the rule says because others have precedence or another chamber.
    """
    every = (1 << len(task.chambers)) - 1
    out, slack = np.zeros(ships.shape[:2], np.int64), np.full(2, -1)
    for side, queue in enumerate(sides):
        own = ships[side, : len(queue)]
        alike = bool(len(queue)) and np.all(own[:, 3] == own[0, 3]) and np.all(own[:, 5] == every)
        if task.order.overtaken_most == 0 and alike:
            out[side, : len(queue)] = _prefixes(task, placer, queue)
            continue
        most = max(_most(chamber, placer, queue) for chamber in task.chambers)
        out[side, : len(queue)] = np.minimum(np.arange(len(queue)) + most, len(queue))
        if alike:
            slack[side] = task.order.overtaken_most
    return out, slack


def _areas(task: Task, placer: Placer, sides: Sequence[Sequence[Ship]], ships: Ints) -> Ints:
    """Return what the ships before each one take of lockages at least, one being `HOLD`."""
    out = np.zeros((2, ships.shape[1] + 1), np.int64)
    for side, queue in enumerate(sides):
        if queue:
            shares = [least_shares(chamber_cm(c), sizes_cm(queue), placer) for c in task.chambers]
            out[side, 1 : len(queue) + 1] = np.cumsum((np.min(shares, 0) * HOLD).astype(np.int64))
    return out


def least_shares(chamber: Ints, size: Ints, placer: Placer) -> Floats:
    """Return the shares of a chamber that vessels take in those scales that ask for most.

    The scales are those of the kernels of placement: however vessels lie, the shares of those in
    one lockage are at most 1 together.
    """
    pad = least_gaps(placer)
    scaled = [
        [_scaled((size[:, axis] + pad[axis]) / (chamber[axis] + pad[axis]), k) for k in range(1, 5)]
        for axis in (0, 1)
    ]
    every = [along * across for along in scaled[0] for across in scaled[1]]
    return max(every, key=lambda shares: float(shares.sum()))


def _scaled(share: Floats, parts: int) -> Floats:
    """Return shares of one measure by how many `parts` of it a vessel takes at least."""
    if parts == 1:
        return share
    whole = np.floor(parts * share + 1e-9)
    exact = np.abs(parts * share - whole) < 1e-9
    return np.where(exact, share, np.minimum(whole / (parts - 1), 1.0))


def least_gaps(placer: Placer) -> list[int]:
    """Return the least gap along and across that any two classes keep."""
    return [int(np.where(axis >= 0, axis, 1 << 20).min()) % (1 << 20) for axis in placer.table.cm]


def _prefixes(task: Task, placer: Placer, queue: Sequence[Ship]) -> Ints:
    """Return how far one lockage reaches from each ship on in the order of arrival."""
    ends, end = np.zeros(len(queue), np.int64), 0
    for p in range(len(queue)):
        end = max(end, p + 1)
        while end < min(len(queue), p + WINDOW) and any(
            placer.fits(chamber, queue[p : end + 1]) for chamber in task.chambers
        ):
            end += 1
        ends[p] = end
    return ends


def _most(chamber: Chamber, placer: Placer, queue: Sequence[Ship]) -> int:
    """Return how many vessels no lockage of a chamber can exceed."""
    length, beam, most = chamber_cm(chamber).tolist()
    pad = least_gaps(placer)
    size = sizes_cm(queue)
    areas = np.sort((size[:, 0] + pad[0]) * (size[:, 1] + pad[1])).cumsum()
    room = (length + pad[0]) * (beam + pad[1])
    return max(1, min(int(most), WINDOW, int(np.searchsorted(areas, room, "right"))))


def first_label(task: Task, encoded: Encoded, rows: int) -> Ints:
    """Return the rows of labels with the first one: nobody served, each chamber where it stands."""
    pool = np.zeros((rows, READY + 2 * len(task.chambers)), np.int64)
    for k, chamber in enumerate(task.chambers):
        free = max(chamber.free_from, task.now)
        side = WAYS.index(chamber.side)
        empty = chamber.lasts_s(chamber.side)
        begin = _empty(chamber, free, empty)
        pool[0, READY + 2 * k + side] = free
        pool[0, READY + 2 * k + 1 - side] = min(FAR, begin + empty)
        pool[0, SIDES] |= side << k
    pool[0, PARENT] = -1
    return pool


def _empty(chamber: Chamber, at: int, lasts: int) -> int:
    """Return when an empty lockage may begin."""
    if not chamber.windows:
        return at
    begins = [max(at, w.since) for w in chamber.windows if max(at, w.since) + lasts <= w.until]
    return min(begins, default=FAR)
