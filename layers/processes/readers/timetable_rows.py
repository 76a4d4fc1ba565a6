"""Hubs and services of the linkage as an index of some weeks, made from what the database has.

A server process holds its index and maps it from disk (`Sources.timetable`); whoever has none
reads the rows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

import asyncpg
import numpy as np

from layers.processes.runtime.model import Need, Reader, Sources
from layers.processes.runtime.readers import register
from routing.graph.weights import Floats, Ints
from routing.multimodal.rule_models import TRANSFERS, Transferring
from routing.multimodal.timetable import WAYS, Calls, Hubs, Service, Timetable, Trips
from spatial.postgres.db import Database
from spatial.rule_store import SELECT
from spatial.rules import Period, RuleBook, get_rule
from spatial.transport_modes import MODES

ZONE = ZoneInfo("Asia/Shanghai")
BEFORE, LASTING = timedelta(days=7), timedelta(days=42)
"""An index begins so long before the Monday of the time asked for, and lasts so long."""
DAY_S = 86_400
WAY_NAMES = (*MODES, "place")
_VERSION = "SELECT version FROM sigang.linkage_version"
_HUBS = """
SELECT id, kind, name_zh, name_en, admin_code, un_locodes, by_road, origin, ST_X(geom) AS lon,
  ST_Y(geom) AS lat FROM sigang.linkage_hub ORDER BY id"""
_SERVICES = """
SELECT s.id, mode, carrier, name_zh, name_en, cargo, most_t, origin, c.attribution AS source
FROM sigang.linkage_service s JOIN sigang.source c ON c.id = s.source_id ORDER BY s.id"""
_TRIPS = """
SELECT id, service_id, capacity_teu, weekdays, since, until, added, removed
FROM sigang.linkage_trip WHERE until >= $1 AND since < $2 ORDER BY id"""
_CALLS = """
SELECT trip_id, hub_id, arrive_s, depart_s, gate_in_s, documents_s, distance_m, cny_per_teu,
  cny_per_t, lift_cny_per_teu, boards, alights FROM sigang.linkage_call ORDER BY trip_id, number"""
_TRANSFERS = """
SELECT hub_id, from_mode, to_mode, handling_s, information_s, cny_per_teu, g_per_teu
FROM sigang.linkage_transfer"""
_CLOSINGS = """
SELECT hub_id, extract(epoch FROM since)::bigint AS since,
  extract(epoch FROM until)::bigint AS until
