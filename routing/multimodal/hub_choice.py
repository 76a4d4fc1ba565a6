"""Which port each place would use, and by which first hub: by least cost, time and CO2.

Each pair of place and port is an exact front; of it the best by each measure is an offer of the
port. Where a measure is an interval, its middle counts, and the choice is `sure` only if the
intervals of the best two do not overlap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from routing.multimodal.bag_kernels import NONE, UNKNOWN
from routing.multimodal.itinerary import Itinerary, opened
from routing.multimodal.question import Drives, Question
from routing.multimodal.search import find_front
from routing.multimodal.timetable import ROAD

MEASURES = ("cost", "time", "co2")


@dataclass(frozen=True)
class Offer:
    """The best way to a port by one measure: `port` is a number of a hub.

    `first_hub` is where the load leaves the road for the first time, None where it never does.
    `low` and `high` (`UNKNOWN`) are hundredths of a yuan, seconds, or grams.
    """

    port: int
    first_hub: int | None
    low: int
    high: int

    @property
    def middle(self) -> float | None:
        """The middle of the interval, None where its upper end is not known."""
        return None if self.high >= UNKNOWN else (self.low + self.high) / 2

    @property
    def rank(self) -> tuple[int, int]:
        """What offers are ordered by: the middle, an interval without an upper end last."""
        return min(self.low + self.high, UNKNOWN), self.low


Offers = Mapping[str, Offer]
"""The offer of one port to one place by each measure."""


@dataclass(frozen=True)
class Choice:
    """The port that a place would use by a measure, and the best of all others."""

    best: Offer
    runner_up: Offer | None

    @property
    def margin(self) -> float | None:
        """By how much the middle of the runner-up is worse; None where that is not known."""
        best, other = self.best.middle, None if self.runner_up is None else self.runner_up.middle
        return None if best is None or other is None else other - best

    @property
    def sure(self) -> bool:
        """Whether the best is no worse than the runner-up whatever holds within the intervals."""
        return self.runner_up is None or self.best.high <= self.runner_up.low


def find_offers(
    question: Question, port: int, starts: Sequence[tuple[Drives, Drives]], at: int, latest: int
) -> list[Offers | None]:
    """Return what a port offers to each place, None where it is not reached in time.

    Parameters
    ----------
    question, port
        A question whose goal is the port, with `latest` as its limit, and the port's number.
    starts
        Of each place the legs to all hubs and the one to the port itself.
    at, latest
        When the load is ready, and until when the port must have it (Unix s).
    """
    found: list[Offers | None] = []
    for access, direct in starts:
        front = find_front(question.leaving(access, direct), at)
        ready = [(_ready(question, one, port), one) for one in front]
        found.append(_best(port, at, [pair for pair in ready if pair[0] <= latest]))
    return found


def _ready(question: Question, one: Itinerary, port: int) -> int:
    """Return when the port works with the load: who comes by road to a closed one waits."""
    last = one.legs[-1]
    by_road = last.way == ROAD and last.to_hub == NONE
    return opened(question.timetable, port, one.ready) if by_road else one.ready


def _best(port: int, at: int, ready: Sequence[tuple[int, Itinerary]]) -> Offers | None:
    if not ready:
        return None
    offers = [
        {
            "cost": Offer(port, _first_hub(one), *one.amounts[:2]),
            "time": Offer(port, _first_hub(one), when - at, when - at),
            "co2": Offer(port, _first_hub(one), *one.amounts[2:]),
        }
        for when, one in ready
    ]
    return {name: min((own[name] for own in offers), key=_rank) for name in MEASURES}


def _first_hub(one: Itinerary) -> int | None:
    ridden = [leg.from_hub for leg in one.legs if leg.run is not None]
    return ridden[0] if ridden else None


def _rank(offer: Offer) -> tuple[int, int]:
    return offer.rank


def choose_port(offers: Sequence[Offers | None]) -> Mapping[str, Choice] | None:
    """Return a place's choice by each measure among the ports, None where it reaches none."""
    given = [own for own in offers if own is not None]
    if not given:
        return None
    found = {}
    for name in MEASURES:
        ranked = sorted((own[name] for own in given), key=_rank)
        found[name] = Choice(ranked[0], ranked[1] if len(ranked) > 1 else None)
    return found
