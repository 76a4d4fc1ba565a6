"""How long /healthz takes at worst while something else is asked: `python pulse.py URL`.

It is a process of its own, so that what the asking process does counts for nothing. It asks over
connections to all workers until its input ends, then writes the worst time and the median, in ms.
"""

from __future__ import annotations

import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

CONNECTIONS = 6
PAUSE_S = 0.002


@dataclass
class Pulse:
    """What was measured, in ms."""

    worst: float = 0.0
    median: float = 0.0


@contextmanager
def measured(base_url: str) -> Iterator[Pulse]:
    """Measure while the body runs."""
    pulse = Pulse()
    with subprocess.Popen(
        [sys.executable, __file__, base_url],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        try:
            yield pulse
        finally:
            process.stdin.close()
            pulse.worst, pulse.median = map(float, process.stdout.readline().split())


def main(base_url: str) -> None:
    """Ask until the input ends."""
    at = urlsplit(base_url)
    question = f"GET /healthz HTTP/1.1\r\nHost: {at.netloc}\r\n\r\n".encode()
    ends = [socket.create_connection((at.hostname, at.port), 30) for _ in range(CONNECTIONS)]
    times: list[float] = []
    begun_once = False
    while True:
        for end in ends:
            begun = time.perf_counter()
            end.sendall(question)
            answer = b""
            while not answer.endswith(b"ok\n"):
                answer += end.recv(4096)
            times.append(time.perf_counter() - begun)
        if not begun_once:
            begun_once, times = True, []
            sys.stdout.write("begun\n")
            sys.stdout.flush()
        elif select.select([sys.stdin], [], [], PAUSE_S)[0]:
            break
    times = sorted(times) or [0.0]
    sys.stdout.write(f"{times[-1] * 1000:.1f} {times[len(times) // 2] * 1000:.1f}\n")


if __name__ == "__main__":
    main(sys.argv[1])
