"""Is it alive, is it ready, what has it done: for supervisors, proxies and Prometheus."""

from __future__ import annotations

import asyncio
import ipaddress

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from api.http.app_state import own
from api.http.auth import actor_of, require
from api.http.gauges import Gauges
from api.http.metering import Meter
from api.http.responses import NO_STORE
from api.http.routes import Routes
from api.services import services
from layers.tiles.refresh import Standing
from spatial.postgres.db import PING

routes = Routes()
READY_WAIT_S = 1.5


@routes.get("/healthz")
async def get_health(request: Request) -> Response:
    """Answer that the process is alive."""
    return PlainTextResponse("ok\n", headers=NO_STORE)


@routes.get("/readyz")
async def get_ready(request: Request) -> Response:
    """Answer whether the database answers, so that requests may be sent here."""
    opened = getattr(request.app.state, "services", None)
    if opened is None:
        return PlainTextResponse("starting\n", 503, {"retry-after": "2"})
    asked = asyncio.ensure_future(opened.db.urgent.fetchval(PING))
    asked.add_done_callback(lambda done: done.cancelled() or done.exception())
    await asyncio.wait({asked}, timeout=READY_WAIT_S)
    if not asked.done() or asked.exception():
        why = type(asked.exception()).__name__ if asked.done() else "TimeoutError"
        asked.cancel()  # but not waited for: the connection may be taken back late
        text = f"the database does not answer: {why}\n"
        return PlainTextResponse(text, 503, {"retry-after": "2"})
    return PlainTextResponse(f"ready\n{_tiles(opened.tiles.standing)}\n", headers=NO_STORE)


def _tiles(standing: Standing) -> str:
    """Say how far the tiles lag behind the rows; requests may be sent here all the same."""
    text = f"tiles lag {standing.lag_s:.0f} s"
    if standing.layers or standing.rows:
        text += f"; set aside: {standing.layers} layers, {standing.rows} rows"
    if standing.unreadable:
        text += f"\nlayers that cannot be read: {', '.join(standing.unreadable)}"
    return text


@routes.get("/metrics")
async def get_metrics(request: Request) -> Response:
    """Answer the meter of this worker, to loopback and administrators."""
    if not _from_loopback(request):
        require(actor_of(request), "admin")
    text = own(request.app, Meter).text() + own(request.app, Gauges).text()
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")


def _from_loopback(request: Request) -> bool:
    """Tell whether a program of this machine asks; behind a proxy everybody comes from it."""
    if request.client is None or services(request).settings.public_url:
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
