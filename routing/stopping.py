"""Questions that stop between two steps when nobody waits for their answer any more.

The thread of a question says what it is asked to stop by; what takes long looks between its steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, local

__all__ = ["Stopped", "check", "stoppable"]

_thread = local()


class Stopped(Exception):
    """The question was called off; there is no answer."""


@contextmanager
def stoppable(stop: Event) -> Iterator[None]:
    """Let `stop` end what this thread does in the body."""
    _thread.stop = stop
    try:
        yield
    finally:
        _thread.stop = None


def check() -> None:
    """Go on, unless the question of this thread was called off.

    Raises
    ------
    Stopped
    """
    stop: Event | None = getattr(_thread, "stop", None)
    if stop is not None and stop.is_set():
        raise Stopped
