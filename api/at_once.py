"""A process that is run while its caller waits."""

from __future__ import annotations

from functools import partial

from fastapi import Request

from api.http.concurrency import ask
from api.http.disconnect import while_connected
from api.network.kinds import network_of
from api.network.service import Roads
from api.services import services
from layers.declare.base import Text
from layers.processes.runtime.model import Inputs, Process, Sources
from layers.processes.runtime.run import Output, read_scene, run
from routing.stopping import check
from spatial.actor import Actor

QUICK_S = 0.5
"""What a quick process is likely to take."""


async def run_at_once(
    request: Request, process: Process, actor: Actor, inputs: Inputs
) -> list[Output]:
    """Read what a process names and run it; given up when its caller leaves."""
    served = services(request)

    async def opened(kind: str) -> Roads | None:
        return None if served.networks is None else served.networks.of(kind)

    sources = Sources(
        served.db, served.catalog, actor, network_of(opened),
        cube=partial(served.functions.get_cube, actor), timetable=served.timetables.get,
    )  # fmt: skip
    scene = await while_connected(request, read_scene(process, inputs, sources, _go_on))
    return await ask(request, lambda: run(process, inputs, scene), QUICK_S)


def _go_on(_share: float, _message: Text) -> None:
    """End the work of a client that left."""
    check()
