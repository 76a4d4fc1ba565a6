"""A small memory of what was computed for a name; the longest unused is forgotten."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar

T = TypeVar("T")


class Lru:
    """Keeps up to `most` values by name; safe from any thread."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = Lock()
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()

    def __contains__(self, name: Hashable) -> bool:
        return name in self._kept

    def names(self) -> list[Any]:
        """Return the names of what is kept, the latest first."""
        with self._lock:
            return list(reversed(self._kept))

    def get(self, name: Hashable, make: Callable[[], T]) -> T:
        """Return what was made for a name; `make` runs outside the lock."""
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
                found: T = self._kept[name]
                return found
        made = make()
        with self._lock:
            self._kept[name] = made
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return made
