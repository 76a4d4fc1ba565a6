"""Temporary restrictions: an officer draws one, it is in force everywhere at once, and ends.

Nothing is deleted: what was in force at a time stays so.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Annotated, Literal
from uuid import UUID

import asyncpg
import orjson
import shapely
from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api.airspace.affected import Affected, affected_by
from api.airspace.officer_area import check_covers, units_at
from api.airspace.restriction_constraint import refuse_void
from api.airspace.restriction_notices import Telling, shown_affected
from api.airspace.restriction_rows import (
    END,
    HOLD,
    IN_FORCE,
    INSERT,
    MOVE_END,
    ONE,
)
from api.http.auth import actor_of, require
from api.http.bodies import MB
from api.http.if_match import check_match
from api.http.media_types import GEOJSON
from api.http.responses import fresh
from api.http.routes import Routes
from api.http.values import Moment, Visible
from api.services import services
from api.write_once import write_once
from layers.processes.airspace.question import (
    GeometryAsked,
    HeightAsked,
    read_footprint,
    refused,
)
from layers.processes.readers.airspace_rows import RESTRICTION
from routing.airspace.ask import Footprint
from routing.airspace.zones import buffered
from spatial.actor import WRITERS, Actor
from spatial.airspace_rules import BOUNDS
from spatial.errors import Conflict, NotFound, OutOfScope
from spatial.geo.volumes import Plane
from spatial.ids import uuid7
from spatial.json_types import Document
from spatial.rules import get_rule

SOURCE = "airspace-officers"
SOURCES = (SOURCE, "sample-flights")
"""Whose restrictions an officer may change."""
LONGEST = timedelta(days=366)
routes = Routes("airspace")

Words = Annotated[str, Field(min_length=1, max_length=400), Visible]


class RestrictionBody(BaseModel):
    """Where, how high, when, what and why; without a lower it begins at the ground.

    Without an upper no ceiling is stated.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    geometry: GeometryAsked
    lower: HeightAsked | None = None
    upper: HeightAsked | None = None
    restriction: Literal["PROHIBITED", "REQ_AUTHORISATION"] = "PROHIBITED"
    valid_from: Moment | None = None
    valid_to: Moment
    name: Words
    reason: Words
    legal_text: Words
    authority: Words


