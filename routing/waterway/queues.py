"""Waits at locks from their queues: who is expected there, and when their chambers are free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

from routing.locks.chain import LockAhead, Passage, passages
from routing.locks.model import Chamber, Ship, Way
from routing.locks.placement import Placer
from routing.locks.rule_models import LockForecast
from routing.waterway.passed import Spread, Stage, Stop

ROUGH = 25
"""Courses that a wait is told by which a search weighs; the ways found are timed by all."""
END = Chamber("end", 1e4, 1e3, 0, 0)
"""The end of a voyage as the chain sees it: a chamber that takes anybody in no time."""


class LockQueue(NamedTuple):
    """A lock that may be waited at: its chambers as they stand, and who is expected."""

    chambers: Sequence[Chamber]
    ships: Sequence[Ship]


class LockQueues:
    """How long one vessel waits at the locks whose queues are known.

    Whether the vessel passes at all is not asked here, so its draught does not count. A lock none
    of whose chambers takes it is not known.
    """

    def __init__(
        self,
        queues: Mapping[UUID, LockQueue],
        length_m: float,
        beam_m: float,
        placer: Placer,
        forecast: LockForecast,
    ) -> None:
        self._vessel = Ship("own", "up", 0, length_m, beam_m)
        self._placer, self._forecast, self._all = placer, forecast, queues

    @cached_property
    def _queues(self) -> dict[UUID, LockQueue]:
        return {
            lock: queue for lock, queue in self._all.items()
            if any(self._placer.fits(chamber, [self._vessel]) for chamber in queue.chambers)
        }  # fmt: skip

    def knows(self, lock: UUID) -> bool:
        """Tell whether the queue of a lock is known."""
        return lock in self._queues

    def wait_s(self, lock: UUID, against: bool, arrive: datetime) -> float:
        """Return the middle wait of one that arrives at a time, its own lockage included."""
        rough = self._forecast.model_copy(update={"courses": min(ROUGH, self._forecast.courses)})
        (found,) = self._passages([self._ahead(Stage(lock, against, 0.0))], arrive, rough)
        return found.wait_s[1]

    def along(self, stages: Sequence[Stage], rest_s: float, depart: datetime) -> list[Stop]:
        """Return each lock of a voyage in order, then its end, `rest_s` of travel after them."""
        end = LockAhead("end", "up", rest_s, [END], [])
        found = self._passages([*map(self._ahead, stages), end], depart, self._forecast)
        begins = depart.timestamp()
        return [
            Stop(Spread(*(at - begins for at in one.arrive_s)), Spread(*one.wait_s))
            for one in found
        ]

    def _ahead(self, stage: Stage) -> LockAhead:
        queue = self._queues[stage.lock]
        return LockAhead(
            str(stage.lock), way_of(stage.against), stage.sail_s, queue.chambers, queue.ships
        )

    def _passages(
        self, locks: Sequence[LockAhead], begins: datetime, rule: LockForecast
    ) -> list[Passage]:
        return passages(self._vessel, begins.timestamp(), locks, self._placer, rule)


def way_of(against: bool) -> Way:
    """Return the way of one that passes a lock along its edge, which runs down, or against it."""
    return "up" if against else "down"
