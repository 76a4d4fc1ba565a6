"""POST /predicted-speeds: what predicted volumes do to roads, by BPR: load, level, speed, time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated
from uuid import UUID

import asyncpg
import numpy as np
from fastapi import Request
from pydantic import Field, model_validator
from starlette.responses import Response

from api.http.auth import actor_of
from api.http.bodies import MB
from api.http.responses import fresh
from api.http.routes import Routes
from api.http.values import Strict
from api.roads.road_rows import ROADS
from api.services import services
from layers.offload import offload
from routing.cost.rule_models import BPR, LANE_LOSS, LOAD, OF_ROADS
from routing.cost.traffic_flow import Predicted, predict, usual_kmh
from spatial.errors import BadParameter
from spatial.json_types import Document
from spatial.rules import Rules, get_rule

MOST_ROADS = 10_000
RULES = (BPR, LOAD, LANE_LOSS, OF_ROADS.class_speed)

routes = Routes("carriageways")

Volume = Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False)]
Capacity = Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)]


class RoadBody(Strict):
    """One direction of a road: an edge of the network, or a class with a length.

    What is given comes before what is recorded, and that before what the rules assume.
    """

    edge: UUID | None = None
    road_class: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    volume_pcu_h: Volume
    capacity_pcu_h: Capacity | None = None
    lanes: Annotated[int, Field(ge=1, le=12)] | None = None
    free_kmh: Annotated[float, Field(ge=1, le=200, allow_inf_nan=False)] | None = None
    length_m: Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _one(self) -> RoadBody:
        if (self.edge is None) == (self.road_class is None):
            raise ValueError("name either edge or road_class")
        return self


class PredictedBody(Strict):
    """Roads with their predicted volumes, in passenger car units per hour and direction."""

    roads: list[RoadBody] = Field(min_length=1, max_length=MOST_ROADS)


@routes.post("/api/predicted-speeds", hot=True, most_bytes=2 * MB)
async def predict_speeds(body: PredictedBody, request: Request) -> Response:
    """Return load, level of service, speed and time of each road at its predicted volume."""
    actor, rules = actor_of(request), services(request).rules.current
    wanted = list({road.edge for road in body.roads if road.edge is not None})
    async with services(request).db.session(actor) as conn:
        rows = {row["id"]: row for row in await conn.fetch(ROADS, wanted)}
    missing = sorted(str(edge) for edge in wanted if edge not in rows)
    if missing:
        raise BadParameter(
            f"No road with the id {', '.join(missing[:5])}", f"没有道路 {'、'.join(missing[:5])}",
            parameter="roads",
        )  # fmt: skip
    told = await offload(_describe, body.roads, rows, rules)
    services(request).audit.record(actor, "carriageway", "predicted-speeds", rows=len(told))
    shown = [{"key": rule.key, "version": rule.version, "source": rule.source}
             for rule in (get_rule(rules, kind) for kind in RULES)]  # fmt: skip
    return fresh({"roads": told, "rules": shown})


def _describe(
    roads: Sequence[RoadBody], rows: Mapping[UUID, asyncpg.Record], rules: Rules
) -> list[Document]:
    """Answer each road in the order of the question."""
    known = [rows.get(road.edge) if road.edge else None for road in roads]
    classes = [road.road_class or (row["class"] if row else None)
               for road, row in zip(roads, known, strict=True)]  # fmt: skip
    lanes = [road.lanes or (row["lanes"] if row else None) or 0
             for road, row in zip(roads, known, strict=True)]  # fmt: skip
    found = predict(
        classes, np.array(lanes, np.int64), np.array([road.volume_pcu_h for road in roads]),
        np.array([road.capacity_pcu_h or np.nan for road in roads]), rules,
    )  # fmt: skip
    return [
        _told(road, row, road_class, found, number, rules)
        for number, (road, row, road_class) in enumerate(zip(roads, known, classes, strict=True))
    ]


def _told(
    road: RoadBody,
    row: asyncpg.Record | None,
    road_class: str | None,
    found: Predicted,
    number: int,
    rules: Rules,
) -> Document:
    free, basis = _free(road, row, road_class, rules)
    length = road.length_m or (row["length_m"] if row else None)
    factor, level = float(found.factor[number]), int(found.level[number])
    empty_s = length * 3.6 / free if length else None
    edge = {"edge": str(road.edge), "ref": row["ref"],
            "name": {"zh": row["name_zh"], "en": row["name_en"]}} if row else {}  # fmt: skip
    return {
        **edge,
        "class": road_class,
        "volume_pcu_h": road.volume_pcu_h,
        "lanes": int(found.lanes[number]),
        "lanes_basis": _basis(road.lanes is not None, bool(found.lanes_known[number])),
        "capacity_pcu_h": round(float(found.capacity_pcu_h[number]), 1),
        "capacity_basis": _basis(road.capacity_pcu_h is not None, recorded=False),
        "load": round(float(found.load[number]), 4),
        "level": level,
        "level_title": {"zh": f"{'一二三四五六'[level - 1]}级", "en": f"Level {level} of 6"},
        "free_kmh": round(free, 2),
        "free_basis": basis,
        "speed_kmh": round(free / factor, 2),
        "length_m": None if length is None else round(length, 2),
        "free_s": None if empty_s is None else round(empty_s, 3),
        "time_s": None if empty_s is None else round(empty_s * factor, 3),
    }


def _free(
    road: RoadBody, row: asyncpg.Record | None, road_class: str | None, rules: Rules
) -> tuple[float, str]:
    """Return the free-flow speed (km/h) and where it comes from."""
    recorded = row["speed_kmh"] if row else None
    speed = road.free_kmh or recorded or usual_kmh(road_class, rules)
    return float(speed), _basis(road.free_kmh is not None, bool(recorded))


def _basis(given: bool, recorded: bool) -> str:
    return "given" if given else "recorded" if recorded else "assumed"
