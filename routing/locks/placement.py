"""Placement of vessels in a chamber: where each lies, or what stops them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil, floor
from typing import Literal, cast

import numpy as np

from routing.graph.weights import Ints
from routing.locks.model import Berth, Chamber, Ship
from routing.locks.placement_kernels import YES, place
from routing.locks.rule_models import LockGaps

NO_LIMIT = 1 << 30
Cause = Literal["size", "draught", "cargo", "count", "gap", "room", "untold"]


def whole_cm(metres: float) -> int:
    """Return metres as whole centimetres, rounded up where a size lies between them."""
    return ceil(round(metres * 100, 3))


@dataclass(frozen=True)
class Refusal:
    """Why vessels cannot lie in a chamber: the cause, which of them, how much is short."""

    cause: Cause
    ships: tuple[str, ...]
    short_m: float | None = None
    along: bool | None = None


class GapTable:
    """The gaps between classes of vessels as whole centimetres, along (0) and across (1)."""

    def __init__(self, gaps: LockGaps) -> None:
        n = len(gaps.classes)
        self.rule = gaps
        self.number = {name: k for k, name in enumerate(gaps.classes)}
        self.cm: Ints = np.empty((2, n, n), np.int64)
        self.cm[0], self.cm[1] = whole_cm(gaps.along_m), whole_cm(gaps.across_m)
        for pair in gaps.differ:
            a, b = self.number[pair.a], self.number[pair.b]
            for axis, least in enumerate((pair.along_m, pair.across_m)):
                wide = max(int(self.cm[axis, a, b]), whole_cm(least)) if pair.together else -1
                self.cm[axis, a, b] = self.cm[axis, b, a] = wide

    @cached_property
    def plain(self) -> Ints:
        """The same table as if all cargo were ordinary, classes that never meet apart."""
        usual = np.array([whole_cm(self.rule.along_m), whole_cm(self.rule.across_m)])
        return cast(Ints, np.minimum(self.cm, usual[:, None, None]))

    @cached_property
    def none(self) -> Ints:
        """The same table with no gap to keep."""
        return cast(Ints, np.minimum(self.cm, 0))


def chamber_cm(chamber: Chamber) -> Ints:
    """Return length, beam and most vessels of a chamber for the kernels, sizes rounded down."""
    size = [floor(round(side * 100, 3)) for side in (chamber.length_m, chamber.beam_m)]
    return np.array([*size, chamber.most or NO_LIMIT], np.int64)


def sizes_cm(ships: Sequence[Ship]) -> Ints:
    """Return length and beam of vessels for the kernels, rounded up."""
    rows = [(whole_cm(ship.length_m), whole_cm(ship.beam_m)) for ship in ships]
    return np.array(rows, np.int64).reshape(-1, 2)


def deep_enough(chamber: Chamber, ship: Ship, gaps: LockGaps) -> bool:
    """Tell whether the sill is deep enough for a vessel; an unknown depth stops nobody."""
    if chamber.sill_depth_m is None or ship.draught_m is None:
        return True
    return ship.draught_m + gaps.sill_margin_m <= chamber.sill_depth_m + 1e-9


class Placer:
    """Asks the oracle of placement under one rule of gaps."""

    def __init__(self, gaps: LockGaps, places_most: int) -> None:
        self.table, self.places_most = GapTable(gaps), places_most
        self._known: dict[object, bool] = {}

    def _place(
        self, chamber: Ints, ships: Sequence[Ship], gap: Ints
    ) -> tuple[int, Ints, Ints, Ints]:
        size = sizes_cm(ships)
        cargo = np.array([self.table.number[ship.cargo] for ship in ships], np.int64)
        order, x, y = (np.zeros(len(ships), np.int64) for _ in range(3))
        answer = place(chamber, size, cargo, gap, self.places_most, order, x, y)
        return answer, order, x, y

    def fits(self, chamber: Chamber, ships: Sequence[Ship]) -> bool:
        """Tell whether vessels fit a chamber together; what was not told in time does not."""
        if not all(deep_enough(chamber, ship, self.table.rule) for ship in ships):
            return False
        forms = sorted((ship.length_m, ship.beam_m, ship.cargo) for ship in ships)
        key = chamber.length_m, chamber.beam_m, chamber.most, *forms
        if key not in self._known:
            answer = self._place(chamber_cm(chamber), ships, self.table.cm)[0]
            self._known[key] = answer == YES
        return self._known[key]

    def berths(self, chamber: Chamber, ships: Sequence[Ship]) -> list[Berth] | None:
        """Return where vessels lie, in the order in which they can enter; None where they do not.

        Those nearest to the gate that opens last enter first, so that none passes another.
        """
        answer, _, x, y = self._place(chamber_cm(chamber), ships, self.table.cm)
        if answer != YES or not all(deep_enough(chamber, s, self.table.rule) for s in ships):
            return None
        entry = sorted(range(len(ships)), key=lambda k: (x[k], y[k]))
        return [Berth(ships[k].id, int(x[k]) / 100, int(y[k]) / 100) for k in entry]

    def refusal(self, chamber: Chamber, ships: Sequence[Ship]) -> Refusal | None:
        """Return what stops vessels from lying in a chamber together, None where nothing does."""
        box = chamber_cm(chamber)
        for ship, (length, beam) in zip(ships, sizes_cm(ships).tolist(), strict=True):
            for along, over in ((True, length - int(box[0])), (False, beam - int(box[1]))):
                if over > 0:
                    return Refusal("size", (ship.id,), over / 100, along)
            if not deep_enough(chamber, ship, self.table.rule):
                deep = ship.draught_m or 0.0
                short = deep + self.table.rule.sill_margin_m - (chamber.sill_depth_m or 0.0)
                return Refusal("draught", (ship.id,), round(short, 2))
        return self._among(chamber, box, ships)

    def _among(self, chamber: Chamber, box: Ints, ships: Sequence[Ship]) -> Refusal | None:
        for k, one in enumerate(ships):
            for other in ships[:k]:
                a, b = self.table.number[one.cargo], self.table.number[other.cargo]
                if self.table.cm[0, a, b] < 0:
                    return Refusal("cargo", (other.id, one.id))
        everyone = tuple(ship.id for ship in ships)
        if len(ships) > box[2]:
            return Refusal("count", everyone)
        answer = self._place(box, ships, self.table.cm)[0]
        if answer == YES:
            return None
        cause: Cause = "untold" if answer < 0 else "room"
        for without, table in (("gap", self.table.none), ("cargo", self.table.plain)):
            if self._place(box, ships, table)[0] == YES:
                cause = cast(Cause, without)
        return Refusal(cause, everyone, self._short(box, ships), True)

    def _short(self, box: Ints, ships: Sequence[Ship]) -> float | None:
        """Return how much longer a chamber would have to be, found by halving; metres."""
        low, high = int(box[0]), int(box[0]) + int(sizes_cm(ships)[:, 0].sum()) + 10_000
        while high - low > 10:
            middle = (low + high) // 2
            wider = np.array([middle, *box[1:]], np.int64)
            fit = self._place(wider, ships, self.table.cm)[0] == YES
            low, high = (low, middle) if fit else (middle, high)
        return (high - int(box[0])) / 100
