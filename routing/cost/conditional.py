"""Limits that a kind of network keeps in rows of their own, which hold by the levels of a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple, Protocol

from routing.cost.time_bans import Bans
from routing.cost.vehicle import Vehicle
from routing.graph.graph import Graph
from spatial.errors import SetupError
from spatial.rules import Rules


class Conditioned(NamedTuple):
    """A vehicle that knows what refuses it, when its edges are shut, and what stands for both."""

    vehicle: Vehicle
    bans: Bans
    name: str


class ConditionalLimits(Protocol):
    """What refuses vehicles by the level of the water."""

    def condition(self, vehicle: Vehicle, bans: Bans, at: datetime) -> Conditioned:
        """Return a vehicle that leaves at a time as these limits see it."""


MakeLimits = Callable[[Graph, Rules], ConditionalLimits]


class LimitSource:
    """Where a network and those beside it take their conditional limits from; it may change."""

    def __init__(self) -> None:
        self._make: MakeLimits | None = None

    def take(self, make: MakeLimits) -> None:
        """Take what makes the limits from now on."""
        self._make = make

    @property
    def make(self) -> MakeLimits:
        """What makes the limits of a graph under some rules.

        Raises
        ------
        SetupError
            Nothing was taken: without its limits such a network lets everything pass.
        """
        if self._make is None:
            raise SetupError("The limits of this network are not read", "尚未读取该网络的限值")
        return self._make
