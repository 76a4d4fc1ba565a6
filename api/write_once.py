"""A write that may be sent again: with an Idempotency-Key it is done once, and answered the same.

The key is kept in the transaction of the write, so that neither stands without the other. A second
request with it waits for the first, then gets its answer. A refused write keeps nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable

import asyncpg
from fastapi import Request
from starlette.responses import Response

from api.http.responses import NO_STORE
from api.idempotency_store import FIND, KEEP, TAKE
from api.services import services
from spatial.actor import Actor
from spatial.errors import BadParameter, KeyReused

HEADER = "idempotency-key"
REPLAYED = "Idempotency-Replayed"
KEPT_HOURS = 24
NOBODY = "anonymous"
"""Whose keys those are that came without an account."""
LONGEST_KEY = 128
KEPT_HEADERS = ("content-type", "etag", "location", "preference-applied")

_KEY = re.compile(rf"[!-~ ]{{1,{LONGEST_KEY}}}")

Work = Callable[[asyncpg.Connection], Awaitable[Response]]


async def write_once(request: Request, actor: Actor, work: Work) -> Response:
    """Answer a write done in one transaction of the actor's, once per Idempotency-Key.

    Raises
    ------
    BadParameter
        The key is empty, too long or not printable ASCII.
    KeyReused
        The same key came with another request within the last `KEPT_HOURS` hours.
    """
    key = request.headers.get(HEADER)
    if key is not None and not (
        0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()
    ):
        raise BadParameter(
            f"Idempotency-Key must have 1 to {LONGEST_KEY} printable ASCII characters",
            f"Idempotency-Key 须为 1 至 {LONGEST_KEY} 个可见 ASCII 字符",
            mend_en="Send a fresh UUID per write.", mend_zh="每次写入请使用新的 UUID。",
            parameter="Idempotency-Key",
        )  # fmt: skip
    digest = await _digest(request) if key is not None else b""
    async with services(request).db.write(actor) as conn:
        if key is None:
            return await work(conn)
        own = (actor.account_id or NOBODY, key)
        if not await conn.fetchval(TAKE, *own, digest, KEPT_HOURS):
            return _again(await conn.fetchrow(FIND, *own), digest)
        answer = await work(conn)
        kept = {name: answer.headers[name] for name in KEPT_HEADERS if name in answer.headers}
        await conn.execute(KEEP, *own, answer.status_code, kept, bytes(answer.body))
    return answer


async def _digest(request: Request) -> bytes:
    """Return what tells two requests apart: method, address, body and the version they name."""
    parts = (request.method, str(request.url.path), str(request.url.query),
             request.headers.get("if-match", ""))  # fmt: skip
    return hashlib.sha256("\n".join(parts).encode() + b"\n" + await request.body()).digest()


def _again(kept: asyncpg.Record | None, digest: bytes) -> Response:
    if kept is None or kept["digest"] != digest:
        raise KeyReused(
            "This Idempotency-Key was used for another request",
            "此 Idempotency-Key 已用于另一请求",
            mend_en="Send a fresh key for a new write; repeat a write unchanged.",
            mend_zh="新的写入请使用新的键；重发时内容须完全相同。",
        )
    headers = {**kept["headers"], REPLAYED: "true", **NO_STORE}
    return Response(kept["body"], kept["status"], headers)
