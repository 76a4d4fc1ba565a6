"""The only link builder: absolute addresses as clients reach them, behind a proxy too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NotRequired, TypedDict
from urllib.parse import quote, urlencode

from starlette.requests import Request

from api.http.media_types import MEDIA_TYPES
from api.http.same_origin import own_origin


class Link(TypedDict):
    """A link object of OGC API; `templated` where its address has places to fill."""

    href: str
    rel: str
    type: str
    title: NotRequired[str]
    templated: NotRequired[bool]


_REL = "http://www.opengis.net/def/rel/ogc/1.0"
QUERYABLES = f"{_REL}/queryables"
SCHEMA_OF = f"{_REL}/schema"
TILESETS_VECTOR = f"{_REL}/tilesets-vector"


def origin(request: Request) -> str:
    """Return scheme, host and prefix as clients reach them, without a slash at the end."""
    public: str | None = request.app.state.services.settings.public_url
    scope = request.scope
    prefix = "" if public else scope.get("app_root_path", scope.get("root_path", ""))
    server = tuple(scope["server"]) if scope.get("server") else None
    return own_origin(scope["scheme"], request.headers.get("host"), server, public) + prefix


def api(request: Request, *parts: str, **query: str | None) -> str:
    """Return the address of a resource of the API; parts are escaped, None values left out."""
    path = "".join([f"/{escaped(part)}" for part in parts])
    given = {key.replace("_", "-"): value for key, value in query.items() if value is not None}
    return f"{origin(request)}/api{path}" + (f"?{urlencode(given)}" if given else "")


def escaped(part: str) -> str:
    """Return a part of an address as it stands between slashes."""
    return part if part.isascii() and part.isalnum() else quote(part, safe="")


def link(
    href: str, rel: str, type_: str, title: str | None = None, *, templated: bool = False
) -> Link:
    """Return one link object."""
    found: Link = {"href": href, "rel": rel, "type": type_}
    if templated:
        found["templated"] = True
    if title:
        found["title"] = title
    return found


def here(request: Request, **changed: str | None) -> str:
    """Return the address asked for with some query parameters changed or, by None, dropped."""
    query: dict[str, str | None] = {**request.query_params, **changed}
    kept = {key: value for key, value in query.items() if value is not None}
    return _path(request) + (f"?{urlencode(kept)}" if kept else "")


def _query(given: Mapping[str, str]) -> str:
    """Return parameters as a query string; the one that most questions have costs nothing."""
    if len(given) == 1 and given.get("f") in MEDIA_TYPES:
        return f"f={given['f']}"
    return urlencode(given)


def _path(request: Request) -> str:
    path, prefix = request.scope["path"], request.scope.get("root_path", "")
    return origin(request) + quote(path.removeprefix(prefix), safe="/%")


def self_and_alternates(request: Request, current: str, formats: Mapping[str, str]) -> list[Link]:
    """Return the self link and one alternate link for each other format."""
    path, given = _path(request), dict(request.query_params)
    links = [link(path + (f"?{_query(given)}" if given else ""), "self", formats[current])]
    given.pop("f", None)
    start = f"{path}?{_query(given)}&f=" if given else f"{path}?f="
    links += [
        link(start + name, "alternate", type_, name)
        for name, type_ in formats.items()
        if name != current
    ]
    return links
