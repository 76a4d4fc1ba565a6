"""Synthetic moving objects on the networks: vehicles, vessels, drones and aircraft."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
import psycopg
import shapely
from numpy.typing import NDArray

from data.facts import read_facts
from data.generate.sites import CELL_LEVEL
from data.generate.world import SOURCE, Lines, Rng, generated_id, read_water, rng_of, settings
from data.things import Places
from spatial.geo.crs import GEOD
from spatial.geo.zorder import keys_of
from spatial.json_types import JsonObject
from spatial.networks.road import KIND as ROAD
from spatial.postgres.bulk import copy_rows
from spatial.rule_files import read_rule
from spatial.rule_models import SAFETY_CODE, CodeColours

_ASSET = [
    "id", "kind", "admin_code", "unit_id", "visibility", "origin", "source_id", "name_zh",
    "name_en", "class", "identifiers", "length_m", "width_m", "height_m", "mass_t", "axles",
    "mtom_kg", "props", "rule_version",
]  # fmt: skip
_LATEST = [
    "asset_id", "cell_key", "fix_time", "lon", "lat", "altitude_m", "altitude_datum", "speed_kmh",
    "course_deg", "admin_code", "unit_id", "visibility", "origin", "kind",
]  # fmt: skip
_POSITION = [
    "id", "kind", "admin_code", "unit_id", "visibility", "origin", "source_id", "asset_id",
    "fix_time", "speed_kmh", "course_deg", "accuracy_m", "datum", "geom",
]  # fmt: skip
# class: Chinese, English, share, speed km/h on main roads, dimensions (m, t), axles
_VEHICLES: dict[str, tuple[str, str, float, float, tuple[float, ...], int]] = {
    "truck": ("货车", "Truck", 0.42, 70, (12.0, 2.5, 3.8, 31.0), 4),
    "hazmat": ("危货车", "Hazmat truck", 0.12, 65, (11.0, 2.5, 3.6, 25.0), 3),
    "coach": ("客车", "Coach", 0.14, 80, (12.0, 2.55, 3.6, 18.0), 2),
    "taxi": ("出租车", "Taxi", 0.14, 40, (4.6, 1.8, 1.5, 1.8), 2),
    "bus": ("公交车", "Bus", 0.12, 30, (10.5, 2.5, 3.1, 16.0), 2),
    "patrol": ("巡查车", "Patrol car", 0.06, 55, (4.8, 1.9, 1.8, 2.1), 2),
}
_SHIPS: dict[str, tuple[str, str, float, tuple[float, float], float]] = {
    "container": ("集装箱船", "Container ship", 0.3, (180.0, 28.0), 26.0),
    "bulk": ("散货船", "Bulk carrier", 0.35, (160.0, 26.0), 21.0),
    "tanker": ("油船", "Tanker", 0.15, (140.0, 22.0), 22.0),
    "fishing": ("渔船", "Fishing vessel", 0.2, (38.0, 7.0), 15.0),
}
_BARGE = ("内河货船", "Inland barge", (49.0, 10.6), 10.0)


@dataclass
class Track:
    """One moving object and its last fixes, newest last, as (lon, lat) in degrees."""

    kind: str
    class_: str
    names: tuple[str, str]
    fixes: NDArray[np.float64]
    speed_kmh: float
    course_deg: float
    size: tuple[float | None, ...] = (None, None, None, None)
    axles: int | None = None
    mtom_kg: float | None = None
    altitude_m: float | None = None
    visibility: str = "unit"
    identifiers: dict[str, str] | None = None
    props: JsonObject = field(default_factory=dict)
    rule: str | None = None


def write_fleet(conn: psycopg.Connection, roads: Lines, anchor: datetime) -> int:
    """Write assets with latest position and a short history; return how many."""
    rng = rng_of(4)
    plan = settings()["fleet"]
    lanes, rivers = read_water(conn, "sea_lane"), read_water(conn, "waterway")
    tracks = [
        *_vehicles(rng, roads, plan["vehicles"]),
        *_vessels(rng, lanes, plan["vessels_sea"], sea=True),
        *_vessels(rng, rivers, plan["vessels_inland"], sea=False),
        *_flyers(rng, plan["uas"], "uas"),
        *_flyers(rng, plan["aircraft"], "aircraft"),
    ]
    ends = [shapely.Point(track.fixes[-1]) for track in tracks]
    codes = Places(conn).codes_of(ends, within_deg=0.6)
    units = [_unit(track, code) for track, code in zip(tracks, codes, strict=True)]
    copy_rows(conn, "asset", _ASSET, _assets(tracks, codes, units))
    copy_rows(conn, "latest_position", _LATEST, _latest(tracks, codes, units, anchor))
    copy_rows(conn, "position", _POSITION, _history(tracks, codes, units, anchor))
    return len(tracks)


def _unit(track: Track, code: str | None) -> str:
    desk = {"vehicle": ROAD.name, "vessel": "maritime"}.get(track.kind, "air")
    return f"{code or '330000'}-{desk}"


def _key(number: int) -> str:
    return f"asset:{number}"


def _assets(
    tracks: list[Track], codes: list[str | None], units: list[str]
) -> Iterator[list[object]]:
    for i, track in enumerate(tracks):
        yield [
            generated_id(_key(i)), track.kind, codes[i], units[i], track.visibility, "synthetic",
            SOURCE, *track.names, track.class_, track.identifiers or {"plate_hash": _hash(i)},
            *track.size, track.axles, track.mtom_kg, track.props, track.rule,
        ]  # fmt: skip


def _hash(number: int) -> str:
    text = f"{settings()['seed']}:vehicle:{number}"
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _latest(
    tracks: list[Track], codes: list[str | None], units: list[str], anchor: datetime
) -> Iterator[list[object]]:
    ends = np.array([track.fixes[-1] for track in tracks])
    keys = keys_of(ends[:, 0], ends[:, 1], CELL_LEVEL)
    for i, track in enumerate(tracks):
        datum = None if track.altitude_m is None else "AGL" if track.kind == "uas" else "AMSL"
        yield [
            generated_id(_key(i)), int(keys[i]), anchor, float(ends[i, 0]), float(ends[i, 1]),
            track.altitude_m, datum, track.speed_kmh, track.course_deg, codes[i], units[i],
            track.visibility, "synthetic", track.kind,
        ]  # fmt: skip


def _history(
    tracks: list[Track], codes: list[str | None], units: list[str], anchor: datetime
) -> Iterator[list[object]]:
    step = settings()["fleet"]["history_step_s"]
    for i, track in enumerate(tracks):
        for age, (lon, lat) in enumerate(track.fixes[::-1]):
            yield [
                generated_id(f"{_key(i)}:{age}"), track.kind, codes[i], units[i],
                track.visibility, "synthetic", SOURCE, generated_id(_key(i)),
                anchor - timedelta(seconds=age * step), track.speed_kmh, track.course_deg, 10.0,
                "WGS84", shapely.Point(lon, lat, track.altitude_m or 0.0),
            ]  # fmt: skip


def _vehicles(rng: Rng, roads: Lines, count: int) -> Iterator[Track]:
    weight = roads.length_m**0.7  # towns have short edges and many vehicles
    edges = rng.choice(len(roads), count, p=weight / weight.sum())
    names = np.array(list(_VEHICLES), dtype=object)
    classes = rng.choice(names, count, p=[v[2] for v in _VEHICLES.values()])
    shares, speeds = rng.random(count), rng.uniform(0.4, 1.15, count)
    seen_by = rng.choice(np.array(["unit", "province"], dtype=object), count, p=[0.93, 0.07])
    points, fast = rng.poisson(3.0, count), rng.poisson(0.8, count)
    expired = rng.random(count) < 0.03
    rule = read_rule(SAFETY_CODE)
    for i in range(count):
        zh, en, _, usual, size, axles = _VEHICLES[classes[i]]
        speed = round(usual * float(speeds[i]), 1)
        fixes, course = _run(roads.shapes[edges[i]], float(shares[i]), speed)
        coded = classes[i] == "hazmat"
        yield Track(
            "vehicle", classes[i], (f"{zh} {i + 1:04d}", f"{en} {i + 1:04d}"), fixes, speed,
            course, size, axles, visibility=seen_by[i],
            props=safety_code(int(points[i]), int(fast[i]), bool(expired[i]), rule.value)
            if coded else {},
            rule=f"{rule.key}@{rule.version}" if coded else None,
        )  # fmt: skip


def safety_code(points: int, overspeed_7d: int, expired: bool, rule: CodeColours) -> JsonObject:
    """Return the record of a vehicle that carries dangerous goods, with its code by rule."""
    colour = rule.low
    if points >= rule.yellow_points or overspeed_7d >= rule.yellow_overspeed_7d:
        colour = "yellow"
    if expired or points >= rule.red_points:
        colour = "red"
    return {
        "points": points, "overspeed_7d": overspeed_7d, "licence_expired": expired,
        "safety_code": colour,
    }  # fmt: skip


def _run(
    line: shapely.Geometry, share: float, speed_kmh: float
) -> tuple[NDArray[np.float64], float]:
    """Return the last fixes of something that came along a line, and its course (degrees)."""
    fleet = settings()["fleet"]
    length = max(float(GEOD.geometry_length(line)), 1.0)
    back = speed_kmh / 3.6 * fleet["history_step_s"] / length
    shares = np.clip(share - back * np.arange(fleet["history_fixes"])[::-1], 0.0, 1.0)
    points = shapely.line_interpolate_point(line, shares, normalized=True)
    ahead = shapely.line_interpolate_point(line, min(share + 0.02, 1.0), normalized=True)
    here = (
        points[-1] if share < 0.98 else shapely.line_interpolate_point(line, 0.9, normalized=True)
    )
    course = float(GEOD.inv(here.x, here.y, ahead.x, ahead.y)[0]) % 360
    return np.column_stack([shapely.get_x(points), shapely.get_y(points)]), round(course, 1)


def _vessels(rng: Rng, lines: Lines, count: int, *, sea: bool) -> Iterator[Track]:
    """Yield vessels on lanes inside the province's waters; none when there are no lines."""
    if not len(lines):
        return
    shapes = shapely.intersection(lines.shapes, shapely.box(119.0, 27.0, 123.2, 31.0))
    kept = np.array([s.geom_type == "LineString" and s.length > 0 for s in shapes])
    shapes = shapes[kept]
    weight = shapely.length(shapes)
    chosen = rng.choice(len(shapes), count, p=weight / weight.sum())
    names = np.array(list(_SHIPS), dtype=object)
    classes = rng.choice(names, count, p=[s[2] for s in _SHIPS.values()])
    shares, slow = rng.random(count), rng.uniform(0.5, 1.1, count)
    for i in range(count):
        kind = classes[i] if sea else "inland_cargo"
        zh, en, _, size, usual = _SHIPS[kind] if sea else (*_BARGE[:2], 0.0, *_BARGE[2:])
        speed = round(usual * float(slow[i]), 1)
        fixes, course = _run(shapes[chosen[i]], float(shares[i]), speed)
        yield Track(
            "vessel", kind, (f"{zh} {i + 1:03d}(合成)", f"{en} {i + 1:03d} (synthetic)"), fixes,
            speed, course, (*size, None, None), visibility="public" if i % 10 == 0 else "unit",
            identifiers={"mmsi": f"{412_000_000 + (0 if sea else 1000) + i}", "invented": "true"},
        )  # fmt: skip


