"""POST /reach: what can be driven within times or lengths, as polygons and as tiles of them.

A question that is short enough is its own id: compressed and written in URL letters. Any worker
answers the id's tiles from it alone, so nothing is kept between requests but a cache of areas that
is keyed by the state of the network, and a tile is never of an older network than its question.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Annotated, Literal, NamedTuple, cast

import numpy as np
import orjson
import shapely
from fastapi import Path, Request
from pydantic import Field, ValidationError, model_validator
from starlette.responses import Response

from api.http.auth import actor_of
from api.http.bodies import MB
from api.http.concurrency import ask
from api.http.media_types import GEOJSON, MVT
from api.http.negotiate import FORMATS as TILE_FORMATS
from api.http.negotiate import pick_format
from api.http.responses import NO_STORE
from api.http.routes import Routes
from api.http.values import Place, Strict
from api.roads.conditions import ConditionsBody, crs_of, read_conditions, read_place
from api.roads.road_rows import REACH_TILE
from api.services import services
from routing.cch.engine import Metric
from routing.graph.weights import Floats
from routing.isochrone.isochrone import FINEST_M, MM_PER_M, areas, by_length
from routing.planning.island_rule import begins
from routing.query.model import Conditions
from routing.query.network import RoadNetwork
from routing.query.one_to_many import MS_PER_S, span
from routing.query.prepare import PreparedMetric
from spatial.errors import BadParameter, NotFound, Unreachable
from spatial.geo import crs as systems
from spatial.geo.crs import CRS84, Crs, area_m2
from spatial.geo.geojson import Feature
from spatial.json_types import Document

MOST_POINTS, MOST_CONTOURS = 20, 8
LONGEST_S, LONGEST_M = 21_600.0, 500_000.0
COARSEST_M = 20_000.0
LONGEST_ID, LARGEST_QUESTION = 1_500, 20_000
KEPT = 16
EXTENT, BUFFER = 4096, 64
BEGIN_S, CONTOUR_S, HOUR_S, KM_S = 0.15, 0.1, 0.1, 1e-3
"""What a reach, each contour, and each hour or km of its extent are likely to take."""
DEEPEST = 22

routes = Routes("paths")

Seconds = Annotated[float, Field(gt=0, le=LONGEST_S, allow_inf_nan=False)]
Metres = Annotated[float, Field(gt=0, le=LONGEST_M, allow_inf_nan=False)]


Rows = list[tuple[bytes, float | None, float | None, int]]


class Contour(Strict):
    """One limit: a time or a length."""

    duration_s: Seconds | None = None
    length_m: Metres | None = None

    @model_validator(mode="after")
    def _one(self) -> Contour:
        if (self.duration_s is None) == (self.length_m is None):
            raise ValueError("give duration_s or length_m")
        return self


class ReachBody(ConditionsBody):
    """A question for areas; coordinates are in the `crs` of the request, in its axis order."""

    points: list[Place] = Field(min_length=1, max_length=MOST_POINTS)
    direction: Literal["from", "to"] = "from"
    contours: list[Contour] = Field(min_length=1, max_length=MOST_CONTOURS)
    resolution_m: float | None = Field(default=None, ge=FINEST_M, le=COARSEST_M)

    @model_validator(mode="after")
    def _of_a_kind(self) -> ReachBody:
        if len({contour.duration_s is None for contour in self.contours}) > 1:
            raise ValueError("the contours must be all durations or all lengths")
        return self


class Question(NamedTuple):
    """A body with its coordinates read, and the network that it is asked of."""

    body: ReachBody
    points: list[tuple[float, float]]
    network: RoadNetwork
    conditions: Conditions


@dataclass(frozen=True)
class Reached:
    """The areas of a question, in the order of its contours."""

    areas: list[shapely.Geometry]
    resolution_m: float
    version: int


Key = tuple[str, object]
"""A question, and the state of the network that its areas hold for."""
Drawn = tuple[list[shapely.Geometry], Reached]
"""Areas in Web Mercator, and what they were drawn from."""


@routes.post("/api/reach", reads=("crs",), hot=True, question=True, most_bytes=MB)
async def find_reach(body: ReachBody, request: Request) -> Response:
    """Answer a GeoJSON FeatureCollection with one MultiPolygon per contour, the largest first."""
    crs = crs_of(request)
    question = await _question(request, body, crs)
    text = await ask(request, lambda: _answer(question, crs), _cost_s(body))
    services(request).audit.record(
        actor_of(request), "reach", body.profile, rows=len(body.contours)
    )
    headers = {"Content-Crs": f"<{crs.uri}>", **NO_STORE}
    return Response(text, media_type=GEOJSON, headers=headers)


def _cost_s(body: ReachBody) -> float:
    """Return what a question is likely to take, in seconds of one core."""
    hours = max((c.duration_s or 0.0) for c in body.contours) / 3600
    km = max((c.length_m or 0.0) for c in body.contours) / 1000
    return BEGIN_S + CONTOUR_S * len(body.contours) + HOUR_S * hours + KM_S * km


async def _question(request: Request, body: ReachBody, crs: Crs) -> Question:
    network, conditions = await read_conditions(request, body, crs)
    return Question(body, [read_place(p, crs) for p in body.points], network, conditions)


def _answer(question: Question, crs: Crs) -> bytes:
    body, found = question.body, _find(question)
    features = [
        _feature(contour, area, body, found, crs)
        for contour, area in zip(body.contours, found.areas, strict=True)
    ]
    features.sort(key=lambda one: -cast(float, one["properties"]["area_km2"]))
    name = _name(body, question.points) if crs is CRS84 or not body.avoid.polygons else None
    document: Document = {"type": "FeatureCollection", "features": features}
    if name is not None:
        document["id"] = name
        document["tiles"] = f"/api/reach/{name}/tiles/{{z}}/{{y}}/{{x}}"
    return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)


def _feature(
    contour: Contour, area: shapely.Geometry, body: ReachBody, found: Reached, crs: Crs
) -> Feature:
    shown = systems.transform_geometry(area, CRS84, crs, official_axes=True)
    return {
        "type": "Feature",
        "geometry": {"type": "MultiPolygon", "coordinates": _coordinates(shown)},
        "properties": {
            "contour": contour.model_dump(exclude_none=True),
            "direction": body.direction,
            "profile": body.profile,
            "area_km2": round(area_m2(area) / 1e6, 3),
            "resolution_m": round(found.resolution_m, 1),
            "network_version": found.version,
        },
    }


def _coordinates(area: shapely.Geometry) -> list[list[Floats]]:
    return [
        [np.round(shapely.get_coordinates(ring), 6) for ring in (part.exterior, *part.interiors)]
        for part in area.geoms
    ]


def _find(question: Question) -> Reached:
    """Search as far as the largest contour, and draw them all.

    Raises
    ------
    Unreachable
        Nothing can be driven from any of the points.
    """
    body, network = question.body, question.network
    prepared = network.prepared(question.conditions, datetime.now(UTC))
    backward = body.direction == "to"
    side = question.points, network.snap(prepared, question.points)
    spots = begins(network, prepared, side, backward=backward)
    metric, limits = _measured(question, prepared)
    with metric.lock:
        reached = span(network.graph, metric, spots, max(limits), backward=backward)
        version = int(metric.stamp.version)
    if not len(reached.keys):
        raise Unreachable(
            "No road may be driven from here now", "此处现在没有可行驶的道路",
            mend_en="Choose another point, vehicle or time.", mend_zh="请更换地点、车型或时间。",
        )  # fmt: skip
    drawn, resolution = areas(network.graph, reached, limits, body.resolution_m)
    return Reached(drawn, resolution, version)


def _measured(question: Question, prepared: PreparedMetric) -> tuple[Metric, list[int]]:
    """Return the metric that the contours are measured by, and their limits in its unit."""
    contours = question.body.contours
    seconds = [c.duration_s for c in contours if c.duration_s is not None]
    if seconds:
        return prepared.metric, [round(s * MS_PER_S) for s in seconds]
    lengths = [c.length_m for c in contours if c.length_m is not None]
    return by_length(question.network.graph, prepared), [round(m * MM_PER_M) for m in lengths]


def _name(body: ReachBody, points: list[tuple[float, float]]) -> str | None:
    """Return the id of a question, None where it would be too long."""
    plain = body.model_dump(mode="json", exclude_defaults=True) | {"points": points}
    packed = zlib.compress(orjson.dumps(plain), 9)
    name = base64.urlsafe_b64encode(packed).decode().rstrip("=")
    return name if len(name) <= LONGEST_ID else None


def _named(name: str) -> ReachBody:
    """Return the question of an id.

    Raises
    ------
    NotFound
        It is none that `POST /reach` gave.
    """
    try:
        packed = base64.urlsafe_b64decode(name + "=" * (-len(name) % 4))
        text = zlib.decompressobj().decompress(packed, LARGEST_QUESTION)
        return ReachBody.model_validate_json(text)
    except (ValueError, binascii.Error, zlib.error, ValidationError):
        raise NotFound(
            "No such reach", "没有此可达范围",
            mend_en="Use an id that POST /api/reach gave.",
            mend_zh="请使用 POST /api/reach 返回的 id。",
        ) from None  # fmt: skip


class _Kept:
    """The areas asked for last, in Web Mercator, by question and state of the network."""

    def __init__(self, _: RoadNetwork) -> None:
        self._lock = Lock()
        self._found: OrderedDict[Key, Drawn] = OrderedDict()

    @staticmethod
    def key(name: str, question: Question) -> Key:
        """Return what the areas of a question are kept by, as the network is now."""
        prepared = question.network.prepared(question.conditions, datetime.now(UTC))
        return name, prepared.metric.stamp

    def find(self, key: Key) -> Drawn | None:
        """Return the areas of a key if they are kept."""
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
            return self._found.get(key)

    def get(self, key: Key, question: Question) -> Drawn:
        """Return the areas of a key, found when they are not kept."""
        drawn = self.find(key)
        if drawn is None:
            drawn = self._make(question)
            with self._lock:
                self._found[key] = drawn
                if len(self._found) > KEPT:
                    self._found.popitem(last=False)
        return drawn

    @staticmethod
    def _make(question: Question) -> Drawn:
        found = _find(question)
        mercator = systems.parse_crs(str(systems.WEB_MERCATOR))
        return [systems.transform_geometry(a, CRS84, mercator) for a in found.areas], found


@routes.get("/api/reach/{name}/tiles/{z}/{y}/{x}")
async def get_reach_tile(
    request: Request,
    name: Annotated[str, Path(max_length=LONGEST_ID)],
    z: Annotated[int, Path(ge=0, le=DEEPEST)],
    y: Annotated[int, Path(ge=0)],
    x: Annotated[int, Path(ge=0)],
) -> Response:
    """Answer one vector tile of a reach (WebMercatorQuad), or 204 where it has nothing."""
    if "f" in request.query_params:
        pick_format(request, TILE_FORMATS, "mvt")
    if max(x, y) >= 1 << z:
        raise BadParameter(f"Tile {z}/{y}/{x} is not on the map", f"瓦片 {z}/{y}/{x} 不存在")
    question = await _question(request, _named(name), CRS84)
    kept = question.network.derived.get(_Kept)
    key = await ask(request, lambda: kept.key(name, question))
    drawn = kept.find(key)
    if drawn is None:
        drawn = await ask(request, lambda: kept.get(key, question), _cost_s(question.body))
    shapes, found = drawn
    rows = await ask(request, lambda: _clipped(shapes, question.body, found, (z, x, y)))
    services(request).audit.count(actor_of(request), "tile", "reach")
    headers = {**NO_STORE, "Sigang-Network-Version": str(found.version)}
    if not rows:
        return Response(status_code=204, headers=headers)
    async with services(request).db.public.acquire() as conn:
        columns = [list(column) for column in zip(*rows, strict=True)]
        place = z, x, y, systems.WEB_MERCATOR, EXTENT, BUFFER
        body: bytes = await conn.fetchval(REACH_TILE, *place, *columns)
    return Response(body, media_type=MVT, headers=headers)


def _clipped(
    shapes: list[shapely.Geometry], body: ReachBody, found: Reached, tile: tuple[int, int, int]
) -> Rows:
    """Return the parts of the areas on a tile and its margin as rows, the largest first."""
    west, south, east, north = systems.tile_bounds(*tile)
    x, y = systems.project([west, east], [south, north], systems.WEB_MERCATOR)
    margin = (x[1] - x[0]) * BUFFER / EXTENT
    box = x[0] - margin, y[0] - margin, x[1] + margin, y[1] + margin
    rows = []
    for contour, area in sorted(
        zip(body.contours, shapes, strict=True), key=lambda pair: -pair[1].area
    ):
        part = shapely.clip_by_rect(area, *box)
        if not part.is_empty:
            limit = contour.duration_s, contour.length_m
            rows.append((shapely.to_wkb(part), *limit, found.version))
    return rows
