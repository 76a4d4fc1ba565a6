"""Numbers that a service shows of itself on /metrics; each registers its own."""

from __future__ import annotations

import os
from collections.abc import Callable

Read = Callable[[], float]


class Gauges:
    """The gauges and counters of one worker, read when somebody looks."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, str, Read]] = {}

    def add(self, name: str, text: str, read: Read, kind: str = "gauge") -> None:
        """Register a number.

        Parameters
        ----------
        name
            Name without the prefix `sigang_`; ends in its unit (`_seconds`, `_bytes`) or, where it
            only grows, in `_total`.
        text
            What it means, one line of English.
        read
            Returns the value now, without waiting.
        kind
            Prometheus' type: `gauge` or `counter`.
        """
        self._known[name] = text, kind, read

    def values(self) -> dict[str, float]:
        """Return the value of each number by name."""
        return {name: read() for name, (_, _, read) in self._known.items()}

    def text(self) -> str:
        """Return all in the Prometheus text format."""
        lines = []
        for name, (text, kind, read) in self._known.items():
            lines += [
                f"# HELP sigang_{name} {text}",
                f"# TYPE sigang_{name} {kind}",
                f'sigang_{name}{{worker="{os.getpid()}"}} {read():g}',
            ]
        return "".join(f"{line}\n" for line in lines)
