"""Versions of networks: raised by whatever acts on their edges, and told to all who read them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from spatial.networks.model import searched_kinds
from spatial.networks.road import KIND as ROAD

ROADS = (ROAD.name,)
APPEND = "SELECT sigang.stream_append($1, $2, $3, $4, $5, $6)"
_HOLD_VERSIONS = """
SELECT version FROM sigang.network_version WHERE network = ANY($1) ORDER BY network FOR UPDATE"""
_VERSION = """
UPDATE sigang.network_version
SET version = (SELECT max(version) + 1 FROM sigang.network_version),
  changed_at = (SELECT clock_timestamp())
WHERE network = ANY($1) RETURNING version, changed_at"""
_NETWORKS = """
SELECT kinds.name FROM unnest($2::text[], $3::text[]) AS kinds(name, modes)
WHERE EXISTS (SELECT FROM sigang.edge_state s JOIN sigang.edge e ON e.id = s.edge_id
  WHERE s.event_id = $1 AND e.mode = ANY(string_to_array(kinds.modes, ',')))"""


class Raised(NamedTuple):
    """A version of some networks and when it was recorded."""

    number: int
    at: datetime
    networks: Sequence[str]


async def raise_version(conn: asyncpg.Connection, networks: Sequence[str] = ROADS) -> Raised:
    """Raise the version of networks; others that raise it wait until this transaction ends.

    It is above that of every network, so that what is read of one after a version is what has come
    since, whatever happened on others.
    """
    await conn.execute(_HOLD_VERSIONS, networks)
    row = await conn.fetchrow(_VERSION, networks)
    return Raised(row["version"], row["changed_at"], networks)


async def raise_of(conn: asyncpg.Connection, event: UUID) -> Raised:
    """Raise the version of the networks that an event acts on."""
    kinds = searched_kinds()
    modes = [",".join(kind.modes) for kind in kinds]
    rows = await conn.fetch(_NETWORKS, event, [kind.name for kind in kinds], modes)
    return await raise_version(conn, [row["name"] for row in rows] or ROADS)


async def tell_network(conn: asyncpg.Connection, raised: Raised) -> None:
    """Tell every worker and open map that networks have a new version."""
    for network in raised.networks:
        notice = {"network": network, "version": raised.number}
        await conn.execute(APPEND, "network", None, None, "public", notice, [])
