"""Progress lines: one for every step that takes longer than a second."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

SLOW_S = 1.0


def say(text: str) -> None:
    """Print a progress line at once."""
    print(f"  {text}", file=sys.stderr, flush=True)


@contextmanager
def step(name: str) -> Iterator[None]:
    """Name a step when it has run for a second, and tell at its end how long it took."""
    started = time.monotonic()
    timer = threading.Timer(SLOW_S, say, [f"{name} …"])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
    took = time.monotonic() - started
    if took >= SLOW_S:
        say(f"{name}: done in {took:.0f} s")
