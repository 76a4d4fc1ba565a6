"""What a lock is asked: its chambers, the vessels that come, the rules of placement and order.

Lengths are metres, times seconds on a clock of the caller's; sides are those from which a vessel
comes: `up` goes upstream and comes from the lower side, `down` from the upper side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from routing.locks.rule_models import LockGaps, LockOrder

Way = Literal["up", "down"]
WAYS: tuple[Way, Way] = ("up", "down")


@dataclass(frozen=True)
class Window:
    """A time in which lockages may begin and end, for vessels of at most this draught."""

    since: int
    until: int
    draught_m: float | None = None


@dataclass(frozen=True)
class Chamber:
    """A chamber: its usable size, how long a lockage lasts either way, where it stands and when.

    No window means always open. `side` is the way that vessels of the next lockage go without an
    empty one before it; `free_from` is when the chamber is free. `most` bounds the vessels of a
    lockage where anything but their size does.
    """

    id: str
    length_m: float
    beam_m: float
    lasts_up_s: int
    lasts_down_s: int
    side: Way = "up"
    free_from: int = 0
    most: int | None = None
    sill_depth_m: float | None = None
    windows: Sequence[Window] = ()

    def lasts_s(self, way: Way) -> int:
        """How long a lockage lasts, gates and mooring included."""
        return self.lasts_up_s if way == "up" else self.lasts_down_s


@dataclass(frozen=True)
class Ship:
    """A vessel that asks for a lockage: ready at the lock from `ready`, on its way up or down.

    `promised` is the published begin of its lockage: a new plan is no later. `rank` names its
    precedence among those of the rule of order; `cargo` its class among those of the rule of gaps.
    """

    id: str
    way: Way
    ready: int
    length_m: float
    beam_m: float
    draught_m: float | None = None
    cargo: str = "ordinary"
    rank: str = "ordinary"
    promised: int | None = None


@dataclass(frozen=True)
class Berth:
    """Where a vessel lies in a chamber: metres from the gate it leaves by, and from its left wall.

    That gate is the upper one for who goes up, the lower one for who goes down.
    """

    ship: str
    x_m: float
    y_m: float


@dataclass(frozen=True)
class Lockage:
    """A lockage of a plan: an empty one has no ships. `berths` are in the order of entry."""

    chamber: str
    way: Way
    start: int
    end: int
    ships: Sequence[str] = ()
    berths: Sequence[Berth] = ()


@dataclass(frozen=True)
class Bounds:
    """What a plan keeps: overtaking and waiting, by rule and as held, and published times."""

    overtaken: int
    wait_s: int
    wait_held_s: int
    promises_held: bool


@dataclass(frozen=True)
class Plan:
    """An order of lockages; what it waits in all, and what no plan within the bounds is below.

    `waits` are seconds by ship, begin of its lockage less `ready`; `cost_s` weighs them by rank and
    counts what each lockage costs.
    """

    lockages: Sequence[Lockage]
    waits: Mapping[str, int]
    cost_s: int
    bound_s: int
    bounds: Bounds
    labels: int = 0
    untold: int = 0

    @property
    def total_wait_s(self) -> int:
        """Waiting of all ships together."""
        return sum(self.waits.values())

    @property
    def gap(self) -> float:
        """How far above the proven bound the cost may be, 0 to 1; 0 is optimal."""
        return 0.0 if self.cost_s <= self.bound_s else 1 - self.bound_s / self.cost_s

    @property
    def proven(self) -> bool:
        """Whether no plan within the bounds is better."""
        return self.cost_s <= self.bound_s


@dataclass(frozen=True)
class Task:
    """All that a plan of one lock is made from."""

    chambers: Sequence[Chamber]
    ships: Sequence[Ship]
    gaps: LockGaps
    order: LockOrder
    now: int = 0
    _by_id: dict[str, Ship] = field(default_factory=dict, repr=False, compare=False)

    def ship(self, key: str) -> Ship:
        """Return a ship by its id."""
        if not self._by_id:
            self._by_id.update((ship.id, ship) for ship in self.ships)
        return self._by_id[key]

    def chamber(self, key: str) -> Chamber:
        """Return a chamber by its id."""
        return next(chamber for chamber in self.chambers if chamber.id == key)
