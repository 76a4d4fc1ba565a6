"""POST /waterway/largest and /waterway/loading: how large a vessel may be, how much it may load."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Self

import numpy as np
from fastapi import Request
from pydantic import Field, model_validator
from starlette.responses import Response

from api.http.auth import actor_of
from api.http.bodies import SMALL
from api.http.concurrency import ask
from api.http.responses import fresh
from api.http.routes import Routes
from api.http.values import Number, Place, Whole
from api.ports.waterway.journey import PROFILE, Journey, JourneyBody, read_journey
from api.ports.waterway.voyages import DIMENSIONS, teller_now
from api.services import services
from routing.cost.weekly_hours import ZONE
from routing.graph.weights import Bools
from routing.index.snap import SnapPoint
from routing.query.model import Path
from routing.waterway.describe import Teller
from routing.waterway.largest import Bottleneck, bottleneck
from routing.waterway.loading import DRAUGHT, LoadingDay, LoadingQuestion, PayloadTable
from routing.waterway.voyage import Voyage, find_voyage
from spatial.errors import BadParameter, LimitViolated
from spatial.json_types import Document

MOST_DAYS = 14
LARGEST_S, DAY_S = 0.1, 0.05
"""What the four sizes, and a day's loading, are likely to take."""

routes = Routes("waterways")


class LargestBody(JourneyBody):
    """From where to where; the sizes of the vessel are not asked, only what else it is."""

    waypoints: list[Place] = Field(min_length=2, max_length=2)


class LoadingBody(JourneyBody):
    """A vessel with its payload (t) by draught (m), rising rows; the days from the departure on."""

    waypoints: list[Place] = Field(min_length=2, max_length=2)
    payload: list[tuple[Number, Number]] = Field(min_length=2, max_length=100)
    days: Whole = Field(default=7, ge=1, le=MOST_DAYS)

    @model_validator(mode="after")
    def _rising(self) -> Self:
        draughts, tonnes = zip(*self.payload, strict=True)
        for name, values in (("draught", draughts), ("payload", tonnes)):
            if any(b <= a for a, b in pairwise(values)) or values[0] < 0:
                raise ValueError(f"{name} must rise from row to row, from 0 or more")
        if draughts[0] <= 0:
            raise ValueError("a draught must be above 0")
        return self

    @property
    def table(self) -> PayloadTable:
        """The payload by draught."""
        draughts, tonnes = zip(*self.payload, strict=True)
        return PayloadTable(draughts, tonnes)


@routes.post("/api/waterway/largest", reads=("crs",), question=True, most_bytes=SMALL)
async def find_largest(body: LargestBody, request: Request) -> Response:
    """Answer the largest draught, air draught, beam and length from A to B, each by itself.

    `sure` takes what is not known for closed, `may` for open; each names the edge that limits it.
    `together` tells whether one vessel of all four sure sizes passes.
    """
    journey = await read_journey(request, body)
    document = await ask(request, partial(_largest, journey), LARGEST_S)
    services(request).audit.record(actor_of(request), "largest", PROFILE, rows=1)
    return fresh(document)


def _ends(journey: Journey) -> tuple[list[list[SnapPoint]], Bools]:
    """Return the spots of the places, and the keys that are open to vessels at departure."""
    network, query = journey.network, journey.query
    prepared = network.prepared(replace(query, unknown_limits="allow"), journey.now)
    places = network.snap(prepared, query.waypoints)
    return places, prepared.costs.passable & ~prepared.view.shut


def _largest(journey: Journey) -> Document:
    (source, target), passable = _ends(journey)
    judge, graph = journey.limits.judge, journey.network.graph
    state, nothing = judge.at(journey.depart.timestamp()), np.full(len(judge.kind.sizes), np.nan)
    told: dict[str, Document] = {}
    sizes = dict.fromkeys(judge.kind.sizes, np.nan)
    teller = teller_now(journey)
    for name in DIMENSIONS:
        place = judge.kind.sizes.index(name)
        found = {
            word: bottleneck(
                graph, passable,
                judge.capacity(state, place, nothing, sure=word == "sure", others=False),
                source, target,
            )
            for word in ("sure", "may")
        }  # fmt: skip
        told[name] = {word: _told(one, teller) for word, one in found.items()}
        sizes[name] = found["sure"].size
    return {
        "largest": told,
        "together": _together(journey, sizes),
        "at": journey.depart.isoformat(timespec="seconds"),
        "network_version": journey.network.version,
    }


def _told(found: Bottleneck, teller: Teller) -> Document:
    """Tell of a size: the largest, whether there is any limit or way, and what limits it."""
    return {
        "size": round(found.size, 3) if np.isfinite(found.size) else None,
        "unlimited": found.size == np.inf,
        "way": bool(found.edges),
        "limiting": None if found.limiting is None else teller.edge(found.limiting),
    }


