"""Who may ask how much at once: gates by kind of request, shared fairly by those who ask."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Event
from typing import TypeVar

from starlette.requests import Request
from starlette.types import Scope

from api.http.disconnect import while_connected
from api.http.gauges import Gauges
from routing.stopping import stoppable
from spatial.actor import Actor
from spatial.gates import NOBODY, Caller, Gate, Seats

T = TypeVar("T")
QUICK, HEAVY = 3, 2
"""Questions to the road network that a worker answers at once; each kind has its own threads, so
that long questions never hold those of short ones."""
QUICKEST_S = 0.1
"""A question that is likely to take longer is a heavy one."""
QUESTION_S = 0.03
"""What a question is likely to take of which nothing more is known."""
QUESTIONS_S, ITEMS_S, EXPORTS_S = 20.0, 8.0, 60.0
"""Estimated work of one caller that may wait."""
STREAMS_EACH = 32
"""Streams of events of one caller that a worker keeps open."""
STREAM_READS = 2
"""Streams of events that read their news at once, so that many of them hold few connections."""
LARGE_BODIES, BODIES_S = 2, 4.0
"""Large bodies that are read at once, which keeps the interpreter to itself, and the estimated
work of one caller that may wait."""
NETWORK_BITS = 64
"""One subscriber of IPv6 has so many bits to choose addresses from."""


def caller_of(request: Request) -> Caller:
    """Return whose requests count together with this one: its account, or the client's address."""
    return caller_in(request.scope)


def caller_in(scope: Scope) -> Caller:
    """Return the caller of a request from its scope, once it is known who asks.

    The address is that of the peer, or what a proxy that the server trusts says of it (uvicorn's
    `forwarded-allow-ips`, loopback by default).
    """
    actor: Actor = scope["state"]["actor"]
    if actor.account_id is not None:
        return Caller(actor.account_id, True)
    client = scope["client"]
    return by_address(client[0]) if client else NOBODY


def address_in(scope: Scope) -> str:
    """Return the address that a request came from, whoever asks; a network of IPv6 is one."""
    client = scope["client"]
    return by_address(client[0]).name if client else NOBODY.name


@lru_cache(8192)
def by_address(host: str) -> Caller:
    """Return the caller at an address; a network of IPv6 is one."""
    if ":" not in host:
        return Caller(host, False)
    try:
        address = ipaddress.IPv6Address(host)
    except ValueError:
        return Caller(host, False)
    if address.ipv4_mapped is not None:
        return Caller(str(address.ipv4_mapped), False)
    network = ipaddress.IPv6Network((int(address), NETWORK_BITS), strict=False)
    return Caller(str(network), False)


class Lane:
    """Threads that answer questions to the network, and the gate before them."""

    def __init__(self, name: str, at_once: int) -> None:
        self.gate = Gate(at_once, QUESTIONS_S)
        self._threads = ThreadPoolExecutor(at_once, name)

    async def run(self, caller: Caller, cost_s: float, question: Callable[[], T]) -> T:
        """Return a question's answer; cancelled, the question stops at its next step.

        Its place is free when its thread is.
        """
        await self.gate.enter(caller, cost_s)
        stop = Event()

        def work() -> T:
            with stoppable(stop):
                return question()

        def done(ended: asyncio.Future[T]) -> None:
            self.gate.leave(caller)
            if not ended.cancelled():
                ended.exception()  # may be that nobody waits for any more

        running = asyncio.get_running_loop().run_in_executor(self._threads, work)
        running.add_done_callback(done)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            stop.set()
            raise

    def close(self) -> None:
        """End the threads once they are done."""
        self._threads.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True, slots=True)
class Limits:
    """The gates of one worker; tiles have their own in their service."""

    items: Gate
    exports: Gate
    quick: Lane = field(default_factory=lambda: Lane("quick", QUICK))
    heavy: Lane = field(default_factory=lambda: Lane("heavy", HEAVY))
    streams: Seats = field(default_factory=lambda: Seats(STREAMS_EACH, anonymous=384, all_=512))
    bodies: Gate = field(default_factory=lambda: Gate(LARGE_BODIES, BODIES_S))
    stream_reads: Gate = field(default_factory=lambda: Gate(STREAM_READS, 60.0))
    tracks: Seats = field(default_factory=lambda: Seats(each=4, anonymous=4, all_=8))

    @classmethod
    def of_pool(cls, size: int) -> Limits:
        """Return gates that leave half of a pool's connections to tiles and the rest."""
        return cls(Gate(max(1, size // 2), ITEMS_S), Gate(max(1, size // 4), EXPORTS_S))

    def lane(self, cost_s: float) -> Lane:
        """Return the lane of a question by what it is likely to take."""
        return self.quick if cost_s <= QUICKEST_S else self.heavy

    def show(self, gauges: Gauges) -> None:
        """Register the numbers of the gates."""
        gates = (self.items, self.exports, self.bodies, self.quick.gate, self.heavy.gate)
        gauges.add(
            "requests_waiting", "Requests that wait for their turn.",
            lambda: sum(gate.waiting for gate in gates),
        )  # fmt: skip
        gauges.add(
            "requests_refused_total", "Requests refused because too many waited.",
            lambda: sum(gate.refused for gate in gates), "counter",
        )  # fmt: skip
        gauges.add("streams_open", "Streams of events open.", lambda: self.streams.taken)

    def close(self) -> None:
        """End the threads."""
        self.quick.close()
        self.heavy.close()


def limits_of(request: Request) -> Limits:
    """Return the gates of the worker that answers a request."""
    limits: Limits = request.app.state.limits
    return limits


async def ask(request: Request, question: Callable[[], T], cost_s: float = QUESTION_S) -> T:
    """Answer a question to the network in a thread, when it is its caller's turn.

    It stops soon when its client leaves. `cost_s` says what it is likely to take of one core.

    Raises
    ------
    TooMany, Busy
        Too many wait already, of this caller or of all.
    ClientDisconnect
        The client left.
    """
    lane = limits_of(request).lane(cost_s)
    return await while_connected(request, lane.run(caller_of(request), cost_s, question))
