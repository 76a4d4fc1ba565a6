"""POST /waterway/table and /waterway/reach: from many places to many, and what lies within hours.

Times are travel alone, as `duration_s` of a path; waits at locks come on top.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal, NamedTuple

import numpy as np
import shapely
from fastapi import Request
from pydantic import Field
from starlette.responses import Response

from api.http.auth import actor_of
from api.http.bodies import MB
from api.http.concurrency import ask
from api.http.media_types import GEOJSON
from api.http.responses import fresh
from api.http.routes import Routes
from api.http.values import Place
from api.ports.waterway.journey import PROFILE, Journey, VoyageBody, read_journey
from api.ports.waterway.voyages import told_papers
from api.roads.conditions import read_places
from api.services import services
from routing.graph.weights import Floats
from routing.isochrone.isochrone import FINEST_M, areas
from routing.waterway.tables import ANSWERS, Reached, voyage_reach, voyage_table
from spatial.errors import Unreachable
from spatial.geo import crs as systems
from spatial.geo.crs import CRS84, area_m2
from spatial.json_types import Document

MOST_PLACES, MOST_POINTS, MOST_CONTOURS = 200, 20, 8
LONGEST_H, COARSEST_M, MS_PER_H = 240.0, 20_000.0, 3_600_000
TABLE_S, CELL_S, REACH_S = 0.2, 2e-3, 1.0
"""What a table, each of its cells, and a reach are likely to take at most."""
Hours = Annotated[float, Field(gt=0, le=LONGEST_H, allow_inf_nan=False)]

routes = Routes("waterways")


class TableBody(VoyageBody):
    """A question for a table; without `targets` the sources are the targets too."""

    sources: list[Place] = Field(min_length=1, max_length=MOST_PLACES)
    targets: list[Place] | None = Field(default=None, min_length=1, max_length=MOST_PLACES)


class WaterReachBody(VoyageBody):
    """A question for what lies within hours of travel of any of the points, or they of it."""

    points: list[Place] = Field(min_length=1, max_length=MOST_POINTS)
    hours: list[Hours] = Field(min_length=1, max_length=MOST_CONTOURS)
    direction: Literal["from", "to"] = "from"
    resolution_m: float | None = Field(default=None, ge=FINEST_M, le=COARSEST_M)


@routes.post("/api/waterway/table", reads=("crs",), question=True, most_bytes=MB)
async def find_table(body: TableBody, request: Request) -> Response:
    """Answer of each source and target whether the vessel passes, and its travel (s, m).

    Each cell is as the path between its places: `passes`, `cannot_tell`, `refused`, `no_way` where
    nobody goes, `no_snap` where no waterway is near.
    """
    journey = await read_journey(request, body)
    cells = len(body.sources) * len(body.targets or body.sources)
    document = await ask(request, partial(_table, journey, body), TABLE_S + CELL_S * cells)
    services(request).audit.record(actor_of(request), "matrix", PROFILE, rows=cells)
    return fresh(document)


def _table(journey: Journey, body: TableBody) -> Document:
    sources = read_places(body.sources, journey.crs)
    targets = sources if body.targets is None else read_places(body.targets, journey.crs)
    found = voyage_table(journey.network, journey.query, sources, targets, journey.now)
    return {
        "answers": [[ANSWERS[code] for code in row] for row in found.answer.tolist()],
        "durations_s": _cells(found.seconds),
        "lengths_m": _cells(found.metres),
        "sources_snap_m": [s and round(s.distance_m, 1) for s in found.sources],
        "targets_snap_m": [s and round(s.distance_m, 1) for s in found.targets],
        "papers": told_papers(journey),
        "depart_at": journey.depart.isoformat(timespec="seconds"),
        "network_version": found.version,
    }


def _cells(values: Floats) -> list[list[float | None]]:
    return [[round(v, 1) if np.isfinite(v) else None for v in row] for row in values.tolist()]


@routes.post("/api/waterway/reach", reads=("crs",), question=True, most_bytes=MB)
async def find_water_reach(body: WaterReachBody, request: Request) -> Response:
    """Answer a MultiPolygon for each number of hours: what is reached for sure, and what may be."""
    journey = await read_journey(request, body)
    cost_s = REACH_S * len(body.hours)
    document = await ask(request, partial(_reach, journey, body), cost_s)
    services(request).audit.record(actor_of(request), "reach", PROFILE, rows=len(body.hours))
    headers = {"Content-Crs": f"<{journey.crs.uri}>"}
    return fresh(document, headers=headers, media_type=GEOJSON)


def _reach(journey: Journey, body: WaterReachBody) -> Document:
    found = voyage_reach(
        journey.network, journey.query, read_places(body.points, journey.crs), body.hours,
        journey.now, backward=body.direction == "to",
    )  # fmt: skip
    if not found:
        raise Unreachable(
            "The vessel leaves none of these places", "该船不能驶离这些地点",
            mend_en="Ask /api/waterway/check why.", mend_zh="原因可查 /api/waterway/check。",
        )  # fmt: skip
    drawn = [one for reached in found for one in _drawn(journey, body, reached)]
    return {
        "type": "FeatureCollection",
        "features": [_feature(journey, body, one) for one in sorted(drawn, key=lambda d: -d.hours)],
        "papers": told_papers(journey),
        "network_version": journey.network.version,
    }


class _Drawn(NamedTuple):
    """One answer: the hours, for whom, the area (EPSG:4326) about what is reached, and its km."""

    hours: float
    answer: str
    area: shapely.Geometry
    km: float


def _drawn(journey: Journey, body: WaterReachBody, one: Reached) -> list[_Drawn]:
    limits = [hours * MS_PER_H for hours in one.hours]
    shapes, _ = areas(journey.network.graph, one.span, limits, body.resolution_m)
    return [
        _Drawn(hours, one.answer, shape, km)
        for hours, shape, km in zip(one.hours, shapes, one.km, strict=True)
    ]


def _feature(journey: Journey, body: WaterReachBody, one: _Drawn) -> Document:
    shown = systems.transform_geometry(one.area, CRS84, journey.crs, official_axes=True)
    return {
        "type": "Feature",
        "geometry": {
            "type": "MultiPolygon",
            "coordinates": [
                [np.round(shapely.get_coordinates(r), 6) for r in (p.exterior, *p.interiors)]
                for p in shown.geoms
            ],
        },
        "properties": {
            "hours": one.hours, "answer": one.answer, "direction": body.direction,
            "waterways_km": round(one.km, 3), "area_km2": round(area_m2(one.area) / 1e6, 3),
            "depart_at": journey.depart.isoformat(timespec="seconds"),
        },
    }  # fmt: skip
