"""GET /waterway/classes: lengths by class, and what keeps waterways from a class."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import Annotated, Literal

import numpy as np
from fastapi import Query, Request
from starlette.responses import Response

from api.http.auth import actor_of
from api.http.concurrency import ask
from api.http.responses import fresh
from api.http.routes import Routes
from api.roads.conditions import networks_of
from api.services import services
from layers.query.filters import parse_bbox
from routing.graph.weights import Ints
from routing.query.network import RoadNetwork
from routing.waterway.judge import WORDS
from routing.waterway.standard import shortfalls
from routing.waterway.voyage import limits_of
from spatial.json_types import Document
from spatial.networks.waterway import KIND as WATERWAY

NAMED = 200
"""Edges that are named at most, the longest first."""
CLASSES_S = 0.2
ClassName = Literal["I", "II", "III", "IV", "V", "VI", "VII"]

routes = Routes("waterways")


@routes.get("/api/waterway/classes", reads=("bbox",))
async def list_classes(
    request: Request, class_: Annotated[ClassName, Query(alias="class")] = "III"
) -> Response:
    """List kilometres by published class, and the edges that keep waterways from a class.

    `bbox` (EPSG:4326) narrows both to edges within a box.
    """
    network = await networks_of(request).of(WATERWAY.name).ensure_current()
    given = request.query_params.get("bbox")
    box = None if given is None else parse_bbox(given)
    document = await ask(request, partial(_classes, network, class_, box), CLASSES_S)
    services(request).audit.record(actor_of(request), "classes", class_, rows=1)
    return fresh(document)


def _classes(network: RoadNetwork, name: ClassName, box: tuple[float, ...] | None) -> Document:
    edges = network.graph.edges
    chosen: Ints = np.arange(len(edges))
    if box is not None:
        chosen = np.sort(network.snapper.index.in_box(*box))
    by_class: dict[str, float] = defaultdict(float)
    for edge in chosen.tolist():
        by_class[edges.edge_class.get(edge) or "unclassified"] += float(edges.length_m[edge])
    found = list(shortfalls(limits_of(network).judge, edges, chosen, network.rules, name))
    found.sort(key=lambda one: (one.verdict, -edges.length_m[one.edge]))
    km: dict[str, float] = defaultdict(float)
    doubts: dict[str, float] = defaultdict(float)
    for one in found:
        length_km = float(edges.length_m[one.edge]) / 1000
        km[WORDS[one.verdict]] += length_km
        for cause in {str(reason["kind"]) for reason in one.reasons} if one.verdict else ():
            doubts[cause] += length_km
    total = float(edges.length_m[chosen].sum()) / 1000
    return {
        "class": name,
        "length_km": {key: round(value / 1000, 3) for key, value in sorted(by_class.items())},
        "total_km": round(total, 3),
        "keeps_km": round(total - sum(km.values()), 3),
        "falls_short_km": round(km[WORDS[0]], 3),
        "cannot_tell_km": round(km[WORDS[1]], 3),
        "cannot_tell_by_cause_km": {cause: round(own, 3) for cause, own in sorted(doubts.items())},
        "blocks": [
            {
                "edge": str(edges.row_id(one.edge)),
                "name": {"zh": edges.name_zh.get(one.edge), "en": edges.name_en.get(one.edge)},
                "class": edges.edge_class.get(one.edge),
                "length_m": round(float(edges.length_m[one.edge]), 1),
                "verdict": WORDS[one.verdict],
                "reasons": one.reasons,
            }
            for one in found[:NAMED]
        ],
        "blocks_count": len(found),
        "network_version": network.version,
    }
