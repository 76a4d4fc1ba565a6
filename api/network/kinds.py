"""The networks of one process, one of each kind that is declared and searched."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator

from api.http.gauges import Gauges
from api.network.service import Roads
from routing.cost.profile import list_profiles
from routing.query.network import RoadNetwork
from spatial.errors import SetupError
from spatial.networks.model import NetworkKind, searched_kinds

NetworkOf = Callable[[str], Awaitable[RoadNetwork]]
"""Returns the network of a kind with every change applied that is committed now."""


class Networks:
    """The networks of a serving process, by kind; the first one is that of unknown profiles."""

    def __init__(
        self, make: Callable[[NetworkKind], Roads], kinds: Iterable[NetworkKind] | None = None
    ) -> None:
        chosen = searched_kinds() if kinds is None else kinds
        self._by_kind = {kind.name: make(kind) for kind in chosen}
        self._of_profile = {
            profile: name
            for name, profiles in list_profiles().items()
            if name in self._by_kind
            for profile in profiles
        }

    def __iter__(self) -> Iterator[Roads]:
        return iter(self._by_kind.values())

    def of(self, name: str) -> Roads:
        """Return the network of a kind.

        Raises
        ------
        SetupError
            No such kind is searched.
        """
        if name not in self._by_kind:
            raise _unknown(name, self._by_kind)
        return self._by_kind[name]

    async def of_profile(self, profile: str) -> Roads:
        """Return the network that a profile moves on."""
        first = next(iter(self._by_kind))
        return await self._by_kind[self._of_profile.get(profile, first)].of_profile(profile)

    async def start(self) -> None:
        """Load the networks; a kind without edges is served without.

        Raises
        ------
        SetupError
            One cannot be built.
        """
        for one in self:
            await one.start()

    async def stop(self) -> None:
        """Stop the networks."""
        for one in self:
            await one.stop()

    def show(self, gauges: Gauges) -> None:
        """Register the numbers of each network, those of the first one without its name."""
        for number, one in enumerate(self):
            one.show(gauges, f"{one.kind.name}_" if number else "")


def _unknown(name: str, known: Iterable[str]) -> SetupError:
    listed = ", ".join(known)
    return SetupError(
        f"This process has no routing on networks of kind {name!r}; known: {listed}",
        f"本进程未启用 {name!r} 类路网的路径规划；可用：{listed}",
    )


def no_routing() -> SetupError:
    """Return the error of a process without networks."""
    return SetupError("This process has no routing", "本进程未启用路径规划")


def network_of(opened: Callable[[str], Awaitable[Roads | None]]) -> NetworkOf:
    """Return what reads networks; `opened` returns the service of a kind.

    A change that is being applied is applied to its end, though its caller may have left.
    """

    async def read(kind: str) -> RoadNetwork:
        found = await opened(kind)
        if found is None:
            raise no_routing()
        return await asyncio.shield(found.ensure_current())

    return read


class First:
    """Opens the network of a kind at the first call; one that fails is tried again at the next."""

    def __init__(self, make: Callable[[NetworkKind], Roads]) -> None:
        self._make = make
        self._opening = asyncio.Lock()
        self._opened: dict[str, Roads] = {}

    async def __call__(self, name: str) -> Roads:
        """Return the network of a kind, loaded.

        Raises
        ------
        SetupError
            It cannot be built, or no such kind is searched.
        """
        kinds = {kind.name: kind for kind in searched_kinds()}
        if name not in kinds:
            raise _unknown(name, kinds)
        async with self._opening:
            if name not in self._opened:
                made = self._make(kinds[name])
                try:
                    await made.start()
                except BaseException:
                    await made.stop()
                    raise
                self._opened[name] = made
        return self._opened[name]

    async def stop(self) -> None:
        """Close what was opened."""
        for one in self._opened.values():
            await one.stop()
