"""Notices to other systems that a plan of ours concerns: sent once, after the commit.

They go to this machine and to the hosts that the operator names, whatever address a subscription
states: others' words call nobody. They never hold up an answer, are bounded in number and time, and
one that is lost is not sent again: whoever plans finds out by the key that a change needs.
"""

from __future__ import annotations

import asyncio
import http.client
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from urllib.parse import urlsplit

import asyncpg
import orjson
from starlette.requests import Request

from api.airspace.dss_door import written_entity
from api.airspace.dss_tokens import LOOPBACK, Manager
from api.airspace.extents import Extent, written
from api.airspace.own_door import MANAGER, OFF_NOMINAL
from api.airspace.utm_core import Done
from api.http.app_state import own
from api.services import services
from spatial.json_types import Document

MOST_WAITING, AT_ONCE, PATIENCE_S = 256, 4, 5.0
HTTPS_PORT = 443
INTENTS, CONSTRAINTS = "/uss/v1/operational_intents", "/uss/v1/constraints"
Received = Callable[[], Awaitable[None]]
"""What is done once the other system has answered that it has a notice."""
_FAILURES = (OSError, http.client.HTTPException)
_log = logging.getLogger(__name__)


class Notices:
    """Notices on their way, once for an application."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()
        self._gate = asyncio.Semaphore(AT_ONCE)

    def send(
        self,
        url: str,
        body: Document,
        hosts: Collection[str],
        path: str = INTENTS,
        received: Received | None = None,
    ) -> None:
        """Send a notice where it may go (`may_be_told`), unless too many wait."""
        if not may_be_told(url, hosts) or len(self._running) >= MOST_WAITING:
            return
        task = asyncio.create_task(self._send(url, path, orjson.dumps(body, default=str), received))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _send(self, url: str, path: str, body: bytes, received: Received | None) -> None:
        async with self._gate:
            try:
                taken = await asyncio.to_thread(_post, url, path, body)
                if taken and received is not None:
                    await received()
            except (*_FAILURES, asyncpg.PostgresError) as error:
                _log.info("a notice to %s was lost: %s", url, error)


def note(request: Request, done: Done, extents: Sequence[Extent], *, ended: bool = False) -> None:
    """Keep what a change has to tell until its transaction is committed."""
    told = None if ended else details(done, extents)
    request.state.notices = [
        (one["uss_base_url"], {
            "operational_intent_id": str(done.entity["id"]), "operational_intent": told,
            "subscriptions": one["subscriptions"],
        })
        for one in done.subscribers if not done.repeated
    ]  # fmt: skip


def send_noted(request: Request) -> None:
    """Send what was kept."""
    hosts = services(request).settings.told_hosts
    for url, body in getattr(request.state, "notices", ()):
        own(request.app, Notices).send(str(url), body, hosts)


def may_be_told(url: str, hosts: Collection[str]) -> bool:
    """Tell whether a notice may go to an address.

    Parameters
    ----------
    url
        What a subscription states.
    hosts
        Hosts that the operator names, `host` for port 443 or `host:port`. They are called over
        HTTPS only; this machine always may be.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or "@" in parts.netloc:
        return False
    if host in LOOPBACK:
        return True
    named = host if port in (None, HTTPS_PORT) else f"{host}:{port}"
    return parts.scheme == "https" and named in hosts


def details(done: Done, extents: Sequence[Extent]) -> Document:
    """Return an intent of ours whole, as the standard writes it."""
    row, told = done.entity, [written(one) for one in extents]
    off = row["state"] in OFF_NOMINAL
    return {
        "reference": written_entity(row, Manager(MANAGER, frozenset())),
        "details": {"volumes": [] if off else told, "off_nominal_volumes": told if off else [],
                    "priority": row["priority"]},
    }  # fmt: skip


def _post(url: str, path: str, body: bytes) -> bool:
    """Post a body; tell whether it was taken."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=PATIENCE_S)
    try:
        headers = {"Content-Type": "application/json"}
        connection.request("POST", parts.path.rstrip("/") + path, body, headers)
        answer = connection.getresponse()
        answer.read(1)
        return 200 <= answer.status < 300
    finally:
        connection.close()