def _flyers(rng: Rng, count: int, kind: str) -> Iterator[Track]:
    """Yield drones near county seats, or aircraft on the way to the transport airports."""
    seats = [unit["seat"] for unit in read_facts("admin")["county"].values()]
    drone = kind == "uas"
    reach = 3_000 if drone else 45_000
    for i in range(count):
        lon, lat = seats[int(rng.integers(len(seats)))]
        towards = float(rng.uniform(0, 360))
        speed = float(rng.uniform(20, 60) if drone else rng.uniform(260, 480))
        course = float(rng.uniform(0, 360))
        at = GEOD.fwd(lon, lat, towards, float(rng.uniform(0.2, 1.0)) * reach)
        fleet = settings()["fleet"]
        back = speed / 3.6 * fleet["history_step_s"]
        fixes = [
            GEOD.fwd(at[0], at[1], (course + 180) % 360, back * age)[:2]
            for age in range(fleet["history_fixes"])[::-1]
        ]
        name = ("无人机", "Drone") if drone else ("航空器", "Aircraft")
        height = rng.uniform(40, 115) if drone else rng.uniform(600, 4500)
        yield Track(
            kind, "light" if drone else "transport",
            (f"{name[0]} {i + 1:02d}(合成)", f"{name[1]} {i + 1:02d} (synthetic)"),
            np.array(fixes), round(speed, 1), round(course, 1),
            mtom_kg=float(rng.uniform(1.5, 7.0)) if drone else None,
            altitude_m=round(float(height), 1),
            identifiers={"serial" if drone else "flight": f"{'U' if drone else 'F'}{i:05d}"},
        )  # fmt: skip
