"""The network of a kind, as it is when the work begins: every change that is committed applied."""

from __future__ import annotations

from layers.processes.runtime.model import Need, Reader, Sources
from layers.processes.runtime.readers import register
from routing.query.network import RoadNetwork
from spatial.networks.model import get_searched


async def _read(sources: Sources, _: str, kind: str) -> RoadNetwork:
    return await sources.network(kind)


READER = register(Reader("network", _read, late=True))


def network(kind: str) -> Need[RoadNetwork]:
    """Return the need of the network of a kind.

    Raises
    ------
    BadParameter
        No paths go over networks of this kind.
    """
    get_searched(kind)
    return Need(READER.name, f"network {kind}", lambda _: kind)
