"""Answers between a fast maker and a slow reader."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from layers.features import spool
from layers.features.spool import MB, Spools
from spatial.errors import Busy


class Maker:
    """Makes numbered parts and knows how far it is."""

    def __init__(self, count: int, size: int) -> None:
        self.count, self.size = count, size
        self.made = 0
        self.ended = False

    async def parts(self) -> AsyncIterator[bytes]:
        try:
            for number in range(self.count):
                self.made += 1
                yield bytes([number % 256]) * self.size
        finally:
            self.ended = True


async def until(true) -> None:
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.001)


def test_an_answer_is_whole_and_made_without_its_reader(tmp_path):
    async def work() -> None:
        maker, spools = Maker(50, MB + 1), Spools(tmp_path)
        reading = spools.through(maker.parts())
        taken = [await anext(reading)]
        await until(lambda: maker.ended)
        assert spools.kept == 50 * (MB + 1) - len(taken[0])
        taken += [piece async for piece in reading]
        assert b"".join(taken) == b"".join([bytes([n]) * (MB + 1) for n in range(50)])
        assert spools.kept == 0

    asyncio.run(work())
    assert not list(tmp_path.iterdir())


def test_a_maker_waits_for_its_reader_and_is_given_up_in_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(spool, "PATIENCE_S", 0.2)

    async def work() -> None:
        maker, spools = Maker(100, MB), Spools(tmp_path, 3 * MB)
        reading = spools.through(maker.parts())
        await anext(reading)
        await until(lambda: spools.kept > 3 * MB)
        await asyncio.sleep(0.05)
        assert maker.made <= 5
        with pytest.raises(TimeoutError):
            await asyncio.sleep(0.3)
            async for _ in reading:
                pass
        assert maker.ended
        assert spools.kept == 0

    asyncio.run(work())


def test_who_leaves_gives_everything_back(tmp_path):
    async def work() -> None:
        maker, spools = Maker(1_000, MB), Spools(tmp_path, 3 * MB)
        reading = spools.through(maker.parts())
        await anext(reading)
        await reading.aclose()
        assert maker.ended
        assert spools.kept == 0

    asyncio.run(work())


def test_what_goes_wrong_is_told_after_what_was_made(tmp_path):
    async def broken() -> AsyncIterator[bytes]:
        yield b"one"
        raise ValueError("broken")

    async def work() -> None:
        reading = Spools(tmp_path).through(broken())
        assert await anext(reading) == b"one"
        with pytest.raises(ValueError, match="broken"):
            await anext(reading)

    asyncio.run(work())


def test_nothing_begins_while_too_much_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(spool, "ALL_BYTES", MB)

    async def work() -> None:
        spools = Spools(tmp_path)
        reading = spools.through(Maker(5, MB).parts())
        await anext(reading)
        await until(lambda: spools.kept >= MB)
        with pytest.raises(Busy):
            await anext(spools.through(Maker(1, 1).parts()))
        await reading.aclose()
        assert await anext(spools.through(Maker(1, 1).parts())) == b"\0"

    asyncio.run(work())
