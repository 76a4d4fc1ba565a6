"""A whole answer whose headers are known before it is asked for."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response

Headers = tuple[tuple[bytes, bytes], ...]


def encode_headers(headers: Mapping[str, str]) -> Headers:
    """Return headers as they are sent; names in lower case."""
    return tuple(
        (name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()
    )


class Written(Response):
    """A body and its headers, sent as they are."""

    def __init__(self, body: bytes, headers: Headers, status: int = 200) -> None:
        self.body, self.status_code, self.background = body, status, None
        self.raw_headers = [*headers, (b"content-length", b"%d" % len(body))]
