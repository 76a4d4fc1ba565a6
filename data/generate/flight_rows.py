"""The synthetic day of flights as rows: plans, how they were filed, what airspace they take.

A plan's state follows from the time: that of loading while the day lasts, noon of the day where the
day is another one. What is over takes no airspace any more, so only what is yet to end is written
for the doors to see.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

import numpy as np
import psycopg
import shapely
from psycopg.types.range import Range, TimestamptzRange

from data.facts import Facts
from data.generate.flight_tracks import Ways
from data.generate.flights import (
    DAY_S,
    Flight,
    Ground,
    flight_facts,
    plan_day,
    plan_tomorrow,
    restricted,
)
from data.generate.world import Lines, Rng
from data.things import Places, clear, write_sources
from spatial.airspace_rules import ACCURACY
from spatial.errors import SetupError
from spatial.geo.geoid import open_geoid
from spatial.geo.s2_cover import cover
from spatial.geo.terrain import Terrain, unpack
from spatial.geo.volumes import Circle, Volume4D, any_overlap, geodesic_ring
from spatial.ids import stable_uuid7
from spatial.json_types import Document
from spatial.postgres.bulk import copy_rows
from spatial.rule_files import read_rule
from spatial.settings import Settings

SOURCE = "sample-flights"
MANAGER = "sigang"
LOOKED_AT = timedelta(hours=12)
_OPERATION = [
    "id", "kind", "admin_code", "unit_id", "visibility", "origin", "source_id", "name_zh",
    "name_en", "state", "priority", "planned_start", "planned_end", "actual_start", "actual_end",
    "props", "geom",
]  # fmt: skip
_FILING = [
    "operation_id", "account_id", "task", "extents", "filed_at", "decide_by", "decision",
    "legal_text", "decided_by", "decided_at",
]  # fmt: skip
_ENTITY = [
    "id", "kind", "manager", "state", "priority", "version", "ovn", "uss_base_url", "begins",
    "ends", "lower_m", "upper_m", "cells",
]  # fmt: skip
_VOLUME = [
    "entity_id", "part", "box", "during", "heights_cm", "shape", "radius_m", "lower_m", "upper_m",
    "cells",
]  # fmt: skip
_ZONE = [
    "id", "kind", "level", "restriction", "reason", "admin_code", "visibility", "origin",
    "source_id", "name_zh", "name_en", "code", "ceiling_m", "ceiling_datum", "centre", "radius_m",
    "valid_from", "valid_to", "props", "geom",
]  # fmt: skip
_TILES = "SELECT lon, lat, cells, packed FROM sigang.terrain_tile"
_FORGET = """
DELETE FROM sigang.utm_entity WHERE id IN (
  SELECT id FROM sigang.operation WHERE source_id = %s)"""
_ACCEPTED = ("Accepted", "Activated")
_SCREEN = shapely.box(116.0, 26.0, 125.0, 33.0)


@dataclass(frozen=True)
class Plan:
    """A flight as it stands at a time: its state, who sees it, when it was filed and decided."""

    flight: Flight
    id: UUID
    number: int
    state: str
    visibility: str
    task: str
    filed_at: datetime
    decide_by: datetime | None
    decided_at: datetime | None


def write_flights(conn: psycopg.Connection, roads: Lines, day: datetime) -> int:
    """Put the flights and restrictions of a day in the place of those there are; return how many.

    Without terrain or geoid there are none: heights would be guessed.
    """
    write_sources(conn, SOURCE)
    conn.execute(_FORGET, [SOURCE])
    clear(conn, [SOURCE], "operation", "zone")
    copy_rows(conn, "zone", _ZONE, list(_restrictions(conn, day)))
    ground = _read_ground(conn)
    if ground is None or not len(roads):
        return 0
    rng = np.random.default_rng(flight_facts()["seed"])
    ways = Ways.of(roads, flight_facts())
    flights = plan_day(rng, ways, ground, day)
    flights += plan_tomorrow(rng, ways, ground, day, flights)
    now = datetime.now(UTC)
    at = now if day <= now < day + timedelta(seconds=DAY_S) else day + LOOKED_AT
    plans = _decided(rng, flights, day, at)
    codes = Places(conn).codes_of([p.flight.outline.centroid for p in plans], within_deg=0.6)
    pairs = list(zip(plans, (code or "330000" for code in codes), strict=True))
    copy_rows(conn, "operation", _OPERATION, (_operation(*pair) for pair in pairs))
    copy_rows(conn, "operation_filing", _FILING, map(_filing, plans))
    _write_airspace(conn, [p for p in plans if p.state in _ACCEPTED and p.flight.end > now])
    return len(plans)


def flown_on(conn: psycopg.Connection) -> datetime | None:
    """Return when the first of the flights begins, None where there are none."""
    row = conn.execute(
        "SELECT min(planned_start) FROM sigang.operation WHERE source_id = %s", [SOURCE]
    ).fetchone()
    return row[0] if row else None


def _read_ground(conn: psycopg.Connection) -> Ground | None:
    tiles = {
        (lon, lat): unpack(packed, cells)
        for lon, lat, cells, packed in conn.execute(_TILES).fetchall()
        if _SCREEN.intersects(shapely.Point(lon, lat))
    }
    try:
        geoid = open_geoid(read_rule(ACCURACY).value.geoid_m)
    except SetupError:
        return None
    return Ground(Terrain(SOURCE, "synthetic", 0.0, tiles), geoid) if tiles else None


def _decided(rng: Rng, flights: Sequence[Flight], day: datetime, now: datetime) -> list[Plan]:
    """Return the flights with what was decided of them until now, by begin."""
    facts = flight_facts()
    ordered = sorted(flights, key=lambda one: (one.begin, one.key))
    drawn = [n for n, one in enumerate(ordered) if one.key.startswith("drawn:")]
    after = [n for n in drawn if ordered[n].begin >= day + timedelta(hours=13)]
    chosen = rng.permutation(after)
    waits = set(chosen[: facts["waiting"]].tolist())
    denied = set(chosen[facts["waiting"] :][: facts["denied"]].tolist())
    late = set(rng.choice([n for n in drawn if n not in waits | denied], facts["late"], False))
    shares = [facts["public"], 1.0 - facts["public"] - facts["province"], facts["province"]]
    seen_by = rng.choice(["public", "unit", "province"], len(ordered), p=shares)
    return [
        _plan(one, n, now, seen=str(seen_by[n]), late=n in late, denied=n in denied,
              waits=n in waits or one.waits or one.key.startswith("tomorrow:"))
        for n, one in enumerate(ordered)
    ]  # fmt: skip


def _plan(
    flight: Flight, number: int, now: datetime, *, seen: str, late: bool, denied: bool, waits: bool
) -> Plan:
    task = str(flight.mission.get("task", "ordinary"))
    if waits and not flight.key.startswith("tomorrow:"):
        task = "urgent"
    filed, decide_by = _clock(task, flight.begin, number)
    decided = None
    if not waits and decide_by is not None:
        before = timedelta(minutes=3 + number % 7)
        decided = decide_by + before if late else max(filed, decide_by - before * 8)
    state = "Filed" if waits else "Denied" if denied else _state(flight, now)
    return Plan(
        flight, stable_uuid7(SOURCE, flight.key), number + 1, state, seen, task, filed, decide_by,
        decided,
    )  # fmt: skip


def _clock(task: str, begin: datetime, number: int) -> tuple[datetime, datetime | None]:
    """Return when a plan was filed and by when it must be decided, as `uas.filing_clock` says."""
    if task == "urgent":
        return begin - timedelta(minutes=90 + number % 60), begin - timedelta(minutes=10)
    if task == "farm_work":
        return begin - timedelta(minutes=70 + number % 60), None
    eve = datetime.combine(begin.date() - timedelta(days=1), time(), begin.tzinfo)
    return eve + timedelta(minutes=480 + number % 200), eve + timedelta(hours=21)


def _state(flight: Flight, now: datetime) -> str:
    if flight.end <= now:
        return "Ended"
    return "Activated" if flight.begin <= now else "Accepted"


def _operation(plan: Plan, code: str) -> list[object]:
    flight, mission = plan.flight, plan.flight.mission
    flown = plan.state in ("Activated", "Ended")
    begin, end = flight.begin, flight.end
    lower, upper = _heights(flight)
    props: Document = {
        "mission": mission["id"], "aircraft": mission["aircraft"], "manager": MANAGER,
        "floor_m": lower, "ceiling_m": upper, "path": _path(flight),
    }  # fmt: skip
    return [
        plan.id, "uas_flight", code, f"{code}-air", plan.visibility, "synthetic", SOURCE,
        f"{mission['zh']} {plan.number:03d}（合成）",
        f"{mission['en']} {plan.number:03d} (synthetic)",
        plan.state, flight.priority, begin, end, begin if flown else None,
        end if plan.state == "Ended" else None, props, flight.outline,
    ]  # fmt: skip


def _heights(flight: Flight) -> tuple[float, float]:
    limits = [_limits(one) for one in flight.volumes]
    return min(low for low, _ in limits), max(high for _, high in limits)


def _limits(volume: Volume4D) -> tuple[float, float]:
    low, high = volume.band.lower, volume.band.upper
    assert low is not None and high is not None  # noqa: S101
    return low.value_m, high.value_m


def _path(flight: Flight) -> Document:
    lon, lat, height, seconds = flight.path.T
    return {
        "lon": np.round(lon, 6).tolist(), "lat": np.round(lat, 6).tolist(),
        "height_m": np.round(height, 1).tolist(), "s": np.round(seconds).astype(int).tolist(),
    }  # fmt: skip


def _filing(plan: Plan) -> list[object]:
    decision = None if plan.state == "Filed" else "denied" if plan.state == "Denied" else "approved"
    text = decision and "《无人驾驶航空器飞行管理暂行条例》（合成数据）"
    return [
        plan.id, "synthetic", plan.task, [_written(one) for one in plan.flight.volumes],
        plan.filed_at, plan.decide_by, decision, text, decision and "synthetic", plan.decided_at,
    ]  # fmt: skip


def _written(volume: Volume4D) -> Document:
    """Return a volume as ASTM F3548 writes it."""
    low, high = _limits(volume)
    space: Document = {
        "altitude_lower": {"value": low, "reference": "W84", "units": "M"},
        "altitude_upper": {"value": high, "reference": "W84", "units": "M"},
    }
    footprint = volume.footprint
    if isinstance(footprint, Circle):
        lon, lat = footprint.centre
        radius = {"value": footprint.radius_m, "units": "M"}
        space["outline_circle"] = {"center": {"lat": lat, "lng": lon}, "radius": radius}
    else:
        ring = shapely.get_coordinates(footprint.polygon.exterior)[:-1].tolist()
        space["outline_polygon"] = {"vertices": [{"lat": lat, "lng": lon} for lon, lat in ring]}
    return {"volume": space, "time_start": _time(volume.begin), "time_end": _time(volume.end)}


def _time(moment: datetime) -> Mapping[str, str]:
    text = moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return {"value": text, "format": "RFC3339"}


def _write_airspace(conn: psycopg.Connection, plans: Sequence[Plan]) -> None:
    """Write what accepted plans take of the airspace, and who overlaps whom."""
    settings = Settings.from_env()
    base = (settings.public_url or f"http://{settings.host}:{settings.port}").rstrip("/")
    cells = {id(v): cover(v.footprint) for plan in plans for v in plan.flight.volumes}
    entities, volumes = [], []
    for plan in plans:
        flight, all_cells = plan.flight, set[int]()
        for part, one in enumerate(flight.volumes):
            (low, high), covered = _limits(one), cells[id(one)]
            all_cells |= set(covered.cells)
            shape = shapely.Point(one.footprint.centre) if isinstance(one.footprint, Circle) else (
                one.footprint.polygon)  # fmt: skip
            radius = one.footprint.radius_m if isinstance(one.footprint, Circle) else None
            during = TimestamptzRange(one.begin, one.end)
            heights = Range(int(np.floor(low * 100)), int(np.ceil(high * 100)))
            volumes += [
                [plan.id, part, shapely.box(*box), during, heights, shapely.to_wkb(shape), radius,
                 low, high, list(covered.cells)]
                for box in covered.boxes
            ]  # fmt: skip
        entities.append([
            plan.id, "operational_intent", MANAGER, plan.state, flight.priority, 1,
            secrets.token_urlsafe(24), base, flight.begin, flight.end, *_heights(flight),
            sorted(all_cells),
        ])  # fmt: skip
    copy_rows(conn, "utm_entity", _ENTITY, entities)
    copy_rows(conn, "utm_volume", _VOLUME, volumes)
    copy_rows(conn, "utm_conflict", ["entity_id", "other_id"], _conflicts(plans))


def _conflicts(plans: Sequence[Plan]) -> Iterator[list[object]]:
    planted = [plan for plan in plans if plan.flight.key.startswith("planted:")]
    for one in planted:
        for other in planted:
            if one is not other and any_overlap(one.flight.volumes, other.flight.volumes):
                yield [one.id, other.id]


def _restrictions(conn: psycopg.Connection, day: datetime) -> Iterator[list[object]]:
    places = Places(conn)
    for one, begin, end in restricted(day):
        lon, lat = one["circle"]
        circle = shapely.Polygon(geodesic_ring(lon, lat, one["radius_m"])[::-1])
        number = stable_uuid7(SOURCE, f"restriction:{one['id']}")
        yield [
            number, "airspace_restriction", "temporary", one["restriction"], one["reason"],
            places.codes_of([shapely.Point(lon, lat)], within_deg=0.6)[0], "public", "synthetic",
            SOURCE, one["zh"], one["en"], f"R-{str(number)[-6:].upper()}", one["ceiling_m"],
            one["datum"], f"SRID=4326;POINT({lon} {lat})", one["radius_m"], begin, end,
            _words(one), shapely.MultiPolygon([circle]),
        ]  # fmt: skip


def _words(one: Facts) -> Document:
    return {
        "legal_text": f"{one['zh']}期间限制飞行", "authority_zh": "示例空管（虚构）",
        "authority_en": "Example authority (made up)",
    }  # fmt: skip
