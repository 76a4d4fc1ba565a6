"""What every question along a carriageway needs: the network now, and one side of a route."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeVar
from weakref import WeakKeyDictionary

import asyncpg
import numpy as np
from fastapi import Request

from api.auth import actor_of
from api.services import services
from routing.carriageway import Mainline
from routing.graph import Bools
from routing.network import RoadNetwork
from routing.profile import get_rule
from routing.streets import At, Streets
from spatial.codes import parse_stake
from spatial.errors import NotFound, SetupError
from spatial.linearref import CARRIAGEWAY_SQL, STAKE_SQL, Carriageway, Side, StakeFix

CONTROL_RULE = "road.control"
_TOWARDS = """
SELECT side, towards_zh, towards_en FROM sigang.carriageway WHERE route_id = $1 ORDER BY side"""
_EDGES = """
SELECT id FROM sigang.edge
WHERE route_id = $1 AND side IN ($2, 'both') AND mode IN ('road', 'ferry')"""

Over = Literal["main", "ramps", "all"]
T = TypeVar("T")
_streets: WeakKeyDictionary[RoadNetwork, Streets] = WeakKeyDictionary()


class Asked:
    """One side of a route on the network of now."""

    def __init__(self, network: RoadNetwork, streets: Streets, line: Mainline) -> None:
        self.network = network
        self.streets = streets
        self.line = line

    def rule(self, name: str) -> float:
        """Return a distance (m) of the control rule."""
        return float(get_rule(self.network.rules, CONTROL_RULE).value[name])

    def kept(self, over: Over) -> Bools:
        """Return the keys that a search may drive over."""
        if over == "main":
            return self.line.keys
        if over == "all":
            return self.streets.all_keys
        return self.line.keys | self.streets.ramps | self.streets.expressway

    def place(self, stake: str, occurrence: int | None) -> tuple[StakeFix, At]:
        """Return a stake on the line and on the network."""
        fix = self.line.fix(parse_stake(stake), occurrence)
        return fix, self.line.place(self.streets, fix)

    def stake_of(self, at: At) -> str | None:
        """Return the stake beside a place of this side, None elsewhere."""
        if not self.line.keys[at.key]:
            return None
        fix = self.line.stake_at(*self.streets.point(at))
        return fix.stake if fix else None


async def find_streets(request: Request) -> tuple[RoadNetwork, Streets]:
    """Return the network of now with its streets, made once per network."""
    roads = services(request).roads
    if roads is None:
        raise SetupError("This process has no routing", "本进程未启用路径规划")
    network = await roads.ensure_current()
    if network not in _streets:
        made = await roads.ask(lambda: Streets(network.graph, network.places.index))
        _streets[network] = made
    return network, _streets[network]


async def find_asked(request: Request, route: str, side: str) -> Asked:
    """Find a route's side, named up, down or by the place it leads to."""
    network, streets = await find_streets(request)
    name = route.strip().upper()
    async with services(request).db.session(actor_of(request)) as conn:
        chosen = _side(name, side, await conn.fetch(_TOWARDS, name))
        where = " WHERE route_id = $1 AND side = $2"
        rows = await conn.fetch(CARRIAGEWAY_SQL + where, name, chosen)
        stakes = await conn.fetch(STAKE_SQL + where, name, chosen)
        edges = [row["id"] for row in await conn.fetch(_EDGES, name, chosen)]

    def make() -> Asked:
        pieces = [Carriageway(row, [s for s in stakes if s["part"] == row["part"]]) for row in rows]
        numbers = [network.graph.ids.find(edge) for edge in edges]
        known = np.array([n for n in numbers if n is not None], np.int64)
        return Asked(network, streets, Mainline.of(streets, pieces, known, chosen))

    return await ask(request, make)


def _side(route: str, side: str, rows: list[asyncpg.Record]) -> Side:
    """Choose the side that is named."""
    if not rows:
        raise NotFound(f"No route {route!r} with stakes", f"没有带桩号的路线 {route!r}")
    wanted = side.strip().lower()
    for row in rows:
        towards = {(row["towards_zh"] or "").lower(), (row["towards_en"] or "").lower()} - {""}
        if wanted == row["side"] or wanted in towards:
            chosen: Side = row["side"]
            return chosen
    known = sorted({n for r in rows for n in (r["side"], r["towards_zh"], r["towards_en"]) if n})
    raise NotFound(
        f"{route} has no side {side!r}", f"{route} 没有方向 {side!r}",
        mend_en=f"Known: {', '.join(known)}.", mend_zh=f"可用：{'、'.join(known)}。",
    )  # fmt: skip


async def ask(request: Request, question: Callable[[], T]) -> T:
    """Run a question in a thread of the roads."""
    roads = services(request).roads
    assert roads is not None  # noqa: S101
    return await roads.ask(question)
