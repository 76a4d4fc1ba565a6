"""The network as it was known at an earlier instant: for replays of answers and incidents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from api.network.history_rows import FEEDS_AT, FIRST, IN_FUTURE, STATES_AT, VERSION_AT
from api.network.rows import make_states
from routing.graph.graph import Graph
from routing.live.edge_states import EdgeStateView, Snapshot
from routing.live.speed_feeds import Feed, caps_of
from routing.live.state_table import EdgeStates
from spatial.errors import BadParameter


@dataclass(frozen=True)
class Replay:
    """An earlier state and the version then."""

    snapshot: Snapshot
    version: int


async def read_as_of(
    conn: asyncpg.Connection, graph: Graph, as_of: datetime, at: datetime | None = None
) -> Replay:
    """Return the state that was known at `as_of` and in force at `at` (the same when left out).

    Edges that were loaded since are not taken away.

    Raises
    ------
    BadParameter
        The instant lies in the future, or before anything was recorded.
    """
    network = graph.edges.kind.name
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        if await conn.fetchval(IN_FUTURE, as_of):
            raise _unknown("as_of lies in the future", "as_of 不能晚于现在")
        then = await conn.fetchrow(VERSION_AT, network, as_of)
        if then is None:
            first = await conn.fetchval(FIRST, network)
            raise _unknown(
                f"Nothing is recorded before {first}", f"{first} 之前没有记录", first=str(first)
            )
        moment = at or as_of
        rows = await conn.fetch(STATES_AT, as_of, moment)
        rows += await conn.fetch(FEEDS_AT, as_of, moment)
    view = make_view(graph, make_states(graph, rows))
    snapshot = Snapshot(view, then["version"])
    return Replay(snapshot, then["version"])


def make_view(graph: Graph, states: list[EdgeStates | Feed]) -> EdgeStateView:
    """Return the view that some states alone make; all of them are taken to hold."""
    edges = len(graph.edges)
    single = EdgeStates.joined(state for state in states if isinstance(state, EdgeStates))
    feeds = [state for state in states if isinstance(state, Feed)]
    return EdgeStateView.of(edges, single).slowed(slice(None), caps_of(feeds, 2 * edges))


def _unknown(en: str, zh: str, **extra: str) -> BadParameter:
    return BadParameter(
        en, zh, mend_en="Ask for an instant that is recorded.", mend_zh="请给出有记录的时刻。",
        parameter="as_of", **extra,
    )  # fmt: skip