def _together(journey: Journey, sizes: dict[str, float]) -> str | None:
    """Return whether one vessel of all sizes passes, None where one of them is not known."""
    asked = [sizes[name] for name in DIMENSIONS]
    if not all(np.isfinite(size) and size > 0 for size in asked):
        return None
    most = {limit.size: limit.most for limit in journey.network.graph.edges.kind.limits}
    tonnes = journey.query.sizes["deadweight_t"]
    known = {name: min(sizes[name], most[name]) for name in DIMENSIONS}
    query = replace(journey.query, sizes={**known, "deadweight_t": tonnes})
    try:
        return find_voyage(journey.network, query, journey.now).answer
    except LimitViolated:
        return "refused"


@routes.post("/api/waterway/loading", reads=("crs",), question=True, most_bytes=SMALL)
async def find_loading(body: LoadingBody, request: Request) -> Response:
    """Answer the draught and the tonnes that a vessel may load on each day, by the levels forecast.

    `p10` is sure, `p50` expected, `p90` the most to hope for; a day of which no level is said, or a
    way with limits that are not known, has null.
    """
    journey = await read_journey(request, body)
    cost_s = LARGEST_S + DAY_S * body.days
    document = await ask(request, partial(loading, journey, body), cost_s)
    services(request).audit.record(actor_of(request), "loading", PROFILE, rows=body.days)
    return fresh(document)


def loading(journey: Journey, body: LoadingBody) -> Document:
    """Return draught and tonnes by day, each with the edge that limits it."""
    table = body.table
    empty = replace(
        journey.query, sizes={**journey.query.sizes, DRAUGHT: table.draught_m[0]}, alternatives=0
    )
    voyage = find_voyage(journey.network, empty, journey.now)
    (source, target), passable = _ends(replace(journey, query=empty))
    judge = journey.limits.judge
    sizes = np.array([empty.sizes[name] for name in judge.kind.sizes])
    found: Path = voyage.paths[0]
    question = LoadingQuestion(
        journey.network.graph, passable, judge, sizes, table, source, target,
        found.sums()[1] / 1000,
    )  # fmt: skip
    teller = teller_now(replace(journey, query=empty))
    days = [question.day(begin, length) for begin, length in _days(journey.depart, body.days)]
    if all(day.draught_m["p90"] is None for day in days) and _waits_for_levels(journey, voyage):
        raise _no_forecast(journey)
    return {
        "voyage_s": round(question.voyage_s, 1),
        "answer": voyage.answer,
        "days": [_day(day, teller) for day in days],
        "margins_rule": judge.margins_rule.version,
        "network_version": found.version,
    }


def _waits_for_levels(journey: Journey, voyage: Voyage) -> bool:
    """Tell whether nothing keeps a voyage from being sure but levels that are not forecast."""
    if voyage.missing is None:
        return True
    judge = journey.limits.judge
    number = {str(gauge.id): n for n, gauge in enumerate(judge.levels.gauges)}
    low = judge.at(journey.depart.timestamp()).low
    return all(
        one.sort == "level" and np.isnan(low[number[one.name]]) for one in voyage.missing.unknowns
    )


def _no_forecast(journey: Journey) -> BadParameter:
    depart = journey.depart.isoformat(timespec="minutes")
    return BadParameter(
        f"No level is forecast for the voyage on any day from {depart}",
        f"自 {depart} 起各日均无该航程的水位预报",
        mend_en="Ask for fewer days or an earlier departure: the last forecasts end before.",
        mend_zh="请缩短天数或提前出发；相关水位站的预报在此之前结束。",
        pointer="/depart_at",
    )


def _days(depart: datetime, count: int) -> list[tuple[datetime, timedelta]]:
    """Return begin and length of days in Asia/Shanghai; the first begins with the departure."""
    local = depart.astimezone(ZONE)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    begins = [local, *(midnight + timedelta(days=n) for n in range(1, count))]
    ends = [midnight + timedelta(days=n) for n in range(1, count + 1)]
    return [(begin, end - begin) for begin, end in zip(begins, ends, strict=True)]


def _day(day: LoadingDay, teller: Teller) -> Document:
    limiting = day.limiting["p10"]
    return {
        "date": day.begin.date().isoformat(),
        "begin": day.begin.isoformat(timespec="seconds"),
        "draught_m": day.draught_m,
        "payload_t": {n: None if t is None else round(t, 1) for n, t in day.payload_t.items()},
        "limiting": None if limiting is None else teller.edge(limiting),
    }
