"""Availability: for how much of its time in service each asset was heard of, by unit and window."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from pydantic import BaseModel, Field

from layers.cql.types import DAY_ZONE
from layers.declare.base import Text
from layers.processes.office.uptime import Span, down_within, runs_of, seconds, up_within
from layers.processes.readers.uptime_rows import Heard, uptimes
from layers.processes.runtime.helpers import feature
from layers.processes.runtime.model import (
    Features,
    Inputs,
    Moment,
    Outputs,
    Process,
    Scene,
    titled,
    wrong_input,
)

DAY = timedelta(days=1)
USUAL_DAYS, MOST_DAYS = 62, 400
PERCENT = 100.0


class AssetGiven(Inputs):
    """One asset and its heartbeats."""

    id: str = Field(min_length=1, max_length=80)
    unit: str | None = Field(default=None, max_length=80)
    period_s: float = Field(gt=0, le=31_536_000, allow_inf_nan=False)
    heartbeats: list[Moment] = Field(max_length=10_000)
    since: Moment | None = None
    """In service from then on; through the whole window where nothing is said."""


class AvailabilityInputs(Inputs):
    """Which assets, and the window; the watched ones of the last days where nothing is said."""

    assets: list[AssetGiven] | None = titled("资产", "Assets", default=None, max_length=2_000)
    since: Moment | None = titled("起", "From", default=None)
    until: Moment | None = titled("止", "Until", default=None)
    days: int = titled("天数", "Days", default=USUAL_DAYS, ge=1, le=MOST_DAYS)


class Available(BaseModel):
    """One asset: up and in service in the window, when it was off line, when it was heard last."""

    id: str
    name: str
    unit: str | None
    up_s: float
    in_service_s: float
    availability_pct: float | None
    offline: list[tuple[datetime, datetime]]
    last_seen: datetime | None


class UnitAvailable(BaseModel):
    """The assets of a unit: sum of up seconds ÷ sum of in-service seconds."""

    unit: str | None
    assets: int
    up_s: float
    in_service_s: float
    availability_pct: float | None


class AvailabilityOutputs(Outputs):
    """Assets, the least available first; units by code; each day of each asset as a row."""

    assets: list[Available] = titled("资产", "Assets")
    units: list[UnitAvailable] = titled("分单位", "Units")
    days: Features = titled("逐日", "By day")


HEARD = uptimes(
    lambda inputs: (
        None
        if inputs.assets is not None
        else inputs.since or datetime.now(DAY_ZONE) - inputs.days * DAY
    )
)


def check(inputs: AvailabilityInputs, scene: Scene) -> None:
    """Refuse a window that is none, or too long."""
    start, end = _window(inputs, scene)
    if start >= end:
        raise wrong_input("until", "lies before since", "早于起始时间")
    if end - start > MOST_DAYS * DAY:
        raise wrong_input(
            "since", f"the window is longer than {MOST_DAYS} days", f"超过 {MOST_DAYS} 天"
        )


def run(inputs: AvailabilityInputs, scene: Scene) -> AvailabilityOutputs:
    """Add up how long each asset was up in the window, and in each day of it."""
    window = _window(inputs, scene)
    found = scene.get(HEARD) if inputs.assets is None else [_given(one) for one in inputs.assets]
    assets = [_available(one, window) for one in found]
    return AvailabilityOutputs(
        assets=sorted(assets, key=lambda one: (one.availability_pct or 0.0, one.id)),
        units=_units(assets),
        days=Features(features=[row for one in found for row in _days(one, window)]),
    )


def _window(inputs: AvailabilityInputs, scene: Scene) -> Span:
    end = inputs.until or scene.now
    if inputs.since is not None:
        return inputs.since, end
    first = (end - (inputs.days - 1) * DAY).astimezone(DAY_ZONE)
    return first.replace(hour=0, minute=0, second=0, microsecond=0), end


def _given(one: AssetGiven) -> Heard:
    return Heard(
        one.id, one.id, one.unit, one.period_s, runs_of(one.heartbeats, one.period_s), one.since
    )


def _service(one: Heard, window: Span) -> Span | None:
    start, end = max(one.since or window[0], window[0]), min(one.until or window[1], window[1])
    return (start, end) if start < end else None


def _available(one: Heard, window: Span) -> Available:
    span = _service(one, window)
    up = up_within(one.runs, one.period_s, span) if span else []
    whole = seconds([span]) if span else 0.0
    heard = [min(last, window[1]) for first, last in one.runs if first <= window[1]]
    return Available(
        id=one.id,
        name=one.name,
        unit=one.unit,
        up_s=seconds(up),
        in_service_s=whole,
        availability_pct=_percent(seconds(up), whole),
        offline=down_within(up, span) if span else [],
        last_seen=max(heard, default=None),
    )


def _units(assets: Sequence[Available]) -> list[UnitAvailable]:
    by_unit: dict[str | None, list[Available]] = defaultdict(list)
    for one in assets:
        by_unit[one.unit].append(one)
    return [
        UnitAvailable(
            unit=unit,
            assets=len(members),
            up_s=sum(one.up_s for one in members),
            in_service_s=sum(one.in_service_s for one in members),
            availability_pct=_percent(
                sum(one.up_s for one in members), sum(one.in_service_s for one in members)
            ),
        )
        for unit, members in sorted(by_unit.items(), key=lambda item: item[0] or "")
    ]


def _percent(up: float, whole: float) -> float | None:
    return up / whole * PERCENT if whole else None


def _days(one: Heard, window: Span) -> Iterator[object]:
    """Yield each day of Asia/Shanghai on which an asset was in service, with both its sides."""
    span = _service(one, window)
    if span is None:
        return
    day = span[0].astimezone(DAY_ZONE).date()
    while (start := datetime(day.year, day.month, day.day, tzinfo=DAY_ZONE)) < span[1]:
        within = max(start, span[0]), min(start + DAY, span[1])
        up = seconds(up_within(one.runs, one.period_s, within))
        yield feature(
            f"{one.id}/{day.isoformat()}", one.geometry, name_zh=one.name, admin_code=one.unit,
            day=day.isoformat(), up_s=up, in_service_s=seconds([within]),
        )  # fmt: skip
        day += DAY


PROCESS = Process(
    id="availability",
    title=Text(zh="资产可用率", en="Availability of assets"),
    description=Text(
        zh="按心跳计算时间窗内各资产、各单位的可用率：在线秒数 ÷ 在役秒数。",
        en="For how much of its time in service each asset was on line in a window, by heartbeats; "
        "units by the sum of both sides. An asset is off line a period after its last heartbeat.",
    ),
    inputs=AvailabilityInputs,
    outputs=AvailabilityOutputs,
    run=run,
    reads=(HEARD,),
    check=check,
    quick=True,
)
