"""New connections spread over the processes that wait on one socket."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter

import pytest

from api.cli.sharing import AWAY, Listener, Shares


def bound_socket() -> socket.socket:
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    bound.listen(64)
    return bound


class Kept(asyncio.Protocol):
    """A connection that is counted for its process while it is open."""

    def __init__(self, shares: Shares, counts: Counter[int], number: int) -> None:
        self._shares, self._counts, self._number = shares, counts, number

    def _count(self, change: int) -> None:
        self._counts[self._number] += change
        self._shares.note(self._number, self._counts[self._number])

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._count(1)

    def connection_lost(self, error: Exception | None) -> None:
        self._count(-1)


async def accepted(shares: Shares, numbers: list[int], clients: int) -> Counter[int]:
    """Return how many of some clients that come at once each process has."""
    counts: Counter[int] = Counter()
    with bound_socket() as bound:
        listeners = [
            Listener(
                bound.dup(),
                lambda number=number: Kept(shares, counts, number),
                lambda coming, number=number: shares.has_more(number, counts[number] + coming),
            )
            for number in numbers
        ]
        loop = asyncio.get_running_loop()
        sockets = [socket.socket() for _ in range(clients)]
        for one in sockets:
            one.setblocking(False)
        await asyncio.gather(*(loop.sock_connect(s, bound.getsockname()) for s in sockets))
        while counts.total() < clients:
            await asyncio.sleep(0.001)
        for one in sockets:
            one.close()
        found = Counter(counts)
        while counts.total():
            await asyncio.sleep(0.001)
        for listener in listeners:
            listener.close()
        return found


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_connections_that_come_at_once_are_shared_evenly(processes):
    shares = Shares(processes)
    numbers = list(range(processes))
    for number in numbers:
        shares.note(number, 0)
    found = asyncio.run(asyncio.wait_for(accepted(shares, numbers, 24), 10))
    assert max(found.values()) - min(found[n] for n in numbers) <= 1


def test_connections_of_a_process_that_does_not_come_are_taken_by_another():
    shares = Shares(2)
    shares.note(0, 0)
    shares.note(1, 0)
    assert asyncio.run(asyncio.wait_for(accepted(shares, [0], 8), 10)) == {0: 8}


def test_a_process_that_takes_none_is_not_waited_for():
    shares = Shares(2)
    shares.note(0, 3)
    assert not shares.has_more(0, 3)
    shares.note(1, 2)
    assert shares.has_more(0, 3)
    shares.note(1, AWAY)
    assert not shares.has_more(0, 3)
