"""POST /matrix: driving times between many places, on the network as it is now."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

import numpy as np
import orjson
from fastapi import Request
from numpy.typing import NDArray
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
from spatial.geo.crs import Crs
from spatial.json_types import Document

MOST_PLACES = 1000
MOST_SHOWN_SNAPS = 100
"""Up to so many places on a side the answer says where each was snapped to."""
CELL_S, PLACE_S = 3e-6, 2e-4
"""What a cell of the table, and snapping a place, is likely to take."""
ROWS = 50
"""Rows of a table that are written at a time; the writer lets nobody in between."""
PER_UNIT = {"s": 1.0, "min": 60.0}

routes = Routes("paths")


class MatrixBody(ConditionsBody):
    """A question for a table; coordinates are in the `crs` of the request, in its axis order.

    With `distances` in `include` the lengths of the same ways are answered too.
    """

    sources: list[Place] = Field(min_length=1, max_length=MOST_PLACES)
    targets: list[Place] | None = Field(default=None, min_length=1, max_length=MOST_PLACES)
    unit: Literal["s", "min"] = "s"
    include: list[Literal["distances"]] = Field(default=[], max_length=1)


@routes.post("/api/matrix", reads=("crs",), hot=True, question=True, most_bytes=MB)
async def get_matrix(body: MatrixBody, request: Request) -> Response:
    """Answer a row of durations per source, null where there is no path or no road near a place.

    Without `targets` the sources are the targets too.
    """
    crs = crs_of(request)
    network, conditions = await read_conditions(request, body, crs)
    given = body.sources if body.targets is None else body.targets

    def answer() -> bytes:
        sources, targets = read_places(body.sources, crs), read_places(given, crs)
        return _answer(network, conditions, (sources, targets), body, crs)

    rows = len(body.sources) * len(given)
    cost_s = CELL_S * rows * (2 if body.include else 1) + PLACE_S * (len(body.sources) + len(given))
    text = await ask(request, answer, cost_s)
    services(request).audit.record(actor_of(request), "matrix", body.profile, rows=rows)
    headers = {"Content-Crs": f"<{crs.uri}>", **NO_STORE}
    return Response(text, media_type=JSON, headers=headers)


def _answer(
    network: RoadNetwork,
    conditions: Conditions,
    places: tuple[list[tuple[float, float]], list[tuple[float, float]]],
    body: MatrixBody,
    crs: Crs,
) -> bytes:
    prepared = network.prepared(conditions, datetime.now(UTC))
    sources, targets = places
    usable, snap = network.snapper.usable(prepared.metric, prepared.costs), prepared.resolved.snap
    outs = sources, network.snapper.find(sources, usable, snap)
    intos = outs if targets == sources else (targets, network.snapper.find(targets, usable, snap))
    drives = island_rule.table(network, prepared, outs, intos, lengths="distances" in body.include)
    shown = np.round(drives.seconds / PER_UNIT[body.unit], 1).astype(np.float32)
    document = {
        "profile": conditions.profile,
        "reached_share": round(float(np.isfinite(drives.seconds).mean()), 6),
        **_snaps("sources", outs[1], crs),
        **_snaps("targets", intos[1], crs),
        "network_version": drives.version,
    }
    rest = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)[1:]
    text = b'{"durations_%s":[%s],' % (body.unit.encode(), _written(shown))
    if drives.metres is not None:
        lengths = np.round(drives.metres, 1).astype(np.float32)
        text += b'"distances_m":[%s],' % _written(lengths)
    return text + rest


def _written(table: NDArray[np.float32]) -> bytes:
    """Return the rows of a table as JSON, null where it is infinite."""
    blocks = (table[at : at + ROWS] for at in range(0, len(table), ROWS))
    option = orjson.OPT_SERIALIZE_NUMPY
    return b",".join([orjson.dumps(block, option=option)[1:-1] for block in blocks])


def _snaps(side: str, places: list[list[SnapPoint]], crs: Crs) -> Document:
    """Return how far each place was moved, null where no road is near, and where to while few."""
    nearest = [place[0] if place else None for place in places]
    told: Document = {f"{side}_snap_m": [s and round(s.distance_m, 1) for s in nearest]}
    found = [s for s in nearest if s is not None]
    if len(nearest) <= MOST_SHOWN_SNAPS:
        points = np.array([(s.lon, s.lat) for s in found]).reshape(-1, 2)
        shown = iter(show_places(points, crs).tolist())
        told[f"{side}_snap_points"] = [s and next(shown) for s in nearest]
    return told
