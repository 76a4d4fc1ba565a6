"""What a berth plan is asked: quays, vessels that come, tides; and the plan.

Lengths are metres along a quay from its end 0, times whole minutes on a clock of the caller's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from routing.berths.rule_models import BerthGaps


@dataclass(frozen=True)
class Tide:
    """A time in which the channel is deeper: vessels come and leave within it, or lie through."""

    since: int
    until: int
    depth_m: float


@dataclass(frozen=True)
class Block:
    """A stretch of a quay that is taken for a time: a vessel that lies there, or works."""

    from_m: float
    to_m: float
    since: int
    until: int


@dataclass(frozen=True)
class Quay:
    """A quay; with `single` a berth for one vessel at a time, wherever along it she lies.

    An unknown depth (None) stops nobody. Vessels berth from `opens` on.
    """

    id: str
    length_m: float
    depth_m: float | None = None
    single: bool = False
    opens: int = 0
    blocks: Sequence[Block] = ()


@dataclass(frozen=True)
class Vessel:
    """A vessel that comes: `lasts` are the minutes of handling, `lasts_at` those by quay.

    Where `lasts_at` is given she may lie at its quays only. A minute from her arrival to her
    leaving costs `weight`, one after `due` another `late_weight`. `draught_out_m` is that with
    which she leaves, where it differs; an unknown draught stops her nowhere.
    """

    id: str
    length_m: float
    arrival: int
    lasts: int | None = None
    lasts_at: Mapping[str, int] = field(default_factory=dict)
    draught_m: float | None = None
    draught_out_m: float | None = None
    weight: int = 1
    due: int | None = None
    late_weight: int = 0

    def lasts_on(self, quay: str) -> int | None:
        """How long she is handled at a quay, None where she may not lie there."""
        return self.lasts_at.get(quay) if self.lasts_at else self.lasts

    def cost(self, leaves: int) -> int:
        """Return what it costs that she leaves at a time."""
        late = 0 if self.due is None else max(0, leaves - self.due)
        return self.weight * (leaves - self.arrival) + self.late_weight * late


@dataclass(frozen=True)
class Task:
    """All that a plan is made from; `depth_m` is the channel's at any tide, None for unknown."""

    quays: Sequence[Quay]
    vessels: Sequence[Vessel]
    gaps: BerthGaps
    depth_m: float | None = None
    tides: Sequence[Tide] = ()

    def bears(self, draught_m: float | None, depth_m: float | None) -> bool:
        """Tell whether there is water enough for a draught; what is unknown stops nobody."""
        if draught_m is None or depth_m is None:
            return True
        return draught_m + self.gaps.under_keel_m <= depth_m + 1e-9


@dataclass(frozen=True)
class Berthing:
    """Where and when a vessel lies: from `from_m` over her length, until she leaves.

    She leaves when handled, or with the next tide that bears her.
    """

    vessel: str
    quay: str
    from_m: float
    start: int
    handled: int
    leaves: int


@dataclass(frozen=True)
class Plan:
    """Berthings by their start; what they cost in all, and what no plan is below.

    `first_come` is the cost where each vessel, by arrival, takes the place that she leaves first,
    None where so they do not all find one. `ended` says why the search ended: `proven`, `passes` or
    `time`.
    """

    berthings: Sequence[Berthing]
    cost: int
    bound: int
    first_come: int | None
    changes: int
    ended: str

    @property
    def gap(self) -> float:
        """How far above the bound the cost may be, 0 to 1; 0 is optimal."""
        return 0.0 if self.cost <= self.bound else 1 - self.bound / self.cost
