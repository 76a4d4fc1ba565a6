"""Processes by number and start, so that another one under a number used again is left alone."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

KILL_WAIT_S = 5.0
LOOK_EVERY_S = 0.05
_STATE, _START = 0, 19
"""Places in /proc/PID/stat after the name: the state, and the start in clock ticks since boot."""


@dataclass(frozen=True, slots=True)
class Life:
    """One process: its number, and when it started in clock ticks since the machine did."""

    pid: int
    started: int

    @classmethod
    def find(cls, pid: int) -> Life | None:
        """Return the process that has a number now, None where none has."""
        try:
            text = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
        except OSError:
            return None
        fields = text.rpartition(")")[2].split()
        return None if fields[_STATE] in "ZX" else cls(pid, int(fields[_START]))

    def goes_on(self) -> bool:
        """Tell whether it is this very process that has the number now."""
        return Life.find(self.pid) == self

    def send(self, number: int) -> None:
        """Send a signal, unless the process has ended."""
        if self.goes_on():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def ask_to_end(self) -> None:
        """Ask the process to end; a stopped one would not hear it, so it goes on first."""
        self.send(signal.SIGTERM)
        self.send(signal.SIGCONT)


def wait_gone(lives: Iterable[Life], seconds: float) -> bool:
    """Wait until processes have ended; return whether they have."""
    deadline = time.monotonic() + seconds
    left = list(lives)
    while left := [life for life in left if life.goes_on()]:
        if time.monotonic() >= deadline:
            return False
        time.sleep(LOOK_EVERY_S)
    return True


def kill(lives: Iterable[Life]) -> None:
    """Kill processes, whatever state they are in."""
    left = list(lives)
    for life in left:
        life.send(signal.SIGKILL)
    wait_gone(left, KILL_WAIT_S)
