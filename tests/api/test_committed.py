"""Who asks for the committed version gets one that was read after the question."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from api.network.service import Committed
from spatial.networks.road import KIND as ROAD


class Database:
    """A database whose version grows with each commit; a read takes a few rounds of the loop."""

    def __init__(self) -> None:
        self.version, self.reads = 0, 0
        self.failure: Exception | None = None
        self.urgent = SimpleNamespace(fetchrow=self.read)

    async def read(self, _sql: str, _network: str) -> dict[str, int]:
        self.reads += 1
        await asyncio.sleep(0.001)
        found = self.version
        await asyncio.sleep(0.001)
        if self.failure is not None:
            raise self.failure
        return {"version": found}


def run(work):
    return asyncio.run(asyncio.wait_for(work, 10))


def test_no_answer_is_older_than_its_question():
    async def work() -> tuple[int, int]:
        db = Database()
        committed = Committed(db, ROAD)

        async def ask(number: int) -> None:
            for turn in range(60):
                db.version += (number + turn) % 3 == 0
                least = db.version
                assert (await committed.get())["version"] >= least
                await asyncio.sleep(0.0001 * (number % 5))

        await asyncio.gather(*(ask(number) for number in range(12)))
        return db.reads, 12 * 60

    reads, questions = run(work())
    assert reads < questions / 3


def test_questions_during_a_read_share_the_next_one():
    async def work() -> int:
        db = Database()
        committed = Committed(db, ROAD)
        first = asyncio.ensure_future(committed.get())
        await asyncio.sleep(0.0005)
        db.version = 7
        later = [committed.get() for _ in range(5)]
        assert (await first)["version"] <= 7
        assert {row["version"] for row in await asyncio.gather(*later)} == {7}
        return db.reads

    assert run(work()) == 2


def test_a_failed_read_fails_those_who_asked_and_no_one_later():
    async def work() -> None:
        db = Database()
        committed = Committed(db, ROAD)
        db.failure = ConnectionError("gone")
        asked = await asyncio.gather(*(committed.get() for _ in range(3)), return_exceptions=True)
        assert asked == [db.failure] * 3
        db.failure = None
        assert (await committed.get())["version"] == 0

    run(work())


def test_who_leaves_takes_no_answer_from_others():
    async def work() -> None:
        committed = Committed(Database(), ROAD)
        leaving = asyncio.create_task(asyncio.wait_for(committed.get(), 0.0001))
        staying = committed.get()
        with pytest.raises(TimeoutError):
            await leaving
        assert (await staying)["version"] == 0

    run(work())
