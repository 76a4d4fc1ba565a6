"""Why a connection or a request at the door is refused, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatial.errors import Busy, HeadTooLarge, RequestTooSlow, UrlTooLong

if TYPE_CHECKING:
    from api.http.door import Bounds


def too_long(bounds: Bounds) -> UrlTooLong:
    """Return what is told where an address is too long."""
    return UrlTooLong(
        f"An address has at most {bounds.url_bytes} bytes",
        f"请求地址最多 {bounds.url_bytes} 字节",
        mend_en="Shorten the filter, or ask in several requests.",
        mend_zh="请缩短过滤条件，或分多次请求。",
    )


def head_too_large(bounds: Bounds) -> HeadTooLarge:
    """Return what is told where a head, or what frames a body, is too large."""
    return HeadTooLarge(
        f"Request line and headers have at most {bounds.head_bytes} bytes",
        f"请求行与请求头合计最多 {bounds.head_bytes} 字节",
        mend_en="Send fewer or shorter headers.",
        mend_zh="请减少或缩短请求头。",
    )


def too_slow(bounds: Bounds) -> RequestTooSlow:
    """Return what is told where a request does not come in time."""
    return RequestTooSlow(
        f"A request must have come within {bounds.request_s:g} s",
        f"请求须在 {bounds.request_s:g} 秒内发送完毕",
        mend_en="Send it again over a better line, or send less.",
        mend_zh="请在网络较好时重试，或减少发送内容。",
    )


def too_many(_: Bounds) -> Busy:
    """Return what is told where there are too many connections."""
    return Busy(
        "Too many connections",
        "连接数过多",
        mend_en="Keep few connections open, and try again shortly.",
        mend_zh="请减少同时打开的连接，稍后重试。",
    )
