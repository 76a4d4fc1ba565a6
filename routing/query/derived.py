"""What others make of a network, kept with it: it goes when the network goes."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar, cast
from weakref import ref

N = TypeVar("N")
T = TypeVar("T")


class Derived(Generic[N]):
    """One object for each way of making one; safe from any thread.

    Nothing here holds the network, nor may what is made: a replaced one must go at once, and only
    a search for unused rings would find it otherwise.

    Parameters
    ----------
    network
        What they are made of, and what holds this.
    """

    def __init__(self, network: N) -> None:
        self._network = ref(network)
        self._made: dict[Hashable, object] = {}

    def find(self, make: Callable[[N], T]) -> T | None:
        """Return what was made, None where nobody has asked for it."""
        return cast(T | None, self._made.get(make))

    def get(self, make: Callable[[N], T]) -> T:
        """Return what `make` makes of the network; of two made at once the first is kept."""
        found = self.find(make)
        if found is None:
            found = cast(T, self._made.setdefault(make, make(cast(N, self._network()))))
        return found
