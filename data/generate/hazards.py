"""Synthetic hazards: those of past months closed in time, the others not due yet, and truths."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np

from data.generate.event_row import EventRow, edges_in, place_of, route_of
from data.generate.world import Indices, Lines, Rng, Spots, settings
from spatial.rule_files import read_rule
from spatial.rule_models import COMMITMENTS
from spatial.schema.kinds import ROADS
from spatial.truths import Truth, read_truths

# Chinese, English, line of business
_HAZARDS = (
    ("护栏缺失", "Missing guard rail", ROADS),
    ("边坡裂缝", "Cracked slope", "works"),
    ("桥台沉降", "Settled abutment", "works"),
    ("隧道渗水", "Leaking tunnel", ROADS),
    ("消防设施失效", "Fire equipment out of order", "transport"),
)
_GRADES = np.array(["high", "medium", "low"], dtype=object)
_SHARES = (0.15, 0.55, 0.3)
_CLOSED_SHARE = 0.6
_PAST_DAYS, _COMING_DAYS = 200, 75
_REGISTERED_BEFORE = timedelta(days=45)
_WORKING = time(9)


@dataclass(frozen=True, slots=True)
class _Course:
    """When a hazard was registered, is due, and was closed; how far it is settled."""

    due: date
    closed: date | None
    grade: str
    settled: int
    seen_by: str = "unit"


def hazards(rng: Rng, roads: Lines, main: Indices, anchor: datetime) -> Iterator[EventRow]:
    """Yield the hazards: random ones without a fault, then the planted ones."""
    truths = read_truths()
    (county,) = tuple(truths["partly_hidden_county"].finds)
    planted = [*_capped(truths["capped_counties"], anchor)]
    planted += (
        (county, course) for course in _partly_hidden(truths["partly_hidden_county"], anchor)
    )
    count = settings()["events"]["hazards"] - len(planted)
    spots = roads.draw(rng, count, main[roads.admin[main] != county])
    courses = [*_random(rng, count, anchor), *(course for _, course in planted)]
    edges = edges_in(roads, main, [code for code, _ in planted])
    spots = roads.at(
        np.concatenate([spots.edges, edges]),
        np.concatenate([spots.share, np.full(len(edges), 0.5)]),
    )
    kinds = rng.integers(0, len(_HAZARDS), len(courses))
    for i, course in enumerate(courses):
        yield _row(roads, spots, i, course, _HAZARDS[kinds[i]], anchor)


def _random(rng: Rng, count: int, anchor: datetime) -> Iterator[_Course]:
    """Yield courses without a fault: closed by their day, or due after this month."""
    full = len(read_rule(COMMITMENTS).value.root)
    closed = rng.random(count) < _CLOSED_SHARE
    grades = rng.choice(_GRADES, count, p=_SHARES)
    ago, early = rng.integers(1, _PAST_DAYS, count), rng.integers(0, 7, count)
    ahead, settled = rng.integers(0, _COMING_DAYS, count), rng.integers(2, full + 1, count)
    for i in range(count):
        if closed[i]:
            due = anchor.date() - timedelta(days=int(ago[i]))
            yield _Course(due, due - timedelta(days=int(early[i])), grades[i], full)
        else:
            due = month_day(anchor, -1, 1) + timedelta(days=int(ahead[i]))
            yield _Course(due, None, grades[i], int(settled[i]))


def _capped(truth: Truth, anchor: datetime) -> Iterator[tuple[str, _Course]]:
    full = len(read_rule(COMMITMENTS).value.root)
    due = month_day(anchor, truth.planted["months_ago"], truth.planted["day"])
    for code in truth.finds:
        yield code, _Course(due, None, "high", full)


def _partly_hidden(truth: Truth, anchor: datetime) -> Iterator[_Course]:
    """Yield the hazards of the county of which its prefecture does not see all."""
    full, plan = len(read_rule(COMMITMENTS).value.root), truth.planted
    late, hidden = plan["late"], plan["province_only"]
    for number in range(plan["on_time"] + late + hidden):
        due = month_day(anchor, truth.months_ago, 2 + 2 * number)
        is_late = number < late
        closed = due + timedelta(days=4 if is_late else -1)
        yield _Course(
            due, closed, "medium", full, "province" if late <= number < late + hidden else "unit"
        )


def month_day(anchor: datetime, months_ago: int, day: int) -> date:
    """Return a day of the month so many months before that of the anchor."""
    months = anchor.year * 12 + anchor.month - 1 - months_ago
    return date(months // 12, months % 12 + 1, day)


def _row(
    roads: Lines, spots: Spots, i: int, course: _Course, named: tuple[str, str, str],
    anchor: datetime,
) -> EventRow:  # fmt: skip
    rule = read_rule(COMMITMENTS)
    commitments = rule.value.root[: course.settled]
    zh, en, line = named
    stage = "rectifying" if course.settled == len(rule.value.root) else "registered"
    props = {
        "commitments": list(commitments),
        "stage": stage if course.closed is None else "closed",
        "line": line,
        **({"due_on": course.due.isoformat()} if "deadline" in commitments else {}),
    }
    code, place = roads.admin[spots.edges[i]], place_of(roads, spots, i)
    since = min(_at(course.due, anchor), anchor) - _REGISTERED_BEFORE
    until = None if course.closed is None else _at(course.closed, anchor)
    return EventRow(
        f"hazard:{i}", "hazard", code, "safety", course.seen_by, (since, until),
        (f"{place} {zh}", f"{place} {en}"), course.grade, "hazard", spots.points[i],
        state="open" if until is None else "ended", rule=f"{rule.key}@{rule.version}",
        route=route_of(roads, spots, i), props=props,
    )  # fmt: skip


def _at(day: date, anchor: datetime) -> datetime:
    return datetime.combine(day, _WORKING, anchor.tzinfo)
