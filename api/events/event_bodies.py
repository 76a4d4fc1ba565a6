"""What is said of an event that is entered or changed, and the target that it names."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

import asyncpg
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.events import targets
from api.events.edge_effects import MOST_LANES, Kind
from api.events.targets import Target
from api.http.polygons import read_polygon
from api.http.values import Moment, Visible
from layers.offload import offload_write
from spatial.geo.carriageway_rows import TOWARDS_SQL
from spatial.geo.stake_text import LONGEST, StakeText, find_side, parse_stake_text
from spatial.json_types import JsonBody
from spatial.networks.model import get_searched
from spatial.networks.road import KIND as ROAD

CAUSES = {
    "wind": ("大风", "Strong wind"),
    "fog": ("大雾", "Fog"),
    "ice": ("冰雪", "Ice and snow"),
    "flood": ("积水洪涝", "Flood"),
    "accident": ("事故", "Accident"),
    "works": ("施工", "Works"),
    "control": ("交通管制", "Traffic control"),
    "other": ("其他", "Other"),
}
Cause = Literal["wind", "fog", "ice", "flood", "accident", "works", "control", "other"]
Direction = Literal["both", "forward", "backward", "up", "down"]
Text = Annotated[str, Field(min_length=1, max_length=200), Visible]
Metres = Annotated[float, Field(ge=0, le=10_000_000, allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class StakeSpan(_Strict):
    """A part of a route between two stakes in metres; without a side both carriageways."""

    route: Annotated[str, Field(max_length=40)]
    side: Literal["up", "down"] | None = None
    k_from: Metres
    k_to: Metres


class TargetBody(_Strict):
    """Exactly one thing to act on; `at` is a stake or two on a route, written as one text."""

    at: Annotated[str, Field(min_length=1, max_length=LONGEST)] | None = None

    facility_id: UUID | None = None
    edge_id: UUID | None = None
    stake: StakeSpan | None = None
    polygon: JsonBody | None = None
    network: Annotated[str, Field(max_length=40)] = ROAD.name
    """Kind of network whose edges a polygon means."""

    @model_validator(mode="after")
    def _one(self) -> TargetBody:
        given = self.model_dump(exclude={"network"})
        named = [value for value in given.values() if value is not None]
        if len(named) != 1:
            raise ValueError("name exactly one of at, facility_id, edge_id, stake, polygon")
        return self


class EventBody(_Strict):
    """Something that acts on roads or waterways; it always ends.

    `value` is a speed in km/h, for depth_limit the depth (m) that is left, or for lane_loss the
    number of closed lanes of one direction; `lanes` names them, 1 beside the median.
    """

    kind: Kind
    target: TargetBody
    value: Annotated[float, Field(allow_inf_nan=False)] | None = None
    lanes: list[Annotated[int, Field(ge=1, le=MOST_LANES)]] = Field(
        default=[], max_length=MOST_LANES
    )
    direction: Direction = "both"
    cause: Cause
    valid_from: Moment | None = None
    valid_to: Moment
    title: Text | None = None
    visibility: Literal["public", "unit", "province"] = "public"


class ChangeBody(_Strict):
    """What may change of an open event."""

    valid_from: Moment | None = None
    valid_to: Moment | None = None
    title: Text | None = None
    cause: Cause | None = None
    value: Annotated[float, Field(allow_inf_nan=False)] | None = None


class AcknowledgeBody(_Strict):
    """The party that has seen the event; the account's own when left out."""

    party: Annotated[str, Field(pattern=r"^\d{6}$")] | None = None


def read_lanes(body: EventBody) -> tuple[EventBody, StakeText | None]:
    """Return a body with the lanes that its text names, and that text read."""
    written = parse_stake_text(body.target.at) if body.target.at else None
    if written and written.lanes and not body.lanes:
        body = body.model_copy(update={"lanes": list(written.lanes)})
    return body, written


async def find_target(
    conn: asyncpg.Connection, body: EventBody, written: StakeText | None
) -> Target:
    """Return the edges that a body names.

    Raises
    ------
    BadParameter, NotFound
        There are none, or they cannot be acted on so.
    """
    return await (_find_written(conn, body, written) if written else _find_named(conn, body))


async def _find_named(conn: asyncpg.Connection, body: EventBody) -> Target:
    target = body.target
    if target.facility_id:
        return await targets.of_facility(conn, target.facility_id, body.direction)
    if target.edge_id:
        return await targets.of_edge(conn, target.edge_id, body.direction)
    if target.stake:
        stake = target.stake
        span = (stake.route, stake.k_from, stake.k_to)
        return await targets.of_span(conn, span, stake.side, body.direction)
    polygon = await offload_write(read_polygon, target.polygon or {})
    return await targets.of_polygon(conn, polygon, body.direction, get_searched(target.network))


async def _find_written(conn: asyncpg.Connection, body: EventBody, named: StakeText) -> Target:
    """Find what a text names; without a direction both carriageways are meant."""
    side = None
    if named.side is not None:
        rows = await conn.fetch(TOWARDS_SQL, named.route)
        side = find_side(named.route, named.side, rows)
    last = named.k_from if named.k_to is None else named.k_to
    span = (named.route, named.k_from, last)
    return await targets.of_span(conn, span, side, body.direction)
