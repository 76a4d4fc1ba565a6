"""OGC API Tiles: tile sets, their metadata, TileJSON and the tiles themselves, as plain routes."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from api.http.auth import actor_of
from api.http.concurrency import caller_of
from api.http.disconnect import while_connected
from api.http.links import Link, api, here, link
from api.http.media_types import JSON, MVT
from api.http.negotiate import FORMATS, check_parameters, pick_format, single_values
from api.http.responses import conditional
from api.http.routes import Routes
from api.http.tile_response import tile_response
from api.ogc.function_layers import MATRIX_SET, answer_tile, find_function, tilejson_of, tileset_of
from api.services import services
from layers.declare.layer import Layer
from layers.declare.relation import WORLD
from layers.query.filters import refuse_unknown
from layers.tiles.service import LayerState
from layers.tiles.tile_sql import attributes
from spatial.errors import BadParameter, NotFound
from spatial.json_types import Document

REL = "http://www.opengis.net/def/rel/ogc/1.0"
MATRIX_SET_URI = "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"
CRS = "http://www.opengis.net/def/crs/EPSG/0/3857"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
ORIGIN_M = 20037508.342789244
ZOOMS = 25
_FIELD_TYPES = {"int": "Number", "number": "Number", "bool": "Boolean"}
_SCHEMA_TYPES = {"int": "integer", "number": "number", "bool": "boolean"}
_DIMENSIONS = {"point": 0, "line": 1, "polygon": 2}
_TILES = "/api/collections/{layer}/tiles"
routes = Routes()


@routes.get(f"{_TILES}/{{matrix_set}}/{{z}}/{{y}}/{{x}}", reads=None, hot=True)
async def get_tile(request: Request) -> Response:
    """Answer one tile: 200, 204 when nothing is there, or 304."""
    served, actor, path = services(request), actor_of(request), request.path_params
    function = find_function(request)
    layer = None if function else served.catalog.get_layer(path["layer"], actor)
    _check_matrix_set(path["matrix_set"])
    zxy = _whole(path["z"], "tileMatrix"), _whole(path["x"], "col"), _whole(path["y"], "row")
    if layer is None:
        assert function is not None  # noqa: S101
        return await answer_tile(request, function, zxy)
    values = {k: v for k, v in single_values(request).items() if k not in ("f", "lang")}
    if values:
        declared = {p.name for p in layer.source.parameters if p.name not in WORLD}
        refuse_unknown(values, {"f", "lang", *declared})
    if "f" in request.query_params:
        pick_format(request, FORMATS, "mvt")
    found = served.tiles.find_tile(layer, zxy, actor, values)
    if found is None:
        work = served.tiles.get_tile(layer, zxy, actor, values, caller_of(request))
        found = await while_connected(request, work)
    tile, everybody = found
    served.audit.count(actor, "tile", layer.id)
    return tile_response(request, tile, everybody=everybody)


def _whole(text: str, name: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    raise BadParameter(
        f"{name} must be a whole number, not {text!r}", f"{name} 必须是整数，而不是 {text!r}"
    )


def _check_matrix_set(name: str) -> None:
    if name != MATRIX_SET:
        raise NotFound(
            f"No tile matrix set {name!r}",
            f"没有瓦片矩阵集 {name!r}",
            mend_en=f"Use {MATRIX_SET}.",
            mend_zh=f"请使用 {MATRIX_SET}。",
        )


@routes.get(_TILES)
async def list_tilesets(request: Request) -> Response:
    """Answer the tile sets of a collection."""
    if (function := find_function(request)) is not None:
        own = [link(here(request), "self", JSON)]
        entries = [tileset_of(request, function, whole=False)]
        return conditional(request, {"links": own, "tilesets": entries})
    layer, _ = _asked(request)
    entry = {
        "title": layer.title.en,
        "dataType": "vector",
        "crs": CRS,
        "tileMatrixSetId": MATRIX_SET,
        "tileMatrixSetURI": MATRIX_SET_URI,
        "links": _tileset_links(request, layer),
    }
    self_ = link(here(request), "self", JSON)
    return conditional(request, {"links": [self_], "tilesets": [entry]})


@routes.get(f"{_TILES}/{{matrix_set}}")
async def get_tileset(request: Request) -> Response:
    """Answer the metadata of a tile set."""
    if (function := find_function(request)) is not None:
        _check_matrix_set(request.path_params["matrix_set"])
        return conditional(request, tileset_of(request, function, whole=True))
    layer, state = _asked(request)
    _check_matrix_set(request.path_params["matrix_set"])
    assert layer.tiles is not None  # noqa: S101
    source = await _source(request, layer)
    bounds = _bounds(state)
    document = {
        "title": layer.title.en,
        "description": layer.description.en,
        "dataType": "vector",
        "crs": CRS,
        "tileMatrixSetId": MATRIX_SET,
        "tileMatrixSetURI": MATRIX_SET_URI,
        "attribution": source["attribution"],
        "license": source["license"],
        "mediaTypes": [MVT],
        "links": _tileset_links(request, layer),
        "layers": [
            {
                "id": layer.id,
                "title": layer.title.en,
                "dataType": "vector",
                "geometryDimension": _DIMENSIONS.get(layer.geometry.type),
                "minTileMatrix": str(layer.tiles.minzoom),
                "maxTileMatrix": str(layer.tiles.maxzoom),
                "propertiesSchema": {"type": "object", "properties": _properties(layer)},
            }
        ],
        "boundingBox": {"lowerLeft": bounds[:2], "upperRight": bounds[2:], "crs": CRS84},
        "tileMatrixSetLimits": [
            _limits(z) for z in range(layer.tiles.minzoom, layer.tiles.maxzoom + 1)
        ],
    }
    return conditional(
        request, {key: value for key, value in document.items() if value is not None}
    )


def _limits(z: int) -> Document:
    """Return the limits of a zoom: all of its tiles."""
    last = (1 << z) - 1
    rows_and_columns = {"minTileRow": 0, "maxTileRow": last, "minTileCol": 0, "maxTileCol": last}
    return {"tileMatrix": str(z), **rows_and_columns}


@routes.get(f"{_TILES}/{{matrix_set}}/tilejson", reads=None)
async def get_tilejson(request: Request) -> Response:
    """Answer TileJSON 3.0, with what each level leaves out."""
    if (function := find_function(request)) is not None:
        _check_matrix_set(request.path_params["matrix_set"])
        pick_format(request, {"json": JSON})
        return conditional(request, tilejson_of(request, function))
    check_parameters(request)
    layer, state = _asked(request)
    _check_matrix_set(request.path_params["matrix_set"])
    return conditional(request, await tilejson(request, layer, state))


async def tilejson(request: Request, layer: Layer, state: LayerState | None) -> Document:
    """Return the TileJSON document of a layer."""
    assert layer.tiles is not None  # noqa: S101
    source = await _source(request, layer)
    return {
        "tilejson": "3.0.0",
        "name": layer.title.en,
        "description": layer.description.en,
        "attribution": source["attribution"],
        "version": f"{state.version if state else 0}.0.0",
        "scheme": "xyz",
        "tiles": [tile_url(request, layer)],
        "minzoom": layer.tiles.minzoom,
        "maxzoom": layer.tiles.maxzoom,
        "bounds": _bounds(state),
        "vector_layers": [
            {
                "id": layer.id,
                "description": layer.description.en,
                "minzoom": layer.tiles.minzoom,
                "maxzoom": layer.tiles.maxzoom,
                "fields": _fields(layer),
            }
        ],
        "license": source["license"],
        "levels": [*(state.levels if state else ())],
        "detail_zoom": layer.tiles.detail,
        "budget": layer.tiles.budget,
    }


def tile_url(request: Request, layer: Layer) -> str:
    """Return the URL template of a layer's tiles."""
    return api(request, *_path(layer)) + "/{z}/{y}/{x}?f=mvt"


