"""Notices of the channel `sigang`: what changed, told to every process when it is committed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import asyncpg
import orjson
import psycopg

from spatial.json_types import Json

Notice = dict[str, Any]
"""A notice as it came: its kind as `k`, and what its kind says."""


class Notices(Protocol):
    """Where a process hears of notices."""

    def subscribe(self, kind: str, callback: Callable[[Notice], object]) -> object:
        """Call back with each notice of a kind."""


def set_on(wake: asyncio.Event, bus: Notices, *kinds: str) -> None:
    """Set an event with each notice of these kinds."""
    for kind in kinds:
        bus.subscribe(kind, lambda _: wake.set())


def tell(conn: psycopg.Connection, kind: str, **what: Json) -> None:
    """Tell all processes, when the transaction is committed; see `notify`."""
    conn.execute("SELECT pg_notify('sigang', %s)", [_written(kind, what)])


async def notify(conn: asyncpg.Connection, kind: str, **what: Json) -> None:
    """Tell all processes, when the transaction is committed.

    Parameters
    ----------
    conn
        A connection inside a transaction.
    kind
        What the notice is about; who follows it subscribes to this.
    what
        The rest of the notice, JSON of less than 8,000 bytes.
    """
    await conn.execute("SELECT pg_notify('sigang', $1)", _written(kind, what))


def _written(kind: str, what: Mapping[str, Json]) -> str:
    return orjson.dumps({"k": kind, **what}).decode()
