"""How many requests of each kind a process answers, and how long they take."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Container, Iterable

BOUNDS_S = (0.005, 0.02, 0.1, 0.5, 2.0, 10.0)

OGC = frozenset({"api", "collections", "conformance", "docs", "openapi.json", "tileMatrixSets"})
"""First parts of addresses below /api that belong to the OGC interface."""


class Meter:
    """Requests of one worker, counted by kind of resource and status."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, int]] = Counter()
        self.buckets: Counter[tuple[str, int]] = Counter()
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.running = 0

    def note(self, kind: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        self.requests[kind, status] += 1
        self.seconds[kind] += seconds
        self.buckets[kind, bisect_left(BOUNDS_S, seconds)] += 1

    def text(self) -> str:
        """Return all in the Prometheus text format."""
        worker = f'worker="{os.getpid()}"'
        lines = ["# TYPE sigang_requests_total counter"]
        for (kind, status), n in sorted(self.requests.items()):
            lines.append(f'sigang_requests_total{{{worker},kind="{kind}",status="{status}"}} {n}')
        lines.append("# TYPE sigang_request_seconds histogram")
        for kind in sorted(self.seconds):
            total = sum(n for (k, _), n in self.requests.items() if k == kind)
            label = f'{worker},kind="{kind}"'
            n = 0
            for place, bound in enumerate(BOUNDS_S):
                n += self.buckets[kind, place]
                lines.append(f'sigang_request_seconds_bucket{{{label},le="{bound}"}} {n}')
            lines.append(f'sigang_request_seconds_bucket{{{label},le="+Inf"}} {total}')
            lines.append(f"sigang_request_seconds_sum{{{label}}} {self.seconds[kind]:.6f}")
            lines.append(f"sigang_request_seconds_count{{{label}}} {total}")
        lines.append("# TYPE sigang_requests_running gauge")
        lines.append(f"sigang_requests_running{{{worker}}} {self.running}")
        return "\n".join(lines) + "\n"


def kinds_of(paths: Iterable[str]) -> frozenset[str]:
    """Return the kinds of resources that addresses have, those of OGC left out."""
    found = (path.split("/") for path in paths)
    return frozenset(p[2] for p in found if p[:2] == ["", "api"] and any(p[2:3])) - OGC


def kind_of(path: str, kinds: Container[str]) -> str:
    """Return the kind of resource: few values, none of a user's making."""
    parts = path.strip("/").split("/")
    if parts[:1] != ["api"]:
        return "static"
    if parts[1:2] == ["collections"]:
        return next((kind for kind in ("tiles", "items", "count") if kind in parts[3:4]), "ogc")
    return parts[1] if parts[1:] and parts[1] in kinds else "ogc"
