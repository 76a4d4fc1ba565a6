"""The plan of a terminal: its calls as the engine takes them, and what is kept of the answer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import TypedDict

import orjson

from api.ports.berths.bodies import ClosedBody
from api.ports.berths.terminal import Call, Terminal
from routing.berths.checks import Refusal, refusals, without
from routing.berths.faults import faults
from routing.berths.model import Block, Plan, Quay, Task, Vessel
from routing.berths.planning import plan
from routing.berths.rule_models import GAPS, HORIZON, SEARCH, TIDES, BerthHorizon
from routing.berths.wave import tides_between
from spatial.rules import NotedRules, Rules, get_rule

BEYOND = timedelta(days=7)
"""How far after the last arrival tides are told, so that vessels find one to leave with."""


class Lying(TypedDict):
    """Where and when a vessel lies; times are RFC 3339. `state` is `planned` or `berthed`."""

    call: str
    state: str
    berth: str
    from_m: float
    to_m: float
    start: str
    handled: str
    leaves: str
    waits_min: int
    late_min: int
    origin: str


class Unplanned(TypedDict):
    """A call that is not planned: refused, overdue, or `later` than the horizon."""

    call: str
    cause: str
    zh: str
    en: str
    mend_zh: str
    mend_en: str


class Document(TypedDict):
    """A plan as it is kept and told."""

    since: str
    until: str
    lying: list[Lying]
    unplanned: list[Unplanned]
    tides: list[dict[str, str | float]]
    cost: int
    bound: int
    gap: float
    first_come: int | None
    ended: str
    faults: list[str]


@dataclass(frozen=True)
class Made:
    """A plan, until when it holds if nothing changes, and the rules that it stands on."""

    document: Document
    holds_until: datetime
    rules: str


def digest_of(terminal: Terminal, rules: Rules) -> str:
    """Return what a plan stands on as a text that differs when any of it does."""
    noted = NotedRules(rules)
    for kind in (GAPS, SEARCH, HORIZON, TIDES):
        get_rule(noted, kind)
    berths = [(one.key, one.length_m, one.depth_m, one.single) for one in terminal.berths]
    stood = [
        noted.read,
        terminal.row["channel_depth_m"],
        berths,
        [tuple(one) for one in terminal.calls],
    ]
    return hashlib.blake2b(orjson.dumps(stood), digest_size=16).hexdigest()


def make(
    terminal: Terminal, calls: Sequence[Call], closed: Sequence[ClosedBody], rules: Rules,
    now: datetime,
) -> Made:  # fmt: skip
    """Return the plan of calls from now on; it takes its time of this thread.

    Raises
    ------
    BadParameter, LimitViolated
        What the engine refuses of the terminal as a whole.
    """
    noted = NotedRules(rules)
    rule = get_rule(noted, HORIZON).value
    planned, unplanned = _sorted(calls, rule, now)
    task = _task(terminal, planned, [one for one in calls if one.state == "berthed"], closed,
                 noted, now)  # fmt: skip
    refused = refusals(task)
    task, extent = without(task, refused), get_rule(noted, SEARCH).value
    found = plan(task, extent) if task.vessels else Plan([], 0, 0, 0, 0, "proven")
    lying = [*_lying(task, calls, found), *_berthed(calls, rule, now)]
    broken = [
        *(faults(task, found.berthings) if task.vessels else []),
        *_one_place([one for one in lying if one["state"] == "berthed"]),
    ]
    document: Document = {
        "since": _text(_minute(now)),
        "until": _text(_minute(now + timedelta(hours=rule.ahead_h))),
        "lying": sorted(lying, key=lambda one: (one["start"], one["call"])),
        "unplanned": [*(_refused(one) for one in refused), *unplanned],
        "tides": [
            {"since": _text(one.since), "until": _text(one.until), "depth_m": one.depth_m}
            for one in task.tides if one.since < _minute(now) + rule.ahead_h * 60
        ],
        "cost": found.cost, "bound": found.bound, "gap": round(found.gap, 6),
        "first_come": found.first_come, "ended": found.ended, "faults": broken,
    }  # fmt: skip
    return Made(document, _holds(document, calls, rule, now), noted.read or "")


def _sorted(
    calls: Sequence[Call], rule: BerthHorizon, now: datetime
) -> tuple[list[Call], list[Unplanned]]:
    """Return the calls that are planned, and why others are not."""
    planned, others = [], []
    for one in calls:
        if one.state != "expected":
            continue
        if one.eta > now + timedelta(hours=rule.ahead_h):
            others.append(_told(
                one, "later", f"到港时间晚于 {rule.ahead_h} 小时的计划期",
                f"She comes after the {rule.ahead_h} hours that are planned",
                "届时自动列入。", "She is planned in time.",
            ))  # fmt: skip
        elif one.eta < now - timedelta(hours=rule.overdue_h):
            others.append(_told(
                one, "overdue", f"预计到港已过 {rule.overdue_h} 小时而未靠泊",
                f"She was to come more than {rule.overdue_h} hours ago and has not berthed",
                "请更新到港时间或状态。", "Send her new time, or her state.",
            ))  # fmt: skip
        else:
            planned.append(one)
    return planned, others


def _told(one: Call, cause: str, zh: str, en: str, mend_zh: str, mend_en: str) -> Unplanned:
    return {
        "call": one.id, "cause": cause, "zh": zh, "en": en, "mend_zh": mend_zh, "mend_en": mend_en
    }  # fmt: skip


def _refused(one: Refusal) -> Unplanned:
    return {
        "call": one.vessel, "cause": one.cause, "zh": one.zh, "en": one.en,
        "mend_zh": one.mend_zh, "mend_en": one.mend_en,
    }  # fmt: skip


def lasts_of(one: Call, rule: BerthHorizon) -> int:
    """Return the minutes of handling of a call."""
    if one.handling_min is not None:
        return one.handling_min
    return rule.lasts_min(one.moves or 1, one.cranes)


def _task(
    terminal: Terminal, planned: Sequence[Call], berthed: Sequence[Call],
    closed: Sequence[ClosedBody], rules: NotedRules, now: datetime,
) -> Task:  # fmt: skip
    rule, gaps = get_rule(rules, HORIZON).value, get_rule(rules, GAPS).value
    opens = _minute(now)
    quays = [
        Quay(one.key, one.length_m, one.depth_m, one.single, opens, [
            *_blocks(one.key, berthed, rule, now),
            *(Block(c.from_m or 0.0, one.length_m if c.to_m is None else c.to_m,
                    _minute(c.since), _minute(c.until)) for c in closed if c.berth == one.key),
        ])
        for one in terminal.berths
    ]  # fmt: skip
    vessels = []
    for one in planned:
        lasts = lasts_of(one, rule)
        at = {} if one.berth is None else {one.berth: lasts}
        vessels.append(Vessel(
            one.id, one.length_m, _minute(one.eta), lasts, at, one.draught_m, one.draught_out_m,
            one.weight, None if one.due is None else _minute(one.due), one.late_weight,
        ))  # fmt: skip
    task = Task(quays, vessels, gaps, terminal.row["channel_depth_m"])
    if task.depth_m is None or not vessels:
        return task
    last = max(opens, *(one.arrival for one in vessels)) + int(BEYOND.total_seconds()) // 60
    wave = get_rule(rules, TIDES).value
    return replace(task, tides=tides_between(wave, opens, last, task.depth_m))


def _blocks(
    berth: str, berthed: Sequence[Call], rule: BerthHorizon, now: datetime
) -> Iterator[Block]:
    for one in berthed:
        if one.berth == berth and one.from_m is not None and one.berthed_at is not None:
            yield Block(
                one.from_m,
                one.from_m + one.length_m,
                _minute(one.berthed_at),
                _ends(one, rule, now),
            )


def _ends(one: Call, rule: BerthHorizon, now: datetime) -> int:
    """Return when a vessel that lies there leaves, after now: she may take longer than told."""
    begun = _minute(one.berthed_at or now)
    return max(begun + lasts_of(one, rule), _minute(now) + rule.grace_min)


def _lying(task: Task, calls: Sequence[Call], found: Plan) -> Iterator[Lying]:
    own, vessels = {one.id: one for one in calls}, {one.id: one for one in task.vessels}
    for one in found.berthings:
        vessel = vessels[one.vessel]
        yield {
            "call": one.vessel, "state": "planned", "berth": one.quay, "from_m": one.from_m,
            "to_m": round(one.from_m + vessel.length_m, 3), "start": _text(one.start),
            "handled": _text(one.handled), "leaves": _text(one.leaves),
            "waits_min": one.start - vessel.arrival,
            "late_min": 0 if vessel.due is None else max(0, one.leaves - vessel.due),
            "origin": own[one.vessel].origin,
        }  # fmt: skip


def _berthed(calls: Sequence[Call], rule: BerthHorizon, now: datetime) -> Iterator[Lying]:
    for one in calls:
        if one.state != "berthed" or one.berthed_at is None or one.from_m is None:
            continue
        begun, ends = _minute(one.berthed_at), _ends(one, rule, now)
        yield {
            "call": one.id, "state": "berthed", "berth": one.berth or "", "from_m": one.from_m,
            "to_m": round(one.from_m + one.length_m, 3), "start": _text(begun),
            "handled": _text(ends), "leaves": _text(ends),
            "waits_min": max(0, begun - _minute(one.eta)),
            "late_min": 0 if one.due is None else max(0, ends - _minute(one.due)),
            "origin": one.origin,
        }  # fmt: skip


def _one_place(berthed: Sequence[Lying]) -> Iterator[str]:
    """Tell of vessels that by what was told lie where another lies; one of them has left."""
    for a, b in combinations(berthed, 2):
        beside = a["to_m"] <= b["from_m"] or b["to_m"] <= a["from_m"]
        apart = a["leaves"] <= b["start"] or b["leaves"] <= a["start"]
        if a["berth"] == b["berth"] and not beside and not apart:
            yield f"{a['call']}, {b['call']}: both told to lie at one place"


def _holds(
    document: Document, calls: Sequence[Call], rule: BerthHorizon, now: datetime
) -> datetime:
    """Return when a plan is to be made anew though nothing was told.

    A vessel that was to berth has not, one that lies there has not left, or a call comes within
    what is planned.
    """
    grace, ahead = timedelta(minutes=rule.grace_min), timedelta(hours=rule.ahead_h)
    ends = [now + ahead]
    for one in document["lying"]:
        planned = one["state"] == "planned"
        ends.append(datetime.fromisoformat(one["start"]) + grace if planned
                    else datetime.fromisoformat(one["leaves"]))  # fmt: skip
    ends += [one.eta - ahead for one in calls if one.eta > now + ahead]
    return max(now + timedelta(minutes=1), min(ends))


def _minute(at: datetime) -> int:
    return int(at.timestamp()) // 60


def _text(minute: int) -> str:
    return datetime.fromtimestamp(minute * 60, UTC).isoformat()
