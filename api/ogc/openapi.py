"""The API's definition: what FastAPI knows and the plain routes, one OpenAPI 3.0 document.

No reference leaves the document, so that tools work without the internet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict, cast

import orjson
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import Response

from api.http import html, links
from api.http.auth import actor_of
from api.http.media_types import JSON, OPENAPI, PROBLEM
from api.http.negotiate import language
from api.http.responses import conditional
from api.http.routes import Routes
from api.ogc.common import say, trail
from api.ogc.openapi_parts import PARAMETERS, PLAIN_PATHS, SCHEMAS, Paths
from api.services import services
from spatial.json_types import Document, Shown

routes = Routes()
VERSION = "3.0.3"


class Definition(TypedDict):
    """The whole document."""

    openapi: str
    info: Document
    servers: list[Document]
    paths: Paths
    components: dict[str, Mapping[str, Shown]]
    security: list[dict[str, list[str]]]


def definition(request: Request) -> Definition:
    """Return the whole document for the server that was asked."""
    app = request.app
    kept = getattr(app.state, "openapi_paths", None)
    if kept is None:
        made = get_openapi(title="Sigang", version="0", routes=app.routes)
        kept = app.state.openapi_paths = _downgrade(made)
    actor = actor_of(request)
    listed = [layer.id for layer in services(request).catalog.list_layers(actor)]
    parameters = PARAMETERS | {
        "layer": PARAMETERS["layer"] | {"schema": {"type": "string", "enum": listed}}
    }
    return {
        "openapi": VERSION,
        "info": {
            "title": say("title", "en"),
            "description": say("about", "en"),
            "version": app.version,
            "license": {"name": "Apache-2.0"},
        },
        "servers": [{"url": links.origin(request)}],
        "paths": PLAIN_PATHS | _with_problems(kept["paths"]),
        "components": {
            "parameters": parameters,
            "schemas": SCHEMAS | kept.get("components", {}).get("schemas", {}),
            "responses": {"Problem": PROBLEM_RESPONSE, "TooMany": TOO_MANY_RESPONSE},
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic"},
                "session": {"type": "apiKey", "in": "cookie", "name": "sigang_session"},
            },
        },
        "security": [{}, {"key": []}, {"basic": []}, {"session": []}],
    }


PROBLEM_RESPONSE = {
    "description": "What went wrong and how to mend it (RFC 9457)",
    "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}

TOO_MANY_RESPONSE = PROBLEM_RESPONSE | {
    "description": "More than this caller's share; Retry-After says when to come back",
    "headers": {
        "Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait"},
        "RateLimit-Policy": {
            "schema": {"type": "string"},
            "description": "Requests of a window (q) and its seconds (w), of one server process",
        },
        "RateLimit": {
            "schema": {"type": "string"},
            "description": "Requests that are left (r), seconds until all are back (t)",
        },
    },
}


def _with_problems(paths: Paths) -> Paths:
    """Return FastAPI's paths with our problem documents in place of its validation errors."""
    for operations in paths.values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
            operation["responses"]["429"] = {"$ref": "#/components/responses/TooMany"}
            operation["responses"]["default"] = {"$ref": "#/components/responses/Problem"}
    return paths


def _downgrade(node: Any) -> Any:
    """Return an OpenAPI 3.1 document in the words of 3.0."""
    if isinstance(node, list):
        return [_downgrade(item) for item in node]
    if not isinstance(node, dict):
        return node
    found = {key: _downgrade(value) for key, value in node.items()}
    _nullable(found)
    for side, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(found.get(side), (int, float)) and not isinstance(found[side], bool):
            found[limit] = found[side]
            found[side] = True
    if "const" in found and not isinstance(found["const"], dict):
        found["enum"] = [found.pop("const")]
    if isinstance(found.get("prefixItems"), list):
        several = found.pop("prefixItems")
        found["items"] = several[0] if all(s == several[0] for s in several) else {}
    if isinstance(found.get("examples"), list) and found["examples"]:
        found["example"] = found.pop("examples")[0]
    return found


def _nullable(schema: Document) -> None:
    choices = schema.get("anyOf")
    if not isinstance(choices, list) or {"type": "null"} not in choices:
        return
    others = [choice for choice in choices if choice != {"type": "null"}]
    schema["nullable"] = True
    if len(others) == 1 and "$ref" not in others[0]:
        del schema["anyOf"]
        schema.update(others[0])
    else:
        schema["anyOf"] = others


@routes.get("/api/openapi.json")
async def get_definition(request: Request) -> Response:
    """Answer the OpenAPI document."""
    return conditional(request, definition(request), OPENAPI)


@routes.get("/api/docs")
async def get_docs(request: Request) -> Response:
    """Answer the documentation for people, made of the same document."""
    lang = language(request)
    document = definition(request)
    body = [html.element("p", say("about", lang))]
    for path, operations in sorted(document["paths"].items()):
        for method, operation in operations.items():
            body.append(html.element("h2", html.element("code", f"{method.upper()} {path}")))
            body.append(html.element("p", operation.get("summary", "")))
            rows = [_row(document, item) for item in operation.get("parameters", [])]
            if rows:
                head = [say("name", lang), say("type", lang), ""]
                body.append(html.table(head, rows))
            if "requestBody" in operation:
                content = cast(dict[str, Document], operation["requestBody"]["content"]).get(
                    JSON, {}
                )
                text = orjson.dumps(_inlined(document, content.get("schema", {}), 0))
                body.append(html.element("p", html.element("code", text.decode())))
    return html.page(lang, say("docs", lang), trail(request, lang), body)


def _row(document: Definition, item: Document) -> list[Shown]:
    parameter = _inlined(document, item, 0)
    schema = parameter.get("schema", {})
    kind = schema.get("type", "")
    return [parameter.get("name"), kind, parameter.get("description", "")]


def _inlined(document: Definition, node: Any, depth: int) -> Any:
    """Return a schema with its references replaced by what they name, four deep."""
    if isinstance(node, list):
        return [_inlined(document, item, depth) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        if depth >= 4:
            return {}
        target: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return _inlined(document, target, depth + 1)
    return {key: _inlined(document, value, depth) for key, value in node.items()}