@routes.get("/api/tileMatrixSets")
async def list_matrix_sets(request: Request) -> Response:
    """Answer the tile matrix sets."""
    pick_format(request, {"json": JSON})
    defined = link(api(request, "tileMatrixSets", MATRIX_SET), "self", JSON)
    entry = {
        "id": MATRIX_SET,
        "title": "Google Maps Compatible for the World",
        "uri": MATRIX_SET_URI,
        "crs": CRS,
        "links": [defined],
    }
    self_ = link(here(request), "self", JSON)
    return conditional(request, {"tileMatrixSets": [entry], "links": [self_]})


@routes.get("/api/tileMatrixSets/{matrix_set}")
async def get_matrix_set(request: Request) -> Response:
    """Answer the definition of WebMercatorQuad (OGC 17-083r4)."""
    pick_format(request, {"json": JSON})
    _check_matrix_set(request.path_params["matrix_set"])
    return conditional(
        request,
        {
            "id": MATRIX_SET,
            "title": "Google Maps Compatible for the World",
            "uri": MATRIX_SET_URI,
            "crs": CRS,
            "orderedAxes": ["X", "Y"],
            "wellKnownScaleSet": "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
            "tileMatrices": [_matrix(z) for z in range(ZOOMS)],
        },
    )


def _matrix(z: int) -> Document:
    cell = 2 * ORIGIN_M / 256 / (1 << z)
    return {
        "id": str(z),
        "scaleDenominator": cell / 0.00028,
        "cellSize": cell,
        "cornerOfOrigin": "topLeft",
        "pointOfOrigin": [-ORIGIN_M, ORIGIN_M],
        "tileWidth": 256,
        "tileHeight": 256,
        "matrixWidth": 1 << z,
        "matrixHeight": 1 << z,
    }


