"""Routes, each registered once, with all that its requests may carry.

From one registration follow the route, the refusal of parameters that it does not read, the size of
its body, the short way of those asked most, what pages of other origins may post, the kinds that
requests are counted by, and the API's definition.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TypedDict, TypeVar, Unpack

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, compile_path

from api.http.bodies import MOST_BYTES, SMALL
from api.http.media_types import NDJSON
from api.http.negotiate import check_parameters
from layers.offload import offload
from spatial.json_types import Document

Handler = Callable[..., Awaitable[Response]]
PlainHandler = Callable[[Request], Coroutine[None, None, Response]]
H = TypeVar("H", bound=Handler)

FOR_LINES = "Read with a body of lines of JSON only."


@dataclass(frozen=True, slots=True)
class Lines:
    """How a body of lines of JSON is answered, which is read for as long as it comes."""

    handler: PlainHandler
    reads: tuple[str, ...]
    """Query parameters beside `f` and `lang`."""


class Terms(TypedDict, total=False):
    """What a route is registered with beside its method and path."""

    reads: tuple[str, ...] | None
    """Query parameters that the handler reads itself, beside those of its signature, `f` and
    `lang`; None where it refuses others itself (a layer's columns), or its page's script does."""
    hot: bool
    """Asked most, or with large bodies: found and answered without the framework around it."""
    question: bool
    """A POST of anybody that changes nothing, so that pages of other origins may send it."""
    most_bytes: int
    """How large a body may be."""
    lines: Lines | None
    """The same for bodies that are lines of JSON; None takes none."""
    status: int
    """The status of an answer as the definition says it."""
    own_tokens: bool
    """Its callers bring tokens of a standard's own, which the route checks: nobody signs in."""


@dataclass(frozen=True, slots=True)
class Registered:
    """One route; see `Terms`. Without a tag it is plain: FastAPI does not see it."""

    method: str
    path: str
    handler: Handler
    tag: str | None
    reads: tuple[str, ...] | None = ()
    hot: bool = False
    question: bool = False
    most_bytes: int = MOST_BYTES
    lines: Lines | None = None
    status: int = 200
    own_tokens: bool = False

    def mounted(self) -> BaseRoute:
        """Return the route for an application."""
        if self.tag is not None:
            return _Documented(self, self.tag)
        return Route(self.path, refusing(self.handler, self.reads), methods=[self.method])


def refusing(handler: Handler, reads: tuple[str, ...] | None) -> PlainHandler:
    """Return a handler that first refuses parameters that are not read; see `Terms.reads`."""

    async def answer(request: Request) -> Response:
        if reads is not None:
            check_parameters(request, *reads)
        return await handler(request)

    return answer


class Routes:
    """The routes of one module, in the order in which they are tried.

    Parameters
    ----------
    tag
        Their heading in the API's definition; None for plain routes, which take the request alone
        and are defined by hand or not at all.
    """

    def __init__(self, tag: str | None = None) -> None:
        self.tag = tag
        self.registered: list[Registered] = []

    def get(self, path: str, **terms: Unpack[Terms]) -> Callable[[H], H]:
        """Register a handler of GET and HEAD."""
        return self._add("GET", path, terms)

    def post(self, path: str, **terms: Unpack[Terms]) -> Callable[[H], H]:
        """Register a handler of POST."""
        return self._add("POST", path, terms)

    def put(self, path: str, **terms: Unpack[Terms]) -> Callable[[H], H]:
        """Register a handler of PUT."""
        return self._add("PUT", path, terms)

    def patch(self, path: str, **terms: Unpack[Terms]) -> Callable[[H], H]:
        """Register a handler of PATCH."""
        return self._add("PATCH", path, terms)

    def delete(self, path: str, **terms: Unpack[Terms]) -> Callable[[H], H]:
        """Register a handler of DELETE."""
        return self._add("DELETE", path, terms)

    def _add(self, method: str, path: str, terms: Terms) -> Callable[[H], H]:
        def register(handler: H) -> H:
            self.registered.append(Registered(method, path, handler, self.tag, **terms))
            return handler

        return register


class Table:
    """What is registered, found by the address of a request before it is routed."""

    def __init__(self, registered: Iterable[Registered] = ()) -> None:
        self.all = tuple(registered)
        self.questions = frozenset(one.path for one in self.all if one.question)
        self._lines = frozenset(one.path for one in self.all if one.lines)
        self._own_tokens = tuple({_first(one.path) for one in self.all if one.own_tokens})
        larger = [one for one in self.all if one.most_bytes > MOST_BYTES]
        self._larger = {one.path: one.most_bytes for one in larger}
        self._patterns = [
            (compile_path(one.path)[0], one.most_bytes) for one in larger if "{" in one.path
        ]

    def most_bytes(self, path: str) -> int:
        """Return how large the body of a request to an address may be."""
        found = self._larger.get(path)
        if found is None:
            found = next((most for at, most in self._patterns if at.match(path)), MOST_BYTES)
        return found

    def keeps_own_tokens(self, path: str) -> bool:
        """Tell whether what an address is asked with is no sign-in of ours."""
        return path.startswith(self._own_tokens)

    def takes_lines(self, path: str, given: Mapping[bytes, bytes]) -> bool:
        """Tell by a request's headers whether its body is read line by line as it comes."""
        return path in self._lines and _media_type(given.get(b"content-type", b"")) == NDJSON


class _Documented(APIRoute):
    """A route of FastAPI, whose large bodies are decoded in a thread."""

    def __init__(self, one: Registered, tag: str) -> None:
        self._one = one
        super().__init__(
            one.path,
            one.handler,
            methods=[one.method],
            tags=[tag],
            status_code=one.status,
            response_model=None,
            openapi_extra=_said(one),
        )

    def get_route_handler(self) -> PlainHandler:
        """Return the handler of the route."""
        one, whole = self._one, super().get_route_handler()

        async def decoded(request: Request) -> Response:
            if one.most_bytes > SMALL and len(raw := await request.body()) > SMALL:
                with suppress(ValueError, RecursionError):  # which FastAPI meets again
                    request._json = await offload(json.loads, raw)
            return await whole(request)

        signed = (parameter.alias for parameter in self.dependant.query_params)
        plain = refusing(decoded, None if one.reads is None else (*one.reads, *signed))
        if one.lines is None:
            return plain
        lines = refusing(one.lines.handler, one.lines.reads)

        async def by_media_type(request: Request) -> Response:
            said = _media_type(request.headers.get("content-type", "").encode("latin-1"))
            return await (lines if said == NDJSON else plain)(request)

        return by_media_type


def _first(path: str) -> str:
    """Return the first folder of an address: a standard's door has one to itself."""
    return f"/{path.split('/')[1]}/"


def _media_type(header: bytes) -> str:
    return header.partition(b";")[0].strip().lower().decode("latin-1")


def _said(one: Registered) -> Document:
    """Return what the API's definition says of a route beside its handler's signature."""
    said: Document = {}
    named = [{"name": name} for name in one.reads or ()]
    if one.lines:
        named += [{"name": name, "description": FOR_LINES} for name in one.lines.reads]
    if named:
        said["parameters"] = [
            {**name, "in": "query", "schema": {"type": "string"}} for name in named
        ]
    if one.lines:
        said["requestBody"] = {
            "content": {NDJSON: {"schema": {"type": "string"}}},
            "description": "One document of JSON, or one a line.",
        }
    return said
