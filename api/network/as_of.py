"""The network as it was known at an earlier instant: for replays of answers and incidents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import asyncpg
import numpy as np

from api.network.columns import NETWORK
from api.network.rows import make_states
from routing.graph.graph import Graph
from routing.live.edge_states import EdgeState, Picture, Snapshot
from routing.live.speed_feeds import Feed, caps_of
from spatial.errors import BadParameter

_VERSION = """
SELECT version, topology, at FROM sigang.network_history
WHERE network = $1 AND at <= $2 ORDER BY version DESC LIMIT 1"""
_FIRST = """
SELECT min(at) FROM sigang.network_history WHERE network = $1"""
_STATES = """
SELECT id, edge_id, kind, direction, value, lower(valid) AS since, upper(valid) AS until, event_id
FROM sigang.edge_state
WHERE recorded_from <= $1 AND (recorded_to IS NULL OR recorded_to > $1)
  AND valid @> $2::timestamptz"""
_FEEDS = """
SELECT id, source_id, edges, directions, values_kmh, lower(valid) AS since, upper(valid) AS until
FROM sigang.edge_feed
WHERE recorded_from <= $1 AND (recorded_to IS NULL OR recorded_to > $1)
  AND valid @> $2::timestamptz
ORDER BY id"""


@dataclass(frozen=True)
class Replay:
    """An earlier state: the version then, and whether the roads themselves are still the same."""

    snapshot: Snapshot
    version: int
    same_roads: bool


async def read_as_of(
    conn: asyncpg.Connection, graph: Graph, as_of: datetime, at: datetime | None = None
) -> Replay:
    """Return the state that was known at `as_of` and in force at `at` (the same when left out).

    Roads that were loaded since are not taken away: `same_roads` tells of them.

    Raises
    ------
    BadParameter
        The instant lies in the future, or before anything was recorded.
    """
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        if await conn.fetchval("SELECT $1::timestamptz > clock_timestamp()", as_of):
            raise _unknown("as_of lies in the future", "as_of 不能晚于现在")
        then = await conn.fetchrow(_VERSION, NETWORK, as_of)
        if then is None:
            first = await conn.fetchval(_FIRST, NETWORK)
            raise _unknown(
                f"Nothing is recorded before {first}", f"{first} 之前没有记录", first=str(first)
            )
        topology = await conn.fetchval(
            "SELECT topology FROM sigang.network_version WHERE network = $1", NETWORK
        )
        moment = at or as_of
        rows = await conn.fetch(_STATES, as_of, moment)
        rows += await conn.fetch(_FEEDS, as_of, moment)
    picture = make_picture(graph, make_states(graph, rows))
    snapshot = Snapshot(picture, then["version"])
    return Replay(snapshot, then["version"], then["topology"] == topology)


def make_picture(graph: Graph, states: list[EdgeState | Feed]) -> Picture:
    """Return the picture that some states alone make; all of them are taken to hold."""
    edges = len(graph.edges)
    single = [state for state in states if isinstance(state, EdgeState)]
    feeds = [state for state in states if isinstance(state, Feed)]
    nothing = np.zeros(0, np.int64)
    bare = Picture.empty(edges).with_states(nothing, single)
    return bare.slowed(slice(None), caps_of(feeds, 2 * edges))


def _unknown(en: str, zh: str, **extra: str) -> BadParameter:
    return BadParameter(
        en, zh, mend_en="Ask for an instant that is recorded.", mend_zh="请给出有记录的时刻。",
        parameter="as_of", **extra,
    )  # fmt: skip
