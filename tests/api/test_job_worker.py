"""The process that runs jobs loads a network for a job that needs one, not for a refused one."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from api.jobs.worker import Ground, Report, _outputs
from api.network.kinds import First, network_of
from layers.processes.registry import find_processes
from spatial.errors import BadParameter, SetupError
from tests.api.planningworld import covering


class Roads:
    """Stands for the service of the roads; fails as often as told."""

    made = 0

    def __init__(self, failures: list[Exception]) -> None:
        type(self).made += 1
        self.stopped = False
        self._failures = failures

    async def start(self) -> None:
        if self._failures:
            raise self._failures.pop()

    async def stop(self) -> None:
        self.stopped = True

    async def ensure_current(self) -> str:
        return "network"


@pytest.fixture
def first(monkeypatch):
    monkeypatch.setattr(Roads, "made", 0)
    failures: list[Exception] = []
    return First(lambda _: Roads(failures)), failures


def job(inputs):
    return {"account_id": None, "role": "planner", "scope": "", "unit_id": None,
            "process": "cover", "request": {"inputs": inputs}}  # fmt: skip


def test_a_refused_job_loads_no_network(first):
    opened, _ = first
    ground = Ground(SimpleNamespace(), None, find_processes(), network_of(opened))
    with pytest.raises(BadParameter, match="3 of 2 sites"):
        asyncio.run(_outputs(ground, job(covering(count=3)["inputs"]), Report()))
    assert Roads.made == 0


def test_the_network_is_loaded_once_and_again_after_a_failure(first):
    opened, failures = first
    failures.append(SetupError("no room", "空间不足"))

    async def ask():
        read = network_of(opened)
        with pytest.raises(SetupError, match="no routing"):
            await read("canal")
        with pytest.raises(SetupError, match="no room"):
            await read("road")
        assert await asyncio.gather(read("road"), read("road")) == ["network", "network"]
        await opened.stop()

    asyncio.run(ask())
    assert Roads.made == 2
