"""POST /match: the roads that a vehicle drove, from its fixes; online in match_stream."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Annotated, Literal

import numpy as np
import orjson
from fastapi import Request
from pydantic import Field
from starlette.responses import Response

from api.http.auth import actor_of
from api.http.bodies import MB
from api.http.concurrency import ask
from api.http.media_types import GEOJSON
from api.http.responses import NO_STORE
from api.http.routes import Lines, Routes
from api.http.values import Moment, Number
from api.roads.conditions import ConditionsBody, crs_of, read_conditions, show_places
from api.roads.match_answer import show_drive, show_fixes, show_line
from api.roads.match_stream import answer_stream
from api.services import services
from routing.graph.weights import Floats
from routing.matching.hmm import Model
from routing.matching.matched_path import MatchedPath
from routing.matching.matcher import Matched, Matcher
from routing.matching.stops import Stop, find_stops
from routing.matching.trace import Trace
from routing.query.model import Conditions
from routing.query.network import RoadNetwork
from spatial.errors import BadParameter
from spatial.geo.crs import CRS84, Crs, axes_swapped, check_lonlat, read_places
from spatial.geo.datum import may_apply
from spatial.geo.geojson import Feature, feature
from spatial.json_types import Document

MOST_FIXES = 10_000
BEGIN_S, FIX_S = 0.02, 4e-5
"""What a trace, and each of its fixes, is likely to take."""
COUNTED = ("used", "merged", "off_road", "jump", "late", "duplicate", "invalid")
Accuracy = Annotated[float, Field(gt=0, le=500, allow_inf_nan=False)]


class MatchBody(ConditionsBody):
    """Fixes in the order received, in the `crs` of the request and its axis order.

    A point, or a coordinate of it, may be null where the receiver had none, and so may its time and
    its accuracy; `times` may be left out. `accuracy_m` is the standard deviation of all fixes or of
    each.
    """

    points: list[tuple[Number | None, Number | None] | None] = Field(
        min_length=1, max_length=MOST_FIXES
    )
    times: list[Moment | None] | None = Field(default=None, max_length=MOST_FIXES)
    accuracy_m: Accuracy | Annotated[list[Accuracy | None], Field(max_length=MOST_FIXES)] | None = (
        None
    )
    include: list[Literal["edges", "points"]] = Field(default=["edges"], max_length=2)


routes = Routes("match")


@routes.post(
    "/api/match",
    reads=("crs",),
    hot=True,
    question=True,
    most_bytes=2 * MB,
    lines=Lines(answer_stream, ("profile", "lag")),
)
async def match(body: MatchBody, request: Request) -> Response:
    """Answer a GeoJSON FeatureCollection with one line per drive without a break."""
    crs = crs_of(request)
    network, conditions = await read_conditions(request, body, crs)
    fixes = len(body.points)

    def answer() -> bytes:
        trace = read_trace(body, crs, network.derived.get(Matcher).model.sigma_m)
        return match_json(network, conditions, trace, body, crs)

    text = await ask(request, answer, BEGIN_S + FIX_S * fixes)
    services(request).audit.record(actor_of(request), "match", body.profile, rows=fixes)
    headers = {"Content-Crs": f"<{crs.uri}>", **NO_STORE}
    return Response(text, media_type=GEOJSON, headers=headers)


def read_trace(body: MatchBody, crs: Crs, sigma_m: float) -> Trace:
    """Return the fixes of a body; those without a place stay NaN.

    Raises
    ------
    BadParameter
        The lists are not of one length, or every coordinate is visibly swapped.
    """
    count = len(body.points)
    points = np.array([point or (None, None) for point in body.points], np.float64)
    times = [None] * count if body.times is None else body.times
    seconds = [np.nan if at is None else at.timestamp() for at in times]
    given = body.accuracy_m
    each = given if isinstance(given, list) else [given] * count
    sigma = [one or sigma_m for one in each]
    for name, values in (("times", seconds), ("accuracy_m", sigma)):
        if len(values) != count:
            raise BadParameter(
                f"{name} has {len(values)} entries for {count} points",
                f"{name} 有 {len(values)} 项，而坐标有 {count} 个",
                mend_en="Send one entry per point, null where it is unknown.",
                mend_zh="请为每个坐标提供一项，未知处填 null。",
            )
    return Trace(_lonlat(points, crs), np.array(seconds), np.array(sigma, np.float64))


def _lonlat(points: Floats, crs: Crs) -> Floats:
    known = np.isfinite(points).all(axis=1)
    if crs is not CRS84 and known.any():
        points = points.copy()
        points[known] = read_places(points[known], crs)
    if known.any() and not crs.projected:
        first = points[known.argmax()].tolist()
        if _may_be_swapped(*first) and axes_swapped(*points[known].T).all():
            check_lonlat(*first, north_first=crs.north_first)
    return points


def _may_be_swapped(lon: float, lat: float) -> bool:
    """Tell, quickly, whether a pair may make sense only swapped."""
    return abs(lat) > 90.0 or may_apply(lat, lon)


def match_json(
    network: RoadNetwork, conditions: Conditions, trace: Trace, body: MatchBody, crs: Crs
) -> bytes:
    """Match the trace and write it down."""
    matcher = network.derived.get(Matcher)
    found = matcher.match(conditions, trace, datetime.now(UTC))
    features = [_feature(matcher, found, d, trace, body, crs) for d in found.drives]
    said: Counter[str] = Counter(placed.status for placed in found.placed)
    collection: Document = {
        "type": "FeatureCollection",
        "features": features,
        "profile": body.profile,
        "network_version": found.version,
        "confidence": round(found.confidence, 4),
        "fixes": {status: said[status] for status in COUNTED},
        "gaps": [
            {"before_fix": p.fix, "reason": p.cut}
            for p in found.placed
            if p.cut not in (None, "start")
        ],
    }
    if "points" in body.include:
        collection["points"] = show_fixes(matcher, found.placed, crs)
    return orjson.dumps(collection, option=orjson.OPT_SERIALIZE_NUMPY)


def _feature(
    matcher: Matcher, found: Matched, drive: MatchedPath, trace: Trace, body: MatchBody, crs: Crs
) -> Feature:
    first, last = drive.fixes[0], drive.fixes[-1]
    properties: Document = {
        **show_drive(matcher, drive, edges="edges" in body.include),
        "confidence": round(drive.confidence, 4),
        "first_fix": first,
        "last_fix": last,
        "first_time": _time(trace.seconds[first]),
        "last_time": _time(trace.seconds[last]),
        "stops": [_stop(one, trace, crs) for one in _stops(matcher.model, found, drive, trace)],
        "network_version": found.version,
    }
    geometry = show_line(matcher, drive, crs)
    return feature(geometry, properties)


def _stops(model: Model, found: Matched, drive: MatchedPath, trace: Trace) -> list[Stop]:
    """Return where the vehicle stood, by the fixes that its drive goes by and those merged."""
    placed, end = found.placed, drive.fixes[-1] + 1
    while end < len(placed) and placed[end].status == "merged":
        end += 1
    near = placed[drive.fixes[0] : end]
    heard = [one.fix for one in near if one.status in ("used", "merged")]
    return find_stops(trace, heard, model)


def _stop(stop: Stop, trace: Trace, crs: Crs) -> Document:
    place = show_places(trace.points[stop.first_fix : stop.first_fix + 1], crs)
    return {
        "first_fix": stop.first_fix,
        "last_fix": stop.last_fix,
        "first_time": _time(trace.seconds[stop.first_fix]),
        "duration_s": round(stop.seconds, 1),
        "point": place[0],
    }


def _time(seconds: float) -> str | None:
    return datetime.fromtimestamp(seconds, UTC).isoformat() if np.isfinite(seconds) else None
