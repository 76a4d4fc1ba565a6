"""POST /matrix: driving times between many places, on the network as it is now."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

import numpy as np
import orjson
from fastapi import Request
from pydantic import Field
from starlette.responses import Response

from api.http.auth import actor_of
from api.http.bodies import MB
from api.http.concurrency import ask
from api.http.media_types import JSON
from api.http.responses import NO_STORE
from api.http.routes import Routes
from api.http.values import Place
from api.roads.conditions import ConditionsBody, crs_of, read_conditions, read_places, show_places
from api.services import services
from routing.index.snap import SnapPoint
from routing.planning import island_rule
from routing.query.model import Conditions
from routing.query.network import RoadNetwork
from routing.query.prepare import PreparedMetric
from spatial.errors import NoSnap
from spatial.geo.crs import Crs
from spatial.json_types import Document

MOST_PLACES = 1000
MOST_SHOWN_SNAPS = 100
"""Up to so many places on a side the answer says where each was snapped to."""
CELL_S, PLACE_S = 1.5e-6, 2e-4
"""What a cell of the table, and snapping a place, is likely to take."""
ROWS = 50
"""Rows of a table that are written at a time; the writer lets nobody in between."""
PER_UNIT = {"s": 1.0, "min": 60.0}

routes = Routes("paths")


class MatrixBody(ConditionsBody):
    """A question for a table; coordinates are in the `crs` of the request, in its axis order."""

    sources: list[Place] = Field(min_length=1, max_length=MOST_PLACES)
    targets: list[Place] | None = Field(default=None, min_length=1, max_length=MOST_PLACES)
    unit: Literal["s", "min"] = "s"


@routes.post("/api/matrix", reads=("crs",), hot=True, question=True, most_bytes=MB)
async def get_matrix(body: MatrixBody, request: Request) -> Response:
    """Answer a row of durations per source, null where there is no path.

    Without `targets` the sources are the targets too.
    """
    crs = crs_of(request)
    network, conditions = await read_conditions(request, body, crs)
    given = body.sources if body.targets is None else body.targets

    def answer() -> bytes:
        sources, targets = read_places(body.sources, crs), read_places(given, crs)
        return _answer(network, conditions, (sources, targets), body.unit, crs)

    rows = len(body.sources) * len(given)
    cost_s = CELL_S * rows + PLACE_S * (len(body.sources) + len(given))
    text = await ask(request, answer, cost_s)
    services(request).audit.record(actor_of(request), "matrix", body.profile, rows=rows)
    headers = {"Content-Crs": f"<{crs.uri}>", **NO_STORE}
    return Response(text, media_type=JSON, headers=headers)


def _answer(
    network: RoadNetwork,
    conditions: Conditions,
    places: tuple[list[tuple[float, float]], list[tuple[float, float]]],
    unit: str,
    crs: Crs,
) -> bytes:
    prepared = network.prepared(conditions, datetime.now(UTC))
    sources, targets = places
    outs = _snapped(network, prepared, sources, "sources")
    intos = outs if targets == sources else _snapped(network, prepared, targets, "targets")
    table, version = island_rule.table(network, prepared, (sources, outs), (targets, intos))
    shown = np.round(table / PER_UNIT[unit], 1).astype(np.float32)
    document = {
        "profile": conditions.profile,
        "reached_share": round(float(np.isfinite(table).mean()), 6),
        **_snaps("sources", outs, crs),
        **_snaps("targets", intos, crs),
        "network_version": version,
    }
    option = orjson.OPT_SERIALIZE_NUMPY
    blocks = (shown[at : at + ROWS] for at in range(0, len(shown), ROWS))
    rows = b",".join([orjson.dumps(block, option=option)[1:-1] for block in blocks])
    rest = orjson.dumps(document, option=option)[1:]
    return b'{"durations_%s":[%s],%s' % (unit.encode(), rows, rest)


def _snapped(
    network: RoadNetwork, prepared: PreparedMetric, points: list[tuple[float, float]], side: str
) -> list[list[SnapPoint]]:
    try:
        return network.snap(prepared, points)
    except NoSnap as error:
        error.extra["side"] = side
        raise


def _snaps(side: str, places: list[list[SnapPoint]], crs: Crs) -> Document:
    """Return how far each place was moved, and where to while they are few."""
    nearest = [place[0] for place in places]
    told: Document = {f"{side}_snap_m": [round(s.distance_m, 1) for s in nearest]}
    if len(nearest) <= MOST_SHOWN_SNAPS:
        points = np.array([(s.lon, s.lat) for s in nearest])
        told[f"{side}_snap_points"] = show_places(points, crs)
    return told
