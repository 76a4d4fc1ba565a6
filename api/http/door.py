"""The connections of a process: what a client may send, how long it may take, what it must read.

uvicorn's protocol waits for ever for the rest of a request and for a client that reads nothing, and
takes a head of any size. Nothing is timed request by request here: one look a second over all
connections finds those that are late.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import resource
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import httptools
import orjson
from starlette.datastructures import Headers
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)
from uvicorn.server import ServerState

from api.http.concurrency import by_address
from api.http.door_refusals import head_too_large, too_long, too_many, too_slow
from api.http.media_types import PROBLEM
from api.http.problems import pick_language, problem_document
from spatial.errors import Busy, SigangError

KEPT_FILES = 512
"""File descriptors that are no connections of clients: database, logs, mapped arrays, spools."""
AT_ONCE = 256
"""Connections that are looked at between other work."""
SPARE = 128
"""Connections beyond the most that are told why they are refused."""
PIECE = 16 * 1024
"""Of what has come at once, so much is read before it is seen whether requests wait already."""
AROUND = 8
"""Bytes of a chunked body that frame one byte of it, beyond the size of a head."""
log = logging.getLogger("sigang")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one connection may do, and how many there may be in one process."""

    head_bytes: int = 32 * 1024
    """Request line and headers."""
    url_bytes: int = 28 * 1024
    """An address: a filter of 8,192 characters, each of them escaped, and the rest."""
    request_s: float = 15.0
    """From the first byte of a request to its last, and from a connection to its first request."""
    unread_s: float = 30.0
    """Within so long a client that must read takes at least `unread_bytes`."""
    unread_bytes: int = 16 * 1024
    linger_s: float = 1.0
    """How long a refused client may go on sending before it is cut, so that it reads why."""
    look_s: float = 1.0
    connections: int = 4_096
    per_address: int = 512
    """Of one address, or of one /64 of IPv6; this machine and its proxy are not counted."""


Refusal = Callable[[Bounds], SigangError]


class _Porch:
    """The connections of a process, counted by address and looked at while there are any."""

    def __init__(self, bounds: Bounds) -> None:
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.most = min(bounds.connections, max(soft - KEPT_FILES, 16))
        self._bounds = bounds
        self._open: set[Door] = set()
        self._by_address: Counter[str] = Counter()
        self._looking = False

    def enter(self, door: Door, address: str | None) -> bool:
        """Take a connection in; tell whether it may stay."""
        full = len(self._open) >= self.most
        self._open.add(door)
        if address is not None:
            self._by_address[address] += 1
            full = full or self._by_address[address] > self._bounds.per_address
        if not self._looking:
            self._looking = True
            door.loop.call_later(self._bounds.look_s, self._look, door.loop)
        return not full

    @property
    def overflows(self) -> bool:
        """Whether even those that are being refused are too many."""
        return len(self._open) > self.most + SPARE

    def leave(self, door: Door, address: str | None) -> None:
        """Forget a connection that has ended."""
        self._open.discard(door)
        if address is not None:
            self._by_address[address] -= 1
            if self._by_address[address] <= 0:
                del self._by_address[address]

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._looking = bool(self._open)
        if self._looking:
            loop.call_later(self._bounds.look_s, self._look, loop)
        self._look_at(list(self._open), loop)

    def _look_at(self, doors: list[Door], loop: asyncio.AbstractEventLoop) -> None:
        """Look at some connections, and at the rest once others have had their turn."""
        now = loop.time()
        for door in doors[:AT_ONCE]:
            door.look(now)
        if len(doors) > AT_ONCE:
            loop.call_soon(self._look_at, doors[AT_ONCE:], loop)


