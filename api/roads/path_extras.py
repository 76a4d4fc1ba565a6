"""What an answer of POST /paths adds from the database: stakes passed and areas crossed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypedDict

import asyncpg
import numpy as np
from fastapi import Request

from api.http.auth import actor_of
from api.http.concurrency import ask
from api.roads.conditions import roads_of
from api.roads.path_answer import Answer, Driven
from api.roads.road_rows import STAKES_OF_EDGES
from api.services import services
from layers.features.features import reading
from routing.answer.admin_crossings import Units, listed
from routing.graph.graph import as_uuid
from routing.query.leg import whole_line
from spatial.geo.codes import format_stake
from spatial.json_types import Document

JOIN_M = 1.0
"""Stretches whose stakes meet within so many metres are one."""


class Stretch(TypedDict, total=False):
    """A stretch of a route in driving order; its ends in metres of stakes, and as written."""

    route: str
    side: str
    k_from: float
    k_to: float
    accuracy_m: float | None
    calibrated: bool
    stake_from: str
    stake_to: str


async def path_extras(request: Request, answer: Answer, wanted: set[str]) -> list[Document]:
    """Return for each path the members that were asked for."""
    extras: list[Document] = [{} for _ in answer.found]
    driven = [Driven(answer.network, found) for found in answer.found]
    if "stakes" in wanted:
        rows = await _stake_rows(request, answer, driven)
        for extra, one in zip(extras, driven, strict=True):
            extra["stakes"] = stretches(one, rows)
    if "areas" in wanted:
        units = await roads_of(request).areas.units()
        areas = await ask(request, lambda: _areas(answer, units))
        for extra, crossed in zip(extras, areas, strict=True):
            extra["areas"] = crossed
    return extras


def _areas(answer: Answer, units: Units) -> list[list[Document]]:
    """Return the administrative units that each path crosses in its order, with metres."""
    graph, found = answer.network.graph, answer.found
    return [listed(units.crossed(whole_line(graph, one.legs), one.sums()[0])) for one in found]


async def _stake_rows(
    request: Request, answer: Answer, driven: Iterable[Driven]
) -> dict[int, asyncpg.Record]:
    """Return the stakes of driven edges by edge number."""
    numbers = np.unique(np.concatenate([one.edges for one in driven])).tolist()
    ids = answer.network.graph.edges.ids
    names = {as_uuid(ids[number]): number for number in numbers}
    async with reading(services(request).db, actor_of(request)) as conn:
        return {names[row["id"]]: row for row in await conn.fetch(STAKES_OF_EDGES, list(names))}


def stretches(driven: Driven, rows: Mapping[int, asyncpg.Record]) -> list[Stretch]:
    """Return the stretches of routes with stakes in driving order, neighbours joined."""
    found: list[Stretch] = []
    start, stop = driven.start.tolist(), (driven.start + driven.part).tolist()
    for number, key in enumerate(driven.keys.tolist()):
        row = rows.get(key >> 1)
        if row is None or stop[number] <= start[number]:
            found.append({})
            continue
        low, high = sorted((row["k_from"], row["k_to"]))
        first, last = (low, high) if row["rises"] != bool(key & 1) else (high, low)
        ends = [first + (last - first) * share for share in (start[number], stop[number])]
        before: Stretch = found[-1] if found else {}
        if _continues(before, row, ends):
            before["k_to"] = ends[1]
            before["accuracy_m"] = row["accuracy_m"]
        else:
            found.append(_stretch(row, ends))
    return [_named(one) for one in found if one]


def _stretch(row: asyncpg.Record, ends: list[float]) -> Stretch:
    return {
        "route": row["route_id"],
        "side": row["side"],
        "k_from": ends[0],
        "k_to": ends[1],
        "accuracy_m": row["accuracy_m"],
        "calibrated": bool(row["calibrated"]),
    }


def _continues(before: Stretch, row: asyncpg.Record, ends: list[float]) -> bool:
    """Tell whether an edge goes on where a stretch ends, in the same direction of stakes."""
    if not before or (before["route"], before["side"]) != (row["route_id"], row["side"]):
        return False
    same_way: bool = (before["k_to"] - before["k_from"]) * (ends[1] - ends[0]) >= 0
    return same_way and abs(before["k_to"] - ends[0]) <= JOIN_M


def _named(one: Stretch) -> Stretch:
    """Return a stretch with its stakes as they are written, rounded to metres."""
    begin, end = round(one["k_from"]), round(one["k_to"])
    return {
        **one, "k_from": begin, "k_to": end, "stake_from": format_stake(begin),
        "stake_to": format_stake(end),
    }  # fmt: skip
