"""How large the body of a request may be: known before it is read, or counted while it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress

from starlette.types import Message, Receive, Scope, Send

from api.http.problems import problem_response
from spatial.errors import BodyTooLarge, EncodedBody, SigangError
from spatial.gates import Seats

KB, MB = 2**10, 2**20
MOST_BYTES = 64 * KB
"""How large a body may be where its route names no other size."""
SMALL = 64 * KB
"""Bytes of JSON that are decoded between other requests."""
LARGE_EACH, LARGE_ANONYMOUS, LARGE_ALL = 32, 64, 128
"""Bodies of more than `SMALL` bytes that a worker holds at once: of one caller, of all that are not
signed in, and of all; from the first byte until they are answered."""
LINGER_S, LINGER_BYTES = 1.0, 8 * MB
"""How much of a refused body is thrown away so that its sender reads why."""


def seats_of_large() -> Seats:
    """Return the seats of a worker's large bodies."""
    return Seats(LARGE_EACH, LARGE_ANONYMOUS, LARGE_ALL)


def admit(
    scope: Scope,
    given: Mapping[bytes, bytes],
    receive: Receive,
    most: int | None,
    seat: Callable[[], None],
) -> Receive:
    """Return what reads the body of a request, never more of it than `most` bytes.

    Where `most` is None, all of it is read as it comes. `seat` is called once where the body is
    large, before it is read or while it comes.

    Raises
    ------
    BodyTooLarge, EncodedBody, TooMany, Busy
        It is not read at all.
    """
    if given.get(b"content-encoding", b"identity").lower() != b"identity":
        raise EncodedBody(
            "A body must not be compressed",
            "请求体不得压缩",
            mend_en="Send it without Content-Encoding.",
            mend_zh="请去掉 Content-Encoding 后发送。",
        )
    if most is None:
        if "door" in scope:
            scope["door"].unhurried()
        return receive
    size = given.get(b"content-length")
    if size is None:
        return _counted(receive, most, scope["method"], seat)
    if int(size) > most:
        raise _too_large(most)
    if int(size) > SMALL:
        seat()
    return receive


def _counted(receive: Receive, most: int, method: str, seat: Callable[[], None]) -> Receive:
    """Return what reads a body of unknown size; who sends one with a GET has left."""
    size = 0

    async def receive_counted() -> Message:
        nonlocal size
        message = await receive()
        before, size = size, size + len(message.get("body", b""))
        if before <= SMALL < size <= most:
            try:
                seat()
            except SigangError:
                await _throw_away(receive)
                raise
        if size > most:
            if message.get("more_body", False):
                await _throw_away(receive)
            if method == "GET":
                return {"type": "http.disconnect"}
            raise _too_large(most)
        return message

    return receive_counted


async def refuse(error: SigangError, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request whose body is not read; its sender may go on for a moment."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    response = problem_response(error, headers)
    response.headers["connection"] = "close"
    head = {"type": "http.response.start", "status": error.status, "headers": response.raw_headers}
    await send(head)
    await send({"type": "http.response.body", "body": response.body, "more_body": True})
    await _throw_away(receive)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _throw_away(receive: Receive) -> None:
    size = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER_S):
            while size <= LINGER_BYTES:
                message = await receive()
                size += len(message.get("body", b""))
                if not message.get("more_body", False):
                    return


def _too_large(most: int) -> BodyTooLarge:
    return BodyTooLarge(
        f"The body may have at most {most:,} bytes here",
        f"此处请求体最多 {most:,} 字节",
        mend_en="Send it in several requests, or leave out what is not needed.",
        mend_zh="请分多次请求发送，或去掉不需要的内容。",
        most_bytes=most,
    )
