"""POST /paths: the best paths for a vehicle on the network as it is now."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Annotated, Literal

from fastapi import Request
from pydantic import Field
from starlette.responses import Response

from api.http.auth import actor_of
from api.http.bodies import MB
from api.http.concurrency import ask
from api.http.media_types import GEOJSON
from api.http.negotiate import language, pick_format
from api.http.raw_response import Headers, Written, encode_headers
from api.http.routes import Routes
from api.http.values import Moment, Number, Place, Whole
from api.roads.conditions import ConditionsBody, crs_of, read_place, read_question, show_relaxations
from api.roads.path_answer import Answer, Shape, write_gpx, write_json
from api.roads.path_extras import path_extras
from api.services import services
from routing.answer import gpx
from routing.planning.island_rule import moved
from routing.planning.stop_order import Fixed, Order, best_order
from routing.query.approach import TOLERANCE_DEG, Approach
from routing.query.arrive_by import leave_in_time
from routing.query.model import PathQuery
from routing.query.network import RoadNetwork
from spatial.errors import BadParameter, LimitViolated
from spatial.geo.crs import CRS84, Crs

MOST_WAYPOINTS = 50
MOST_ALTERNATIVES = 3
LEG_S, OTHERS_S, WRITING_S = 0.001, 0.06, 0.005
"""What the way between two places, looking for other ones, and writing them down may take."""
EXACT_STOPS, PROOF_S, BACKWARD_S = 14, 1.0, 0.2
"""What more stops than so many take to put into order, and what arriving in time adds."""
FORMATS = {"json": GEOJSON, "geojson": GEOJSON, "gpx": gpx.MEDIA_TYPE}

Heading = Annotated[Number, Field(ge=0, lt=360)]

routes = Routes("paths")


class PathBody(ConditionsBody):
    """A question for a path; coordinates are in the `crs` of the request, in its axis order.

    `headings` are degrees clockwise from north in which the waypoints are passed, null for any;
    where `sides` has `curb`, the waypoint lies on the side on which one drives.
    """

    waypoints: list[Place] = Field(min_length=2, max_length=MOST_WAYPOINTS)
    headings: list[Heading | None] | None = Field(default=None, max_length=MOST_WAYPOINTS)
    heading_tolerance: Number = Field(default=TOLERANCE_DEG, ge=1, le=180)
    sides: list[Literal["any", "curb"]] | None = Field(default=None, max_length=MOST_WAYPOINTS)
    alternatives: Whole = Field(default=0, ge=0, le=MOST_ALTERNATIVES)
    order: Literal["given", "optimal"] = "given"
    fixed: Fixed = "both"
    arrive_by: Moment | None = None
    include: list[Literal["edges", "steps", "stakes", "areas", "delay_by_hour"]] = Field(
        default=[], max_length=8
    )
    geometry: Literal["geojson", "polyline6"] = "geojson"

    @property
    def fact_at(self) -> datetime | None:
        """The time whose rules count; None for now."""
        return self.depart_at or self.arrive_by or self.as_of


@routes.post("/api/paths", reads=("crs", "f"), hot=True, question=True, most_bytes=MB)
async def find_path(body: PathBody, request: Request) -> Response:
    """Answer a GeoJSON FeatureCollection with one line per path, best first, or GPX."""
    crs, form = crs_of(request), pick_format(request, FORMATS)
    _check(body, crs)
    places = [read_place(place, crs) for place in body.waypoints]
    make = partial(
        PathQuery, waypoints=places, alternatives=body.alternatives, approaches=_approaches(body)
    )
    network, query = await read_question(request, body, crs, make)
    asked = {*body.include, *(["areas"] if network.needs_permit(body.profile) else [])}
    wanted = {"stakes", "areas"} & asked if form != "gpx" else set()
    served, cost_s = services(request), _cost_s(body)
    quick = None
    if body.order == "given" and body.arrive_by is None and form != "gpx" and not asked:
        quick = network.quick_path(query, datetime.now(UTC))
    if quick is not None:
        text = write_json(Answer(network, [quick], None, _shape(query, body, crs)))
    elif form == "gpx":
        lang = language(request)
        text = await ask(
            request, lambda: write_gpx(_solve(network, query, body, crs), lang), cost_s
        )
    elif wanted:
        answer = await ask(request, lambda: _solve(network, query, body, crs), cost_s)
        extras = await path_extras(request, answer, wanted)
        text = await ask(request, lambda: write_json(answer, extras), WRITING_S)
    else:
        text = await ask(request, lambda: write_json(_solve(network, query, body, crs)), cost_s)
    actor, audit = actor_of(request), served.audit
    if actor.anonymous:
        audit.count(actor, "path", body.profile)
    else:
        audit.record(actor, "path", body.profile, rows=1)
    return Written(text, _headers(form, crs))


@lru_cache
def _headers(form: str, crs: Crs) -> Headers:
    sent = CRS84 if form == "gpx" else crs
    return encode_headers(
        {"content-type": FORMATS[form], "content-crs": f"<{sent.uri}>", "cache-control": "no-store"}
    )


def _cost_s(body: PathBody) -> float:
    """Return what a question is likely to take, in seconds of one core."""
    stops = len(body.waypoints)
    cost_s = LEG_S * stops + (OTHERS_S if body.alternatives else 0.0)
    if body.order == "optimal" and stops > EXACT_STOPS:
        cost_s += PROOF_S
    return cost_s + (BACKWARD_S if body.arrive_by is not None else 0.0)


def _approaches(body: PathBody) -> list[Approach]:
    """Return how each waypoint is passed; none where nothing is asked."""
    if body.headings is None and body.sides is None:
        return []
    for name, given in (("headings", body.headings), ("sides", body.sides)):
        if given is not None and len(given) != len(body.waypoints):
            raise BadParameter(
                f"{name} has {len(given)} members for {len(body.waypoints)} waypoints",
                f"{name} 有 {len(given)} 项，而 waypoints 有 {len(body.waypoints)} 项",
                mend_en="Give one per waypoint; null or any where it does not matter.",
                mend_zh="请为每个途经点给出一项；无要求处填 null 或 any。",
                pointer=f"/{name}",
            )
    headings = body.headings or [None] * len(body.waypoints)
    sides = body.sides or ["any"] * len(body.waypoints)
    return [
        Approach(heading, body.heading_tolerance, side == "curb")
        for heading, side in zip(headings, sides, strict=True)
    ]


def _check(body: PathBody, crs: Crs) -> None:
    """Refuse what cannot go together."""
    if body.depart_at is not None and body.arrive_by is not None:
        raise BadParameter(
            "depart_at and arrive_by exclude each other", "depart_at 与 arrive_by 不能同时给出"
        )
    if body.geometry == "polyline6" and crs.projected:
        raise BadParameter(
            f"polyline6 holds degrees; {crs.name} has metres",
            f"polyline6 以度编码，而 {crs.name} 以米为单位",
            mend_en="Ask for geometry geojson, or for crs CRS84.",
            mend_zh="请使用 geometry geojson，或使用 crs CRS84。",
        )


def _solve(network: RoadNetwork, query: PathQuery, body: PathBody, crs: Crs) -> Answer:
    """Find the order of the stops where it is free, and the paths."""
    now = datetime.now(UTC)
    order = None
    if body.order == "optimal":
        query, order = _ordered(network, query, body.fixed, now)
    try:
        if body.arrive_by is None:
            found = network.paths(query, now)
        else:
            query, found = leave_in_time(query, body.arrive_by, lambda q: network.paths(q, now))
    except LimitViolated as error:
        show_relaxations(error, crs)
        raise
    return Answer(network, found, order, _shape(query, body, crs))


def _shape(query: PathQuery, body: PathBody, crs: Crs) -> Shape:
    include = frozenset(body.include)
    return Shape(crs, body.profile, include, body.geometry, query.depart_at, query.typical)


def _ordered(
    network: RoadNetwork, query: PathQuery, fixed: Fixed, now: datetime
) -> tuple[PathQuery, Order]:
    """Return the query with its stops in the best order.

    It stays as it is, and nothing is proven, where by the table no order can be driven.
    """
    prepared = network.prepared(query, now)
    places = network.snap(prepared, query.waypoints)
    order = best_order(prepared.durations(places, places), fixed)
    if order is None:
        places = moved(network, prepared, (query.waypoints, places))
        order = best_order(prepared.durations(places, places), fixed)
    if order is None:
        return query, Order(list(range(len(places))), math.inf, 0.0)
    return query.in_order(order.stops), order
