"""What pages of other origins may ask and read (CORS): all that anybody may see, without cookies.

Pages of listed origins may also send a key and write. No answer allows credentials that a browser
sends by itself, so a page of another origin never acts with a session's cookie.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from starlette.types import Scope, Send

Pairs = tuple[tuple[bytes, bytes], ...]
Given = Mapping[bytes, bytes]

OPEN = ("/api", "/img/", "/vendor/")
"""Beginnings of addresses that other pages may read; `/metrics`, pages and sign-in are not."""
READS = frozenset({"GET", "HEAD"})
KEPT_S = 7200
"""How long a browser may keep the answer to a preflight: the longest that Chromium does."""
EXPOSED = (
    "Content-Crs, Content-Disposition, Content-Language, ETag, Idempotency-Replayed, Link, "
    "Location, Preference-Applied, RateLimit, RateLimit-Policy, Retry-After, Sigang-Level, "
    "Sigang-Network-Version, Sigang-Shown, Sigang-Tolerance-M, Sigang-Total"
)
"""Headers of answers that scripts may read beside those that they always may."""
ASKED = "Accept, Accept-Language, Content-Type, If-None-Match, Last-Event-ID, Prefer"
WITH_KEY = f"{ASKED}, Authorization, Idempotency-Key, If-Match, Sigang-Purpose"
_VARY = (b"vary", b"Origin")
_EXPOSE = (b"access-control-expose-headers", EXPOSED.encode())


class Cors:
    """Headers for pages of other origins.

    Parameters
    ----------
    listed
        Origins whose pages may send a key and write.
    questions
        Addresses that answer a POST of anybody and change nothing.
    on
        Other pages may read at all.
    """

    def __init__(
        self, listed: Iterable[str] = (), questions: Iterable[str] = (), *, on: bool = True
    ) -> None:
        self._listed = frozenset(origin.encode() for origin in listed)
        self._questions = frozenset(questions)
        self._on = on

    def headers(self, scope: Scope, given: Given) -> Pairs:
        """Return the headers that an answer carries to a page; a request has named its origin."""
        if not self._on or not scope["path"].startswith(OPEN):
            return ()
        origin = given[b"origin"].lower()
        if origin in self._listed:
            return (b"access-control-allow-origin", given[b"origin"]), _EXPOSE, _VARY
        open_to_all = scope["method"] in READS or scope["path"] in self._questions
        if b"authorization" in given or not (open_to_all or scope["method"] == "OPTIONS"):
            return (_VARY,)
        return (b"access-control-allow-origin", b"*"), _EXPOSE, _VARY

    def preflight(self, scope: Scope, given: Given) -> Pairs | None:
        """Return what a browser that asks by OPTIONS is told, or None where none asks."""
        asks = b"origin" in given and b"access-control-request-method" in given
        if not (self._on and asks and scope["path"].startswith(OPEN)):
            return None
        listed = given[b"origin"].lower() in self._listed
        methods = "GET, HEAD" + (", POST" if scope["path"] in self._questions else "")
        return (
            (b"access-control-allow-methods",
             b"GET, HEAD, POST, PUT, PATCH, DELETE" if listed else methods.encode()),
            (b"access-control-allow-headers", (WITH_KEY if listed else ASKED).encode()),
            (b"access-control-max-age", str(KEPT_S).encode()),
        )  # fmt: skip


async def answer_preflight(told: Pairs, send: Send) -> None:
    """Answer a browser that asks before a request."""
    await send({"type": "http.response.start", "status": 204, "headers": list(told)})
    await send({"type": "http.response.body", "body": b""})
