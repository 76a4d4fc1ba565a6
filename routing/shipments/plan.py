"""The milestones that a shipment's legs promise, in order: what is expected where and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from spatial.logistics.plans import Leg
from spatial.transport_modes import HAULAGE

PICKED_UP, RETURNED = "picked-up", "returned"


@dataclass(frozen=True)
class Step:
    """A milestone that is expected.

    Parameters
    ----------
    name
        What it is called.
    codes
        Codes of events that report it.
    place
        Where; None anywhere.
    leg
        Number of its leg from 0.
    empty
        Whether of the empty box; None of either.
    closes
        Until when it must be; later is a cut-off missed.
    due
        When it counts as missing.
    scanned
        Whether somebody reports it, so that its absence is a scan that was lost.
    """

    name: str
    codes: frozenset[str]
    place: str | None
    leg: int
    empty: bool | None = None
    transport: str | None = None
    planned: datetime | None = None
    closes: datetime | None = None
    due: datetime | None = None
    scanned: bool = True


def box_steps(
    legs: Sequence[Leg], empty_from: str | None = None, empty_to: str | None = None
) -> list[Step]:
    """Return the milestones of a box over its legs, from the empty one's pick-up to its return.

    Boxes that stay on one transport from leg to leg are neither discharged nor loaded between.
    """
    steps: list[Step] = []
    if empty_from is not None:
        steps.append(Step(PICKED_UP, frozenset({"GTOT", "PICK"}), empty_from, 0, empty=True))
    for number, leg in enumerate(legs):
        before = legs[number - 1] if number else None
        after = legs[number + 1] if number + 1 < len(legs) else None
        if leg.mode == HAULAGE:
            steps += _driven(number, leg, after)
        else:
            steps += _carried(number, leg, before, after)
    if empty_to is not None:
        last = len(legs) - 1
        steps.append(Step(RETURNED, frozenset({"GTIN", "DROP"}), empty_to, last, empty=True))
    return steps


def _driven(number: int, leg: Leg, after: Leg | None) -> list[Step]:
    found = []
    if number == 0:
        found.append(
            Step("gate-out", frozenset({"GTOT"}), leg.start, number, empty=False,
                 planned=leg.departs, scanned=False)
        )  # fmt: skip
    if after is None or after.mode == HAULAGE:
        found.append(
            Step("delivered", frozenset({"GTIN"}), leg.goal, number, empty=False,
                 planned=leg.arrives)
        )  # fmt: skip
    return found


def _carried(number: int, leg: Leg, before: Leg | None, after: Leg | None) -> list[Step]:
    found = []

    def add(
        name: str, code: str, place: str, planned: datetime | None = None,
        due: datetime | None = None,
    ) -> None:  # fmt: skip
        codes = frozenset({code})
        found.append(
            Step(name, codes, place, number, transport=leg.transport, planned=planned, due=due)
        )

    if not _stays(before, leg):
        if before is None or before.mode == HAULAGE:
            found.append(
                Step("gate-in", frozenset({"GTIN"}), leg.start, number, empty=False,
                     planned=None if before is None else before.arrives, closes=leg.gate_closes)
            )  # fmt: skip
        add("loaded", "LOAD", leg.start, due=leg.departs)
    add("departed", "DEPA", leg.start, planned=leg.departs)
    for lock in leg.locks:
        add("lock-passed", "LOCK", lock)
    add("arrived", "ARRI", leg.goal, planned=leg.arrives)
    if not _stays(leg, after):
        add("discharged", "DISC", leg.goal)
        if after is None or after.mode == HAULAGE:
            found.append(Step("gate-out", frozenset({"GTOT"}), leg.goal, number, empty=False))
    return found


def _stays(one: Leg | None, other: Leg | None) -> bool:
    return (
        one is not None and other is not None
        and one.transport is not None and (one.mode, one.transport) == (other.mode, other.transport)
    )  # fmt: skip


def bag_steps(flights: Sequence[Leg], not_loaded_s: float) -> list[Step]:
    """Return the points of IATA's resolution 753 for a bag: acceptance, loading, transfer, arrival.

    A bag that is not loaded so many seconds before its flight leaves counts as missing.
    """
    steps = [Step("accepted", frozenset({"ACCEPTANCE"}), flights[0].start, 0)]
    for number, leg in enumerate(flights):
        if number:
            steps.append(Step("transferred", frozenset({"TRANSFER"}), leg.start, number))
        due = leg.departs - timedelta(seconds=not_loaded_s)
        steps.append(
            Step("loaded", frozenset({"LOADING"}), leg.start, number, transport=leg.transport,
                 due=due)
        )  # fmt: skip
    last = flights[-1]
    steps.append(
        Step("arrived", frozenset({"ARRIVAL"}), last.goal, len(flights) - 1, planned=last.arrives)
    )
    return steps
