"""GET /search: the search box."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from api.http.auth import actor_of
from api.http.responses import fresh
from api.http.routes import Routes
from api.services import services
from layers.declare.layer import Layer
from layers.features.search_hit import Hit
from spatial.errors import BadParameter
from spatial.geo.codes import parse_lonlat
from spatial.json_types import Document

routes = Routes("search")

OTHER = {
    "span": {"zh": "路段", "en": "Stretch"},
    "coordinate": {"zh": "坐标", "en": "Coordinate"},
    "cell": {"zh": "北斗网格", "en": "Grid cell"},
    "stake": {"zh": "桩号", "en": "Stake"},
}


@routes.get("/api/search")
async def search(
    request: Request,
    q: Annotated[str, Query(description="Name, code, route and stake, grid cell or coordinate")],
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
    near: Annotated[
        str | None, Query(description="Longitude,latitude; of equal answers the nearest is first")
    ] = None,
) -> Response:
    """Find named things, kinds of things, codes, stakes, BeiDou cells and coordinates.

    Names are found as they are spoken (`杭州湾大桥`), in traditional characters, in pinyin or its
    initials, and with a wrong character; `港口 宁波` are the ports of Ningbo. A stake may name
    direction and lanes: `G92 K123+400 towards Ningbo, lanes 1–2`; two stakes are a `span`. `note`
    tells why a stake that is named is not among the results.
    """
    served, actor = services(request), actor_of(request)
    place = None if near is None else _place(near)
    readable = words_of_layers(served.catalog.list_layers(actor))
    found = await served.search.find(actor, q, limit, readable, place)
    served.audit.record(actor, "search", "search", rows=len(found.hits), detail={"q": q[:120]})
    results = [told(hit, served.catalog.layers) for hit in found.hits]
    return fresh({"results": results, "note": found.note})


def told(hit: Hit, layers: Mapping[str, Layer]) -> Document:
    """Return an answer as it is served."""
    layer = layers.get(hit.layer or "")
    kind = OTHER.get(hit.action) or (layer.title.model_dump() if layer else {"zh": "", "en": ""})
    return {
        "layer": hit.layer, "id": hit.id, "label": hit.label, "kind_label": kind,
        "codes": hit.codes, "origin": hit.origin, "center": list(hit.center), "bbox": hit.bbox,
        "action": hit.action, "area": hit.area,
        "distance_m": None if hit.distance_m is None else round(hit.distance_m),
        **hit.extra,
    }  # fmt: skip


def words_of_layers(layers: Iterable[Layer]) -> dict[str, tuple[str, ...]]:
    """Return what people call the things of each layer, by its id."""
    return {layer.id: (layer.title.zh, layer.title.en, *layer.search_words) for layer in layers}


def _place(text: str) -> tuple[float, float]:
    """Return the place that `near` names."""
    try:
        return parse_lonlat(text)
    except BadParameter as error:
        raise BadParameter(
            f"near must be longitude,latitude: {text[:40]!r}",
            f"near 须为 经度,纬度：{text[:40]!r}",
            mend_en="Write it as near=120.15,30.27.",
            mend_zh="请写成 near=120.15,30.27。",
        ) from error
