"""POST /airspace/section: terrain, classes and zones along a line, at a time."""

from __future__ import annotations

import numpy as np
import orjson
import shapely
from fastapi import Request
from pydantic import Field
from starlette.responses import Response

from api.airspace.air_keeper import AirKeeper
from api.airspace.picture_document import LAYERS, air_facts, show_limit
from api.http.app_state import own
from api.http.auth import actor_of
from api.http.bodies import MB
from api.http.concurrency import ask
from api.http.media_types import JSON
from api.http.responses import NO_STORE
from api.http.routes import Routes
from api.http.values import Moment, Strict
from api.services import services
from layers.processes.airspace.question import GeometryAsked, read_footprint, refused
from routing.airspace.held import limit_of_rule
from routing.airspace.section import BandAlong, Section, Stretch, section
from spatial.airspace_rules import BOUNDS
from spatial.geo.datum import Floats
from spatial.json_types import Document, Shown
from spatial.rules import get_rule

COST_S = 0.02
routes = Routes("airspace")


class SectionBody(Strict):
    """A line (EPSG:4326, longitude first) and when."""

    geometry: GeometryAsked
    at: Moment = Field(description="Zones in force at this time are shown.")


@routes.post("/api/airspace/section", question=True, most_bytes=MB)
async def get_section(body: SectionBody, request: Request) -> Response:
    """Return a section through the air along a line, heights in metres above mean sea level.

    Columns run along the line. Null is a height that nobody knows; in `unknown_categories` 0 is
    ground of which everything is known, null a place outside all counties. Heights of standard
    pressure are drawn as in the standard atmosphere.
    """
    if body.geometry.type != "LineString" or body.geometry.corridor_m is not None:
        raise refused("/geometry/type", "a LineString without a corridor", "须为 LineString")
    actor, served = actor_of(request), services(request)
    air = await own(request.app, AirKeeper).at(served, body.at)
    line = read_footprint(body.geometry, get_rule(air.rules, BOUNDS).value).shape
    assert isinstance(line, shapely.LineString)  # noqa: S101

    def cut() -> bytes:
        found = section(air.judge.air, line, body.at.timestamp())
        document: Document = {"at": body.at, **air_facts(air), **_shown(found)}
        return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)

    text = await ask(request, cut, COST_S)
    served.audit.record(actor, "items", "airspace-section", rows=1)
    return Response(text, headers=NO_STORE, media_type=JSON)


def _shown(found: Section) -> Document:
    unknown = [None if count < 0 else count for count in found.unknown.tolist()]
    return {
        "along_m": np.round(found.along_m, 1), "lon": np.round(found.lon, 6),
        "lat": np.round(found.lat, 6), "ground_m": _metres(found.ground_m),
        "unknown_categories": unknown,
        "bands": [_band(one) for one in found.bands],
        "zones": [_stretch(one) for one in found.stretches],
    }  # fmt: skip


def _band(one: BandAlong) -> Document:
    return {
        "class": one.band.klass, "controlled": one.band.controlled,
        "floor_m": _metres(one.floor_m),
        "top_m": None if np.isinf(one.top_m).any() else _metres(one.top_m),
        "top": show_limit(limit_of_rule(one.band.top)),
    }  # fmt: skip


def _stretch(one: Stretch) -> Document:
    zone = one.zone
    return {
        "id": zone.id, "layer": LAYERS[zone.sort], "class": zone.level,
        "restriction": zone.restriction, "name": {"zh": zone.name_zh, "en": zone.name_en},
        "uncertain": zone.uncertain, "floor": show_limit(zone.floor),
        "ceiling": show_limit(zone.ceiling), "first": one.first, "last": one.last,
        "floor_m": _metres(one.floor_m), "top_m": _metres(one.top_m),
    }  # fmt: skip


def _metres(values: Floats) -> Shown:
    return np.round(values, 1)
