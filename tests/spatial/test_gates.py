"""Gates let a few through, callers in turn, keep places for the signed in and bound who waits."""

from __future__ import annotations

import asyncio
import random

import pytest

from spatial.errors import Busy, TooMany
from spatial.gates import Caller, Gate, Seats

ALICE, BOB, VISITOR = Caller("alice", True), Caller("bob", True), Caller("192.0.2.1", False)


class Doors:
    """Work that ends when it is told to, and what is running."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.begun: list[str] = []
        self.tasks: list[asyncio.Task[None]] = []
        self._ends: list[asyncio.Event] = []

    async def add(self, caller: Caller, count: int = 1, cost_s: float = 1.0) -> None:
        for _ in range(count):
            self.tasks.append(asyncio.create_task(self.gate.run(caller, cost_s, self._one(caller))))
            await asyncio.sleep(0)

    async def _one(self, caller: Caller) -> None:
        self.begun.append(caller.name)
        end = asyncio.Event()
        self._ends.append(end)
        await end.wait()

    async def end_all(self) -> None:
        """End what runs, one after another, until nothing is left."""
        while self._ends:
            self._ends.pop(0).set()
            for _ in range(4):
                await asyncio.sleep(0)
        await asyncio.gather(*self.tasks)


def test_one_caller_holds_half_and_anonymous_ones_never_all():
    async def work() -> None:
        doors = Doors(Gate(4, 100.0))
        await doors.add(VISITOR, 5)
        assert doors.begun == [VISITOR.name] * 2
        await doors.add(Caller("192.0.2.2", False), 5)
        assert len(doors.begun) == 3
        await doors.add(ALICE, 5)
        assert doors.begun[3:] == ["alice"]
        await doors.end_all()
        assert len(doors.begun) == 15

    asyncio.run(work())


def test_whoever_asks_for_little_waits_for_little():
    async def work() -> list[str]:
        doors = Doors(Gate(1, 1_000.0))
        await doors.add(VISITOR, 1)
        await doors.add(VISITOR, 20, cost_s=10.0)
        await doors.add(ALICE, 1)
        await doors.add(Caller("192.0.2.2", False), 2)
        await doors.end_all()
        return doors.begun

    begun = asyncio.run(work())
    assert "alice" in begun[:3]
    assert [n for n, name in enumerate(begun) if name == "192.0.2.2"][1] < 6


def test_what_waits_is_bounded_by_caller_and_in_all():
    async def work() -> None:
        doors = Doors(Gate(1, 5.0))
        await doors.add(VISITOR, 1)
        await doors.add(VISITOR, 5)
        with pytest.raises(TooMany) as refused:
            await doors.gate.enter(VISITOR, 1.0)
        assert 1 <= refused.value.extra["retry_after_s"] <= 60
        for number in range(2, 5):
            await doors.add(Caller(f"192.0.2.{number}", False), 5)
        with pytest.raises(Busy):
            await doors.gate.enter(Caller("192.0.2.9", False), 1.0)
        await doors.add(BOB, 1)
        assert (doors.gate.refused, doors.gate.waiting) == (2, 21)
        await doors.end_all()

    asyncio.run(work())


def test_one_large_request_may_always_wait():
    async def work() -> list[str]:
        doors = Doors(Gate(1, 5.0))
        await doors.add(ALICE, 1)
        await doors.add(VISITOR, 1, cost_s=1_000.0)
        await doors.end_all()
        return doors.begun

    assert asyncio.run(work()) == ["alice", VISITOR.name]


def test_places_are_free_after_errors_and_cancels_at_any_moment():
    async def work() -> None:
        gate, chance = Gate(3, 1_000.0), random.Random(5)
        running = most = 0

        async def one(failing: bool) -> None:
            nonlocal running, most
            running += 1
            most = max(most, running)
            try:
                await asyncio.sleep(0)
                if failing:
                    raise ValueError
            finally:
                running -= 1

        async def asked(caller: Caller, failing: bool) -> None:
            await gate.run(caller, chance.random(), one(failing))

        tasks = []
        for number in range(400):
            caller = Caller(str(number % 7), number % 3 == 0)
            tasks.append(asyncio.create_task(asked(caller, number % 5 == 0)))
            if chance.random() < 0.5:
                chance.choice(tasks).cancel()
            if chance.random() < 0.3:
                await asyncio.sleep(0)
        await asyncio.gather(*tasks, return_exceptions=True)
        assert (most, running, gate.waiting) == (3, 0, 0)
        for caller in (ALICE, BOB, Caller("carol", True)):
            await asyncio.wait_for(gate.enter(caller, 1.0), 1)

    asyncio.run(work())


def test_a_stream_holds_its_place_to_the_end():
    async def work() -> bytes:
        gate = Gate(1, 10.0)

        async def parts():
            yield b"a"
            yield b"b"

        first = gate.stream(ALICE, 1.0, parts())
        assert await anext(first) == b"a"
        waiting = asyncio.create_task(gate.run(BOB, 1.0, asyncio.sleep(0, 1)))
        await asyncio.sleep(0.01)
        assert not waiting.done()
        rest = b"".join([part async for part in first])
        assert await asyncio.wait_for(waiting, 1) == 1
        return rest

    assert asyncio.run(work()) == b"b"


def test_seats_are_bounded_by_caller_and_kept_for_the_signed_in():
    seats = Seats(each=2, anonymous=3, all_=4)
    held = [seats.seat(c) for c in (VISITOR, VISITOR, Caller("192.0.2.2", False), ALICE)]
    for one in held[:3]:
        one.__enter__()
    for caller, refusal in ((VISITOR, TooMany), (Caller("192.0.2.3", False), Busy)):
        with pytest.raises(refusal), seats.seat(caller):
            pass
    with held[3]:
        assert seats.taken == 4
    held[0].__exit__(None, None, None)
    with seats.seat(VISITOR):
        assert seats.taken == 3
