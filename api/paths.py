"""POST /paths: the best path for a vehicle on the network as it is now."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import numpy as np
import orjson
import shapely
from fastapi import APIRouter, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from shapely.geometry import shape
from starlette.responses import Response

from api.auth import actor_of
from api.negotiate import check_parameters
from api.roads import Roads
from api.services import services
from routing.figures import Figures, figures
from routing.graph import Floats
from routing.legs import line
from routing.network import Found, PathQuery, RoadNetwork
from spatial.crs import CRS84, Crs, check_lonlat, from_lonlat, parse_crs, to_lonlat
from spatial.crs import transform_coordinates as transform
from spatial.errors import BadParameter, SetupError

MOST_WAYPOINTS = 50
MOST_POLYGONS, MOST_VERTICES = 50, 10_000
MOST_EDGES = 10_000
DECIMALS = 7

router = APIRouter(tags=["paths"])

Size = Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Moment = Annotated[
    AwareDatetime, Field(ge=datetime(1970, 1, 1, tzinfo=UTC), le=datetime(2200, 1, 1, tzinfo=UTC))
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class VehicleBody(_Strict):
    """Dimensions of the vehicle; what is left out is the profile's."""

    height_m: Size | None = None
    width_m: Size | None = None
    length_m: Size | None = None
    mass_t: Size | None = None
    axle_t: Size | None = None


class AvoidBody(_Strict):
    """What the path must keep off."""

    polygons: list[dict[str, Any]] = Field(default=[], max_length=MOST_POLYGONS)
    edges: list[UUID] = Field(default=[], max_length=MOST_EDGES)
    classes: list[str] = Field(default=[], max_length=50)


class PathBody(_Strict):
    """A question for a path; coordinates are [longitude, latitude] in the `crs` of the request."""

    profile: str = "car"
    waypoints: list[tuple[Number, Number]] = Field(min_length=2, max_length=MOST_WAYPOINTS)
    vehicle: VehicleBody = VehicleBody()
    avoid: AvoidBody = AvoidBody()
    depart_at: Moment | None = None
    unknown_limits: Literal["allow", "refuse"] = "allow"
    min_network_version: int = Field(default=0, ge=0, lt=2**62)
    include: list[Literal["edges"]] = []


@router.post("/paths")
async def find_path(body: PathBody, request: Request) -> Response:
    """Answer a GeoJSON FeatureCollection with one line per path."""
    check_parameters(request, "crs")
    crs = parse_crs(request.query_params.get("crs", CRS84.name))
    network = await _roads(request).ensure_current(body.min_network_version)
    query = _query(body, crs)
    text = await _roads(request).ask(lambda: _answer(network, query, body, crs))
    services(request).audit.record(actor_of(request), "path", body.profile, rows=1)
    headers = {"Content-Crs": f"<{crs.uri}>", "Cache-Control": "no-store"}
    return Response(text, media_type="application/geo+json", headers=headers)


def _roads(request: Request) -> Roads:
    roads = services(request).roads
    if roads is None:
        raise SetupError("This process has no routing", "本进程未启用路径规划")
    return roads


def _query(body: PathBody, crs: Crs) -> PathQuery:
    sizes = {k: v for k, v in body.vehicle.model_dump().items() if v is not None}
    return PathQuery(
        profile=body.profile,
        waypoints=[_place(x, y, crs) for x, y in body.waypoints],
        sizes=sizes,
        unknown_limits=body.unknown_limits,
        avoid_edges=body.avoid.edges,
        avoid_classes=body.avoid.classes,
        avoid_polygons=[read_polygon(p, crs) for p in body.avoid.polygons],
        depart_at=body.depart_at,
    )


def _place(x: float, y: float, crs: Crs) -> tuple[float, float]:
    if not crs.projected:
        check_lonlat(x, y)
    if crs is CRS84:
        return x, y
    lon, lat = to_lonlat(x, y, crs)
    check_lonlat(float(lon), float(lat))
    return float(lon), float(lat)


