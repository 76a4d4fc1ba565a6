"""Along a carriageway: where a stake is, devices and entrances up- and downstream, queues, fog."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import asyncpg
import numpy as np
from fastapi import Query, Request
from pydantic import Field
from starlette.responses import Response

from api.http.auth import actor_of
from api.http.concurrency import ask
from api.http.media_types import GEOJSON
from api.http.responses import fresh
from api.http.routes import Routes
from api.http.values import Strict
from api.roads.carriageway_queries import (
    Asked,
    Over,
    StakeBody,
    find_asked,
    opening_feature,
    point_feature,
)
from api.roads.road_rows import DEVICES
from api.services import services
from routing.corridor.carriageway import (
    Device,
    Hit,
    find_devices,
    find_tail,
    lines_of,
    place_device,
)
from routing.corridor.directed_search import At, Opening, Way
from routing.cost.rule_models import QUEUE
from routing.cost.traffic_flow import State, queue_margin_m, tail_m, wave_speed
from routing.graph.weights import Bools
from spatial.errors import BadParameter
from spatial.geo.codes import format_stake, parse_stake
from spatial.geo.geojson import Feature, feature
from spatial.geo.linear_reference import StakeFix
from spatial.geo.stake_text import LONGEST, StakeText, parse_stake_text
from spatial.json_types import Document
from spatial.rules import get_rule

KINDS = ("sign", "detector", "gantry", "camera", "toll_gate", "service_area", "wim_site")
MOST_DEVICES = 20_000
MOST_TIMES = 100
BOX_DEG_PER_M = 1 / 80_000


routes = Routes("carriageways")

Stake = Annotated[str, Query(max_length=40, description="K123+400")]
StakeWritten = Annotated[
    str, Query(max_length=LONGEST, description="G92 K123+400 towards Ningbo, lanes 1–2")
]
Occurrence = Annotated[int | None, Query(ge=1, le=9, description="of a stake that exists twice")]
Within = Annotated[float | None, Query(gt=0, le=200_000, allow_inf_nan=False)]
Flow = Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False)]
Density = Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False)]


class StateBody(Strict):
    """A traffic state: flow (veh/h) and density (veh/km)."""

    q_veh_h: Flow
    k_veh_km: Density

    @property
    def state(self) -> State:
        """The state."""
        return State(self.q_veh_h, self.k_veh_km)


class QueueBody(StakeBody):
    """Where traffic stops, the states before and in the queue, and after which times (s)."""

    upstream: StateBody
    queue: StateBody
    after_s: list[Annotated[float, Field(ge=0, le=172_800, allow_inf_nan=False)]] = Field(
        default=[900], min_length=1, max_length=MOST_TIMES
    )
    margin_m: Annotated[float, Field(ge=0, le=50_000, allow_inf_nan=False)] | None = None
    kind: Annotated[str, Field(max_length=40)] = "sign"


@routes.get("/api/carriageways/{route}/{side}/place")
async def place_stake(
    request: Request, route: str, side: str, stake: Stake, occurrence: Occurrence = None
) -> Response:
    """Return where a stake is, on the line and on the network."""
    asked = await find_asked(request, route, side)
    fix, at = await ask(request, lambda: asked.place(parse_stake(stake), occurrence))
    _record(request, "place", asked, 1)
    return fresh(point_feature(_told(asked, fix, at), fix.lon, fix.lat), media_type=GEOJSON)


@routes.get("/api/carriageways/place")
async def place_text(request: Request, at: StakeWritten, occurrence: Occurrence = None) -> Response:
    """Return where a text such as `G92 K123+400 towards Ningbo, lanes 1–2` is on the network.

    Two stakes give the line between them and both ends.
    """
    named = parse_stake_text(at)
    asked = await find_asked(request, named.route, named.side)
    told = await ask(request, lambda: _written(asked, named, occurrence))
    _record(request, "place", asked, 1)
    return fresh(told, media_type=GEOJSON)


@routes.get("/api/carriageways/{route}/{side}/devices")
async def list_devices(
    request: Request,
    route: str,
    side: str,
    stake: Stake,
    search: Way = "upstream",
    kind: Annotated[str, Query(max_length=200, description="one or more, by comma")] = "sign",
    limit: Annotated[int, Query(ge=1, le=500)] = 10,
    over: Over = "main",
    within_m: Within = None,
    occurrence: Occurrence = None,
) -> Response:
    """Return the devices up- or downstream of a stake, nearest by driven metres first."""
    asked = await find_asked(request, route, side)
    reach = within_m or asked.control.devices_m
    fix, at = await ask(request, lambda: asked.place(parse_stake(stake), occurrence))
    rows = await _devices(request, _kinds(kind), (fix.lon, fix.lat), reach)

    def answer() -> list[Hit]:
        kept = asked.kept(over)
        placed = _placed(asked, rows, kept)
        return find_devices(asked.streets, at, placed, kept, search, within_m=reach, limit=limit)

    hits = await ask(request, answer)
    by_id = {str(row["id"]): row for row in rows}
    features = [_device(asked, hit, by_id[hit.device.id]) for hit in hits]
    _record(request, "devices", asked, len(features))
    more = {"search": search, "over": over, "within_m": reach, "place": _told(asked, fix, at)}
    return fresh(_collection(asked, features, more), media_type=GEOJSON)


@routes.get("/api/carriageways/{route}/{side}/entrances")
async def list_entrances(
    request: Request,
    route: str,
    side: str,
    stake: Stake,
    within_m: Within = None,
    occurrence: Occurrence = None,
) -> Response:
    """Return where other roads enter the expressway upstream of a stake, nearest first."""
    asked = await find_asked(request, route, side)
    reach = within_m or asked.control.entrances_m

    def answer() -> tuple[StakeFix, At, list[Opening]]:
        fix, at = asked.place(parse_stake(stake), occurrence)
        kept = asked.line.keys | asked.streets.expressway
        return fix, at, asked.streets.openings([at], kept, reach, "upstream")

    fix, at, found = await ask(request, answer)
    features = [opening_feature(asked.streets, opening) for opening in found]
    _record(request, "entrances", asked, len(features))
    more = {"within_m": reach, "place": _told(asked, fix, at)}
    return fresh(_collection(asked, features, more), media_type=GEOJSON)


@routes.post("/api/carriageways/queue")
async def find_queue(body: QueueBody, request: Request) -> Response:
    """Return the queue's tail at each time, and the first sign upstream of tail and margin."""
    named = body.named
    asked = await find_asked(request, named.route, named.side)
    margin = queue_margin_m(asked.network.rules) if body.margin_m is None else body.margin_m
    wave = wave_speed(body.upstream.state, body.queue.state)
    fix, head = await ask(request, lambda: asked.place(named.k_from, body.occurrence))
    longest = tail_m(body.upstream.state, body.queue.state, max(body.after_s))
    reach = longest + margin + asked.control.devices_m
    rows = await _devices(request, _kinds(body.kind), (fix.lon, fix.lat), reach)
    by_id = {str(row["id"]): row for row in rows}

    def answer() -> list[Feature]:
        placed = _placed(asked, rows, asked.line.keys)
        return [_queue(asked, head, seconds, body, margin, placed, by_id)
                for seconds in sorted(set(body.after_s))]  # fmt: skip

    features = await ask(request, answer)
    _record(request, "queue", asked, len(features))
    more = {
        "wave_kmh": round(wave, 4), "margin_m": margin, "place": _told(asked, fix, head),
        "rule": _queue_rule(asked),
    }  # fmt: skip
    return fresh(_collection(asked, features, more), media_type=GEOJSON)


