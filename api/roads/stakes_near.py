"""GET /carriageways/near: stakes of the routes beside a point, as a driver there would say it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import asyncpg
import numpy as np
from fastapi import Query, Request
from starlette.responses import Response

from api.http.auth import actor_of
from api.http.media_types import GEOJSON
from api.http.responses import fresh
from api.http.routes import Routes
from api.roads.carriageway_queries import point_feature
from api.roads.road_rows import CARRIAGEWAYS_NEAR, STAKES_OF_ROUTES
from api.services import services
from layers.offload import offload
from spatial.geo.crs import check_lonlat
from spatial.geo.geojson import Feature
from spatial.geo.linear_reference import Carriageway
from spatial.json_types import Document

routes = Routes("carriageways")

Degrees = Annotated[float, Query(allow_inf_nan=False)]


@routes.get("/api/carriageways/near")
async def list_near(
    request: Request,
    lon: Degrees,
    lat: Degrees,
    within_m: Annotated[float, Query(gt=0, le=5_000, allow_inf_nan=False)] = 300,
) -> Response:
    """Return the stake beside a point on every side of every route within reach, nearest first."""
    check_lonlat(lon, lat)
    async with services(request).db.session(actor_of(request)) as conn:
        rows = await conn.fetch(CARRIAGEWAYS_NEAR, lon, lat, within_m)
        names = sorted({row["route_id"] for row in rows})
        stakes = await conn.fetch(STAKES_OF_ROUTES, names) if rows else []
    found = await offload(_features, rows, stakes, lon, lat)
    services(request).audit.record(actor_of(request), "carriageway", "near", rows=len(found))
    told = {"type": "FeatureCollection", "features": found, "numberReturned": len(found)}
    return fresh(told, media_type=GEOJSON)


def _features(
    rows: Sequence[asyncpg.Record], stakes: Sequence[asyncpg.Record], lon: float, lat: float
) -> list[Feature]:
    found = []
    for row in rows:
        own = [s for s in stakes if all(s[k] == row[k] for k in ("route_id", "side", "part"))]
        piece = Carriageway(row, own)
        chainage, off = piece.chainages_of(lon, lat)
        k_m = float(piece.stakes_at(chainage)[0])
        if np.isfinite(k_m):
            fix = piece.fix(float(chainage[0]), k_m, float(off[0]))
            told: Document = {
                "route": fix.route_id, "side": fix.side, "stake": fix.stake,
                "k_m": round(k_m, 1), "off_m": round(fix.distance_m, 1),
                "towards": {"zh": row["towards_zh"], "en": row["towards_en"]},
                "calibrated": fix.calibrated, "accuracy_m": fix.accuracy_m,
            }  # fmt: skip
            found.append((fix.distance_m, point_feature(told, fix.lon, fix.lat)))
    return [one for _, one in sorted(found, key=lambda pair: pair[0])]
