"""POST /waterway/path and /waterway/check: may this vessel go there, and which ways."""

from __future__ import annotations

import math
from functools import partial
from typing import Annotated, Literal
from uuid import UUID

import numpy as np
from fastapi import Query, Request
from pydantic import Field, model_validator
from starlette.responses import Response

from api.http.auth import actor_of
from api.http.bodies import MB
from api.http.concurrency import ask
from api.http.media_types import GEOJSON
from api.http.responses import fresh
from api.http.routes import Routes
from api.http.values import Whole
from api.ports.waterway.journey import (
    MOST_ALTERNATIVES,
    PROFILE,
    Journey,
    JourneyBody,
    VesselBody,
    read_journey,
)
from api.ports.waterway.voyages import (
    overall,
    teller_now,
    told_papers,
    told_profile,
    told_refused,
    told_voyage,
)
from api.ports.waterway.waits import waits_for
from api.roads.conditions import show_relaxations
from api.roads.path_answer import Answer, Shape, write_json
from api.services import services
from routing.waterway.judge import WORDS
from routing.waterway.passed import Waits
from routing.waterway.voyage import find_voyage, told_missing
from spatial.errors import BadParameter, LimitViolated
from spatial.json_types import Document

MOST_EDGES = 2000
VOYAGE_S = 0.05
"""What a voyage, with its limits and what is missing, is likely to take."""

routes = Routes("waterways")


class WaterPathBody(JourneyBody):
    """A question for ways; with `profile` each tells how large a vessel may be along it."""

    alternatives: Whole = Field(default=0, ge=0, le=MOST_ALTERNATIVES)
    include: list[Literal["edges", "profile"]] = Field(default=[], max_length=2)
    geometry: Literal["geojson", "polyline6"] = "geojson"


class CheckBody(JourneyBody):
    """A vessel on some edges, or on its way between waypoints."""

    waypoints: list[tuple[float, float]] = Field(default=[], max_length=50)
    edges: list[UUID] = Field(default=[], max_length=MOST_EDGES)

    @model_validator(mode="after")
    def _one(self) -> CheckBody:
        if bool(self.edges) == (len(self.waypoints) > 1):
            raise ValueError("either edges, or two waypoints or more")
        return self


@routes.post("/api/waterway/path", reads=("crs",), question=True, most_bytes=MB)
async def find_water_path(body: WaterPathBody, request: Request) -> Response:
    """Answer one line per way, best first: sure ones, else those that may do with what is missing.

    A vessel that nothing lets pass is refused with the edges, limits and laws that stand in its
    way, and what must give.
    """
    journey = await read_journey(request, body, alternatives=body.alternatives)
    waits = await waits_for(request, journey)
    text = await ask(request, lambda: _paths(journey, body, waits), VOYAGE_S)
    services(request).audit.record(actor_of(request), "path", PROFILE, rows=1)
    return Response(text, media_type=GEOJSON, headers={"Content-Crs": f"<{journey.crs.uri}>"})


def _paths(journey: Journey, body: WaterPathBody, waits: Waits | None) -> bytes:
    try:
        voyage = find_voyage(journey.network, journey.query, journey.now, waits)
    except LimitViolated as error:
        show_relaxations(error, journey.crs)
        error.extra["limits"] = told_refused(journey, error)
        error.extra["papers"] = told_papers(journey)
        raise
    told = told_voyage(journey, voyage, waits)
    if "profile" in body.include:
        lengths = journey.network.graph.edges.length_m
        for one, found in zip(told, voyage.paths, strict=True):
            one["profile_along"] = told_profile(voyage, found, lengths)
    include = frozenset({"edges"} & {*body.include})
    shape = Shape(journey.crs, PROFILE, include, body.geometry, journey.query.depart_at)
    return write_json(Answer(journey.network, voyage.paths, None, shape), told)


@routes.post("/api/waterway/check", reads=("crs",), question=True, most_bytes=MB)
async def check_vessel(body: CheckBody, request: Request) -> Response:
    """Answer whether a vessel passes, cannot be told to, or is refused; by edges, or A to B."""
    asked = body if body.waypoints else body.model_copy(update={"waypoints": [(0.0, 0.0)] * 2})
    journey = await read_journey(request, asked)
    numbers = _numbers(journey, body.edges)
    waits = None if body.edges else await waits_for(request, journey)
    work = partial(_check_edges, journey, numbers) if body.edges else partial(check, journey, waits)
    document = await ask(request, work, VOYAGE_S)
    services(request).audit.record(actor_of(request), "check", PROFILE, rows=1)
    return fresh(document)


