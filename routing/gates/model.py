"""What appointments are asked: a gate by slots, trucks with their wishes; and the plan.

Times are whole minutes on a clock of the caller's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from routing.gates.rule_models import Appointing, GateService


@dataclass(frozen=True)
class Gate:
    """A gate: how many lanes work in each slot from `opens` on, and how many trucks may wait.

    A slot without lanes is closed.
    """

    opens: int
    lanes: Sequence[int]
    queue_most: int


@dataclass(frozen=True)
class Wish:
    """A truck that wants to come from `since` until `until` and make so many moves.

    `shift_min` is how far from there its appointment may be, None as far as the rule says.
    """

    id: str
    since: int
    until: int
    moves: int = 1
    shift_min: int | None = None


@dataclass(frozen=True)
class Asked:
    """All that a plan is made from."""

    gate: Gate
    wishes: Sequence[Wish]
    service: GateService
    rule: Appointing

    def begins(self, slot: int) -> int:
        """Return the minute at which a slot begins."""
        return self.gate.opens + slot * self.rule.slot_min

    def deviation(self, wish: Wish, slot: int) -> int:
        """Return how many minutes of a slot, at most, lie before or after what is wished."""
        begins = self.begins(slot)
        return max(0, wish.since - begins, begins + self.rule.slot_min - wish.until)

    def slots_of(self, wish: Wish) -> list[int]:
        """Return the slots that are open and near enough to a wish."""
        most = self.rule.shift_most_min if wish.shift_min is None else wish.shift_min
        return [
            slot for slot, lanes in enumerate(self.gate.lanes)
            if lanes > 0 and self.deviation(wish, slot) <= most
        ]  # fmt: skip


@dataclass(frozen=True)
class Crowd:
    """Trucks that can come from one slot until before another only, and the places there."""

    since: int
    until: int
    load: float
    places: float


@dataclass(frozen=True)
class Appointments:
    """The slot of each truck that gets one, and what the plan rests on.

    `quota` and `load` are by slot, in services of one move. As many get a slot as can;
    `deviation_min` is the least sum for so many where it equals `bound_min`. `refused` has
    the others with why: `closed` or `full`. `crowd` is where most are too many, None where no
    stretch of time shows it. `risk` is how likely it is that more ever wait than have room.
    """

    slots: dict[str, int]
    quota: Sequence[float]
    load: Sequence[float]
    deviation_min: int
    bound_min: int
    refused: dict[str, str]
    most_served: int
    crowd: Crowd | None
    risk: float
