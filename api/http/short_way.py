"""The short way to the routes asked most: one look-up, no layers of the framework around them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import get_type_hints

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Scope

from api.http.bodies import SMALL
from api.http.concurrency import caller_in, limits_of
from api.http.routes import Handler, PlainHandler, Registered, refusing
from layers.offload import offload
from spatial.errors import DatabaseAway

BELOW = "/api/collections/"
"""Where the hot routes of GET lie, each told by its length and its fourth part."""
READ_S = 1e-7
"""What a byte of a large body is likely to take to be read into its model."""


class ShortWay:
    """Finds the handlers of routes registered as hot."""

    def __init__(self, registered: Iterable[Registered] = ()) -> None:
        hot = [one for one in registered if one.hot]
        self._posted = {
            one.path: refusing(_with_body(one.handler), one.reads)
            for one in hot
            if one.method == "POST"
        }
        self._got: dict[tuple[int, str], tuple[PlainHandler, list[str]]] = {}
        for one in hot:
            if one.method == "GET":
                parts = one.path.strip("/").split("/")
                names = [part.strip("{}").partition(":")[0] for part in parts]
                handler = _twice(refusing(one.handler, one.reads))
                self._got[len(parts), parts[3]] = handler, names

    def find(self, scope: Scope, given: Mapping[bytes, bytes]) -> PlainHandler | None:
        """Return the handler of a request, the parameters of its address set on the scope."""
        if scope["method"] == "POST":
            return self._find_posted(scope, given)
        path: str = scope["path"]
        if scope["method"] != "GET" or not path.startswith(BELOW):
            return None
        parts = path[1:].split("/")
        found = self._got.get((len(parts), parts[3])) if len(parts) > 3 else None
        if found is None or not all(parts):
            return None
        handler, names = found
        scope["path_params"] = dict(zip(names[2:], parts[2:], strict=True))
        return handler

    def _find_posted(self, scope: Scope, given: Mapping[bytes, bytes]) -> PlainHandler | None:
        """Return the handler of a JSON body; others go the long way."""
        found = self._posted.get(scope["path"])
        if found is None:
            return None
        kind = given.get(b"content-type", b"").partition(b";")[0].strip()
        return found if kind == b"application/json" else None


def _twice(handler: PlainHandler) -> PlainHandler:
    """Return a handler that reads again where the connection to the database was lost."""

    async def read(request: Request) -> Response:
        try:
            return await handler(request)
        except DatabaseAway:
            return await handler(request)

    return read


def _with_body(answer: Handler) -> PlainHandler:
    """Return a handler that reads a request's body first, into the model that `answer` takes."""
    model: type[BaseModel] = get_type_hints(answer)["body"]

    async def handler(request: Request) -> Response:
        raw = request._body = await _read(request)  # where `request.body` finds it
        if len(raw) <= SMALL:
            return await answer(_parsed(model, raw), request)
        turns, reading = limits_of(request).bodies, offload(_parsed, model, raw)
        body = await turns.run(caller_in(request.scope), len(raw) * READ_S, reading)
        return await answer(body, request)

    return handler


def _parsed(model: type[BaseModel], raw: bytes) -> BaseModel:
    """Return a body as its model.

    Raises
    ------
    RequestValidationError
        It cannot be.
    """
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        wrong = [{**item, "loc": ("body", *item["loc"])} for item in found]
        raise RequestValidationError(wrong) from error


async def _read(request: Request) -> bytes:
    """Return the body of a request, which mostly comes in one piece.

    Raises
    ------
    ClientDisconnect
        The client left before its end.
    """
    parts = []
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)
