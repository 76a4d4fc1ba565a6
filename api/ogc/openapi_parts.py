"""The plain routes as OpenAPI: parameters, schemas and paths that FastAPI does not see."""

from __future__ import annotations

from typing import TypedDict

from api.http.media_types import GEOJSON, GEOTIFF, HTML, JSON, MEDIA_TYPES, MVT, OPENAPI, SCHEMA
from layers.features.features import DEFAULT_LIMIT, MAX_LIMIT
from layers.features.zone_export import MEDIA_TYPES as ZONE_TYPES
from spatial.json_types import Document


class Operation(TypedDict, total=False):
    """What the definition says of one method of one address."""

    summary: str
    tags: list[str]
    parameters: list[Document]
    requestBody: Document
    responses: dict[str, Document]


Paths = dict[str, dict[str, Operation]]


def _query(name: str, schema: Document, description: str) -> Document:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": schema,
        "style": "form",
        "explode": False,
    }


def _path(name: str, schema: Document, description: str) -> Document:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": schema,
    }


def _enum(*values: str) -> Document:
    return {"type": "string", "enum": list(values)}


_TEXT: Document = {"type": "string"}
_NUMBER: Document = {"type": "number"}
_WHOLE: Document = {"type": "integer", "minimum": 0}

PARAMETERS: dict[str, Document] = {
    "layer": _path("layer", _TEXT, "Collection"),
    "feature": _path("feature", _TEXT, "Feature id"),
    "matrix_set": _path("matrix_set", _enum("WebMercatorQuad"), "Tile matrix set"),
    "z": _path("z", _WHOLE, "Zoom"),
    "x": _path("x", _WHOLE, "Column"),
    "y": _path("y", _WHOLE, "Row"),
    "theme": _path("theme", _enum("dark", "light"), "Theme"),
    "lang": _query("lang", _enum("zh", "en"), "Language of titles and messages"),
    "f-page": _query("f", _enum("json", "html"), "Format"),
    "f-json": _query("f", _enum("json"), "Format"),
    "f-items": _query(
        "f",
        _enum(*MEDIA_TYPES, *ZONE_TYPES),
        "Format; from jsonseq on, the whole answer; from ed269 on, of zones of the air only",
    ),
    "f-mvt": _query("f", _enum("mvt"), "Format"),
    "limit": _query(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
        "Features of a page",
    ),
    "bbox": _query(
        "bbox",
        {"type": "array", "items": _NUMBER, "minItems": 4, "maxItems": 6},
        "West, south, east, north in degrees of CRS84, or in bbox-crs",
    ),
    "bbox-crs": _query("bbox-crs", _TEXT, "Coordinate system of bbox: CRS84, 4490, 4549, GCJ02 …"),
    "crs": _query("crs", _TEXT, "Coordinate system of the answer: CRS84, 4490, 4549, GCJ02 …"),
    "datetime": _query("datetime", _TEXT, "Instant, day or interval: 2026-01-01/.."),
    "sortby": _query("sortby", _TEXT, "Columns in order; - before a name descends"),
    "filter": _query("filter", _TEXT, "CQL2 text or JSON over the queryables"),
    "filter-lang": _query("filter-lang", _enum("cql2-text", "cql2-json"), "Language of filter"),
    "filter-crs": _query("filter-crs", _TEXT, "Coordinate system of the geometries in filter"),
    "cursor": _query("cursor", _TEXT, "Place of the next page, from its link"),
}

_LINK: Document = {
    "type": "object",
    "required": ["href", "rel"],
    "properties": {
        "href": _TEXT,
        "rel": _TEXT,
        "type": _TEXT,
        "title": _TEXT,
        "templated": {"type": "boolean"},
    },
}
_LINKS = {"type": "array", "items": {"$ref": "#/components/schemas/Link"}}
_GEOMETRY: Document = {
    "type": "object",
    "nullable": True,
    "required": ["type"],
    "properties": {"type": _TEXT},
}
_FEATURE: Document = {
    "type": "object",
    "required": ["type", "id", "geometry", "properties"],
    "properties": {
        "type": _enum("Feature"),
        "id": _TEXT,
        "geometry": _GEOMETRY,
        "properties": {
            "type": "object",
            "required": ["origin"],
            "properties": {"origin": _enum("real", "derived", "schematic", "synthetic")},
        },
        "links": _LINKS,
    },
}
_COLLECTION: Document = {
    "type": "object",
    "required": ["id", "links"],
    "properties": {
        "id": _TEXT,
        "title": _TEXT,
        "description": _TEXT,
        "attribution": _TEXT,
        "itemType": _TEXT,
        "crs": {"type": "array", "items": _TEXT},
        "storageCrs": _TEXT,
        "extent": {"type": "object"},
        "origins": {"type": "object"},
        "computed": {"type": "object"},
        "links": _LINKS,
    },
}
SCHEMAS: dict[str, Document] = {
    "Problem": {
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": _TEXT,
            "title": _TEXT,
            "status": {"type": "integer"},
            "detail": _TEXT,
            "mend": _TEXT,
        },
    },
    "Link": _LINK,
    "Feature": _FEATURE,
    "Collection": _COLLECTION,
    "FeatureCollection": {
        "type": "object",
        "required": ["type", "features", "links", "numberReturned"],
        "properties": {
            "type": _enum("FeatureCollection"),
            "features": {"type": "array", "items": {"$ref": "#/components/schemas/Feature"}},
            "links": _LINKS,
            "timeStamp": {"type": "string", "format": "date-time"},
            "numberReturned": _WHOLE,
            "numberMatched": _WHOLE,
            "numberMatchedAtLeast": _WHOLE,
        },
    },
    "Landing": {
        "type": "object",
        "required": ["links"],
        "properties": {"title": _TEXT, "description": _TEXT, "links": _LINKS},
    },
    "Conformance": {
        "type": "object",
        "required": ["conformsTo"],
        "properties": {"conformsTo": {"type": "array", "items": _TEXT}},
    },
    "Collections": {
        "type": "object",
        "required": ["links", "collections"],
        "properties": {
            "links": _LINKS,
            "collections": {"type": "array", "items": {"$ref": "#/components/schemas/Collection"}},
        },
    },
    "Count": {"type": "object", "required": ["count"], "properties": {"count": _WHOLE}},
    "Object": {"type": "object"},
}


