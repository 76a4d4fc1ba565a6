"""The ledger of feeds at a time: which came in time, which are late or never came, by owner."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, Field

from layers.declare.base import Text
from layers.processes.readers.rows import READER as ROWS
from layers.processes.readers.rules_in_force import rules_at
from layers.processes.runtime.model import (
    Inputs,
    Moment,
    Need,
    Outputs,
    Process,
    RowsFrom,
    Scene,
    titled,
)
from spatial.rule_models import FEED_LATE
from spatial.rules import get_rule

State = Literal["on_time", "late", "never"]
WORST_FIRST: tuple[State, ...] = ("never", "late", "on_time")


class FeedGiven(Inputs):
    """One feed: how often it must come, and when it came last."""

    code: str = Field(min_length=1, max_length=80)
    owner: str = Field(default="", max_length=200)
    every_s: float = Field(gt=0, le=31_536_000, allow_inf_nan=False)
    last_at: Moment | None = None


class LedgerInputs(Inputs):
    """Which feeds, those that are registered where none is named; and the time."""

    feeds: list[FeedGiven] | None = titled("数据", "Feeds", default=None, max_length=2_000)
    at: Moment | None = titled("时间（默认现在）", "Time", default=None)


class FeedState(BaseModel):
    """One feed at the time; `late_by_s` since it should have come."""

    code: str
    owner: str
    state: State
    last_at: datetime | None
    late_by_s: float | None


class OwnerStates(BaseModel):
    """The feeds of an owner by state."""

    owner: str
    on_time: int
    late: int
    never: int


class LedgerOutputs(Outputs):
    """Feeds, those that never came and then the latest first; owners with what they lack."""

    feeds: list[FeedState] = titled("数据", "Feeds")
    owners: list[OwnerStates] = titled("责任单位", "Owners")


ROWS_ASKED: Need[Sequence[Mapping[str, Any]]] = Need(
    ROWS.name, "feeds", lambda inputs: RowsFrom(layer="feeds") if inputs.feeds is None else None
)

RULES = rules_at(lambda inputs: inputs.at)


def run(inputs: LedgerInputs, scene: Scene) -> LedgerOutputs:
    """Tell the state of each feed at the time: late from the end of its period on."""
    moment = inputs.at or scene.now
    periods = get_rule(scene.get(RULES), FEED_LATE).value.periods
    given = inputs.feeds
    if given is None:
        given = [_of_row(row, periods) for row in scene.get(ROWS_ASKED)]
    states = [_state(one, moment, periods) for one in given]
    by_owner: dict[str, Counter[State]] = defaultdict(Counter)
    for one in states:
        by_owner[one.owner][one.state] += 1
    order = {state: place for place, state in enumerate(WORST_FIRST)}
    return LedgerOutputs(
        feeds=sorted(states, key=lambda one: (order[one.state], -(one.late_by_s or 0), one.code)),
        owners=[
            OwnerStates(owner=owner, **{state: found[state] for state in WORST_FIRST})
            for owner, found in sorted(by_owner.items())
        ],
    )


def _of_row(row: Mapping[str, Any], periods: float) -> FeedGiven:
    held = row["properties"]
    due = held["late_from"]
    last = due and datetime.fromisoformat(due) - timedelta(seconds=held["every_s"] * periods)
    return FeedGiven(code=held["code"], owner=held["owner"], every_s=held["every_s"], last_at=last)


def _state(one: FeedGiven, moment: datetime, periods: float) -> FeedState:
    if one.last_at is None:
        return FeedState(
            code=one.code, owner=one.owner, state="never", last_at=None, late_by_s=None
        )
    late_s = (moment - one.last_at).total_seconds() - one.every_s * periods
    return FeedState(
        code=one.code,
        owner=one.owner,
        state="late" if late_s >= 0 else "on_time",
        last_at=min(one.last_at, moment),
        late_by_s=late_s if late_s >= 0 else None,
    )


PROCESS = Process(
    id="feed-ledger",
    title=Text(zh="数据供给台账", en="Ledger of feeds"),
    description=Text(
        zh="按周期核对各路数据的送达：按时、迟到多久、从未送达，按责任单位汇总。",
        en="Holds each feed against its period: in time, late by how much, never came; by owner.",
    ),
    inputs=LedgerInputs,
    outputs=LedgerOutputs,
    run=run,
    reads=(ROWS_ASKED, RULES),
    quick=True,
)
