"""The state of a box or bag as a function of the set of its events.

Neither the order in which events arrive nor how often they do makes a difference: they are taken by
source and id, retractions by reference, and put in order by their own time, then by id. A milestone
that nobody reported is inferred where a later one was; what does not go together is told with both
events.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from routing.shipments.judge import Anomaly, Found, judge
from routing.shipments.plan import RETURNED, Step
from spatial.logistics.events import Event, Key

Status = Literal["actual", "inferred", "expected"]
LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)
ON_THE_WAY = frozenset({"DEPA", "LOCK", "ARRI"})
"""What may be reported of the vehicle for all that it carries."""


@dataclass(frozen=True)
class Milestone:
    """A step with what is known of it.

    `at` is when it was reported to have happened; of an inferred one `after` and `before` bound it.
    `estimated` is the latest estimate while it is expected.
    """

    step: Step
    status: Status
    at: datetime | None = None
    after: datetime | None = None
    before: datetime | None = None
    estimated: datetime | None = None
    events: tuple[Key, ...] = ()


@dataclass(frozen=True)
class Chain:
    """What a set of events says of a box or bag; `reached` is the number of its last step or -1."""

    milestones: tuple[Milestone, ...]
    anomalies: tuple[Anomaly, ...]
    reached: int
    state: str
    at: datetime | None
    place: str | None
    held: bool
    cancelled: bool


def in_force(events: Iterable[Event]) -> list[Event]:
    """Return the events that hold, by time and id: each id once, none that was taken back.

    Of several contents under one id the one told last holds; a retraction takes all of them back,
    whether it comes before or after. A retraction is never taken back itself.
    """
    given = list(events)
    gone = {(event.source, event.retracts) for event in given if event.retracts is not None}
    latest: dict[Key, Event] = {}
    for event in given:
        held = latest.get(event.key)
        if held is None or (event != held and _newness(event) > _newness(held)):
            latest[event.key] = event
    left = [e for e in latest.values() if e.code and (e.key not in gone or e.retracts is not None)]
    return sorted(left, key=lambda e: (e.at, e.source, e.id))


def _newness(event: Event) -> tuple[datetime, bytes]:
    return event.created_at or LONG_AGO, event.digest


def read_chain(
    steps: Sequence[Step], events: Iterable[Event], now: datetime, same_s: float
) -> Chain:
    """Return the state that a set of events makes of the steps.

    Parameters
    ----------
    steps
        What is expected, in order.
    events
        In any order, any of them any number of times.
    now
        Events after it do not count yet.
    same_s
        How far apart two reports of one milestone may be (s).
    """
    given = list(events)
    held = in_force(given)
    actual = [e for e in held if e.classifier == "ACT" and e.at <= now]
    own: list[list[Event]] = [[] for _ in steps]
    vehicle: list[list[Event]] = [[] for _ in steps]
    astray: list[Event] = []
    for event in actual:
        number = step_of(steps, event)
        if number is not None:
            (vehicle if event.unit is None else own)[number].append(event)
        elif event.type != "SHIPMENT":
            astray.append(event)
    refused = _without_custody(steps, own)
    reached = _reached(steps, own, vehicle)
    seen = [_seen(steps[i], own[i], vehicle[i]) if i <= reached else [] for i in range(len(steps))]
    milestones = _milestones(steps, seen, reached, held)
    found = Found(steps, given, held, seen, vehicle, reached, refused, astray, now, same_s)
    return _chain(milestones, tuple(judge(found)), reached, _place(steps, seen, reached), actual)


def _chain(
    milestones: tuple[Milestone, ...], anomalies: tuple[Anomaly, ...], reached: int,
    place: str | None, actual: Sequence[Event],
) -> Chain:  # fmt: skip
    state, at = "planned", None
    if reached >= 0:
        state, at = milestones[reached].step.name, milestones[reached].at
    kinds = [event.code for event in actual if event.type == "SHIPMENT"]
    holds = [code for code in kinds if code in ("HOLD", "RELS")]
    return Chain(
        milestones, anomalies, reached, state, at, place, holds[-1:] == ["HOLD"], "VOID" in kinds
    )


def step_of(steps: Sequence[Step], event: Event) -> int | None:
    """Return the number of the step that an event reports, None where it reports none.

    A whole vehicle's event must name its transport; a box on another transport than planned is
    where it is nevertheless.
    """
    fits = [i for i, step in enumerate(steps) if _fits(step, event)]
    named = [i for i in fits if event.transport and steps[i].transport == event.transport]
    if event.unit is None:
        return named[0] if named and event.code in ON_THE_WAY else None
    best = named or fits
    return best[0] if best else None


def _fits(step: Step, event: Event) -> bool:
    if event.code not in step.codes:
        return False
    if step.empty is True:  # empties come from and go to any depot
        return event.empty is True
    if step.empty is False and event.empty is True:
        return False
    return event.place is None or event.place == step.place


def _seen(step: Step, own: list[Event], vehicle: list[Event]) -> list[Event]:
    return own or vehicle


def _without_custody(
    steps: Sequence[Step], own: list[list[Event]]
) -> list[tuple[Event, Event | None]]:
    """Take out returns of boxes that nobody had before; each with what came only after it."""
    refused: list[tuple[Event, Event | None]] = []
    for number, step in enumerate(steps):
        if step.name != RETURNED:
            continue
        others = [e for i, events in enumerate(own) if i < number for e in events]
        first = min(others, key=lambda e: (e.at, e.source, e.id), default=None)
        for event in list(own[number]):
            if first is None or first.at > event.at:
                refused.append((event, first))
                own[number].remove(event)
    return refused


def _reached(steps: Sequence[Step], own: list[list[Event]], vehicle: list[list[Event]]) -> int:
    """Return the last step that the box itself reached, or its vehicle with it."""
    reached = max((i for i, events in enumerate(own) if events), default=-1)
    if reached < 0:
        return reached
    leg = steps[reached].leg
    aboard = steps[reached].name == "loaded" or steps[reached].codes & ON_THE_WAY
    if aboard:
        while reached + 1 < len(steps):
            ahead = [
                i for i in range(reached + 1, len(steps))
                if steps[i].leg == leg and steps[i].codes & ON_THE_WAY and vehicle[i]
            ]  # fmt: skip
            if ahead:
                reached = ahead[-1]
            following = steps[reached + 1] if reached + 1 < len(steps) else None
            if following is None or not following.codes & ON_THE_WAY or following.leg == leg:
                break
            leg = following.leg  # it stays aboard
    return reached


def _milestones(
    steps: Sequence[Step], seen: list[list[Event]], reached: int, held: list[Event]
) -> tuple[Milestone, ...]:
    found = []
    for i, step in enumerate(steps):
        if seen[i]:
            keys = tuple(e.key for e in seen[i])
            found.append(Milestone(step, "actual", seen[i][0].at, events=keys))
        elif i <= reached:
            after = max((seen[j][0].at for j in range(i) if seen[j]), default=None)
            later = [seen[j][0] for j in range(i + 1, reached + 1) if seen[j]]
            first = min(later, key=lambda e: (e.at, e.source, e.id))
            found.append(Milestone(step, "inferred", None, after, first.at, events=(first.key,)))
        else:
            found.append(Milestone(step, "expected", estimated=_estimate(steps, i, held)))
    return tuple(found)


def _estimate(steps: Sequence[Step], number: int, held: list[Event]) -> datetime | None:
    mine = [e for e in held if e.classifier == "EST" and step_of(steps, e) == number]
    best = max(mine, key=lambda e: (e.created_at or LONG_AGO, e.source, e.id), default=None)
    return None if best is None else best.at


def _place(steps: Sequence[Step], seen: Sequence[Sequence[Event]], reached: int) -> str | None:
    """Return where the last step was reached: as reported, else as planned."""
    if reached < 0:
        return None
    return seen[reached][0].place or steps[reached].place
