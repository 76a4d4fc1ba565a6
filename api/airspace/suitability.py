"""Where one may fly: cells of the BeiDou grid at a height and time, as tiles and as items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import Depends, Query, Request
from starlette.responses import Response

from api.airspace.air_keeper import AirKeeper, HeldAir
from api.airspace.horizon import check_horizon
from api.http.app_state import own
from api.http.auth import actor_of
from api.http.concurrency import ask, caller_of, limits_of
from api.http.disconnect import while_connected
from api.http.links import api
from api.http.media_types import GEOJSON
from api.http.responses import conditional, fresh
from api.http.routes import Routes
from api.http.tile_response import tile_response
from api.http.values import Moment
from api.services import services
from layers.processes.airspace.suitability import (
    LAYER,
    MAXZOOM,
    MINZOOM,
    Asked,
    about,
    cells_of_box,
    items_of,
    judged,
    tile_of,
    valid_until,
)
from layers.query.filters import parse_bbox
from layers.tiles.tile_cache import Tile, TileCache, TileKey, pack
from routing.airspace.ask import Heights
from spatial.airspace_rules import ACCURACY, Aircraft, Task
from spatial.errors import BadParameter, NotFound
from spatial.geo.heights import Datum, Qnh
from spatial.json_types import Document
from spatial.rules import get_rule

TILE_S, ITEMS_S = 0.03, 0.1
"""What a tile, and a page of items, are likely to take of a core."""
CACHE_BYTES, KEEP_S = 16 * 1024 * 1024, 3600.0
_PATH = "/api/airspace/suitability"
_TILES = f"{_PATH}/tiles/WebMercatorQuad"
routes = Routes("airspace")


@dataclass(frozen=True)
class Question:
    """The query parameters that say what cells are judged for."""

    height: Annotated[
        float, Query(ge=-1_000, le=100_000, allow_inf_nan=False, description="Metres.")
    ]
    datum: Datum
    aircraft: Aircraft
    task: Task = "ordinary"
    at: Moment | None = None
    qnh_hpa: Annotated[float | None, Query(ge=870, le=1085)] = None


_ASKED = tuple(field.name for field in fields(Question))


class TileKeeper:
    """The tiles that one process keeps."""

    def __init__(self) -> None:
        self.cache = TileCache(CACHE_BYTES)


@routes.get(f"{_TILES}/{{z}}/{{y}}/{{x}}", reads=_ASKED)
async def get_suitability_tile(
    z: int, y: int, x: int, request: Request, question: Annotated[Question, Depends()]
) -> Response:
    """Return a vector tile of judged cells: 15′ × 10′ from zoom 7, 1′ from 9, 4″ from 13.

    It holds until a zone begins or ends (`Sigang-Valid-Until`) or the air changes.
    """
    if not (MINZOOM <= z <= MAXZOOM and 0 <= x < 1 << z and 0 <= y < 1 << z):
        raise NotFound(
            f"There are tiles from zoom {MINZOOM} to {MAXZOOM}",
            f"瓦片级别为 {MINZOOM} 至 {MAXZOOM}",
        )
    air, asked = await _air_and_asked(request, question)

    def made() -> Tile:
        body, count = tile_of(air, (z, x, y), asked)
        return pack(body, count, count, 0, 0.0)

    async def make() -> Tile:
        lane = limits_of(request).lane(TILE_S)
        return await lane.run(caller_of(request), TILE_S, made)

    cache = own(request.app, TileKeeper).cache
    work = cache.fetch(_key((z, x, y), air, question, asked), make, KEEP_S)
    tile = await while_connected(request, work)
    services(request).audit.count(actor_of(request), "tile", LAYER)
    return tile_response(request, tile, everybody=True, more=_truth(air, asked))


@routes.get(_TILES, reads=_ASKED)
async def get_suitability_tilejson(
    request: Request, question: Annotated[Question, Depends()]
) -> Response:
    """Return TileJSON with the legend: sign and sentence of each verdict."""
    air, asked = await _air_and_asked(request, question)
    query = request.scope["query_string"].decode("ascii")
    template = api(request, "airspace", "suitability", "tiles", "WebMercatorQuad")
    address = f"{template}/{{z}}/{{y}}/{{x}}?{query}"
    document: Document = {
        "tilejson": "3.0.0", "name": "Suitability", "tiles": [address],
        "minzoom": MINZOOM, "maxzoom": MAXZOOM, **about(air, asked),
        "vector_layers": [{"id": LAYER, "fields": dict.fromkeys(
            ("code", "code_3d", "verdict", "mildest", "heaviest", "ground", "zones"), "String"
        )}],
    }  # fmt: skip
    return conditional(request, document)


@routes.get(_PATH, reads=_ASKED)
async def get_suitability(
    request: Request,
    question: Annotated[Question, Depends()],
    bbox: Annotated[str, Query(max_length=200, description="West, south, east, north.")],
    level: Literal["3", "4", "5"] = "4",
) -> Response:
    """Return judged cells of a level of the grid as GeoJSON, with the legend."""
    box = parse_bbox(bbox)
    if not (box[0] < box[2] and box[1] < box[3]):
        raise BadParameter("bbox has no area", "bbox 面积为零", parameter="bbox")
    air, asked = await _air_and_asked(request, question)
    cells = cells_of_box(box, int(level))

    def made() -> Document:
        return items_of(judged(air, int(level), cells, asked), asked)

    document = await ask(request, made, ITEMS_S)
    served = services(request)
    served.audit.record(actor_of(request), "items", LAYER, rows=len(cells))
    return fresh(document, headers=_truth(air, asked), media_type=GEOJSON)


async def _air_and_asked(request: Request, question: Question) -> tuple[HeldAir, Asked]:
    at = question.at or datetime.now(UTC).replace(second=0, microsecond=0)
    air = await own(request.app, AirKeeper).at(services(request), at)
    check_horizon(air.rules, at, "at")
    accuracy = get_rule(air.rules, ACCURACY).value
    qnh = None if question.qnh_hpa is None else Qnh(question.qnh_hpa, accuracy.qnh_m)
    heights = Heights(question.datum, question.height, question.height)
    return air, Asked(heights, question.aircraft, question.task, at, qnh)


def _key(zxy: tuple[int, int, int], air: HeldAir, question: Question, asked: Asked) -> TileKey:
    """Return what a tile is kept by: between two changes of the air all moments are one."""
    until = valid_until(air, asked.at)
    values = (
        ("air", f"{air.known.version}"), ("rules", air.rules.digest), ("until", f"{until}"),
        ("height", f"{question.height!r}{question.datum}"), ("aircraft", question.aircraft),
        ("task", question.task), ("qnh", f"{question.qnh_hpa!r}"),
    )  # fmt: skip
    return TileKey(LAYER, *zxy, "public", values)


def _truth(air: HeldAir, asked: Asked) -> Mapping[str, str]:
    until = valid_until(air, asked.at)
    return {
        "Sigang-Airspace-Version": str(air.known.version),
        "Sigang-Valid-Until": "" if until is None else until.isoformat(),
    }
