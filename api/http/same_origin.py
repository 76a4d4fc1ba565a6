"""Where requests and links may come from: hosts that are ours, and pages of the same origin."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.types import Scope

from spatial.errors import OutOfScope

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
Server = tuple[str, int | None] | None


@lru_cache(256)
def own_origin(scheme: str, host: str | None, server: Server, public: str | None) -> str:
    """Return scheme and host of links: the public address, or the host asked for if it is ours.

    Parameters
    ----------
    scheme, host
        Of the request; a host that is no address of this server is never repeated.
    server
        Address and port that the connection came in on.
    public
        Setting `public_url`.
    """
    if public:
        return public.rstrip("/")
    address, port = server or ("127.0.0.1", None)
    if host and _is_own(host, address):
        return f"{scheme}://{host.lower()}"
    shown = f"[{address}]" if ":" in address else address
    usual = port in (None, {"http": 80, "https": 443}.get(scheme))
    return f"{scheme}://{shown}" + ("" if usual else f":{port}")


def _is_own(host: str, address: str) -> bool:
    """Tell whether a Host header names the address that was reached, or this machine to itself."""
    try:
        parts = urlsplit(f"//{host}")
        name, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.netloc != host or parts.username is not None or parts.path:
        return False
    if name == address:
        return True
    return name in ("localhost", "127.0.0.1", "::1") and _loopback(address)


def _loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def check_same_origin(
    scope: Scope, public: str | None, listed: frozenset[str] = frozenset()
) -> None:
    """Refuse a changing request that a page of another origin sent.

    A browser names the origin of such a request, or says that it is cross-site; programs say
    neither and are not concerned. A page of a listed origin may write with a key that it sends
    itself, never with a cookie.

    Parameters
    ----------
    scope
        Of the request.
    public
        Setting `public_url`.
    listed
        Setting `cors_origins`.

    Raises
    ------
    OutOfScope
    """
    if scope["method"] in SAFE_METHODS:
        return
    given = dict(scope["headers"])
    origin = given.get(b"origin")
    if origin is None:
        foreign = given.get(b"sec-fetch-site") == b"cross-site"
    else:
        own = _own_origins(scope, given, public)
        if b"authorization" in given:
            own |= listed
        foreign = origin.decode("latin-1").lower() not in own
    if foreign:
        raise OutOfScope(
            "A page of another origin may not write here",
            "不允许其他站点的页面执行写操作",
            mend_en="Write from the map itself, or from a program without a browser.",
            mend_zh="请在本系统页面中操作，或由程序直接调用。",
        )


def _own_origins(scope: Scope, given: dict[bytes, bytes], public: str | None) -> set[str]:
    """Return the origins that are this server's own to whoever sent a request."""
    host = given.get(b"host", b"").decode("latin-1")
    server = tuple(scope["server"]) if scope.get("server") else None
    own = {own_origin(scope["scheme"], host, server, None)}
    if public:
        parts = urlsplit(public)
        own.add(f"{parts.scheme}://{parts.netloc}")
    return own
