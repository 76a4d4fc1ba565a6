"""What every route of the standard's door shares: tokens, bodies, errors as the standard has them.

The routes and bodies are those of the F3548-21 OpenAPI; a name that it does not know is passed
over, as other versions send more.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import orjson
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from api.airspace import utm_store
from api.airspace.dss_tokens import LOOPBACK, DssTokens, Manager
from api.airspace.extents import (
    Extent,
    Volume4DBody,
    parse_extent,
    parse_extents,
    union_of,
    written_time,
)
from api.airspace.utm_core import Wish
from api.airspace.utm_store import CellTurns, Kind
from api.http.app_state import own
from api.http.media_types import JSON
from api.http.problems import pick_language, translate
from api.http.responses import NO_STORE
from api.services import services
from spatial.actor import Actor
from spatial.errors import BadParameter, NotFound, SigangError
from spatial.json_types import Document

MOST_BYTES = 2**21
HIDDEN_OVN = "Available from USS"
NO_SUBSCRIPTION = "00000000-0000-4000-8000-000000000000"
_ID = re.compile(r"[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")

B = TypeVar("B", bound=BaseModel)
Work = Callable[[Request, Manager], Awaitable[Response]]


class Door:
    """The tokens that count here and the turns of writers, once for an application."""

    def __init__(self) -> None:
        self.turns = CellTurns()
        self._tokens: DssTokens | None = None

    def manager(self, request: Request) -> Manager:
        """Return who asks."""
        if self._tokens is None:
            self._tokens = DssTokens(services(request).settings)
        return self._tokens.check(request.headers)


def standard(
    *scopes: str,
) -> Callable[[Work], Callable[[Request], Coroutine[None, None, Response]]]:
    """Return what makes a handler of the standard's door, for tokens with one of the scopes."""

    def wrap(work: Work) -> Callable[[Request], Coroutine[None, None, Response]]:
        async def handler(request: Request) -> Response:
            try:
                manager = own(request.app, Door).manager(request)
                manager.may(*scopes)
                answered = await work(request, manager)
                services(request).audit.record(
                    actor_of_manager(manager), request.method.lower(), request.url.path[1:]
                )
                return answered
            except (SigangError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
                return _refusal(request, error)

        return handler

    return wrap


def _refusal(request: Request, error: Exception) -> Response:
    ours = translate(error)
    zh = pick_language(None, request.headers.get("accept-language", "en")) == "zh"
    headers = {"WWW-Authenticate": "Bearer"} if ours.status == 401 else {}
    if ours.status in (429, 503):
        headers["Retry-After"] = "1"
    told = ours.extra.get("standard")
    body = told if isinstance(told, dict) else {}
    return answer({**body, "message": ours.zh if zh else ours.en}, ours.status, headers)


def answer(
    body: Mapping[str, object] | None, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Return a document of the standard, or nothing."""
    text = b"" if body is None else orjson.dumps(body, default=str)
    return Response(text, status, {**NO_STORE, **(headers or {})}, JSON)


async def read(request: Request, model: type[B]) -> B:
    """Return the body of a request.

    Raises
    ------
    BadParameter
        It is not as the standard has it; the first fault is named with its JSON pointer.
    """
    try:
        return model.model_validate_json(await request.body())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        pointer = "/" + "/".join(str(part) for part in first["loc"])
        raise BadParameter(
            f"{pointer}: {first['msg']}", f"{pointer}：{first['msg']}", pointer=pointer
        ) from error


async def digest_of(request: Request) -> bytes:
    """Return what tells one change of an entity from another."""
    return hashlib.sha256(await request.body()).digest()


def entity_id(request: Request, name: str = "entityid") -> UUID:
    """Return the id that an address names.

    Raises
    ------
    BadParameter
        It is no UUID with hyphens.
    """
    return parse_id(request.path_params[name], name)


def parse_id(text: str, name: str) -> UUID:
    """Return an id.

    Raises
    ------
    BadParameter
        It is no UUID with hyphens.
    """
    if not _ID.fullmatch(text):
        raise BadParameter(f"{name}: {text!r} is no UUID", f"{name}：{text!r} 不是 UUID")
    return UUID(text)


class QueryBody(BaseModel):
    """What is asked for."""

    area_of_interest: Volume4DBody


async def queried_references(request: Request, kind: Kind, manager: Manager) -> list[Document]:
    """Return the references of the area, heights and time that a request asks for."""
    area = parse_extent((await read(request, QueryBody)).area_of_interest, "/area_of_interest")
    async with services(request).db.session(actor_of_manager(manager)) as conn:
        return await references(conn, kind, area, manager)


async def references(
    conn: asyncpg.Connection, kind: Kind, area: Extent, manager: Manager
) -> list[Document]:
    """Return the entities that have a volume in an area's cells, its heights and its time."""
    cells = set(area.cover.cells)
    found = await utm_store.near(conn, kind, [area], by_cells=True)
    by_id = {one.entity["id"]: one.entity for one in found if not one.cells.isdisjoint(cells)}
    return [written_entity(row, manager) for row in by_id.values()]


async def find_reference(request: Request, kind: Kind, manager: Manager) -> Document:
    """Return the entity of a kind that an address names.

    Raises
    ------
    NotFound
    """
    wanted = entity_id(request)
    async with services(request).db.session(actor_of_manager(manager)) as conn:
        row = await utm_store.find(conn, wanted)
    if row is None or row["kind"] != kind:
        raise NotFound(f"There is no {kind.replace('_', ' ')} {wanted}", f"没有 {wanted}")
    return written_entity(row, manager)


def yet_to_end(bodies: Sequence[Volume4DBody]) -> list[Extent]:
    """Return the extents of an entity that is to be written.

    Raises
    ------
    BadParameter
        See `parse_extents`; or they end in the past.
    """
    extents = parse_extents(bodies)
    if max(one.end for one in extents).timestamp() <= time.time():
        raise BadParameter("/extents: they end in the past", "/extents：结束时间已过")
    return extents


@asynccontextmanager
async def writing(
    request: Request, manager: Manager, wish: Wish
) -> AsyncIterator[asyncpg.Connection]:
    """Yield a connection that writes an entity in its turn; there being none is a bad request."""
    turn = own(request.app, Door).turns.turn(union_of(wish.extents).cells)
    try:
        async with turn, services(request).db.write(actor_of_manager(manager)) as conn:
            yield conn
    except NotFound as refused:
        raise BadParameter(refused.en, refused.zh) from refused


def base_url(text: str, pointer: str) -> str:
    """Return the address of a USS.

    Raises
    ------
    BadParameter
        It is not one over TLS; a USS on this machine may do without.
    """
    wrong = BadParameter(f"{pointer}: {text!r} is no https address", f"{pointer}：须为 https 地址")
    try:
        parts = urlsplit(text)
    except ValueError:
        raise wrong from None
    plain = parts.scheme == "http" and parts.hostname in LOOPBACK
    if not parts.hostname or not (parts.scheme == "https" or plain):
        raise wrong
    return text


def actor_of_manager(manager: Manager) -> Actor:
    """Return as whom the database sees a manager: one without an area, who sees no scoped row."""
    return Actor(f"uss:{manager.name}", "developer", "")


def written_entity(row: asyncpg.Record, manager: Manager) -> Document:
    """Return a reference as the standard writes it; OVNs of others are theirs to give."""
    told: Document = {
        "id": str(row["id"]),
        "manager": row["manager"],
        "uss_availability": row["uss_availability"],
        "version": row["version"],
        "ovn": row["ovn"] if row["manager"] == manager.name else HIDDEN_OVN,
        "time_start": written_time(row["begins"]),
        "time_end": written_time(row["ends"]),
        "uss_base_url": row["uss_base_url"],
    }
    if row["kind"] == "operational_intent":
        told["state"] = row["state"]
        told["subscription_id"] = str(row["subscription_id"] or NO_SUBSCRIPTION)
    return told
