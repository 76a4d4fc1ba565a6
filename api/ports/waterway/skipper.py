"""GET /waterway/skipper: one page for a skipper: may I, how much, when, what stops me."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Annotated, cast

from fastapi import Query, Request
from pydantic import BeforeValidator
from starlette.responses import Response

from api.http.auth import actor_of
from api.http.concurrency import ask
from api.http.negotiate import language
from api.http.responses import NO_STORE
from api.http.routes import Routes
from api.ports.waterway.journey import PROFILE, JourneyBody, VesselBody, read_journey
from api.ports.waterway.paths import check, read_place
from api.ports.waterway.sizes import LoadingBody, loading
from api.ports.waterway.skipper_page import Asked, Lang, Said, page, policy
from api.ports.waterway.waits import waits_for
from api.services import services
from spatial.errors import BadParameter, LimitViolated, NoSnap, Unreachable
from spatial.json_types import Document

DAYS = 4
SKIPPER_S = 0.3
"""What a page is likely to take."""


def _blank(text: object) -> object:
    """Return None for a field of the form that is left blank: it is not known."""
    return None if isinstance(text, str) and not text.strip() else text


Draught = Annotated[float | None, Query(gt=0, le=30, allow_inf_nan=False), BeforeValidator(_blank)]
Across = Annotated[float | None, Query(gt=0, le=80, allow_inf_nan=False), BeforeValidator(_blank)]
Length = Annotated[float | None, Query(gt=0, le=400, allow_inf_nan=False), BeforeValidator(_blank)]
Tonnes = Annotated[
    float | None, Query(gt=0, le=100_000, allow_inf_nan=False), BeforeValidator(_blank)
]

routes = Routes("waterways")


@routes.get("/api/waterway/skipper")
async def get_skipper(
    request: Request,
    from_: Annotated[str | None, Query(alias="from", max_length=60)] = None,
    to: Annotated[str | None, Query(max_length=60)] = None,
    draught_m: Draught = None,
    light_m: Draught = None,
    air_draught_m: Across = None,
    beam_m: Across = None,
    length_m: Length = None,
    deadweight_t: Tonnes = None,
) -> Response:
    """Return the answers for a vessel from A to B now, and its form, in HTML that may be kept.

    `draught_m` is loaded, `light_m` empty: between them the tonnes are counted. A size left blank
    is not known. Without `from` and `to` the page is the form alone.
    """
    lang, now = cast(Lang, language(request)), datetime.now(UTC)
    sizes = {
        "draught_m": draught_m, "air_draught_m": air_draught_m, "beam_m": beam_m,
        "length_m": length_m, "deadweight_t": deadweight_t,
    }  # fmt: skip
    asked = Asked(from_, to, light_m, {name: v for name, v in sizes.items() if v is not None})
    said = await _said(request, asked) if from_ and to else None
    body = page(lang, asked, said, now)
    headers = {
        **NO_STORE, "Content-Security-Policy": policy(), "X-Content-Type-Options": "nosniff",
        "Content-Language": lang,
    }  # fmt: skip
    return Response(body, headers=headers, media_type="text/html; charset=utf-8")


async def _said(request: Request, asked: Asked) -> Said:
    """Return what is answered; a question that cannot be answered is told in its place."""
    try:
        places = [read_place("from", str(asked.start)), read_place("to", str(asked.end))]
        vessel = VesselBody.model_validate(asked.sizes)
        journey = await read_journey(request, JourneyBody(vessel=vessel, waypoints=places))
        question = _loading_body(asked, places)
        loaded = None
        if question is not None:
            own = await read_journey(request, question)
            loaded = partial(_tonnes, partial(loading, own, question))

        waits = await waits_for(request, journey)

        def work() -> Document:
            told = check(journey, waits)
            return {**told, "loading": None if loaded is None else loaded()}

        document = await ask(request, work, SKIPPER_S)
    except (BadParameter, NoSnap, Unreachable) as error:
        zh, en = f"{error.zh} {error.mend_zh}", f"{error.en} {error.mend_en}"
        return {"problem": {"zh": zh, "en": en}}
    services(request).audit.record(actor_of(request), "check", PROFILE, rows=1)
    return cast(Said, document)


def _loading_body(asked: Asked, places: list[tuple[float, float]]) -> LoadingBody | None:
    """Return the question for tonnes; None without light and loaded draught and tonnage."""
    payload = asked.payload
    if payload is None:
        return None
    vessel = {name: v for name, v in asked.sizes.items() if name != "draught_m"}
    return LoadingBody(
        vessel=VesselBody.model_validate(vessel), waypoints=places, days=DAYS,
        payload=payload,
    )  # fmt: skip


def _tonnes(work: partial[Document]) -> Document | None:
    """Return the tonnes by day, None where no draught passes or no level is forecast."""
    try:
        return work()
    except (LimitViolated, Unreachable, BadParameter):
        return None