def _get(
    summary: str, tag: str, parameters: list[str], content: dict[str, str | None]
) -> dict[str, Operation]:
    """Return one GET operation; `content` maps media types to schema names."""
    bodies = {
        type_: {"schema": {"$ref": f"#/components/schemas/{name}"} if name else _TEXT}
        for type_, name in content.items()
    }
    operation: Operation = {
        "summary": summary,
        "tags": [tag],
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in parameters],
        "responses": {
            "200": {"description": summary, "content": bodies},
            "429": {"$ref": "#/components/responses/TooMany"},
            "default": {"$ref": "#/components/responses/Problem"},
        },
    }
    return {"get": operation}


_FILTERS = ["bbox", "bbox-crs", "datetime", "filter", "filter-lang", "filter-crs"]
_PAGE = ["f-page", "lang"]
_AT = "/api/collections/{layer}"
_TILE = _get("One vector tile", "tiles", ["layer", "matrix_set", "z", "y", "x", "f-mvt"], {})
_TILE["get"]["responses"]["200"]["content"] = {
    MVT: {"schema": {"type": "string", "format": "binary"}}
}
_TILE["get"]["responses"]["204"] = {"description": "Nothing is there"}

PLAIN_PATHS: Paths = {
    "/api": _get("Landing page", "ogc", _PAGE, {JSON: "Landing", HTML: None}),
    "/api/conformance": _get(
        "Conformance classes", "ogc", _PAGE, {JSON: "Conformance", HTML: None}
    ),
    "/api/openapi.json": _get("This document", "ogc", ["lang"], {OPENAPI: "Object"}),
    "/api/docs": _get("Documentation for people", "ogc", ["lang"], {HTML: None}),
    "/api/collections": _get(
        "Collections that the caller may read", "ogc", _PAGE, {JSON: "Collections", HTML: None}
    ),
    _AT: _get("One collection", "ogc", ["layer", *_PAGE], {JSON: "Collection", HTML: None}),
    f"{_AT}/queryables": _get(
        "What a filter may name", "features", ["layer", *_PAGE], {SCHEMA: "Object", HTML: None}
    ),
    f"{_AT}/schema": _get(
        "Properties of a feature", "features", ["layer", *_PAGE], {SCHEMA: "Object", HTML: None}
    ),
    f"{_AT}/schema/feature": _get(
        "A feature as GeoJSON, as a schema", "features", ["layer", "lang"], {SCHEMA: "Object"}
    ),
    f"{_AT}/items": _get(
        "A page of features, or a whole export",
        "features",
        ["layer", "limit", "cursor", *_FILTERS, "sortby", "crs", "f-items", "lang"],
        {GEOJSON: "FeatureCollection"}
        | {type_: None for name, type_ in MEDIA_TYPES.items() if name != "json"}
        | {type_: None for type_ in ZONE_TYPES.values() if type_ != GEOJSON},
    ),
    f"{_AT}/items/{{feature}}": _get(
        "One feature",
        "features",
        ["layer", "feature", "crs", *_PAGE],
        {GEOJSON: "Feature", HTML: None},
    ),
    f"{_AT}/count": _get(
        "Exact number of features that match",
        "features",
        ["layer", *_FILTERS, "f-json", "lang"],
        {JSON: "Count"},
    ),
    f"{_AT}/legend": _get(
        "Legend of a function layer, as sentences; its parameters stand in the collection",
        "features",
        ["layer", "f-json", "lang"],
        {JSON: "Object"},
    ),
    f"{_AT}/coverage": _get(
        "A function layer as a GeoTIFF; its parameters stand in the collection",
        "features",
        ["layer", "bbox", "crs", "lang"],
        {GEOTIFF: None},
    ),
    f"{_AT}/tiles": _get("Tile sets", "tiles", ["layer", "f-json"], {JSON: "Object"}),
    f"{_AT}/tiles/{{matrix_set}}": _get(
        "A tile set", "tiles", ["layer", "matrix_set", "f-json"], {JSON: "Object"}
    ),
    f"{_AT}/tiles/{{matrix_set}}/tilejson": _get(
        "TileJSON", "tiles", ["layer", "matrix_set", "f-json"], {JSON: "Object"}
    ),
    f"{_AT}/tiles/{{matrix_set}}/{{z}}/{{y}}/{{x}}": _TILE,
    "/api/tileMatrixSets": _get("Tile matrix sets", "tiles", ["f-json"], {JSON: "Object"}),
    "/api/tileMatrixSets/{matrix_set}": _get(
        "A tile matrix set", "tiles", ["matrix_set", "f-json"], {JSON: "Object"}
    ),
    "/api/catalogue": _get("All that the map is made of", "map", ["lang"], {JSON: "Object"}),
    "/api/styles": _get("Styles", "map", ["lang"], {JSON: "Object"}),
    "/api/styles/{theme}": _get("A MapLibre style", "map", ["theme", "lang"], {JSON: "Object"}),
}
