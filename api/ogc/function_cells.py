"""Cells of function layers over HTTP: pages of features, and whole grids."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from api.http import links
from api.http.auth import actor_of
from api.http.concurrency import caller_of, limits_of
from api.http.disconnect import while_connected
from api.http.links import Link, link
from api.http.media_types import GEOJSON, GEOTIFF
from api.http.negotiate import check_parameters, pick_format, purpose_of, single_values
from api.http.responses import NO_STORE, conditional
from api.http.routes import Routes
from api.ogc.function_layers import ask, find_function
from api.services import services
from layers.functions.catalogue import Function
from layers.functions.items import Page, cells_of_page, features
from layers.functions.raster import geotiff
from layers.offload import offload
from layers.query.filters import parse_bbox
from spatial.errors import BadParameter, NotFound
from spatial.geo import crs

ITEM_FORMATS = {"json": GEOJSON}
COVERAGE_FORMATS = {"geotiff": GEOTIFF}
PAGING = ("bbox", "limit", "cursor", "sortby")
USUAL_CELLS, MOST_CELLS = 100, 10_000
ITEMS_S, COVERAGE_S = 0.2, 1.0
"""What a page of cells, and a whole grid, are likely to take."""
T = TypeVar("T")
routes = Routes()


async def answer_items(request: Request, function: Function) -> Response:
    """Answer a page of the cells of a surface, and what it is."""
    pick_format(request, ITEM_FORMATS)
    served, actor = services(request), actor_of(request)
    asked, given = ask(request, function, *PAGING), single_values(request)
    page = Page(
        parse_bbox(given["bbox"]) if "bbox" in given else None, asked.classes,
        given.get("sortby"), _number(given, "cursor", 0, 0, 10**9),
        _number(given, "limit", USUAL_CELLS, 1, MOST_CELLS),
    )  # fmt: skip

    async def work() -> Response:
        surface = await served.functions.get_surface(function, asked, actor)
        units = await served.functions.get_units(function, asked, actor, surface)
        of, every = await offload(cells_of_page, surface, page)
        document = {
            "type": "FeatureCollection",
            "features": await offload(features, surface, of, units),
            "numberMatched": every,
            "numberReturned": len(of),
            "summary": surface.summary,
            "links": _pages(request, page, len(of), every),
        }
        served.audit.record(
            actor, "items", function.layer.id, area=given.get("bbox"), rows=len(of),
            purpose=purpose_of(request), detail=_told(given),
        )  # fmt: skip
        return conditional(request, document, GEOJSON)

    return await _in_turn(request, ITEMS_S, work())


def _pages(request: Request, page: Page, shown: int, every: int) -> list[Link]:
    own = [link(links.here(request), "self", GEOJSON)]
    if page.start + shown < every and shown:
        more = links.here(request, cursor=str(page.start + shown))
        own.append(link(more, "next", GEOJSON))
    return own


def _number(given: Mapping[str, str], name: str, usual: int, least: int, most: int) -> int:
    text = given.get(name)
    if text is None:
        return usual
    if text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text):
        return min(int(text), most)
    raise BadParameter(
        f"{name} must be a whole number of at least {least}, not {text[:20]!r}",
        f"{name} 必须是不小于 {least} 的整数，而不是 {text[:20]!r}",
        parameter=name,
    )


def _told(given: Mapping[str, str]) -> dict[str, object]:
    return {name: value[:200] for name, value in given.items() if name not in ("f", "lang")}


async def _in_turn(request: Request, cost_s: float, work: Coroutine[None, None, T]) -> T:
    turn = limits_of(request).items.run(caller_of(request), cost_s, work)
    return await while_connected(request, turn)


@routes.get("/api/collections/{layer}/coverage", reads=None)
async def get_coverage(request: Request) -> Response:
    """Answer the whole surface, or its part in a box, as a GeoTIFF; no data where nobody looked."""
    function = find_function(request)
    if function is None:
        layer = services(request).catalog.get_layer(request.path_params["layer"], actor_of(request))
        check_parameters(request, "bbox", "crs")
        raise NotFound(f"Layer {layer.id} is no coverage", f"图层 {layer.id} 不是栅格")
    pick_format(request, COVERAGE_FORMATS, "geotiff")
    served, actor = services(request), actor_of(request)
    asked, given = ask(request, function, "bbox", "crs"), single_values(request)
    box = parse_bbox(given["bbox"]) if "bbox" in given else None
    code = crs.parse_crs(given.get("crs", "3857")).srid

    async def work() -> Response:
        surface = await served.functions.get_surface(function, asked, actor)
        data = await offload(geotiff, surface, box, code)
        async with served.db.write(actor) as conn:
            await served.audit.write(
                conn, actor, "export", function.layer.id, area=given.get("bbox"),
                rows=len(surface), purpose=purpose_of(request), detail=_told(given),
            )  # fmt: skip
        name = f'attachment; filename="{function.layer.id}.tif"'
        return Response(data, media_type=GEOTIFF, headers={"Content-Disposition": name, **NO_STORE})

    return await _in_turn(request, COVERAGE_S, work())
