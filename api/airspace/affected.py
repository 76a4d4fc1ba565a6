"""Which plans a restriction concerns: inside it, outside, or uncertain by what heights lack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Literal, TypeAlias
from uuid import UUID

import asyncpg
import shapely
from starlette.requests import Request

from api.airspace.air_keeper import AirKeeper
from api.airspace.extents import Extent, footprint_of
from api.airspace.operation_store import extents_of
from api.airspace.own_door import MANAGER
from api.airspace.restriction_rows import OTHERS_WITHIN, PLANS_WITHIN
from api.http.app_state import own
from api.services import services
from layers.offload import offload
from layers.processes.readers.airspace_rows import AirOfTime, make_zone, words_of
from routing.airspace.ask import Footprint, Heights, judge_footprint, zones_over
from routing.airspace.judge import Flight, Judge
from routing.airspace.levels import names_of
from routing.airspace.zones import Zone, Zones
from spatial.actor import Actor
from spatial.geo.volumes import Circle
from spatial.postgres.db import Database

Effect = Literal["inside", "uncertain", "outside"]
Row: TypeAlias = asyncpg.Record
"""A restriction as the database has it, or is to have it."""
_ORDER: Mapping[Effect, int] = {"inside": 0, "uncertain": 1, "outside": 2}
FLYING = ("Filed", "Accepted", "Activated", "Nonconforming", "Contingent")
"""States of a plan whose owner is told."""


@dataclass(frozen=True)
class Affected:
    """A plan over the same ground at the same time, and how its heights stand to the restriction.

    What only one system may tell of a plan is None of another's: account, area, who sees it.
    """

    id: UUID
    manager: str
    state: str
    begin: datetime
    end: datetime
    effect: Effect
    missing: tuple[str, ...]
    account_id: str | None = None
    admin_code: str | None = None
    unit_id: str | None = None
    visibility: str | None = None
    url: str | None = None

    @property
    def is_told(self) -> bool:
        """Whether its owner is told: it is yet to be flown, and not surely outside."""
        return self.state in FLYING and self.effect != "outside"


async def affected_by(request: Request, row: Row) -> list[Affected]:
    """Return the plans of all systems that a restriction concerns, the surest first.

    Parameters
    ----------
    request
        Whose application it is.
    row
        The restriction as `airspace_rows.RESTRICTION` reads it.
    """
    served = services(request)
    air = await own(request.app, AirKeeper).at(served, row["valid_from"])
    plans, others = await _read(served.db, row)

    def judged() -> list[Affected]:
        zone = make_zone(row, words_of(air.rules))
        judge = Judge(replace(air.judge.air, zones=Zones([zone])))
        found = [*_plans(plans, judge, air, zone), *_others(others, judge, air, zone)]
        return sorted(found, key=lambda one: (_ORDER[one.effect], one.begin, str(one.id)))

    return await offload(judged)


async def _read(db: Database, row: Row) -> tuple[list[asyncpg.Record], list[asyncpg.Record]]:
    """Return plans of ours, and volumes of others', within the box and the time."""
    box = [float(side) for side in shapely.from_wkb(row["geom"]).bounds]
    system = Actor("system", "admin", f"{(row['admin_code'] or '33')[:2]}0000")
    async with db.session(system) as conn:
        asked = (row["valid_from"], row["valid_to"], *box)
        plans = await conn.fetch(PLANS_WITHIN, *asked)
        return plans, await conn.fetch(OTHERS_WITHIN, *asked, MANAGER)


def _plans(
    rows: Iterable[asyncpg.Record], judge: Judge, air: AirOfTime, zone: Zone
) -> Iterable[Affected]:
    for row in rows:
        if said := _effect(extents_of(row), judge, air, zone):
            yield Affected(
                row["id"], MANAGER, row["state"], row["planned_start"], row["planned_end"], *said,
                row["account_id"], row["admin_code"], row["unit_id"], row["visibility"],
            )  # fmt: skip


def _others(
    rows: Iterable[asyncpg.Record], judge: Judge, air: AirOfTime, zone: Zone
) -> Iterable[Affected]:
    for number, group in groupby(rows, key=lambda row: row["id"]):
        parts = list(group)
        extents = [
            Extent(footprint_of(one["shape"], one["radius_m"]), one["lower_m"], one["upper_m"],
                   one["starts"], one["stops"])
            for one in parts
        ]  # fmt: skip
        first = parts[0]
        if said := _effect(extents, judge, air, zone):
            yield Affected(
                number, first["manager"], first["state"], first["begins"], first["ends"], *said,
                url=first["uss_base_url"],
            )  # fmt: skip


def _effect(
    extents: Sequence[Extent], judge: Judge, air: AirOfTime, zone: Zone
) -> tuple[Effect, tuple[str, ...]] | None:
    """Return the gravest effect of the volumes over the ground in its time; None without one."""
    said: list[tuple[Effect, tuple[str, ...]]] = []
    for extent in extents:
        footprint = _footprint(extent)
        if not _in_time(extent, zone) or not len(zones_over(judge, footprint)):
            continue
        heights = Heights("W84", extent.lower_m, extent.upper_m)
        flight = Flight("large", extent.begin.timestamp(), extent.end.timestamp())
        found = judge_footprint(judge, footprint, heights, flight, air.judge.air.joins)
        missing = next((one.missing for one in found.findings if one.name == zone.id), None)
        if missing is None:
            said.append(("outside", ()))
        else:
            said.append(("uncertain" if missing else "inside", tuple(names_of(missing))))
    return min(said, key=lambda one: _ORDER[one[0]], default=None)


def _in_time(extent: Extent, zone: Zone) -> bool:
    begun = zone.begin is None or zone.begin < extent.end
    return begun and (zone.end is None or extent.begin < zone.end)


def _footprint(extent: Extent) -> Footprint:
    shape = extent.footprint
    if isinstance(shape, Circle):
        return Footprint(shapely.Point(shape.centre), shape.radius_m)
    return Footprint(shape.polygon)
