"""GET /airspace/briefing.html: zones of an area at a time and its flights, for those offline."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, cast

import orjson
import shapely
from fastapi import Query, Request
from pydantic import TypeAdapter, ValidationError
from starlette.responses import Response

from api.airspace.air_keeper import AirKeeper
from api.airspace.horizon import check_horizon
from api.airspace.picture import LONGEST, MOST_FLIGHTS, drawn_flight, read_flights
from api.airspace.picture_document import DrawnFlight
from api.http.app_state import own
from api.http.auth import actor_of
from api.http.concurrency import ask
from api.http.negotiate import language
from api.http.responses import NO_STORE
from api.http.routes import Routes
from api.http.values import Moment
from api.services import Services, services
from layers.processes.airspace.briefing import Box, Planned, PlannedPart, Shown, deck_json, shown_in
from layers.processes.airspace.briefing_page import Table, page, policy
from layers.processes.airspace.briefing_words import Lang, Words
from layers.query.filters import parse_bbox
from layers.reports.fonts import subset
from routing.airspace.drawn import Ground
from routing.airspace.levels import Joins
from spatial.actor import Actor
from spatial.errors import BadCoordinate, BadParameter, SetupError

PERIOD = timedelta(days=1)
"""For so long after its time a briefing tells the plans, where no end is named."""
WIDE_FROM = 0x2E80
"""From here on are the characters that a machine may have no font for."""
MADE_S = 0.5
"""What a briefing is likely to take of a core."""
LAYERS = ("airspace", "controlled_ground", "airspace_restrictions", "ground_coverage")
_moment: TypeAdapter[datetime] = TypeAdapter(Moment)
routes = Routes("airspace")


@routes.get("/api/airspace/briefing.html")
async def get_briefing(
    request: Request,
    bbox: Annotated[
        str | None, Query(max_length=200, description="West, south, east, north.")
    ] = None,
    time: Annotated[str | None, Query(max_length=40, description="With offset; now.")] = None,
    until: Annotated[
        str | None, Query(max_length=40, description="End of the plans; a day later.")
    ] = None,
) -> Response:
    """Return the page of an area at a time, and of flights planned until another, in HTML."""
    served, actor = services(request), actor_of(request)
    box, moment, lang = _box(bbox), _time(time, "time"), cast(Lang, language(request))
    end = moment + PERIOD if until is None else _time(until, "until")
    if not moment < end <= moment + LONGEST:
        raise _bad_time("until", "must lie after time, within two days", "须晚于 time 且在两天内")
    air = await own(request.app, AirKeeper).at(served, moment)
    check_horizon(air.rules, moment, "time")
    found = await read_flights(served.db, actor, box, moment, end)
    sources = await _sources(served, actor)

    def made() -> tuple[bytes, str]:
        words, joins = Words(lang, air.rules), air.judge.air.joins
        plans = [planned(drawn_flight(one), joins) for one in found]
        cut = len(found) >= MOST_FLIGHTS
        flights = words.plan_table(plans, end, public_only=actor.anonymous, cut=cut)
        shown = shown_in(air, box, moment)
        facts = words.facts(air, shown, box, moment, sources)
        said = (words.marks(air, shown, served.settings.map_review_number), facts, flights)
        return _made(words, shown, box, plans, said, served.settings.home)

    body, csp = await ask(request, made, MADE_S)
    served.audit.record(actor, "airspace-briefing", ",".join(f"{side:g}" for side in box), rows=1)
    headers = {
        **NO_STORE, "Content-Security-Policy": f"{csp}; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
    }  # fmt: skip
    return Response(body, headers=headers, media_type="text/html; charset=utf-8")


def _made(
    words: Words, shown: Shown, box: Box, plans: Sequence[Planned],
    said: tuple[list[str], list[tuple[str, str]], Table], home: Path,
) -> tuple[bytes, str]:  # fmt: skip
    """Return the page and its policy."""
    marks, facts, flights = said
    names = [words.name(zone) for zone in shown.zones]
    picture = deck_json(shown, box, names, plans, [words.called(plan) for plan in plans])
    parts = (words.of("title"), words.lang, marks, picture, facts, words.table(shown), flights)
    font = _font(home, orjson.dumps(parts).decode())
    return page(*parts, font=font).encode(), policy(font)


def planned(flight: DrawnFlight, joins: Joins) -> Planned:
    """Return a flight as a briefing tells it; what has no name is called by its manager."""
    volumes = flight.volumes
    middles = shapely.centroid([one.shape for one in volumes])
    below = Ground.at(shapely.get_x(middles), shapely.get_y(middles), joins).undulation_m.tolist()
    parts = tuple(
        PlannedPart(shape, one.lower_m - rise, one.upper_m - rise)
        for one, rise in zip(volumes, below, strict=True)
        for shape in shapely.get_parts(one.shape).tolist()
    )
    name = flight.name or dict.fromkeys(("zh", "en"), flight.manager or flight.id)
    state = "Constraint" if flight.kind == "constraint" else flight.state or "Accepted"
    return Planned(
        name["zh"], name["en"], state, flight.priority or 0,
        min(one.begin for one in volumes), max(one.end for one in volumes),
        min(one.lower_m for one in volumes), max(one.upper_m for one in volumes),
        flight.origin or "real", parts,
    )  # fmt: skip


def _font(home: Path, text: str) -> bytes | None:
    """Return a font of the wide characters of a text, None where the map's is not there."""
    wide = "".join(sorted({one for one in text if ord(one) >= WIDE_FROM}))
    try:
        return subset(home, wide) if wide else None
    except SetupError:
        return None


def _box(text: str | None) -> Box:
    if text is None:
        raise BadParameter(
            "bbox is missing", "缺少 bbox",
            mend_en="Write bbox=119.9,30.1,120.4,30.5.", mend_zh="写作 119.9,30.1,120.4,30.5。",
            parameter="bbox",
        )  # fmt: skip
    box = parse_bbox(text)
    if not (box[0] < box[2] and box[1] < box[3]):
        raise BadCoordinate(
            "bbox has no area, or crosses the antimeridian", "bbox 面积为零或跨越 180° 经线",
            parameter="bbox",
        )  # fmt: skip
    return box


def _time(text: str | None, name: str) -> datetime:
    if text is None:
        return datetime.now(UTC)
    try:
        return _moment.validate_python(text)
    except ValidationError:
        raise _bad_time(name, "cannot be read", "无法解析") from None


def _bad_time(name: str, en: str, zh: str) -> BadParameter:
    return BadParameter(
        f"{name} {en}", f"{name} {zh}",
        mend_en="Write it with its offset: 2026-12-02T10:00:00+08:00.",
        mend_zh="须带时区：2026-12-02T10:00:00+08:00。", parameter=name,
    )  # fmt: skip


async def _sources(served: Services, actor: Actor) -> list[str]:
    """Return the attributions of the layers that a briefing is made of."""
    found: dict[str, None] = {}
    for layer in (one for one in served.catalog.list_layers(actor) if one.id in LAYERS):
        summary = await served.summaries.of(layer, actor)
        sources = await served.summaries.sources(summary.sources)
        found |= dict.fromkeys(source["attribution"] for source in sources)
    return list(found)
