"""The networks that processes ask for, by kind: opened when they are first asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from api.network.service import Roads
from routing.query.network import RoadNetwork
from spatial.errors import SetupError

ROAD = "road"

NetworkOf = Callable[[str], Awaitable[RoadNetwork]]
"""Returns the network of a kind with every change applied that is committed now."""


def no_routing() -> SetupError:
    """Return the error of a process without networks."""
    return SetupError("This process has no routing", "本进程未启用路径规划")


def network_of(opened: Callable[[], Awaitable[Roads | None]]) -> NetworkOf:
    """Return what reads networks; `opened` returns the service of the roads.

    A change that is being applied is applied to its end, though its caller may have left.
    """

    async def read(kind: str) -> RoadNetwork:
        roads = await opened() if kind == ROAD else None
        if roads is None:
            raise no_routing()
        return await asyncio.shield(roads.ensure_current())

    return read


class First:
    """Opens the roads at the first call; one that fails is tried again at the next."""

    def __init__(self, make: Callable[[], Roads]) -> None:
        self._make = make
        self._opening = asyncio.Lock()
        self._roads: Roads | None = None

    async def __call__(self) -> Roads:
        """Return the roads, loaded.

        Raises
        ------
        SetupError
            They cannot be built.
        """
        async with self._opening:
            if self._roads is None:
                roads = self._make()
                try:
                    await roads.start()
                except BaseException:
                    await roads.stop()
                    raise
                self._roads = roads
        return self._roads

    async def stop(self) -> None:
        """Close what was opened."""
        if self._roads is not None:
            await self._roads.stop()