class Door(HttpToolsProtocol):
    """One connection: uvicorn's protocol within bounds.

    Found by the application as `door` of a request's scope. Made by `door_within`.
    """

    bounds: ClassVar[Bounds]
    porch: ClassVar[_Porch]

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._address: str | None = None
        self._since = 0.0  # a request is awaited, or has begun
        self._receiving = False
        self._in_head = False
        self._unhurried = False
        self._head_bytes = self._fresh = 0
        self._body_bytes = self._after_head = 0
        self._answered: RequestResponseCycle | None = None
        self._held = b""  # came behind requests that wait for their turn
        self._refusal: Refusal | None = None
        self._unread: tuple[float, int] | None = None

    def unhurried(self) -> None:
        """Let the body of the request that is being received take any time."""
        self._unhurried = True

    def gone(self) -> bool:
        """Tell whether nobody is there any more, and let the request that is answered know."""
        if not self.transport.is_closing():
            return False
        if self._answered is not None:
            self._answered.disconnected = True
            self._answered.message_event.set()
        return True

    # of the transport

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection in, or refuse it where there are too many."""
        super().connection_made(transport)
        self._since = self.loop.time()
        end: socket.socket | None = transport.get_extra_info("socket")
        if end is not None and end.family in (socket.AF_INET, socket.AF_INET6):
            wait_ms = int(self.bounds.unread_s * 1000)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, wait_ms)
        self._address = _counted_as(self.client[0]) if self.client else None
        if not self.porch.enter(self, self._address):
            self._refuse(too_many)
            if self.porch.overflows:
                self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self.porch.leave(self, self._address)
        super().connection_lost(exc)
        self.gone()

    def data_received(self, data: bytes) -> None:
        """Read what has come, as far as it is within bounds."""
        self._unset_keepalive_if_required()
        while len(data) > PIECE and not self.pipeline and not self.transport.is_closing():
            self._read(data[:PIECE])
            data = data[PIECE:]
        if not self.pipeline:
            self._read(data)
        elif self._refusal is None:
            self._held += data
            self.flow.pause_reading()

    def _read(self, data: bytes) -> None:
        if self._refusal is not None:
            return
        if self._in_head:
            self._head_bytes += len(data)
        elif self._receiving:
            self._after_head += len(data)
        self._fresh = len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            return
        except httptools.HttpParserError:
            if self._refusal is None:
                self.send_400_response("Invalid HTTP request received.")
                return
        refusal = self._refusal or (self._too_much() if self._receiving else None)
        if refusal is not None:
            self._refuse(refusal)

    def _too_much(self) -> Refusal | None:
        """Return why what has come of a request that is not whole is refused."""
        most = self.bounds.head_bytes
        if self._in_head and self._head_bytes > most:
            return too_long if len(self.url) > self.bounds.url_bytes else head_too_large
        around = self._after_head - self._body_bytes
        if around > most + AROUND * self._body_bytes:
            return head_too_large
        return None

    # of the parser

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self.scope["door"] = self  # type: ignore[typeddict-unknown-key]
        self._since = self.loop.time()
        self._receiving = self._in_head = True
        self._unhurried = False
        self._head_bytes, self._fresh = self._fresh, 0
        self._body_bytes = self._after_head = 0

    def on_body(self, body: bytes) -> None:
        """Hand on a part of the body."""
        self._body_bytes += len(body)
        super().on_body(body)

    def on_headers_complete(self) -> None:
        """Start the application unless the head is too large."""
        self._in_head = False
        if len(self.url) > self.bounds.url_bytes:
            self._refusal = too_long
        elif self._head_bytes > self.bounds.head_bytes:
            size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
            if size > self.bounds.head_bytes:
                self._refusal = head_too_large
        if self._refusal is not None:
            raise self._refusal(self.bounds)  # stops the parser
        super().on_headers_complete()
        self.headers = []  # a header behind the body is none of the request

    def on_message_complete(self) -> None:
        """Note that the request is whole."""
        self._receiving = False
        self._since = self.loop.time()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Take the next request, and read on once none waits that has come already."""
        if not self._receiving:
            self._since = self.loop.time()
        super().on_response_complete()
        if self._held and self.pipeline:
            self.flow.pause_reading()
        elif self._held:
            held, self._held = self._held, b""
            self.data_received(held)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answered = cycle
        super()._start_asgi_task(cycle, app)

    def _unsupported_upgrade_warning(self) -> None:
        """Answer a request for another protocol in this one; a stranger fills no log."""

    # in time

    def look(self, now: float) -> None:
        """Cut the connection where its client is late in sending or in reading."""
        if self._reads_nothing(now):
            log.info("a client that reads nothing is cut")
            self.transport.abort()
        elif self._refusal is not None:
            if now - self._since > self.bounds.linger_s:
                self.transport.abort()
        elif self._sends_nothing(now):
            if self._receiving:
                self._refuse(too_slow)
            else:
                self.transport.close()

    @property
    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _sends_nothing(self, now: float) -> bool:
        if now - self._since <= self.bounds.request_s:
            return False
        if self._receiving:
            return not (self._unhurried or self.flow.read_paused)
        return not self._answering

    def _reads_nothing(self, now: float) -> bool:
        size = 0
        if self.flow.write_paused or self.transport.is_closing():
            size = self.transport.get_write_buffer_size()
        if size == 0:
            self._unread = None
            return False
        since, before = self._unread or (now, size)
        if size > before or before - size >= self.bounds.unread_bytes:
            since, before = now, size
        self._unread = since, before
        return now - since > self.bounds.unread_s

    def resume_writing(self) -> None:
        """Go on writing: the client has read."""
        self._unread = None
        super().resume_writing()

    def _refuse(self, make: Refusal) -> None:
        """Answer with a problem, read on for a moment so that it arrives, and hang up."""
        self._refusal = make
        self._since = self.loop.time()
        asked = None if self._in_head or not self._receiving else self.cycle
        taken = self._answering if asked is None else asked.response_started
        if taken or self.pipeline or self.transport.is_closing():
            self.transport.close()
            return
        if asked is not None:  # the application waits for the rest of the body
            asked.disconnected = True
            asked.message_event.set()
        given = self.headers if asked is None else asked.scope["headers"]
        lang = pick_language(None, Headers(raw=list(given or ())).get("accept-language"))
        self.transport.write(_answer(make, self.bounds, lang))
        if self.transport.can_write_eof():
            self.transport.write_eof()


def _counted_as(host: str) -> str | None:
    """Return what connections of an address are counted as, None for this machine's."""
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return host
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return None if (mapped or ip).is_loopback else by_address(host).name


def door_within(bounds: Bounds) -> type[Door]:
    """Return the protocol of one server, whose connections are counted together."""
    return type("BoundedDoor", (Door,), {"bounds": bounds, "porch": _Porch(bounds)})


@lru_cache(64)
def _answer(make: Refusal, bounds: Bounds, lang: str) -> bytes:
    """Return a whole answer that is the last of its connection."""
    error = make(bounds)
    body = orjson.dumps(problem_document(error, lang))
    retry = "retry-after: 5\r\n" if error.status == Busy.status else ""
    head = (
        f"content-type: {PROBLEM}\r\ncontent-language: {lang}\r\ncache-control: no-store\r\n"
        "access-control-allow-origin: *\r\n"  # it holds nothing that a page may not read
        f"content-length: {len(body)}\r\n{retry}connection: close\r\n\r\n"
    )
    return STATUS_LINE[error.status] + head.encode() + body
