"""GET /search: the search box."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from api.http.auth import actor_of
from api.http.responses import fresh
from api.http.routes import Routes
from api.services import services
from layers.features.search import Hit
from spatial.json_types import Document

routes = Routes("search")

OTHER = {
    "coordinate": {"zh": "坐标", "en": "Coordinate"},
    "cell": {"zh": "北斗网格", "en": "Grid cell"},
    "stake": {"zh": "桩号", "en": "Stake"},
}


@routes.get("/api/search")
async def search(
    request: Request,
    q: Annotated[str, Query(description="Name, code, route and stake, grid cell or coordinate")],
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> Response:
    """Find named things, codes, stakes, BeiDou cells and coordinates.

    A stake may name direction and lanes: `G92 K123+400 towards Ningbo, lanes 1–2`. `note` tells
    why one that is named is not among the results.
    """
    served, actor = services(request), actor_of(request)
    readable = [layer.id for layer in served.catalog.list_layers(actor)]
    found = await served.search.find(actor, q, limit, readable)
    served.audit.record(actor, "search", "search", rows=len(found.hits), detail={"q": q[:120]})
    titles = {key: layer.title.model_dump() for key, layer in served.catalog.layers.items()}
    return fresh({"results": [_result(hit, titles) for hit in found.hits], "note": found.note})


def _result(hit: Hit, titles: dict[str, dict[str, str]]) -> Document:
    kind = OTHER.get(hit.action) or titles.get(hit.layer or "", {"zh": "", "en": ""})
    return {
        "layer": hit.layer, "id": hit.id, "label": hit.label, "kind_label": kind,
        "codes": hit.codes, "origin": hit.origin, "center": list(hit.center), "bbox": hit.bbox,
        "action": hit.action, **hit.extra,
    }  # fmt: skip
