"""GET /linkage/hubs: hubs by name and code, and the board of one: what leaves next, when closed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import Annotated

import asyncpg
from fastapi import Query, Request
from starlette.responses import Response

from api.http.auth import actor_of, require
from api.http.responses import fresh
from api.http.routes import Routes
from api.http.values import Moment
from api.ports.linkage.hub_rows import CLOSINGS
from api.services import services
from layers.offload import offload
from layers.processes.readers.timetable_rows import ZONE, HeldTimetable, Hub, read_hubs
from routing.multimodal.departures import Departure, departures
from spatial.errors import NotFound
from spatial.json_types import Document
from spatial.transport_modes import MODES

routes = Routes("linkage")
MOST_HOURS, MOST_DEPARTURES = 168, 200


@routes.get("/api/linkage/hubs")
async def list_hubs(request: Request) -> Response:
    """Return all hubs of the linkage with their names, codes and places (EPSG:4326)."""
    require(actor_of(request))
    hubs = await read_hubs(services(request).db)
    return fresh({"hubs": [_told_hub(one) for one in hubs]})


@routes.get("/api/linkage/hubs/{hub}")
async def read_board(
    request: Request, hub: str, hours: Annotated[int, Query(ge=1, le=MOST_HOURS)] = 48,
    at: Moment | None = None,
) -> Response:  # fmt: skip
    """Return what leaves a hub in the next hours with its cut-offs, and when it is closed.

    The hub is an id or any UN/LOCODE of it; `at` is the begin, now where it is left out.
    """
    require(actor_of(request))
    served, since = services(request), at or datetime.now(UTC)
    until = since + timedelta(hours=hours)
    held = await served.timetables.get(since)
    number = _find(held, hub)
    closings = await served.db.public.fetch(CLOSINGS, held.hubs[number].id, since, until)
    return fresh(await offload(_told, held, number, since, until, closings))


def _find(held: HeldTimetable, name: str) -> int:
    number = held.find(name)
    if number is None:
        known = [code for one in held.hubs for code in (one.id, *one.un_locodes)]
        near = get_close_matches(name, known, 3, 0.5) or known[:3]
        raise NotFound(
            f"There is no hub {name!r}", f"没有枢纽 {name!r}",
            mend_en=f"Perhaps {', '.join(near)}; GET /api/linkage/hubs lists all.",
            mend_zh=f"是否指 {'、'.join(near)}；全部枢纽见 GET /api/linkage/hubs。",
        )  # fmt: skip
    return number


def _told(
    held: HeldTimetable, number: int, since: datetime, until: datetime,
    closings: Sequence[asyncpg.Record],
) -> Document:  # fmt: skip
    begin, end = int(since.timestamp()), int(until.timestamp())
    found = departures(held.timetable, number, begin, end, MOST_DEPARTURES + 1)
    closed = [dict(row) for row in closings]
    return {
        "hub": _told_hub(held.hubs[number]), "at": _clock(begin), "until": _clock(end),
        "closed_now": any(row["since"] <= since < row["until"] for row in closed),
        "closings": closed,
        "departures": [_departure(held, one, begin) for one in found[:MOST_DEPARTURES]],
        "truncated": len(found) > MOST_DEPARTURES, "timetable_version": held.version,
    }  # fmt: skip


def _told_hub(hub: Hub) -> Document:
    return {
        "id": hub.id, "kind": hub.kind, "name": {"zh": hub.name_zh, "en": hub.name_en},
        "un_locodes": list(hub.un_locodes), "at": [hub.lon, hub.lat], "by_road": hub.by_road,
        "origin": hub.origin,
    }  # fmt: skip


def _departure(held: HeldTimetable, one: Departure, now: int) -> Document:
    table = held.timetable
    service = table.services[table.pattern_service[table.halt_pattern[one.halt]]]
    trip = table.run_trip[one.run]
    capacity = float(table.trip_capacity_teu[trip])
    return {
        "service": service.id, "name": {"zh": service.name_zh, "en": service.name_en},
        "mode": MODES[service.mode], "carrier": service.carrier, "origin": service.origin,
        "trip": table.trip_ids[trip], "departs": _clock(one.departs),
        "gate_closes": _clock(one.gate_closes), "papers_close": _clock(one.papers_close),
        "open": now <= min(one.gate_closes, one.papers_close),
        "capacity_teu": capacity if capacity < float("inf") else None,
        "calls": [
            {"hub": held.hubs[table.hub[halt]].id, "arrives": _clock(arrives)}
            for halt, arrives in one.calls
        ],
    }  # fmt: skip


def _clock(at: int) -> datetime:
    return datetime.fromtimestamp(at, ZONE)