def _queue(
    asked: Asked,
    head: At,
    seconds: float,
    body: QueueBody,
    margin: float,
    placed: list[tuple[Device, At]],
    by_id: dict[str, asyncpg.Record],
) -> Feature:
    """Describe the queue after some time as one feature."""
    length = tail_m(body.upstream.state, body.queue.state, seconds)
    tail = find_tail(asked.streets, head, asked.line.keys, length)
    hits = find_devices(
        asked.streets, head, placed, asked.line.keys, "upstream",
        within_m=length + margin + asked.control.devices_m, beyond_m=length + margin, limit=1,
    )  # fmt: skip
    lines = lines_of(asked.streets, tail)
    properties: Document = {
        "after_s": seconds,
        "length_m": round(tail.distance_m, 1),
        "whole": tail.whole,
        "tail": list(asked.streets.point(tail.at)),
        "tail_stake": asked.stake_of(tail.at),
        "sign": _device(asked, hits[0], by_id[hits[0].device.id]) if hits else None,
    }
    return feature({"type": "MultiLineString", "coordinates": lines}, properties)


def _kinds(text: str) -> list[str]:
    kinds = [kind.strip() for kind in text.split(",") if kind.strip()]
    unknown = sorted(set(kinds) - set(KINDS))
    if unknown or not kinds:
        raise BadParameter(
            f"kind must be of {', '.join(KINDS)}", f"kind 须为 {'、'.join(KINDS)}", parameter="kind"
        )
    return kinds