class EndBody(BaseModel):
    """When a restriction shall end."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    valid_to: Moment


@routes.post("/api/airspace/restrictions", most_bytes=MB, status=201)
async def create_restriction(body: RestrictionBody, request: Request) -> Response:
    """Restrict flight; every later answer of every process knows it."""
    actor, served = _officer(request), services(request)
    begin = body.valid_from or datetime.now(UTC)
    _check(body, begin)
    footprint = read_footprint(body.geometry, get_rule(served.rules.current, BOUNDS).value)
    area = _area(footprint)
    async with served.db.session(actor) as conn:
        admin_code = await _admin_code(conn, actor, area)
    number = uuid7()
    values = _values(number, body, begin, footprint, area, admin_code)
    row = _unwritten(values)
    await refuse_void(request, row)
    told = await Telling.of(request, row, "issued")

    async def work(conn: asyncpg.Connection) -> Response:
        await conn.execute(INSERT, *values)
        await told.write(conn)
        detail = {"restriction": body.restriction, "name": body.name}
        await served.audit.write(
            conn, actor, "restrict", f"airspace-restriction/{number}", area=admin_code,
            detail=detail,
        )  # fmt: skip
        headers = {"Location": f"/api/airspace/restrictions/{number}"}
        return fresh(await _shown(conn, number, told.affected, actor), 201, headers, GEOJSON)

    answer = await write_once(request, actor, work)
    told.send()
    return answer


@routes.patch("/api/airspace/restrictions/{number}")
async def change_restriction(number: UUID, body: EndBody, request: Request) -> Response:
    """Let a restriction end sooner or later than it was issued for; who was told is told again.

    An If-Match that names another version than its `version` is refused.
    """
    actor, now = _officer(request), datetime.now(UTC)
    row = await _read(request, actor, number)
    begin = row["valid_from"]
    if not max(begin, now) < body.valid_to <= begin + LONGEST:
        raise refused("/valid_to", "yet to come, within a year", "须在将来且在一年内")
    told = await Telling.of(request, {**row, "valid_to": body.valid_to}, "changed", row)

    async def work(conn: asyncpg.Connection) -> Response:
        held = await _hold(conn, actor, number, now, request.headers.get("if-match"))
        await conn.execute(MOVE_END, number, body.valid_to, actor.account_id)
        await told.write(conn)
        await services(request).audit.write(
            conn, actor, "change", f"airspace-restriction/{number}", area=held["admin_code"],
            detail={"valid_to": body.valid_to.isoformat()},
        )  # fmt: skip
        return fresh(await _shown(conn, number, told.affected, actor), media_type=GEOJSON)

    answer = await write_once(request, actor, work)
    told.send()
    return answer


@routes.post("/api/airspace/restrictions/{number}/end")
async def end_restriction(number: UUID, request: Request) -> Response:
    """End a restriction now; until now it was in force. If-Match as for a change."""
    actor, now = _officer(request), datetime.now(UTC)
    told = await Telling.of(request, await _read(request, actor, number), "ended")

    async def work(conn: asyncpg.Connection) -> Response:
        held = await _hold(conn, actor, number, now, request.headers.get("if-match"))
        await conn.execute(END, number, now, actor.account_id)
        await told.write(conn)
        await services(request).audit.write(
            conn, actor, "end", f"airspace-restriction/{number}", area=held["admin_code"]
        )
        return fresh(await _shown(conn, number, told.affected, actor), media_type=GEOJSON)

    answer = await write_once(request, actor, work)
    told.send()
    return answer


@routes.get("/api/airspace/restrictions/{number}")
async def get_restriction(number: UUID, request: Request) -> Response:
    """Return one restriction, in force or not, and the plans in its time that it concerns.

    `affected` are plans that the caller sees: inside, uncertain (`missing` says why) or outside by
    height, what was told of it to whose owner, and when that was received.
    """
    actor = actor_of(request)
    affected = await affected_by(request, await _read(request, actor, number))
    async with services(request).db.session(actor) as conn:
        return fresh(await _shown(conn, number, affected, actor), media_type=GEOJSON)


@routes.get("/api/airspace/restrictions")
async def list_restrictions(request: Request, at: Moment | None = None) -> Response:
    """Return the restrictions in force at a time, now when left out.

    `may_change` tells whether the caller may change or end one, which is then at `version`.
    """
    actor = actor_of(request)
    async with services(request).db.session(actor) as conn:
        rows = await conn.fetch(IN_FORCE, at or datetime.now(UTC))
    features = [_feature(row, actor) for row in rows]
    return fresh(
        {"type": "FeatureCollection", "numberReturned": len(features), "features": features},
        media_type=GEOJSON,
    )


def _officer(request: Request) -> Actor:
    actor = actor_of(request)
    require(actor, *WRITERS)
    return actor


async def _read(request: Request, actor: Actor, number: UUID) -> asyncpg.Record:
    async with services(request).db.session(actor) as conn:
        row = await conn.fetchrow(RESTRICTION, number)
    if row is None:
        raise _unknown(number)
    return row


async def _hold(
    conn: asyncpg.Connection, actor: Actor, number: UUID, now: datetime, match: str | None
) -> asyncpg.Record:
    """Return a restriction of the officer's area that has not ended, held until the commit.

    Where `match`, an If-Match, is given, it is of that version.
    """
    held = await conn.fetchrow(HOLD, number, SOURCES)
    if held is None:
        raise _unknown(number)
    if held["admin_code"] is None or not actor.covers(held["admin_code"]):
        raise OutOfScope("It lies outside your area", "超出辖区")
    if held["ended"] or held["valid_to"] <= now:
        raise Conflict("It has ended already", "该管制已结束")
    if match is not None:
        check_match(match, held["version"])
    return held


def _check(body: RestrictionBody, begin: datetime) -> None:
    if body.geometry.type not in ("Polygon", "Circle"):
        raise refused("/geometry/type", "a Polygon or a Circle", "须为 Polygon 或 Circle")
    if not begin < body.valid_to <= begin + LONGEST:
        raise refused("/valid_to", "after its beginning, within a year", "须晚于开始且在一年内")
    if body.valid_to <= datetime.now(UTC):
        raise refused("/valid_to", "it has passed", "已过期")
    low, high = body.lower, body.upper
    if low and high and low.datum == high.datum and low.metres >= high.metres:
        raise refused("/lower", "the floor is not below the ceiling", "下限须低于上限")
    if low is None and high and high.datum == "AGL" and high.metres <= 0:
        raise refused("/upper", "the ceiling is not above the ground", "上限须高于地面")


def _area(footprint: Footprint) -> shapely.Geometry:
    shape = footprint.shape
    if not footprint.reach_m:
        return shape
    return buffered(shape, Plane((shape.x, shape.y)), footprint.reach_m)


async def _admin_code(conn: asyncpg.Connection, actor: Actor, area: shapely.Geometry) -> str:
    """Return the smallest unit that holds an area, which the officer must cover.

    Raises
    ------
    OutOfScope
        Some of it is others'; what lies in no county is the province's.
    """
    codes = await units_at(conn, area.wkb)
    check_covers(actor, codes)
    if not codes:
        return actor.scope
    pairs = [[code[i : i + 2] for i in (0, 2, 4)] for code in codes]
    common = [same[0] for same in takewhile(lambda p: len(set(p)) == 1, zip(*pairs, strict=True))]
    return "".join(common).ljust(6, "0")


def _values(
    number: UUID, body: RestrictionBody, begin: datetime, footprint: Footprint,
    area: shapely.Geometry, admin_code: str,
) -> tuple[object, ...]:  # fmt: skip
    low, high = body.lower, body.upper
    is_circle = body.geometry.type == "Circle"
    props = {
        "legal_text": body.legal_text, "authority_zh": body.authority,
        "authority_en": body.authority,
    }  # fmt: skip
    return (
        number, body.restriction, body.reason, admin_code, SOURCE, body.name,
        f"R-{str(number)[-6:].upper()}", low and low.metres, low and low.datum,
        high and high.metres, high and high.datum,
        shapely.centroid(footprint.shape).wkb, footprint.reach_m if is_circle else None,
        begin, body.valid_to, props, area.wkb,
    )  # fmt: skip


async def _shown(
    conn: asyncpg.Connection, number: UUID, affected: Sequence[Affected], actor: Actor
) -> Document:
    row = await conn.fetchrow(ONE, number)
    if row is None:
        raise _unknown(number)
    told = await shown_affected(conn, number, affected, actor)
    return {**_feature(row, actor), "affected": told}


def _feature(row: asyncpg.Record, actor: Actor) -> Document:
    """Return a restriction as it is shown, and whether the actor may change it."""
    values, source = dict(row), row["source_id"]
    del values["source_id"]
    covered = row["admin_code"] is not None and actor.covers(row["admin_code"])
    may_change = actor.role in WRITERS and covered and source in SOURCES
    props = values.pop("props")
    geometry, number = values.pop("geometry"), values.pop("id")
    named = {key: props.get(key) for key in ("legal_text", "planned_valid_to")}
    named |= {"authority": props.get("authority_zh"), "version": props.get("version", 1)}
    named["may_change"] = may_change
    properties = orjson.loads(orjson.dumps(values | named))
    return {"type": "Feature", "id": number, "geometry": geometry, "properties": properties}


def _unwritten(values: Sequence[object]) -> Document:
    """Return the row of a restriction that is about to be written, as `RESTRICTION` reads one."""
    number, restriction, _, admin_code, _, name, _, *limits = values[:11]
    centre, radius, begin, end, props, area = values[11:]
    middle = shapely.from_wkb(centre)
    names = ("floor_m", "floor_datum", "ceiling_m", "ceiling_datum")
    return {
        "id": str(number), "number": number, "kind": "airspace_restriction", "level": "temporary",
        "name_zh": name, "name_en": name, "restriction": restriction, "lon": middle.x,
        "lat": middle.y, "radius_m": radius, "valid_from": begin, "valid_to": end,
        "rule_version": None, "origin": "real", "props": props, "geom": area,
        "admin_code": admin_code, **dict(zip(names, limits, strict=True)),
    }  # fmt: skip


def _unknown(number: UUID) -> NotFound:
    return NotFound(f"There is no restriction {number}", f"没有临时管制 {number}")
