"""What every question along a carriageway needs: the network now, and one side of a route."""

from __future__ import annotations

from typing import Annotated, Literal, Self

import numpy as np
from fastapi import Request
from pydantic import Field, model_validator

from api.http.auth import actor_of
from api.http.concurrency import ask
from api.http.values import Strict
from api.network.kinds import no_routing
from api.roads.road_rows import EDGES_OF_ROUTE
from api.services import services
from routing.corridor.carriageway import Mainline
from routing.corridor.directed_search import At, Opening, Streets
from routing.cost.rule_models import CONTROL, Controlling
from routing.graph.weights import Bools
from routing.query.network import RoadNetwork
from spatial.errors import BadParameter
from spatial.geo.carriageway_rows import CARRIAGEWAY_SQL, STAKE_SQL, TOWARDS_SQL
from spatial.geo.codes import parse_stake
from spatial.geo.geojson import Feature, feature
from spatial.geo.linear_reference import Carriageway, StakeFix
from spatial.geo.stake_text import LONGEST, StakeText, find_side, parse_stake_text
from spatial.json_types import Document
from spatial.rules import get_rule

Over = Literal["main", "ramps", "all"]


class Asked:
    """One side of a route on the network of now."""

    def __init__(self, network: RoadNetwork, streets: Streets, line: Mainline) -> None:
        self.network = network
        self.streets = streets
        self.line = line

    @property
    def control(self) -> Controlling:
        """The distances of the control rule."""
        return get_rule(self.network.rules, CONTROL).value

    def kept(self, over: Over) -> Bools:
        """Return the keys that a search may drive over."""
        if over == "main":
            return self.line.keys
        if over == "all":
            return self.streets.all_keys
        return self.line.keys | self.streets.ramps | self.streets.expressway

    def place(self, k_m: float, occurrence: int | None) -> tuple[StakeFix, At]:
        """Return a stake (m) on the line and on the network."""
        fix = self.line.fix(k_m, occurrence)
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
        raise no_routing()
    network = await roads.ensure_current()
    made = network.derived.find(_streets)
    if made is None:
        made = await ask(request, lambda: network.derived.get(_streets))
    return network, made


def _streets(network: RoadNetwork) -> Streets:
    return Streets(network.graph, network.snapper.index)


class StakeBody(Strict):
    """One stake: as one text (`at`), or as route, side and stake."""

    at: Annotated[str, Field(max_length=LONGEST)] | None = None
    route: Annotated[str, Field(max_length=40)] | None = None
    side: Annotated[str, Field(max_length=40)] | None = None
    stake: Annotated[str, Field(max_length=40)] | None = None
    occurrence: Annotated[int, Field(ge=1, le=9)] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        apart = [self.route, self.side, self.stake]
        if (self.at is None and None in apart) or (self.at is not None and apart != [None] * 3):
            raise ValueError("name either at, or route, side and stake")
        return self

    @property
    def named(self) -> StakeText:
        """The one stake that is named.

        Raises
        ------
        BadParameter
            The text names none, or two.
        """
        if self.at is None:
            return StakeText(str(self.route), parse_stake(str(self.stake)), side=self.side)
        found = parse_stake_text(self.at)
        if found.k_to is not None:
            raise BadParameter("Name one stake, not two", "请只给出一个桩号", parameter="at")
        return found


async def find_asked(request: Request, route: str, side: str | None) -> Asked:
    """Find a route's side, named up, down or by the place it leads to."""
    network, streets = await find_streets(request)
    name = route.strip().upper()
    async with services(request).db.session(actor_of(request)) as conn:
        chosen = find_side(name, side, await conn.fetch(TOWARDS_SQL, name))
        where = " WHERE route_id = $1 AND side = $2"
        rows = await conn.fetch(CARRIAGEWAY_SQL + where, name, chosen)
        stakes = await conn.fetch(STAKE_SQL + where, name, chosen)
        edges = [row["id"] for row in await conn.fetch(EDGES_OF_ROUTE, name, chosen)]

    def make() -> Asked:
        pieces = [Carriageway(row, [s for s in stakes if s["part"] == row["part"]]) for row in rows]
        numbers = [network.graph.ids.find(edge) for edge in edges]
        known = np.array([n for n in numbers if n is not None], np.int64)
        return Asked(network, streets, Mainline.of(streets, pieces, known, chosen))

    return await ask(request, make)


def opening_feature(streets: Streets, opening: Opening) -> Feature:
    """Describe an entrance or exit as a point."""
    edges = streets.graph.edges
    ends = At(opening.joins, 0.0), At(opening.joins, streets.length_m(opening.joins))
    at_start = streets.end_node(opening.joins, first=True) == opening.node
    lon, lat = streets.point(ends[0] if at_start else ends[1])
    first = opening.others[0] >> 1
    name = {"zh": edges.name_zh.get(first), "en": edges.name_en.get(first)}
    told: Document = {
        "distance_m": round(opening.distance_m, 1),
        "edge": str(edges.row_id(opening.joins >> 1)),
        "other_edges": sorted({str(edges.row_id(key >> 1)) for key in opening.others}),
        "other": {"ref": edges.ref.get(first), "name": name, "class": edges.edge_class.get(first)},
    }
    return point_feature(told, lon, lat)


def point_feature(properties: Document, lon: float, lat: float) -> Feature:
    """Return a GeoJSON point."""
    return feature({"type": "Point", "coordinates": [round(lon, 7), round(lat, 7)]}, properties)
