"""A gate lets a few through, keeps some waiting and refuses the rest."""

from __future__ import annotations

import asyncio

import pytest

from api.limits import WAITING_EACH, Gate
from spatial.errors import Busy


def test_a_gate_bounds_what_runs_and_what_waits():
    async def work() -> int:
        gate, most, now = Gate(2), 0, 0
        open_ = asyncio.Event()

        async def one() -> int:
            nonlocal most, now
            now += 1
            most = max(most, now)
            await open_.wait()
            now -= 1
            return 1

        running = [asyncio.create_task(gate.run(one())) for _ in range(2 + 2 * WAITING_EACH)]
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await gate.run(one())
        open_.set()
        assert sum(await asyncio.gather(*running)) == len(running)
        return most

    assert asyncio.run(work()) == 2


def test_a_slot_is_free_again_after_an_error_or_a_cancel():
    async def work() -> None:
        gate = Gate(1)

        async def fails() -> None:
            raise ValueError

        with pytest.raises(ValueError):
            await gate.run(fails())
        task = asyncio.create_task(gate.run(asyncio.sleep(10)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.wait_for(gate.run(asyncio.sleep(0, 7)), 1) == 7

    asyncio.run(work())


def test_a_stream_holds_its_slot_to_the_end():
    async def work() -> bytes:
        gate = Gate(1)

        async def parts():
            yield b"a"
            yield b"b"

        first = gate.stream(parts())
        assert await anext(first) == b"a"
        waiting = asyncio.create_task(gate.run(asyncio.sleep(0, 1)))
        await asyncio.sleep(0.01)
        assert not waiting.done()
        rest = b"".join([part async for part in first])
        assert await asyncio.wait_for(waiting, 1) == 1
        return rest

    assert asyncio.run(work()) == b"b"
