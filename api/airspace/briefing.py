"""GET /airspace/briefing.html: the zones of an area at a time in one page for those offline."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, cast

from fastapi import Query, Request
from pydantic import TypeAdapter, ValidationError
from starlette.responses import Response

from api.airspace.air_keeper import AirKeeper
from api.http.app_state import own
from api.http.auth import actor_of
from api.http.concurrency import ask
from api.http.negotiate import language
from api.http.responses import NO_STORE
from api.http.routes import Routes
from api.http.values import Moment
from api.services import Services, services
from layers.processes.airspace.briefing import Box, deck_json, shown_in
from layers.processes.airspace.briefing_page import page, policy
from layers.processes.airspace.briefing_words import Lang, Words
from layers.processes.readers.airspace_rows import AirOfTime
from layers.query.filters import parse_bbox
from spatial.actor import Actor
from spatial.airspace_rules import BOUNDS
from spatial.errors import BadCoordinate, BadParameter
from spatial.rules import get_rule

MADE_S = 0.2
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
) -> Response:
    """Return the page of an area at a time in HTML."""
    served, actor = services(request), actor_of(request)
    box, moment, lang = _box(bbox), _time(time), cast(Lang, language(request))
    air = await own(request.app, AirKeeper).at(served, moment)
    last = datetime.now(UTC) + timedelta(days=get_rule(air.rules, BOUNDS).value.horizon_days)
    if moment > last:
        raise _bad_time(f"lies after {last.isoformat(timespec='minutes')}", "超出可查询的期限")
    sources = await _sources(served, actor)
    review = served.settings.map_review_number

    def made() -> bytes:
        words = Words(lang, air.rules)
        return _made(air, (box, moment), words, sources, review)

    body = await ask(request, made, MADE_S)
    served.audit.record(actor, "airspace-briefing", ",".join(f"{side:g}" for side in box), rows=1)
    headers = {
        **NO_STORE, "Content-Security-Policy": f"{policy()}; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
    }  # fmt: skip
    return Response(body, headers=headers, media_type="text/html; charset=utf-8")


def _made(
    air: AirOfTime, asked: tuple[Box, datetime], words: Words, sources: list[str],
    review: str | None,
) -> bytes:  # fmt: skip
    box, moment = asked
    shown = shown_in(air, box, moment)
    picture = deck_json(shown, box, [words.name(zone) for zone in shown.zones])
    facts = words.facts(air, shown, box, moment, sources)
    marks = words.marks(air, shown, review)
    text = page(words.of("title"), words.lang, marks, picture, facts, words.table(shown))
    return text.encode()


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


def _time(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC)
    try:
        return _moment.validate_python(text)
    except ValidationError:
        raise _bad_time("cannot be read", "无法解析") from None


def _bad_time(en: str, zh: str) -> BadParameter:
    return BadParameter(
        f"time {en}", f"time {zh}", mend_en="Write it with its offset: 2026-12-02T10:00:00+08:00.",
        mend_zh="须带时区：2026-12-02T10:00:00+08:00。", parameter="time",
    )  # fmt: skip


async def _sources(served: Services, actor: Actor) -> list[str]:
    """Return the attributions of the layers that a briefing is made of."""
    found: dict[str, None] = {}
    for layer in (one for one in served.catalog.list_layers(actor) if one.id in LAYERS):
        summary = await served.summaries.of(layer, actor)
        sources = await served.summaries.sources(summary.sources)
        found |= dict.fromkeys(source["attribution"] for source in sources)
    return list(found)
