"""What one connection may do: how much it sends, how fast, and how long it may read nothing."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import orjson
import pytest
import uvloop
from uvicorn.config import Config
from uvicorn.server import ServerState

from api.http import door
from api.http.door import Bounds, door_within

QUICK = Bounds(request_s=0.3, unread_s=0.5, linger_s=0.2, look_s=0.05, connections=8)
LARGE = b"x" * 2**16
LEFT: list[bytes] = []
Sent = Callable[[dict[str, Any]], Awaitable[None]]


async def leaving(scope: dict[str, Any], receive: Any, _: Sent) -> None:
    """Answer nothing: wait until the client has gone, or cut it."""
    if scope["path"] == "/cut":
        scope["door"].transport.abort()
        assert scope["door"].gone()
        return
    while (await receive())["type"] != "http.disconnect":
        pass
    LEFT.append(scope["query_string"])


async def app(scope: dict[str, Any], receive: Any, send: Sent) -> None:
    """Answer with the length of the body; `/large` without an end until the client has gone."""
    if scope["path"] in ("/cut", "/waits"):
        await leaving(scope, receive, send)
        return
    if scope["path"] == "/unhurried":
        scope["door"].unhurried()
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size, more = size + len(message["body"]), message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["path"] == "/late":
        await send({"type": "http.response.body", "body": f"{scope['headers']}}}".encode()})
        return
    if scope["path"] == "/slow":
        await asyncio.sleep(QUICK.request_s * 2)
    if scope["path"] == "/large":
        left = asyncio.ensure_future(receive())
        while not left.done():
            await send({"type": "http.response.body", "body": LARGE, "more_body": True})
            await asyncio.sleep(0)
    await send({"type": "http.response.body", "body": str(size).encode()})


@asynccontextmanager
async def serving(bounds: Bounds = QUICK) -> AsyncIterator[tuple[int, set[Any]]]:
    """Yield the port of a server, and its connections."""
    kind = door_within(bounds)
    config, state = Config(app, log_config=None, ws="none"), ServerState()
    config.load()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: kind(config, state, {}), "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], state.connections
        for one in list(state.connections):
            one.transport.abort()


async def told(port: int, *parts: bytes, pause: float = 0.0) -> tuple[int, dict[str, Any] | str]:
    """Return status and body of the answer to what is sent in parts."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
            await asyncio.sleep(pause)
        status = int((await reader.readuntil(b"\r\n")).split()[1])
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if b"problem+json" not in head:
            return status, ""
        assert b"connection: close" in head
        return status, orjson.loads(await reader.read())
    finally:
        writer.transport.abort()


def run(work: Callable[[int, set[Any]], Awaitable[None]], bounds: Bounds = QUICK) -> None:
    """Run a test against a server, at most five seconds."""

    async def whole() -> None:
        async with serving(bounds) as (port, connections):
            await work(port, connections)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(asyncio.wait_for(whole(), 5))


GET = b"GET /%s HTTP/1.1\r\nhost: here\r\n%s\r\n"
BEGUN = b"GET /x HTTP/1.1\r\nhost: here\r\n"
CHUNKS = b"POST /x HTTP/1.1\r\nhost: here\r\ntransfer-encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("parts", "status", "kind"),
    [
        ([GET % (b"x", b"a: b\r\n" * 8_000)], 431, "head-too-large"),
        ([BEGUN, *[b"a: " + b"b" * 9_000 + b"\r\n"] * 5], 431, "head-too-large"),
        ([BEGUN, b"a: ", *[b"b" * 9_000] * 5], 431, "head-too-large"),
        ([b"GET /x HTTP/1.1\r\na: ", *[b"b" * 9_000] * 5], 431, "head-too-large"),
        ([CHUNKS, b"0\r\n", *[b"a: b\r\n" * 2_000] * 5], 431, "head-too-large"),
        ([CHUNKS, b"0\r\na: ", *[b"b" * 9_000] * 5], 431, "head-too-large"),
        ([CHUNKS, b"1;", *[b"b" * 9_000] * 5], 431, "head-too-large"),
        ([GET % (b"x" * 30_000, b"")], 414, "url-too-long"),
        ([b"GET /", *[b"x" * 9_000] * 5], 414, "url-too-long"),
    ],
)  # fmt: skip
def test_a_large_head_is_refused_however_it_comes(parts, status, kind):
    async def work(port: int, _: set[Any]) -> None:
        found, problem = await told(port, *parts, pause=0.01)
        assert found == status
        assert problem["type"] == f"/problems/{kind}"

    run(work)


def test_a_head_within_bounds_and_many_small_ones_at_once_are_answered():
    async def work(port: int, _: set[Any]) -> None:
        assert (await told(port, GET % (b"x" * 28_000, b"")))[0] == 200
        assert (await told(port, GET % (b"x", b"a: " + b"b" * 30_000 + b"\r\n")))[0] == 200
        assert (await told(port, GET % (b"x", b"a: b\r\n") * 2_000))[0] == 200

    run(work)


