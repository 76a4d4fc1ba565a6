"""Middleware around every answer: gzip for texts, HEAD from GET, safe default headers."""

from __future__ import annotations

from isal import igzip, isal_zlib
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SMALLEST = 1024
"""Bytes below which packing costs more than it saves."""
PACKED = ("application/json", "application/geo+json", "text/html", "text/css", "text/csv",
          "text/javascript", "application/javascript", "image/svg+xml", "application/schema+json",
          "application/problem+json", "application/vnd.oai.openapi+json",
          "application/geo+json-seq", "text/plain")  # fmt: skip
_GZIP = 31


class GzipMiddleware:
    """Packs text answers of at least `SMALLEST` bytes for clients that take gzip."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, packing its answer."""
        if scope["type"] != "http" or "gzip" not in Headers(scope=scope).get("accept-encoding", ""):
            await self._app(scope, receive, send)
            return
        await self._app(scope, receive, _Packer(send))


class _Packer:
    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._stream: isal_zlib.Compress | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if _packable(message):
                self._start = message
                return
        elif message["type"] == "http.response.body":
            message = await self._pack(message)
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
                body = igzip.compress(body, 1)
                headers["Content-Encoding"] = "gzip"
                headers["Content-Length"] = str(len(body))
            await self._send(start)
        if self._stream is not None:
            body = self._stream.compress(body) + (b"" if more else self._stream.flush())
        return {"type": "http.response.body", "body": body, "more_body": more}


def _packable(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    kind = headers.get("content-type", "").partition(";")[0]
    return "content-encoding" not in headers and kind in PACKED and start["status"] != 304


class HeadMiddleware:
    """Answers HEAD as GET without the body, on every route."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on; of the answer to HEAD only the headers."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        done = False

        async def send_head(message: Message) -> None:
            nonlocal done
            if message["type"] == "http.response.start":
                await send(message)
            elif not done:
                done = True
                await send({"type": "http.response.body", "body": b""})

        async def receive_end() -> Message:
            return {"type": "http.disconnect"} if done else await receive()

        await self._app({**scope, "method": "GET"}, receive_end, send_head)


class HeadersMiddleware:
    """Adds the headers that every answer carries."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on; its answer must not be sniffed or framed."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_safe(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("Referrer-Policy", "same-origin")
            await send(message)

        await self._app(scope, receive, send_safe)
