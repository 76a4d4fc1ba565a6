"""GET /stream: events, changed cells and network versions to open maps (server-sent events).

Rows of `stream_log` have numbers in the order of their commits; a client that comes back with
Last-Event-ID gets what it missed. Every row passes the same row-level security as a query.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Callable, Container, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from types import FrameType
from typing import cast

import asyncpg
import orjson
from fastapi import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.events.event_rows import DELIVERED, LOG_HEAD, LOG_ROWS
from api.events.view import Event, shown
from api.http.app_state import own
from api.http.auth import Credential, actor_of
from api.http.concurrency import caller_of, limits_of
from api.http.notifications import RECONNECTED
from api.http.responses import NO_STORE
from api.http.routes import Routes
from api.services import services
from layers.indicators.catalog import shown_id
from layers.offload import offload_part
from spatial.errors import BadParameter, Busy, TooMany
from spatial.json_types import Document
from spatial.postgres.notices import Notice
from spatial.tasks import wait_at_most

TICK_S = 5.0
RETRY_MS = 2_000
PAGE, FEW = 100, 5
"""Rows that are read at once, and those of which messages are written at once."""
READ_S = 0.01
"""What reading the news for one client is likely to take."""
LATER = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, Busy, TooMany)
"""What keeps the news back for a while and ends no stream: the database is away, or all is busy."""
KINDS = ("event", "cells", "network", "catalog", "indicators", "operation")

OnSignal = Callable[[int, FrameType | None], None]

routes = Routes("stream")


@routes.get("/api/stream")
async def get_stream(request: Request) -> Response:
    """Open the stream; it resumes after the Last-Event-ID header."""
    return _Stream(request, _last_id(request))


def _last_id(request: Request) -> int | None:
    given = request.headers.get("last-event-id")
    if given is None:
        return None
    if not given.isdecimal() or len(given) > 18:
        raise BadParameter(
            f"Last-Event-ID is no number: {given[:20]}", f"Last-Event-ID 不是数字：{given[:20]}"
        )
    return int(given)


class Streams:
    """The open streams of a process."""

    def __init__(self) -> None:
        self._open: set[_Stream] = set()
        self._watched = False

    def add(self, stream: _Stream) -> None:
        """Take a stream in."""
        if not self._watched and threading.current_thread() is threading.main_thread():
            self._watch_signals()
        self._open.add(stream)

    def discard(self, stream: _Stream) -> None:
        """Forget a stream that has ended."""
        self._open.discard(stream)

    def _watch_signals(self) -> None:
        """End the streams when the process must stop: an endless answer would hold it back."""
        self._watched = True
        for number in (signal.SIGTERM, signal.SIGINT):
            before = signal.getsignal(number)
            if callable(before):
                signal.signal(number, self._ending(before))

    def _ending(self, before: Callable[[int, FrameType | None], object]) -> OnSignal:
        """Return a handler that ends the streams and then does what was done before."""

        def handle(number: int, frame: FrameType | None) -> None:
            for stream in list(self._open):
                stream.end()
            before(number, frame)

        return handle


class _Stream(Response):
    """One client's stream, from its headers to its end."""

    media_type = "text/event-stream"

    def __init__(self, request: Request, last: int | None) -> None:
        super().__init__(
            headers={**NO_STORE, "X-Accel-Buffering": "no"},
            media_type=self.media_type,
        )
        del self.headers["content-length"]
        self._served, self._actor, self._last = services(request), actor_of(request), last
        self._open = own(request.app, Streams)
        self._limits, self._caller = limits_of(request), caller_of(request)
        self._credential: Credential | None = request.scope["state"]["credential"]
        self._wake = asyncio.Event()
        self._stop = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._ticked = 0.0
        self._catalog: list[Notice] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the client leaves or the server stops, while there is a seat."""
        with self._limits.streams.seat(self._caller):
            await self._answer(receive, send)

    async def _answer(self, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        kinds = (*KINDS, "session", RECONNECTED)
        ends = [self._served.bus.subscribe(kind, self._note) for kind in kinds]
        self._served.audit.count(self._actor, "stream", "stream")
        leaving = asyncio.ensure_future(_left(receive))
        sending = asyncio.ensure_future(self._send_all(send))
        stopping = asyncio.ensure_future(self._stop.wait())
        self._open.add(self)
        try:
            waits = {leaving, sending, stopping}
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            left = leaving.done()
        finally:
            self._open.discard(self)
            for end in ends:
                end()
            for task in (leaving, sending, stopping):
                task.cancel()
                with suppress(asyncio.CancelledError, OSError):
                    await task
        if not left:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    def end(self) -> None:
        """End the stream; may be called from a signal handler."""
        self._loop.call_soon_threadsafe(self._stop.set)

    def _note(self, notice: Notice) -> None:
        if notice.get("k") == "catalog":
            self._catalog.append({k: v for k, v in notice.items() if k != "k"})
        self._wake.set()

    async def _send_all(self, send: Send) -> None:
        async for text in self._messages():
            await send({"type": "http.response.body", "body": text, "more_body": True})

    async def _messages(self) -> AsyncIterator[bytes]:
        yield f"retry: {RETRY_MS}\n\n".encode()
        while await self._allowed():
            self._wake.clear()
            try:
                reads = self._limits.stream_reads
                for text in await reads.run(self._caller, READ_S, self._fresh()):
                    yield text
            except LATER:
                await asyncio.sleep(1)
            catalog, self._catalog = self._catalog, []
            for notice in catalog:
                yield _message("catalog", notice, None)
            if self._loop.time() - self._ticked >= TICK_S:
                self._ticked = self._loop.time()
                yield _message("tick", self._tick(), self._last)
            rest = self._ticked + TICK_S - self._loop.time()
            await wait_at_most(self._wake, max(rest, 0))

    async def _allowed(self) -> bool:
        """Tell whether the account is still signed in; while nobody can tell, it is."""
        if self._credential is None:
            return True
        try:
            return await self._served.auth.still_valid(self._credential)
        except LATER:
            return True

    def _tick(self) -> Document:
        lag_s = round(self._served.tiles.standing.lag_s, 1)
        return {"time": datetime.now(UTC).isoformat(), "tiles_lag_s": lag_s}

    async def _fresh(self) -> list[bytes]:
        """Return the messages that the client lacks, and note what was delivered."""
        async with self._served.db.session(self._actor) as conn:
            if self._last is None:
                self._last = int(await conn.fetchval(LOG_HEAD))
                rows, first = [], True
            else:
                rows, first = await conn.fetch(LOG_ROWS, self._last, PAGE), False
        if len(rows) == PAGE:
            self._wake.set()
        few = len(rows) <= FEW
        texts = self._written(rows) if few else await offload_part(self._written, rows)
        if rows:
            self._last = rows[-1]["seq"]
        events = [row["payload"]["event"]["id"] for row in rows if row["kind"] == "event"]
        if first or events:
            await self._note_delivery(events)
        return texts

    def _written(self, rows: Sequence[asyncpg.Record]) -> list[bytes]:
        told = ((row, self._shown(row)) for row in rows)
        return [_message(row["kind"], body, row["seq"]) for row, body in told if body is not None]

    def _shown(self, row: asyncpg.Record) -> Document | None:
        """Return what the client is told of a row: of layers that it may not read nothing."""
        payload: Document = row["payload"]
        if row["kind"] == "event":
            return {**payload, "event": shown(cast(Event, payload["event"]), self._actor)}
        if row["kind"] == "cells":
            return _only(payload, "layers", self._readable())
        if row["kind"] == "indicators":
            known = self._served.indicators.declared.list_all(self._actor)
            return _only(payload, "indicators", {shown_id(one) for one in known})
        return payload

    def _readable(self) -> set[str]:
        return {layer.id for layer in self._served.catalog.list_layers(self._actor)}

    async def _note_delivery(self, events: list[str]) -> None:
        """Note on the receipts of the account's own desk that the events have arrived."""
        if self._actor.anonymous:
            return
        async with self._served.db.write(self._actor) as conn:
            wanted: list[str | None] = [*events] or [None]
            for event in wanted:
                await conn.execute(DELIVERED, self._actor.scope, event)


def _only(payload: Document, name: str, known: Container[object]) -> Document | None:
    """Return a message with those of its ids that are known, None where none is."""
    ids = [one for one in cast(list[object], payload[name]) if one in known]
    return {**payload, name: ids} if ids else None


def _message(kind: str, body: Document, number: int | None) -> bytes:
    head = f"id: {number}\n" if number is not None else ""
    return f"{head}event: {kind}\ndata: ".encode() + orjson.dumps(body, default=str) + b"\n\n"


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
