"""What a layer's features are made of, as JSON Schema: queryables, properties (Part 5), GeoJSON."""

from __future__ import annotations

from math import isfinite

from starlette.requests import Request
from starlette.responses import Response

from api.http import html, links
from api.http.auth import actor_of
from api.http.media_types import HTML, SCHEMA
from api.http.negotiate import language, pick_format
from api.http.responses import conditional
from api.http.routes import Routes
from api.ogc.common import say, trail
from api.services import services
from layers.declare.layer import Column, Layer
from layers.declare.relation import Relation
from spatial.json_types import Document

_AT = "/api/collections/{layer}"
routes = Routes()
FORMATS = {"json": SCHEMA, "html": HTML}
DIALECT = "https://json-schema.org/draft/2020-12/schema"
ORIGINS = ["real", "derived", "schematic", "synthetic"]
Properties = dict[str, Document]

_TYPES: Properties = {
    "text": {"type": "string"},
    "int": {"type": "integer"},
    "number": {"type": "number"},
    "bool": {"type": "boolean"},
    "datetime": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
    "uuid": {"type": "string", "format": "uuid"},
    "json": {"type": ["object", "array", "string", "number", "boolean"]},
}
_SHAPES = {"point": "point", "line": "linestring", "polygon": "multipolygon"}


@routes.get(f"{_AT}/queryables")
async def get_queryables(request: Request) -> Response:
    """Answer what a filter may name."""
    relation = _relation(request)
    return _described(request, "queryables", relation, queryables(relation, language(request)))


@routes.get(f"{_AT}/schema")
async def get_schema(request: Request) -> Response:
    """Answer the properties of a feature, with their roles."""
    relation = _relation(request)
    return _described(request, "schema", relation, returnables(relation.layer, language(request)))


@routes.get(f"{_AT}/schema/feature")
async def get_feature_schema(request: Request) -> Response:
    """Answer a feature as GeoJSON has it; programs read the types of its members from it."""
    pick_format(request, {"json": SCHEMA})
    layer, lang = _relation(request).layer, language(request)
    at = links.api(request, "collections", layer.id, "schema", "feature")
    geometry: Document = {"type": "null"}
    if layer.has_geometry:
        geometry = {"type": ["object", "null"], "required": ["type"]}
    document = {
        "$schema": DIALECT,
        "$id": at,
        "title": f"{layer.title[lang]}: {say('schema', lang)}",
        "type": "object",
        "required": ["type", "id", "geometry", "properties"],
        "properties": {
            "type": {"type": "string", "enum": ["Feature"]},
            "id": {"type": "string"},
            "geometry": geometry,
            "properties": {"type": "object", "properties": properties(layer, lang)},
        },
    }
    return conditional(request, document, SCHEMA)


def _relation(request: Request) -> Relation:
    return services(request).catalog.get_relation(request.path_params["layer"], actor_of(request))


def _described(request: Request, name: str, relation: Relation, found: Properties) -> Response:
    """Return properties as a schema document or a page."""
    kind, lang, layer = pick_format(request, FORMATS), language(request), relation.layer
    title = f"{layer.title[lang]}: {say(name, lang)}"
    if kind == "html":
        head = [say(key, lang) for key in ("name", "type", "unit")]
        rows = [[n, p.get("format", p.get("type")), p.get("x-unit")] for n, p in found.items()]
        return html.page(lang, title, trail(request, lang, layer), [html.table(head, rows)])
    document = {
        "$schema": DIALECT,
        "$id": links.api(request, "collections", layer.id, name),
        "type": "object",
        "title": title,
        "properties": found,
        "additionalProperties": False,
    }
    return conditional(request, document, SCHEMA)


def queryables(relation: Relation, lang: str) -> Properties:
    """Return the schema of each property that a filter may name."""
    layer = relation.layer
    found = {c.name: _of(c, lang) for c in layer.columns if c.type != "json"}
    found["id"] = _TYPES[layer.source.id_type] | {"title": "id"}
    found["origin"] = _origin(lang)
    return found | _geometry(layer)


def properties(layer: Layer, lang: str) -> Properties:
    """Return the schema of each member of a feature's properties; each may be null."""
    found = {c.name: _of(c, lang) | {"nullable": True} for c in layer.columns}
    return found | {"origin": _origin(lang)}


def returnables(layer: Layer, lang: str) -> Properties:
    """Return the schema of each property with its place and, where it has one, its role."""
    found: Properties = {"id": {"type": "string", "title": "id", "x-ogc-role": "id"}}
    for name, shape in _geometry(layer).items():
        found[name] = shape | {"x-ogc-role": "primary-geometry"}
    found |= properties(layer, lang)
    for name, role in _times(layer).items():
        found[name]["x-ogc-role"] = role
    return {n: p | {"x-ogc-propertySeq": i} for i, (n, p) in enumerate(found.items(), 1)}


def _times(layer: Layer) -> dict[str, str]:
    """Return the role of each listed column that says when a feature is."""
    if layer.time is None:
        return {}
    roles = {layer.time.field: "primary-instant"}
    if layer.time.end:
        roles = {layer.time.field: "primary-interval-start", layer.time.end: "primary-interval-end"}
    of = {c.column or c.name: c.name for c in layer.columns if c.path is None}
    return {of[column]: role for column, role in roles.items() if column in of}


def _of(column: Column, lang: str) -> Document:
    schema = _TYPES[column.type] | {"title": column.title[lang]}
    if column.description:
        schema["description"] = column.description[lang]
    if column.unit:
        schema["x-unit"] = column.unit
    limits = zip(("minimum", "maximum"), column.range or (), strict=False)
    schema |= {name: limit for name, limit in limits if isfinite(limit)}
    if column.values:
        schema["enum"] = list(column.values)
    return schema


def _origin(lang: str) -> Document:
    return {"type": "string", "enum": ORIGINS, "title": say("origin", lang)}


def _geometry(layer: Layer) -> Properties:
    if not layer.has_geometry:
        return {}
    shape = _SHAPES.get(layer.geometry.type, "any")
    return {"geom": {"format": f"geometry-{shape}", "title": "geom"}}
