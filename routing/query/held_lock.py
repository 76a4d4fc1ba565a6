"""Locks that are taken only if they are free, for those who must not wait."""

from __future__ import annotations

from threading import RLock
from types import TracebackType
from typing import Any


class Held:
    """Holds a lock for a while, if need be only where nobody else does; says whether it does."""

    __slots__ = ("_lock", "_ours", "_wait")

    def __init__(self, lock: RLock, *, wait: bool) -> None:
        self._lock: Any = lock
        self._wait = wait
        self._ours = False

    def __enter__(self) -> bool:
        self._ours = self._lock.acquire(self._wait)
        return self._ours

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._ours:
            self._lock.release()