def read_polygon(geometry: dict[str, Any], crs: Crs = CRS84) -> Any:
    """Return a GeoJSON polygon as a valid shapely one in EPSG:4326.

    Raises
    ------
    BadParameter
        It is no polygon, too large, or crosses itself.
    """
    try:
        moved = transform(geometry["coordinates"], crs, CRS84)
        polygon = shape({"type": geometry["type"], "coordinates": moved})
    except BadParameter:
        raise
    except Exception as error:  # whatever shapely meets in a geometry of a stranger
        raise _bad_polygon("it cannot be read", "无法解析") from error
    if polygon.geom_type not in ("Polygon", "MultiPolygon") or polygon.is_empty:
        raise _bad_polygon("it must be a Polygon or MultiPolygon", "须为 Polygon 或 MultiPolygon")
    if shapely.get_num_coordinates(polygon) > MOST_VERTICES:
        raise _bad_polygon(f"more than {MOST_VERTICES} vertices", f"顶点超过 {MOST_VERTICES} 个")
    west, south, east, north = polygon.bounds
    check_lonlat(west, south)
    check_lonlat(east, north)
    if not polygon.is_valid:
        reason = shapely.is_valid_reason(polygon)
        raise _bad_polygon(reason, f"几何无效（{reason}）")
    return polygon


def _bad_polygon(en: str, zh: str) -> BadParameter:
    return BadParameter(
        f"Polygon: {en}", f"多边形：{zh}",
        mend_en="Send a GeoJSON Polygon whose rings do not cross.",
        mend_zh="请提供环不自交的 GeoJSON Polygon。",
    )  # fmt: skip


def _answer(network: RoadNetwork, query: PathQuery, body: PathBody, crs: Crs) -> bytes:
    """Find the path and write it down."""
    found = network.path(query, datetime.now(UTC))
    collection = {"type": "FeatureCollection", "features": [_feature(network, found, body, crs)]}
    return orjson.dumps(collection, option=orjson.OPT_SERIALIZE_NUMPY)


def _feature(network: RoadNetwork, found: Found, body: PathBody, crs: Crs) -> dict[str, Any]:
    edges = network.graph.edges
    lines = [line(network.graph, leg) for leg in found.legs]
    points = np.concatenate([lines[0], *(part[1:] for part in lines[1:])])
    total = figures(edges, found, found.legs)
    spots = [found.legs[0].source, *(leg.target for leg in found.legs)]
    snaps = _shown(np.array([(s.lon, s.lat) for s in spots]), crs)
    driven = np.concatenate([leg.edges[leg.stop > leg.start] for leg in found.legs])
    properties = {
        "profile": body.profile,
        **_sums(total),
        "duration_basis": total.basis,
        "duration_basis_share": total.basis_share,
        "limits_unknown_share": total.limits_unknown_share,
        "unknown_limits": found.vehicle.unknown,
        "vehicle": found.vehicle.described,
        "vehicle_given": found.vehicle.given,
        "snap_m": [round(s.distance_m, 1) for s in spots],
        "snap_points": snaps,
        "legs": [_sums(figures(edges, found, [leg])) for leg in found.legs],
        "network_version": found.version,
        "structures": network.structures.on(driven),
        "origins": total.origin_share,
        "refs": total.refs,
    }
    if "edges" in body.include:
        properties["edges"] = [str(edges.row_id(int(e))) for e in dict.fromkeys(driven.tolist())]
    geometry = {"type": "LineString", "coordinates": _shown(points, crs)}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _sums(summed: Figures) -> dict[str, float]:
    return {"length_m": round(summed.length_m, 1), "duration_s": round(summed.duration_s, 1)}


def _shown(points: Floats, crs: Crs) -> Floats:
    """Return (n, 2) coordinates as the answer gives them."""
    if crs is CRS84:
        return np.ascontiguousarray(points)
    x, y = from_lonlat(points[:, 0], points[:, 1], crs)
    return np.ascontiguousarray(np.round(np.column_stack([x, y]), DECIMALS))
