"""Whole answers, and the conditions that they come under."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

import orjson
from starlette.requests import Request
from starlette.responses import Response

from api.http.media_types import JSON
from spatial.json_types import Shown

NO_STORE = {"Cache-Control": "no-store"}
VARY = "Accept, Accept-Language, Cookie, Authorization, Origin"


def matches(given: str | None, etag: str) -> bool:
    """Tell whether an If-None-Match header names an entity tag (weak comparison, RFC 9110)."""
    if given is None:
        return False
    tags = {tag.strip().removeprefix("W/") for tag in given.split(",")}
    return "*" in tags or etag in tags


def fresh(
    body: Shown, status: int = 200, headers: Mapping[str, str] | None = None, media_type: str = JSON
) -> Response:
    """Return a document that holds for this moment only; arrays of NumPy are arrays."""
    text = orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY, default=str)
    return Response(text, status, {**NO_STORE, **(headers or {})}, media_type)


def weak_tag(body: bytes) -> str:
    """Return the entity tag of a body, which stays weak: it may be packed on its way."""
    return f'W/"{blake2b(body, digest_size=9).hexdigest()}"'


def tagged(request: Request, body: bytes, headers: Mapping[str, str], media_type: str) -> Response:
    """Return a body with its tag, or 304 where the client has it."""
    tag = weak_tag(body)
    if matches(request.headers.get("if-none-match"), tag.removeprefix("W/")):
        return Response(status_code=304, headers={**headers, "ETag": tag})
    return Response(body, media_type=media_type, headers={**headers, "ETag": tag})


def conditional(request: Request, document: Shown, media_type: str = JSON) -> Response:
    """Return a document that a client may keep and ask for again by its weak tag, or 304."""
    headers = {"Cache-Control": "private, no-cache", "Vary": VARY}
    return tagged(request, orjson.dumps(document), headers, media_type)
