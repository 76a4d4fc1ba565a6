"""Whole answers and the conditions that they come under."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.responses import Response


def matches(given: str | None, etag: str) -> bool:
    """Tell whether an If-None-Match header names an entity tag (weak comparison, RFC 9110)."""
    if given is None:
        return False
    tags = {tag.strip().removeprefix("W/") for tag in given.split(",")}
    return "*" in tags or etag in tags


def fresh_geojson(body: dict[str, Any]) -> Response:
    """Return GeoJSON that holds for this moment only; arrays of NumPy are arrays."""
    text = orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY, default=str)
    return Response(text, media_type="application/geo+json", headers={"Cache-Control": "no-store"})