def _asked(request: Request) -> tuple[Layer, LayerState | None]:
    served = services(request)
    layer = served.catalog.get_layer(request.path_params["layer"], actor_of(request))
    if layer.tiles is None or not layer.has_geometry:
        raise NotFound(f"Layer {layer.id} has no tiles", f"图层 {layer.id} 没有瓦片")
    pick_format(request, {"json": JSON})
    return layer, served.tiles.state(layer.id)


def _path(layer: Layer) -> tuple[str, ...]:
    return "collections", layer.id, "tiles", MATRIX_SET


def _tileset_links(request: Request, layer: Layer) -> list[Link]:
    tileset = api(request, *_path(layer))
    item = f"{tileset}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}?f=mvt"
    return [
        link(tileset, "self", JSON),
        link(api(request, *_path(layer), "tilejson"), "describedby", JSON),
        link(api(request, "tileMatrixSets", MATRIX_SET), f"{REL}/tiling-scheme", JSON),
        link(api(request, "collections", layer.id), f"{REL}/geodata", JSON),
        link(item, "item", MVT, templated=True),
    ]


def _bounds(state: LayerState | None) -> list[float]:
    if state is None or state.bounds is None:
        return [-180.0, -85.0511287798066, 180.0, 85.0511287798066]
    return [round(value, 6) for value in state.bounds]


def _kind(layer: Layer, name: str, kinds: Mapping[str, str], other: str) -> str:
    column = layer.by_name.get(name)
    return kinds.get(column.type, other) if column else other


def _fields(layer: Layer) -> dict[str, str]:
    return {name: _kind(layer, name, _FIELD_TYPES, "String") for name in attributes(layer)}


def _properties(layer: Layer) -> Document:
    return {
        name: {"type": _kind(layer, name, _SCHEMA_TYPES, "string")} for name in attributes(layer)
    }


async def _source(request: Request, layer: Layer) -> Document:
    """Return licence and attribution of all sources of a layer's rows."""
    summaries = services(request).summaries
    found = await summaries.of(layer, actor_of(request))
    sources = await summaries.sources(found.sources)
    said = dict.fromkeys(source["attribution"] for source in sources)
    licences = dict.fromkeys(source["license"] for source in sources)
    return {"attribution": " · ".join(said), "license": ", ".join(licences) or None}
