"""Is it alive, is it ready, what has it done: for supervisors, proxies and Prometheus."""

from __future__ import annotations

import asyncio
import ipaddress
import os
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Container

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from api.auth import actor_of, require
from api.gauges import gauges_of
from api.services import services
from layers.tiles.refresh import Standing

READY_WAIT_S = 1.5
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


def meter_of(app: Starlette) -> Meter:
    """Return the meter of an application."""
    if not hasattr(app.state, "meter"):
        app.state.meter = Meter()
    meter: Meter = app.state.meter
    return meter


def kinds_of(app: Starlette) -> frozenset[str]:
    """Return the kinds of resources that an application has, those of OGC left out."""
    found = set()
    for route in app.routes:
        included = getattr(route, "effective_route_contexts", None)  # of a router
        for one in included() if included else [route]:
            parts = getattr(one, "path", "").split("/")
            if parts[:2] == ["", "api"] and parts[2:3] not in ([], [""]):
                found.add(parts[2])
    return frozenset(found) - OGC


def kind_of(path: str, kinds: Container[str]) -> str:
    """Return the kind of resource: few values, none of a user's making."""
    parts = path.strip("/").split("/")
    if parts[:1] != ["api"]:
        return "static"
    if parts[1:2] == ["collections"]:
        return next((kind for kind in ("tiles", "items", "count") if kind in parts[3:4]), "ogc")
    return parts[1] if parts[1:] and parts[1] in kinds else "ogc"


async def get_health(request: Request) -> Response:
    """Answer that the process is alive."""
    return PlainTextResponse("ok\n", headers={"cache-control": "no-store"})


async def get_ready(request: Request) -> Response:
    """Answer whether the database answers, so that requests may be sent here."""
    opened = getattr(request.app.state, "services", None)
    if opened is None:
        return PlainTextResponse("starting\n", 503, {"retry-after": "2"})
    asked = asyncio.ensure_future(opened.db.urgent.fetchval("SELECT 1"))
    asked.add_done_callback(lambda done: done.cancelled() or done.exception())
    await asyncio.wait({asked}, timeout=READY_WAIT_S)
    if not asked.done() or asked.exception():
        why = type(asked.exception()).__name__ if asked.done() else "TimeoutError"
        asked.cancel()  # but not waited for: the connection may be taken back late
        text = f"the database does not answer: {why}\n"
        return PlainTextResponse(text, 503, {"retry-after": "2"})
    return PlainTextResponse(
        f"ready\n{_tiles(opened.tiles.standing)}\n", headers={"cache-control": "no-store"}
    )


def _tiles(standing: Standing) -> str:
    """Say how far the tiles lag behind the rows; requests may be sent here all the same."""
    text = f"tiles lag {standing.lag_s:.0f} s"
    if standing.layers or standing.rows:
        text += f"; set aside: {standing.layers} layers, {standing.rows} rows"
    if standing.unreadable:
        text += f"\nlayers that cannot be read: {', '.join(standing.unreadable)}"
    return text


async def get_metrics(request: Request) -> Response:
    """Answer the meter of this worker, to loopback and administrators."""
    if not _from_loopback(request):
        require(actor_of(request), "admin")
    text = meter_of(request.app).text() + gauges_of(request.app).text()
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")


def _from_loopback(request: Request) -> bool:
    """Tell whether a program of this machine asks; behind a proxy everybody comes from it."""
    if request.client is None or services(request).settings.public_url:
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


routes = [
    Route("/healthz", get_health, methods=["GET"]),
    Route("/readyz", get_ready, methods=["GET"]),
    Route("/metrics", get_metrics, methods=["GET"]),
]
