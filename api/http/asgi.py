"""The first and last step of every request: who asks, what leaves, how it is counted.

One layer instead of a stack of middleware, and the shortest way to the routes that are asked most:
they are found by one look-up and answered without the framework's own layers around them.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import ExitStack
from functools import partial

import asyncpg
from isal import igzip, isal_zlib
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive, Scope, Send

from api.http.app_state import own
from api.http.auth import anybody, identify
from api.http.bodies import admit, refuse, seats_of_large
from api.http.concurrency import address_in, caller_in
from api.http.cors import Cors, answer_preflight
from api.http.door import Door
from api.http.metering import Meter, kind_of, kinds_of
from api.http.nul import find_in_address
from api.http.problems import client_left, handle, problem_response, translate
from api.http.rates import Rates
from api.http.routes import Table
from api.http.short_way import ShortWay
from api.http.turns import Turns
from layers.offload import offload_part
from spatial.actor import ANONYMOUS
from spatial.errors import SigangError, Unauthenticated

SMALLEST = 1024
"""Bytes below which packing costs more than it saves."""
PACKED = ("application/json", "application/geo+json", "text/html", "text/css", "text/csv",
          "text/javascript", "application/javascript", "image/svg+xml", "application/schema+json",
          "application/problem+json", "application/vnd.oai.openapi+json",
          "application/geo+json-seq", "text/plain")  # fmt: skip
SAFE = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"same-origin"))
"""Headers of every answer that does not set them itself: it must not be sniffed or framed."""
HTTPS_ONLY = (b"strict-transport-security", b"max-age=31536000")
_GZIP = 31

LARGE_ANSWER = 2**17
"""Bytes of an answer, or of a part of one, that is packed beside other requests."""

REFUSED = frozenset({401, 403})
"""Statuses of answers that are counted in the audit, with the address of the sender."""

Given = dict[bytes, bytes]
"""The headers of a request by name."""


class Front:
    """The ASGI application: signs in, answers, packs and counts each request.

    Parameters
    ----------
    app
        Answers what is not hot.
    table
        All routes, as they are registered.
    rates
        How many requests each caller may send; any number when None.
    cors
        What pages of other origins may do.
    https
        Clients come over HTTPS only, and are told to stay there.
    """

    def __init__(
        self,
        app: Starlette,
        table: Table | None = None,
        rates: Rates | None = None,
        cors: Cors | None = None,
        *,
        https: bool = False,
    ) -> None:
        self.app = app
        self.rates = rates or Rates(0, 1)
        self._cors = cors or Cors(on=False)
        self._turns = Turns()
        self._large = seats_of_large()
        self._always = (*SAFE, HTTPS_ONLY) if https else SAFE
        self._table = table or Table()
        self._kinds = kinds_of(one.path for one in self._table.all)
        self._meter = own(app, Meter)
        self._short = ShortWay(self._table.all)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; a HEAD is a GET whose body is not sent."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope["app"] = self.app
        given: Given = dict(scope["headers"])
        packed = b"gzip" in given.get(b"accept-encoding", b"")
        always = self._always
        if b"origin" in given:
            always = (*always, *self._cors.headers(scope, given))
        answer = _Answer(send, scope.get("door"), packed, always)
        if scope["method"] == "HEAD":
            scope, receive = {**scope, "method": "GET"}, answer.ended_head(receive)
        meter, began = self._meter, time.perf_counter()
        meter.running += 1
        try:
            await self._answer(scope, given, receive, answer)
        finally:
            meter.running -= 1
            kind = kind_of(scope["path"], self._kinds)
            meter.note(kind, answer.status, time.perf_counter() - began)
            if answer.status in REFUSED:
                _note_refused(scope, kind, answer.status)

    async def _answer(self, scope: Scope, given: Given, receive: Receive, send: _Answer) -> None:
        refusal = await self._admit(scope, given, send)
        if refusal is not None:
            await problem_response(refusal, Headers(scope=scope))(scope, receive, send)
            return
        if scope["method"] == "OPTIONS" and (told := self._cors.preflight(scope, given)):
            await answer_preflight(told, send)
            return
        if b"content-length" in given or b"transfer-encoding" in given:
            with ExitStack() as held:
                seat = partial(self._seat, held, scope)
                try:
                    receive = admit(scope, given, receive, self._most_bytes(scope, given), seat)
                except SigangError as error:
                    send.gzip = False
                    await refuse(error, scope, receive, send)
                    return
                await self._answer_admitted(scope, given, receive, send)
            return
        await self._answer_admitted(scope, given, receive, send)

    def _most_bytes(self, scope: Scope, given: Given) -> int | None:
        path: str = scope["path"]
        if self._table.takes_lines(path, given):
            return None
        return self._table.most_bytes(path)

    def _seat(self, held: ExitStack, scope: Scope) -> None:
        """Hold a seat for a large body until its request is answered."""
        held.enter_context(self._large.seat(caller_in(scope)))

    async def _answer_admitted(
        self, scope: Scope, given: Given, receive: Receive, send: _Answer
    ) -> None:
        found = self._short.find(scope, given)
        if found is None:
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            response = await found(request)
        except ClientDisconnect as error:
            response = await client_left(request, error)
        except Exception as error:  # whatever it is, its sender gets a problem document
            response = await handle(request, error)
        await response(scope, receive, send)

    async def _admit(self, scope: Scope, given: Given, answer: _Answer) -> SigangError | None:
        """Find out who asks, wait for its turn and count it; return why it is not answered."""
        now = time.perf_counter()
        anybody(scope)
        signs_in = b"authorization" in given or b"cookie" in given
        if signs_in and not self._table.keeps_own_tokens(scope["path"]):
            address = caller_in(scope)
            try:
                self.rates.check_sign_in(address, now)
                await identify(scope, Headers(scope=scope))
            except (SigangError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
                if isinstance(error, Unauthenticated):
                    self.rates.note_wrong_key(address, now)
                return translate(error)
        caller = caller_in(scope)
        turn = self._turns.begin(caller, now)
        if turn is not None:
            await turn
        answer.limits, refusal = self.rates.count(caller, now)
        return refusal or find_in_address(scope)


def _note_refused(scope: Scope, kind: str, status: int) -> None:
    services = getattr(scope["app"].state, "services", None)
    if services is not None:
        actor = scope.get("state", {}).get("actor", ANONYMOUS)
        services.audit.refuse(actor, scope["method"], kind, status, address_in(scope))


class _Answer:
    """Sends an answer: packed where that pays, with safe headers, to HEAD without its body."""

    __slots__ = (
        "_always",
        "_door",
        "_head",
        "_send",
        "_start",
        "_stream",
        "gzip",
        "limits",
        "status",
    )

    def __init__(
        self, send: Send, door: Door | None, gzip: bool, always: Iterable[tuple[bytes, bytes]]
    ) -> None:
        self._send = send
        self._door = door
        self._always = always
        self.gzip = gzip
        self._head: bool | None = None
        self._start: Message | None = None
        self._stream: isal_zlib.Compress | None = None
        self.limits: tuple[tuple[bytes, bytes], ...] = ()
        self.status = 500

    def ended_head(self, receive: Receive) -> Receive:
        """Send no body from now on; return what tells the application that it may stop."""
        self._head = False

        async def receive_end() -> Message:
            return {"type": "http.disconnect"} if self._head else await receive()

        return receive_end

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            raw: list[tuple[bytes, bytes]] = message["headers"]
            names = {name for name, _ in raw}
            raw.extend(pair for pair in self._always if pair[0] not in names)
            raw.extend(self.limits)
            if self.gzip and _packable(message, names):
                self._start = message
                return
        elif message["type"] == "http.response.body":
            if self._start is not None or self._stream is not None:
                message = await self._pack(message)
            if self._head is not None:
                if not self._head:
                    self._head = True
                    await self._tell({"type": "http.response.body", "body": b""})
                return
        if self._door is None or not self._door.gone():
            await self._send(message)

    async def _tell(self, message: Message) -> None:
        if self._door is None or not self._door.gone():
            await self._send(message)

    async def _pack(self, message: Message) -> Message:
        body, more = message.get("body", b""), message.get("more_body", False)
        if self._start is not None:
            start, self._start = self._start, None
            headers = MutableHeaders(raw=start["headers"])
            headers.add_vary_header("Accept-Encoding")
            if more:
                self._stream = isal_zlib.compressobj(1, isal_zlib.DEFLATED, _GZIP)
                headers["Content-Encoding"] = "gzip"
                del headers["Content-Length"]
            elif len(body) >= SMALLEST:
                body = (
                    _packed(body) if len(body) < LARGE_ANSWER else await offload_part(_packed, body)
                )
                headers["Content-Encoding"] = "gzip"
                headers["Content-Length"] = str(len(body))
            await self._tell(start)
        if self._stream is not None:
            pack = self._stream.compress
            body = await offload_part(pack, body) if len(body) >= LARGE_ANSWER else pack(body)
            body += b"" if more else self._stream.flush()
        return {"type": "http.response.body", "body": body, "more_body": more}


def _packed(body: bytes) -> bytes:
    return igzip.compress(body, 1)


def _packable(start: Message, names: set[bytes]) -> bool:
    if b"content-encoding" in names or start["status"] == 304:
        return False
    given: dict[bytes, bytes] = dict(start["headers"])
    kind = given.get(b"content-type", b"").decode("latin-1").partition(";")[0]
    return kind in PACKED