def test_a_body_of_small_chunks_is_taken_and_what_follows_it_is_no_header():
    async def work(port: int, _: set[Any]) -> None:
        parts = [CHUNKS, *[b"1\r\na\r\n" * 2_000] * 5, b"0\r\norigin: there\r\n\r\n"]
        assert (await told(port, *parts, pause=0.01))[0] == 200
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        late = CHUNKS.replace(b"/x", b"/late")
        writer.write(late + b"0\r\norigin: there\r\n\r\n")
        assert b"origin" not in await reader.readuntil(b"}")
        writer.transport.abort()

    run(work)


def test_few_requests_wait_of_a_client_that_sends_many_and_reads_nothing():
    many = GET % (b"large", b"") + GET % (b"x", b"") * 100_000

    async def work(port: int, connections: set[Any]) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(many)
        while not (connections and next(iter(connections)).pipeline):
            await asyncio.sleep(0.01)
        (one,) = connections
        await asyncio.sleep(0.1)
        assert 0 < len(one.pipeline) < 2_000
        assert len(one._held) < 2**20
        writer.transport.abort()

    run(work)


def test_a_request_learns_that_its_client_left_though_others_came_behind_it():
    async def work(port: int, _: set[Any]) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET % (b"waits?behind", b"") + GET % (b"x", b""))
        await asyncio.sleep(0.05)
        writer.transport.abort()
        while b"behind" not in LEFT:
            await asyncio.sleep(0.01)

    run(work)


def test_a_request_whose_client_is_cut_meanwhile_leaves_nothing_in_the_log(caplog):
    async def work(port: int, _: set[Any]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET % (b"cut", b""))
        with suppress(ConnectionError):
            assert await reader.read() == b""
        writer.transport.abort()

    run(work)
    assert not [record for record in caplog.records if record.name.startswith("uvicorn")]


def test_all_of_many_requests_at_once_are_answered_in_turn():
    async def work(port: int, _: set[Any]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        bodies = [b"x" * (i % 50) for i in range(3_000)]
        post = b"POST /x HTTP/1.1\r\nhost: here\r\ncontent-length: %d\r\n\r\n%s"
        writer.write(b"".join(post % (len(body), body) for body in bodies))
        for body in bodies:
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            size = f"{len(body)}".encode()
            chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (len(size), size)
            assert await reader.readexactly(len(chunk)) == chunk
        writer.transport.abort()

    run(work)


@pytest.mark.parametrize(
    ("begun", "status"),
    [
        (b"GET / HTTP/1.1\r\nhost: he", 408),
        (b"POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 9\r\n\r\nabc", 408),
        (b"POST / HTTP/1.1\r\nhost: here\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n", 408),
        (b"", None),
        (b"\r\n", None),
    ],
)
def test_a_request_that_does_not_come_whole_is_ended(begun, status):
    async def work(port: int, connections: set[Any]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(begun)
        answer = await reader.read()
        assert answer[9:12] == (str(status).encode() if status else b"")
        writer.close()
        while connections:
            await asyncio.sleep(0.01)

    run(work)


def test_dripping_does_not_prolong_a_request():
    async def work(port: int, _: set[Any]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(BEGUN)
        answer = asyncio.ensure_future(reader.read())
        while not answer.done():
            writer.write(b"a: b\r\n")
            await asyncio.sleep(0.02)
        assert (await answer)[9:12] == b"408"
        writer.close()

    run(work)


def test_an_answer_that_takes_long_and_a_stream_told_of_are_not_cut():
    async def work(port: int, _: set[Any]) -> None:
        assert (await told(port, GET % (b"slow", b"")))[0] == 200
        head = b"POST /unhurried HTTP/1.1\r\nhost: here\r\ncontent-length: 10\r\n\r\n"
        assert (await told(port, head, *[b"x"] * 10, pause=0.06))[0] == 200

    run(work)


def test_a_client_that_reads_nothing_is_cut():
    async def work(port: int, connections: set[Any]) -> None:
        reading, idle = socket.socket(), socket.socket()
        for one in (reading, idle):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.setblocking(False)
            await asyncio.get_running_loop().sock_connect(one, ("127.0.0.1", port))
            one.send(GET % (b"large", b""))
        taken = 0
        while len(connections) != 1 or taken < 2**20:
            taken += len(await asyncio.get_running_loop().sock_recv(reading, 2**16))
        assert connections
        reading.close()
        idle.close()

    run(work)


def test_too_many_connections_are_told_so_at_once():
    async def work(port: int, connections: set[Any]) -> None:
        kept = [await asyncio.open_connection("127.0.0.1", port) for _ in range(8)]
        status, problem = await told(port)
        assert (status, problem["type"]) == (503, "/problems/busy")
        for _, writer in kept:
            writer.close()
        while connections:
            await asyncio.sleep(0.01)
        assert (await told(port, GET % (b"", b"")))[0] == 200

    run(work, Bounds(connections=8, look_s=0.05, linger_s=0.1))


def test_connections_are_counted_by_address(monkeypatch):
    monkeypatch.setattr(door, "_counted_as", lambda host: host)

    async def work(port: int, _: set[Any]) -> None:
        kept = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        assert (await told(port))[0] == 503
        for _, writer in kept:
            writer.close()

    run(work, Bounds(per_address=2))


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("127.0.0.1", None),
        ("::1", None),
        ("::ffff:127.0.0.1", None),
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
    ],
)
def test_this_machine_is_not_counted_and_a_network_of_ipv6_counts_as_one(host, name):
    assert door._counted_as(host) == name
