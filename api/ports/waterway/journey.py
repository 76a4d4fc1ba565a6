"""What every question about a voyage says: the vessel, where it goes, when; and how it is read."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Literal
from uuid import UUID

import asyncpg
from fastapi import Request
from pydantic import Field

from api.http.app_state import own
from api.http.auth import actor_of
from api.http.values import Moment, Number, Place, Strict, Whole
from api.network.limit_rows import limit_of
from api.ports.waterway.vessel_rows import ASSET, DECLARED, PAPERS
from api.roads.conditions import crs_of, networks_of, read_places
from api.services import services
from routing.cost.conditional import ConditionalLimits
from routing.query.lru import Lru
from routing.query.model import PathQuery
from routing.query.network import RoadNetwork
from routing.waterway.limits import LimitRow
from routing.waterway.papers import HeldPaper, PaperFault, judge_papers
from routing.waterway.rule_models import CLASS_TONNAGE
from routing.waterway.vessel import VesselLimits
from routing.waterway.voyage import limits_of
from spatial.actor import Actor
from spatial.errors import BadParameter, NotFound
from spatial.geo.crs import Crs
from spatial.networks.waterway import KIND as WATERWAY
from spatial.rules import Rules, get_rule

PROFILE = "barge"
LATE = timedelta(hours=1)
"""How long ago a departure may be; a vessel that left earlier is under way."""
MOST_WAYPOINTS, MOST_ALTERNATIVES = 50, 3
KEPT = 16

Metres = Annotated[float, Field(gt=0, allow_inf_nan=False, strict=True)]
ClassName = Literal["I", "II", "III", "IV", "V", "VI", "VII"]


class VesselBody(Strict):
    """A vessel; what it does not say of itself is not known, and may leave its way in doubt.

    Without `deadweight_t` its `class` says it, by rule `waterway.class_tonnage`. `asset_id` is a
    vessel of the registry, whose papers are looked at with `crew` and `gross_tonnage`.
    """

    draught_m: Metres | None = Field(default=None, le=30)
    air_draught_m: Metres | None = Field(default=None, le=80)
    beam_m: Metres | None = Field(default=None, le=80)
    length_m: Metres | None = Field(default=None, le=400)
    deadweight_t: Metres | None = Field(default=None, le=100_000)
    vessel_class: ClassName | None = Field(default=None, alias="class")
    asset_id: UUID | None = None
    crew: Whole | None = Field(default=None, ge=0, le=1000)
    gross_tonnage: Metres | None = Field(default=None, le=100_000)


class VoyageBody(Strict):
    """A vessel and when it leaves; coordinates are in the `crs` of the request.

    With `declared` what the account has declared counts for what nobody published.
    """

    vessel: VesselBody
    depart_at: Moment | None = None
    declared: bool = True
    snap_radius_m: Number | None = Field(default=None, gt=0, le=50_000)
    min_network_version: Whole = Field(default=0, ge=0, lt=2**62)

    @property
    def places(self) -> list[tuple[float, float]]:
        """The places that are passed in order, none where the question is about others."""
        return []


class JourneyBody(VoyageBody):
    """A vessel that goes from place to place."""

    waypoints: list[Place] = Field(min_length=2, max_length=MOST_WAYPOINTS)

    @property
    def places(self) -> list[tuple[float, float]]:
        """The waypoints."""
        return self.waypoints


@dataclass(frozen=True)
class Journey:
    """A question as it is read: the network now, the query, its limits, when it begins.

    `judge_until` returns what is wrong with the papers of the vessel from the departure until a
    time, None where no vessel is named.
    """

    network: RoadNetwork
    query: PathQuery
    limits: VesselLimits
    crs: Crs
    depart: datetime
    now: datetime
    declared: tuple[LimitRow, ...]
    judge_until: Callable[[datetime], list[PaperFault]] | None

    def papers(self, end: datetime | None = None) -> list[PaperFault] | None:
        """Return what is wrong with the papers until the voyage ends, else at its departure."""
        return None if self.judge_until is None else self.judge_until(end or self.depart)


class DeclaredLimits:
    """Limits with what accounts declare; those of the last few questions are kept."""

    def __init__(self) -> None:
        self._kept = Lru(KEPT)

    def get(self, network: RoadNetwork, rows: tuple[LimitRow, ...]) -> VesselLimits:
        """Return the limits of a network with rows that an account declares."""
        published = limits_of(network)
        if not rows:
            return published
        name = id(published), rows

        def make() -> tuple[ConditionalLimits, VesselLimits]:
            known = published.rows.with_declared(rows)
            return published, VesselLimits(network.graph, network.rules, known)

        return self._kept.get(name, make)[1]


async def read_journey(request: Request, body: VoyageBody, *, alternatives: int = 0) -> Journey:
    """Return what a body asks, on the network as it is committed now.

    Raises
    ------
    BadParameter
        The departure is over.
    NotFound
        There is no such vessel within one's scope.
    """
    now, actor, crs = datetime.now(UTC), actor_of(request), crs_of(request)
    depart = body.depart_at or now
    check_departure(depart, now)
    roads = networks_of(request).of(WATERWAY.name)
    network = await roads.ensure_current(body.min_network_version)
    network = await roads.of_time(network, depart)
    rows = await read_declared(request, actor) if body.declared and not actor.anonymous else ()
    limits = await roads.ask(lambda: own(request.app, DeclaredLimits).get(network, rows))
    query = PathQuery(
        PROFILE,
        read_places(body.places, crs),
        sizes=sizes_of(body.vessel, network.rules),
        depart_at=body.depart_at,
        snap_radius_m=body.snap_radius_m,
        alternatives=alternatives,
        limits=limits,
    )
    held = await _read_papers(request, actor, body.vessel.asset_id)
    papers = None if held is None else partial(
        judge_papers, network.rules, held, depart,
        crew=body.vessel.crew, gross_tonnage=body.vessel.gross_tonnage,
    )  # fmt: skip
    return Journey(network, query, limits, crs, depart, now, rows, papers)


def check_departure(depart: datetime, now: datetime) -> None:
    """Refuse a departure that is over.

    Raises
    ------
    BadParameter
        It lies more than an hour back.
    """
    if depart < now - LATE:
        raise BadParameter(
            f"depart_at {depart.isoformat(timespec='minutes')} is over",
            f"出发时间 {depart.isoformat(timespec='minutes')} 已过",
            mend_en="Ask for now or a later time; levels of the past open no lock.",
            mend_zh="请给出当前或以后的时间。",
            pointer="/depart_at",
        )


def sizes_of(vessel: VesselBody, rules: Rules) -> dict[str, float]:
    """Return the dimensions that a vessel says, its tonnage by its class where it says but that.

    One that is not said is NaN: not known, whatever a usual vessel has.
    """
    known = vessel.model_dump(include=set(WATERWAY.sizes))
    sizes = {name: math.nan if size is None else size for name, size in known.items()}
    if vessel.deadweight_t is None and vessel.vessel_class is not None:
        sizes["deadweight_t"] = get_rule(rules, CLASS_TONNAGE).value.root[vessel.vessel_class]
    return sizes


async def read_declared(request: Request, actor: Actor) -> tuple[LimitRow, ...]:
    """Return what an account has declared; nobody else's is seen."""
    async with services(request).db.session(actor) as conn:
        return tuple(limit_of(row, declared=True) for row in await conn.fetch(DECLARED))


async def _read_papers(
    request: Request, actor: Actor, asset: UUID | None
) -> list[HeldPaper] | None:
    """Return the papers of a vessel, None where none is named."""
    if asset is None:
        return None
    async with services(request).db.session(actor) as conn:
        if await conn.fetchval(ASSET, asset) is None:
            raise NotFound(f"No vessel {asset}", f"没有船舶 {asset}")
        return [_paper(row) for row in await conn.fetch(PAPERS, asset)]


def _paper(row: asyncpg.Record) -> HeldPaper:
    return HeldPaper(**row)