@routes.get("/api/waterway/check", reads=("crs",))
async def check_between(
    request: Request,
    from_: Annotated[str, Query(alias="from")],
    to: str,
    draught_m: Annotated[float | None, Query(gt=0, le=30, allow_inf_nan=False)] = None,
    air_draught_m: Annotated[float | None, Query(gt=0, le=80, allow_inf_nan=False)] = None,
    beam_m: Annotated[float | None, Query(gt=0, le=80, allow_inf_nan=False)] = None,
    length_m: Annotated[float | None, Query(gt=0, le=400, allow_inf_nan=False)] = None,
    deadweight_t: Annotated[float | None, Query(gt=0, le=100000, allow_inf_nan=False)] = None,
) -> Response:
    """Answer the same for a vessel from A to B (`from` and `to`: longitude,latitude) now."""
    given = {"draught_m": draught_m, "air_draught_m": air_draught_m, "beam_m": beam_m,
             "length_m": length_m, "deadweight_t": deadweight_t}  # fmt: skip
    vessel = VesselBody.model_validate({k: v for k, v in given.items() if v is not None})
    places = [read_place("from", from_), read_place("to", to)]
    journey = await read_journey(request, JourneyBody(vessel=vessel, waypoints=places))
    waits = await waits_for(request, journey)
    document = await ask(request, partial(check, journey, waits), VOYAGE_S)
    services(request).audit.record(actor_of(request), "check", PROFILE, rows=1)
    return fresh(document)


def read_place(name: str, text: str) -> tuple[float, float]:
    """Return the place that a parameter writes as longitude,latitude; raises `BadParameter`."""
    try:
        x, y = map(float, text.split(","))
        if not (math.isfinite(x) and math.isfinite(y)):
            raise ValueError(text)
    except ValueError as error:
        raise BadParameter(
            f"{name} {text[:40]!r} is no place; write longitude,latitude",
            f"{name} {text[:40]!r} 不是坐标；请写为 经度,纬度", parameter=name,
        ) from error  # fmt: skip
    return x, y


def _numbers(journey: Journey, edges: list[UUID]) -> list[int]:
    found = []
    for row_id in edges:
        edge = journey.network.graph.ids.find(row_id)
        if edge is None:
            raise BadParameter(f"No edge {row_id}", f"没有航段 {row_id}", pointer="/edges")
        found.append(edge)
    return found


def _check_edges(journey: Journey, edges: list[int]) -> Document:
    """Judge a vessel on some edges at its departure."""
    teller = teller_now(journey)
    judged = teller.verdict
    worst = WORDS[int(judged.edge[np.array(edges, np.int64)].min())]
    waiting = teller.waiting([edge for edge in edges if WORDS[judged.edge[edge]] == "cannot_tell"])
    return {
        "answer": overall(journey, worst),
        "edges": [teller.edge(edge) for edge in edges],
        "missing": told_missing(teller, waiting),
        "papers": told_papers(journey),
        "network_version": journey.network.version,
    }


def check(journey: Journey, waits: Waits | None) -> Document:
    """Return in one document whether a vessel may go, when it arrives, and what stops it."""
    try:
        voyage = find_voyage(journey.network, journey.query, journey.now, waits)
    except LimitViolated as error:
        show_relaxations(error, journey.crs)
        return {
            "answer": "refused",
            "why": {"en": error.en, "zh": error.zh},
            "refusals": told_refused(journey, error),
            "relaxations": error.extra["relaxations"],
            "papers": told_papers(journey),
            "network_version": journey.network.version,
        }
    (told, *_), found = told_voyage(journey, voyage, waits), voyage.paths[0]
    length_m, duration_ms = found.sums()
    return {
        **told,
        "refusals": [],
        "length_m": round(length_m, 1),
        "duration_s": round(duration_ms / 1000, 1),
        "network_version": found.version,
    }