FROM sigang.linkage_closing WHERE until > $1 AND since < $2 ORDER BY hub_id, since"""


@dataclass(frozen=True)
class Hub:
    """A hub as answers name it; longitude and latitude in EPSG:4326."""

    id: str
    kind: str
    name_zh: str
    name_en: str | None
    admin_code: str | None
    un_locodes: tuple[str, ...]
    by_road: bool
    origin: str
    lon: float
    lat: float


@dataclass(frozen=True)
class HeldTimetable:
    """An index with the hubs in its order, and the period whose runs it has (Unix s)."""

    timetable: Timetable
    hubs: Sequence[Hub]
    version: int
    since: int
    until: int

    @property
    def synthetic(self) -> bool:
        """Whether any hub or service is made up, and so what is reckoned by them."""
        origins = {hub.origin for hub in self.hubs}
        return "synthetic" in origins | {one.origin for one in self.timetable.services}

    @property
    def carriers(self) -> frozenset[str]:
        """Names of all who run a service."""
        return frozenset(one.carrier for one in self.timetable.services)

    def find(self, name: str) -> int | None:
        """Return the number of a hub by its id or any UN/LOCODE of it, None where there is none."""
        wanted = name.strip()
        code = wanted.upper().replace(" ", "").replace("-", "")
        for number, hub in enumerate(self.hubs):
            if hub.id == wanted or code in hub.un_locodes:
                return number
        return None


async def read_version(db: Database) -> int:
    """Return the version of hubs and services that is committed."""
    return int((await db.public.fetch(_VERSION))[0]["version"])


async def read_transfer_rule(db: Database) -> tuple[Transferring, str]:
    """Return what transfers take where a hub does not say, and the version of that rule."""
    rows = await db.public.fetch(SELECT)
    now = datetime.now(UTC)
    rule = get_rule(RuleBook.of([Period(**row) for row in rows], now).at(now), TRANSFERS)
    return rule.value, rule.version


async def read_hubs(db: Database) -> list[Hub]:
    """Return all hubs by id."""
    rows = await db.public.fetch(_HUBS)
    return [Hub(**{**row, "un_locodes": tuple(row["un_locodes"])}) for row in rows]


def first_day(at: datetime) -> date:
    """Return the day that the index for a time begins with."""
    day = at.astimezone(ZONE).date()
    return day - timedelta(days=day.weekday()) - BEFORE


def unix(day: date) -> int:
    """Return when a day begins in the time of the province, in Unix seconds."""
    return int(datetime(day.year, day.month, day.day, tzinfo=ZONE).timestamp())


async def read_index(
    db: Database, hubs: Sequence[Hub], first: date, rule: Transferring
) -> Timetable:
    """Make the index of the weeks from a day on."""
    until = first + LASTING
    services = await db.public.fetch(_SERVICES)
    trips = await db.public.fetch(_TRIPS, first, until)
    calls = await db.public.fetch(_CALLS)
    transfers = await db.public.fetch(_TRANSFERS)
    since = datetime.fromtimestamp(unix(first), UTC), datetime.fromtimestamp(unix(until), UTC)
    closings = await db.public.fetch(_CLOSINGS, *since)

    def build() -> Timetable:
        number = {hub.id: place for place, hub in enumerate(hubs)}
        known = [
            Service(**{**row, "mode": MODES.index(row["mode"]), "cargo": tuple(row["cargo"])})
            for row in services
        ]
        return Timetable.build(
            _hubs(number, transfers, closings, rule), known,
            _trips(known, trips, calls, number, first, until),
        )  # fmt: skip

    return await asyncio.to_thread(build)


def _hubs(
    number: dict[str, int], transfers: Sequence[asyncpg.Record],
    closings: Sequence[asyncpg.Record], rule: Transferring,
) -> Hubs:  # fmt: skip
    shape = len(number), WAYS, WAYS
    found = Hubs(
        list(number), np.full(shape, rule.handling_s, np.int64),
        np.full(shape, rule.information_s, np.int64), np.full(shape, np.nan), np.zeros(shape),
        np.searchsorted(
            np.array([number[row["hub_id"]] for row in closings], np.int64),
            np.arange(len(number) + 1),
        ).astype(np.int64),
        np.array([row["since"] for row in closings], np.int64),
        np.array([row["until"] for row in closings], np.int64),
    )  # fmt: skip
    for row in transfers:
        place = number[row["hub_id"]], *(WAY_NAMES.index(row[n]) for n in ("from_mode", "to_mode"))
        found.handling_s[place], found.information_s[place] = (
            row["handling_s"],
            row["information_s"],
        )
        found.cny_per_teu[place] = np.nan if row["cny_per_teu"] is None else row["cny_per_teu"]
        found.g_per_teu[place] = row["g_per_teu"]
    return found


def _trips(
    services: Sequence[Service], trips: Sequence[asyncpg.Record], calls: Sequence[asyncpg.Record],
    hubs: dict[str, int], first: date, until: date,
) -> Trips:  # fmt: skip
    service = {one.id: number for number, one in enumerate(services)}
    trip = {row["id"]: number for number, row in enumerate(trips)}
    mine = [row for row in calls if row["trip_id"] in trip]
    of_trip = np.array([trip[row["trip_id"]] for row in mine], np.int64)
    order = np.argsort(of_trip, kind="stable").tolist()
    mine, of_trip = [mine[at] for at in order], of_trip[order]
    starts = [_starts(row, first, until) for row in trips]

    def whole(name: str) -> Ints:
        return np.array([row[name] for row in mine], np.int64)

    def real(name: str) -> Floats:
        return np.array([np.nan if row[name] is None else row[name] for row in mine], np.float64)

    return Trips(
        list(trip), np.array([service[row["service_id"]] for row in trips], np.int64),
        np.array([np.inf if row["capacity_teu"] is None else row["capacity_teu"] for row in trips],
                 np.float64),
        Calls(
            first=np.searchsorted(of_trip, np.arange(len(trips) + 1)).astype(np.int64),
            hub=np.array([hubs[row["hub_id"]] for row in mine], np.int64),
            arrive_s=whole("arrive_s"), depart_s=whole("depart_s"), gate_in_s=whole("gate_in_s"),
            documents_s=whole("documents_s"), distance_m=real("distance_m"),
            cny_per_teu=real("cny_per_teu"), cny_per_t=real("cny_per_t"),
            lift_cny_per_teu=real("lift_cny_per_teu"),
            boards=np.array([row["boards"] for row in mine], np.bool_),
            alights=np.array([row["alights"] for row in mine], np.bool_),
        ),
        np.repeat(np.arange(len(trips)), [len(own) for own in starts]),
        np.concatenate([*starts, np.empty(0, np.int64)]).astype(np.int64),
    )  # fmt: skip


def _starts(trip: asyncpg.Record, first: date, until: date) -> Ints:
    """Return when a trip runs: the midnights of its days, Unix seconds."""
    begin, end = max(first, trip["since"]), min(until - timedelta(days=1), trip["until"])
    days = {begin + timedelta(days=n) for n in range((end - begin).days + 1)}
    weekly = {day for day in days if trip["weekdays"] >> day.weekday() & 1}
    added = {day for day in trip["added"] if first <= day < until}
    return np.array(sorted(map(unix, (weekly | added) - set(trip["removed"]))), np.int64)


async def _read(sources: Sources, _: str, at: datetime) -> HeldTimetable:
    if sources.timetable is not None:
        return cast(HeldTimetable, await sources.timetable(at))
    rule, _version = await read_transfer_rule(sources.db)
    version, hubs, first = (
        await read_version(sources.db),
        await read_hubs(sources.db),
        first_day(at),
    )
    index = await read_index(sources.db, hubs, first, rule)
    return HeldTimetable(index, hubs, version, unix(first), unix(first + LASTING))


READER = register(Reader("timetable", _read))


def timetable(of: Callable[..., datetime]) -> Need[HeldTimetable]:
    """Return the need of the services about a time that the inputs tell."""
    return Need(READER.name, READER.name, of)
