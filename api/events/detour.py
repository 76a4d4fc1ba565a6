"""POST /events/detour: how long traffic drives now, and would round what is to be shut."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import numpy as np
from fastapi import Request
from starlette.responses import Response

from api.events.event_bodies import EventBody, find_target, read_lanes
from api.http.auth import actor_of, require
from api.http.bodies import MB
from api.http.concurrency import ask
from api.http.responses import fresh
from api.http.routes import Routes
from api.roads.carriageway_queries import find_streets
from api.services import services
from routing.corridor.directed_search import Streets
from routing.corridor.way_round import Ends, find_ends, heading_at
from routing.graph.weights import Ints
from routing.query.approach import TOLERANCE_DEG, Approach
from routing.query.model import Path, PathQuery
from routing.query.network import RoadNetwork
from spatial.actor import WRITERS
from spatial.errors import BadParameter
from spatial.json_types import Document
from spatial.networks.road import KIND as ROAD

PROFILES = ("car", "truck")
MOST_SHUT = 2_000
COST_S = 0.5

routes = Routes("events")


@routes.post("/api/events/detour", most_bytes=MB, question=True)
async def find_detour(body: EventBody, request: Request) -> Response:
    """Return for car and truck, per shut stretch, times and lengths now and round it.

    Between the last junction before the stretch and the first one after it, with what is closed
    now; null is no way. Areas and other networks than roads have none: ask the process what-if.
    """
    actor = actor_of(request)
    require(actor, *WRITERS)
    body, written = read_lanes(body)
    async with services(request).db.session(actor) as conn:
        target = await find_target(conn, body, written)
    if body.target.polygon or target.networks != [ROAD.name] or len(target.edges) > MOST_SHUT:
        raise BadParameter(
            "A detour is told of stretches of roads", "仅可计算道路区段的绕行",
            mend_en="Ask the process what-if.", mend_zh="请使用 what-if 过程。", parameter="target",
        )  # fmt: skip
    network, streets = await find_streets(request)

    def answer() -> list[Document]:
        edges = [edge for edge, _ in target.edges]
        shut = _keys(network, target.edges)
        return [_around(network, streets, ends, edges) for ends in find_ends(streets, shut)]

    stretches = await ask(request, answer, COST_S)
    services(request).audit.record(actor, "preview", "detour", rows=len(stretches))
    return fresh({"stretches": stretches, "network_version": network.version})


def _keys(network: RoadNetwork, edges: Sequence[tuple[UUID, str]]) -> Ints:
    ways = {"forward": (0,), "backward": (1,)}
    numbers = [(network.graph.ids.find(edge), way) for edge, way in edges]
    keys = [2 * n + w for n, way in numbers if n is not None for w in ways.get(way, (0, 1))]
    return np.array(sorted(set(keys)), np.int64)


def _around(network: RoadNetwork, streets: Streets, ends: Ends, edges: list[UUID]) -> Document:
    places = [streets.point(at) for at in (ends.first, ends.last)]
    headings = [heading_at(streets, at) for at in (ends.first, ends.last)]
    now = datetime.now(UTC)

    def found(profile: str, avoid: list[UUID]) -> Document | None:
        way = network.find_path(PathQuery(
            profile=profile, waypoints=places, avoid_edges=avoid,
            approaches=[Approach(heading, TOLERANCE_DEG) for heading in headings],
        ), now)  # fmt: skip
        return None if way is None else _told(way)

    told: Document = {
        profile: {"now": found(profile, []), "round": found(profile, edges)} for profile in PROFILES
    }
    about: Document = {
        "from": list(places[0]), "to": list(places[1]), "shut_m": round(ends.shut_m, 1),
        "headings": [round(heading, 1) for heading in headings],
    }  # fmt: skip
    return {**about, **told}


def _told(way: Path) -> Document:
    length_m, duration_ms = way.sums()
    return {"length_m": round(length_m, 1), "duration_s": round(duration_ms / 1000, 1)}
