"""Others ask for all that they can, and a dispatcher goes on working; what nobody awaits ends."""

from __future__ import annotations

import asyncio
import time
from threading import Event

import pytest

from api.http.concurrency import STREAMS_EACH, Lane
from bench.safety_load import attacking, dispatch
from routing.stopping import Stopped, check
from spatial.errors import TooMany
from spatial.gates import Caller

VISITOR, ALICE = Caller("203.0.113.7", False), Caller("alice", True)
LONGEST_S = 10.0
"""Generous for a busy machine: sixteen who asked for reaches made it 74 s."""
FEW = {"streams": 80, "tiles": 16, "reach": 16}


@pytest.mark.db
@pytest.mark.parametrize(
    "name", ["reach", "matrix", "match", "alternatives", "export", "tiles", "jobs", "streams"]
)
def test_a_dispatcher_works_on_while_others_ask_for_all_they_can(server, dispatcher, planner, name):
    key = server.key("planner")
    try:
        with attacking(server.base_url, name, key=key, connections=FEW.get(name, 8)) as answers:
            waits = dispatch(dispatcher, 0.5)
    finally:
        for job in planner.get("/api/jobs", params={"status": "accepted,running"}).json()["jobs"]:
            planner.delete(f"/api/jobs/{job['jobID']}")
    assert max(waits.paths + waits.closures) < LONGEST_S
    assert set(answers.statuses) <= {0, 200, 201, 204, 422, 429, 503}
    if name == "streams":
        assert 0 < answers.statuses[200] <= 2 * STREAMS_EACH


def endless(begun: Event) -> None:
    begun.set()
    while True:
        check()
        time.sleep(0.001)


def test_a_question_that_is_called_off_stops_and_frees_its_place():
    async def work() -> str:
        lane, begun = Lane("test", 1), Event()
        asked = asyncio.create_task(lane.run(VISITOR, 1.0, lambda: endless(begun)))
        await asyncio.to_thread(begun.wait)
        waiting = asyncio.create_task(lane.run(ALICE, 1.0, lambda: "next"))
        dropped = asyncio.create_task(lane.run(VISITOR, 1.0, lambda: endless(begun)))
        await asyncio.sleep(0.01)
        assert lane.gate.waiting == 2
        for task in (asked, dropped):
            task.cancel()
        found = await asyncio.wait_for(waiting, 10)
        lane.close()
        return found

    assert asyncio.run(work()) == "next"


def test_an_error_of_a_question_reaches_who_asked_and_frees_its_place():
    async def work() -> None:
        lane = Lane("test", 1)

        def fails() -> None:
            raise Stopped

        for _ in range(3):
            with pytest.raises(Stopped):
                await lane.run(VISITOR, 1.0, fails)
        lane.close()

    asyncio.run(work())


def test_questions_of_one_caller_that_wait_are_bounded():
    async def work() -> None:
        lane, over = Lane("test", 1), Event()
        tasks = [
            asyncio.create_task(lane.run(VISITOR, 10.0, lambda: over.wait(10))) for _ in range(3)
        ]
        await asyncio.sleep(0.01)
        with pytest.raises(TooMany):
            await lane.run(VISITOR, 10.0, lambda: None)
        over.set()
        await asyncio.gather(*tasks)
        lane.close()

    asyncio.run(work())
