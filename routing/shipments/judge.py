"""What is not as it should be in a chain of events, each with the events that show it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from routing.shipments.plan import RETURNED, Step
from spatial.logistics.events import Event, Key

ANOMALIES = {
    "lost-scan": ("漏扫：由后续环节推定", "a scan was lost: inferred from what came later"),
    "returned-twice": ("空箱重复还箱", "an empty box was returned twice"),
    "never-picked-up": ("从未提箱却有还箱", "a box was returned that was never picked up"),
    "returned-before": ("还箱早于提箱", "a box was returned before anybody had it"),
    "two-times": ("同一环节有两个不同时间", "one milestone was reported at two times"),
    "order": ("环节先后矛盾", "a later milestone happened before an earlier one"),
    "off-plan": ("计划之外的事件", "an event is no part of the plan"),
    "other-transport": ("实际班次与计划不同", "another voyage, trip or flight than planned"),
    "cut-off-missed": ("错过截关截港时间", "the cut-off was missed"),
    "not-loaded": ("临近或已过开行时间仍未装载", "not loaded though it is time"),
    "two-contents": ("同一事件编号有不同内容", "one id was sent with two contents"),
    "retraction-retracted": ("撤销不可再撤销", "a retraction cannot be taken back"),
    "retracts-unknown": ("被撤销的事件尚未收到", "the event taken back has not come"),
    "in-future": ("已发生事件的时间在将来", "what has happened lies in the future"),
}
"""Kinds of anomaly with what is told of them in Chinese and English."""


@dataclass(frozen=True)
class Anomaly:
    """Something wrong: its kind (`ANOMALIES`), the number of its step, the events that show it."""

    kind: str
    step: int | None
    events: tuple[Key, ...]
    at: datetime | None = None


@dataclass(frozen=True)
class Found:
    """What a chain is judged by: all events given, those in force, those seen at each step."""

    steps: Sequence[Step]
    given: Sequence[Event]
    held: Sequence[Event]
    seen: Sequence[Sequence[Event]]
    vehicle: Sequence[Sequence[Event]]
    reached: int
    refused: Sequence[tuple[Event, Event | None]]
    astray: Sequence[Event]
    now: datetime
    same_s: float


def judge(found: Found) -> list[Anomaly]:
    """Return all anomalies, each once, in an order that depends on the events alone."""
    every = {*_of_set(found), *_of_steps(found), *_of_times(found), *_of_missing(found)}
    return sorted(every, key=lambda a: (a.step is None, a.step or 0, a.kind, a.events))


def _of_set(found: Found) -> Iterator[Anomaly]:
    contents: dict[Key, Event] = {}
    for event in found.given:
        if contents.setdefault(event.key, event) != event:
            yield Anomaly("two-contents", None, (event.key,))
    yield from _of_retractions(found, contents.keys())
    for event in found.held:
        if event.classifier == "ACT" and event.at > found.now:
            yield Anomaly("in-future", None, (event.key,), event.at)
    for event in found.astray:
        yield Anomaly("off-plan", None, (event.key,), event.at)


def _of_retractions(found: Found, come: Collection[Key]) -> Iterator[Anomaly]:
    retracting = {e.key for e in found.given if e.retracts is not None}
    for event in found.given:
        if event.retracts is None:
            continue
        target = event.source, event.retracts
        if target in retracting:
            yield Anomaly("retraction-retracted", None, (event.key, target))
        elif target not in come:
            yield Anomaly("retracts-unknown", None, (event.key, target))


def _of_steps(found: Found) -> Iterator[Anomaly]:
    for number, (step, seen) in enumerate(zip(found.steps, found.seen, strict=True)):
        if not seen:
            continue
        first = seen[0]
        for event in seen[1:]:
            far = (event.at - first.at).total_seconds() > found.same_s
            moved = step.name == RETURNED and event.place != first.place
            if far or moved:
                kind = "returned-twice" if step.name == RETURNED else "two-times"
                yield Anomaly(kind, number, (first.key, event.key), event.at)
        for event in seen:
            if None not in (event.transport, step.transport) and event.transport != step.transport:
                yield Anomaly("other-transport", number, (event.key,), event.at)
        if step.closes is not None and first.at > step.closes:
            yield Anomaly("cut-off-missed", number, (first.key,), first.at)
    for event, after in found.refused:
        kind = "never-picked-up" if after is None else "returned-before"
        keys = (event.key,) if after is None else (event.key, after.key)
        yield Anomaly(kind, len(found.steps) - 1, keys, event.at)


def _of_times(found: Found) -> Iterator[Anomaly]:
    seen = [(number, events[0]) for number, events in enumerate(found.seen) if events]
    for (_, earlier), (number, later) in pairwise(seen):
        if later.at < earlier.at:
            yield Anomaly("order", number, (earlier.key, later.key), later.at)


def _of_missing(found: Found) -> Iterator[Anomaly]:
    for number, step in enumerate(found.steps):
        if number < found.reached and not found.seen[number] and step.scanned:
            later = [e[0] for e in found.seen[number + 1 :] if e]
            first = min(later, key=lambda e: (e.at, e.source, e.id))
            yield Anomaly("lost-scan", number, (first.key,), first.at)
        if number <= found.reached:
            continue
        if step.closes is not None and found.now > step.closes:
            yield Anomaly("cut-off-missed", number, (), step.closes)
        if step.name == "loaded":
            yield from _not_loaded(found, number, step)


def _not_loaded(found: Found, number: int, step: Step) -> Iterator[Anomaly]:
    """Tell of a box or bag left behind, or about to be: by the plan, or since its vehicle left."""
    left = next(
        (events[0] for other, events in zip(found.steps, found.vehicle, strict=True)
         if events and other.leg == step.leg and other.name == "departed"), None,
    )  # fmt: skip
    if left is not None:
        yield Anomaly("not-loaded", number, (left.key,), left.at)
    elif step.due is not None and found.now >= step.due:
        yield Anomaly("not-loaded", number, (), step.due)
