"""Rounds of the event loop are shared between callers that ask at the same time."""

from __future__ import annotations

import asyncio

from api.http.turns import ALONE_S, EACH, Turns
from spatial.gates import Caller

GREEDY, MODEST = Caller("203.0.113.7", False), Caller("alice", True)


def order(greedy: int, modest: int, *, others_at: float) -> list[str]:
    """Return the names in the order in which their requests begin, all of them there at once."""

    async def work() -> list[str]:
        turns, begun = Turns(), []

        async def one(caller: Caller, now: float) -> None:
            turn = turns.begin(caller, now)
            if turn is not None:
                await turn
            begun.append(caller.name)

        await one(MODEST, others_at)
        tasks = [asyncio.create_task(one(GREEDY, 10.0)) for _ in range(greedy)]
        await asyncio.sleep(0)
        tasks += [asyncio.create_task(one(MODEST, 10.0)) for _ in range(modest)]
        await asyncio.gather(*tasks)
        return begun[1:]

    return asyncio.run(work())


def test_who_comes_later_does_not_wait_for_all_of_the_others():
    found = order(100, 1, others_at=9.9)
    assert len(found) == 101
    assert found.index(MODEST.name) <= 4 * EACH


def test_a_caller_that_is_alone_waits_for_nobody():
    async def work() -> list[object]:
        turns = Turns()
        turns.begin(GREEDY, 0.0)
        return [turns.begin(GREEDY, ALONE_S + 0.1) for _ in range(100)]

    assert asyncio.run(work()) == [None] * 100


def test_requests_that_end_while_they_wait_hold_up_nobody():
    async def work() -> int:
        turns = Turns()
        turns.begin(MODEST, 0.0)
        waiting = [turns.begin(GREEDY, 0.0) for _ in range(20)]
        for turn in waiting[EACH : EACH + 6]:
            turn.cancel()
        rest = [turn for turn in waiting if turn is not None and not turn.cancelled()]
        await asyncio.wait_for(asyncio.gather(*rest), 5)
        return len(rest)

    assert asyncio.run(work()) == 20 - EACH - 6