async def _devices(
    request: Request, kinds: list[str], centre: tuple[float, float], reach_m: float
) -> list[asyncpg.Record]:
    """Read the devices that may be within a driven distance, as the caller may see them."""
    half = reach_m * BOX_DEG_PER_M
    box = (centre[0] - half, centre[1] - half, centre[0] + half, centre[1] + half)
    async with services(request).db.session(actor_of(request)) as conn:
        rows: list[asyncpg.Record] = await conn.fetch(DEVICES, kinds, *box, MOST_DEVICES)
    return rows


def _placed(asked: Asked, rows: list[asyncpg.Record], kept: Bools) -> list[tuple[Device, At]]:
    """Put the devices on the kept keys; those that stand elsewhere are left out."""
    off = asked.control.device_off_m
    found = []
    for row in rows:
        props = row["props"] or {}
        device = Device(
            str(row["id"]), row["lon"], row["lat"], props.get("route_id"), props.get("side"),
            props.get("k_m"),
        )  # fmt: skip
        at = place_device(asked.streets, asked.line, device, kept, off)
        if at is not None:
            found.append((device, at))
    return found


def _device(asked: Asked, hit: Hit, row: asyncpg.Record) -> Feature:
    props = row["props"] or {}
    told: Document = {
        "kind": row["kind"],
        "name": {"zh": row["name_zh"], "en": row["name_en"]},
        "distance_m": round(hit.distance_m, 1),
        "stake": asked.stake_of(hit.at),
        "stake_recorded": _text(props.get("k_m")),
        "on_ramp": not bool(asked.line.keys[hit.at.key]),
        "lanes": props.get("lanes"),
        "edge": str(asked.network.graph.edges.row_id(hit.at.key >> 1)),
        "origin": row["origin"],
    }
    found = point_feature(told, row["lon"], row["lat"])
    found["id"] = hit.device.id
    return found


def _text(k_m: float | None) -> str | None:
    return None if k_m is None else format_stake(k_m)


def _told(asked: Asked, fix: StakeFix, at: At) -> Document:
    lon, lat = asked.streets.point(at)
    return {
        "route": fix.route_id,
        "side": fix.side,
        "stake": fix.stake,
        "point": [round(fix.lon, 7), round(fix.lat, 7)],
        "on_road": [lon, lat],
        "edge": str(asked.network.graph.edges.row_id(at.key >> 1)),
        "calibrated": fix.calibrated,
        "accuracy_m": fix.accuracy_m,
        "network_version": asked.network.version,
    }


def _written(asked: Asked, named: StakeText, occurrence: int | None) -> Feature:
    """Describe a place or a stretch that a text names as one feature."""
    fix, at = asked.place(named.k_from, occurrence)
    told: Document = {**_told(asked, fix, at), "lanes": list(named.lanes)}
    if named.k_to is None:
        return point_feature(told, fix.lon, fix.lat)
    told["to"] = _told(asked, *asked.place(named.k_to, occurrence))
    lines = [np.round(cut, 7).tolist() for piece in asked.line.pieces
             for cut in piece.cut(named.k_from, named.k_to) if len(cut) > 1]  # fmt: skip
    return feature({"type": "MultiLineString", "coordinates": lines}, told)


def _queue_rule(asked: Asked) -> Document:
    rule = get_rule(asked.network.rules, QUEUE)
    return {"key": rule.key, "version": rule.version, "source": rule.source}


def _collection(
    asked: Asked, features: list[Feature], more: Mapping[str, object]
) -> dict[str, object]:
    return {
        "type": "FeatureCollection",
        "features": features,
        "numberReturned": len(features),
        "network_version": asked.network.version,
        **more,
    }


def _record(request: Request, target: str, asked: Asked, rows: int) -> None:
    name = f"{target}/{asked.line.route_id}/{asked.line.side}"
    services(request).audit.record(actor_of(request), "carriageway", name, rows=rows)
