"""Synthetic enforcement: inspections in shifts at road sites, and the cases that they found.

One cell on the G104 corridor is patrolled every day with little to find: first by cases, last by
cases per inspection. Every shift is stored, so that a rate can be computed beside a count.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import psycopg
from numpy.typing import NDArray
from shapely import Point

from data.facts import Facts
from data.generate.world import (
    SOURCE,
    TRUNK,
    Lines,
    Rng,
    Spots,
    generated_id,
    jitter,
    rng_of,
    settings,
    stake_text,
    visibilities,
)
from spatial.geo.zorder import LEVEL, keys_of
from spatial.json_types import Document
from spatial.postgres.bulk import copy_rows
from spatial.rule_files import read_rule
from spatial.rule_models import (
    CASE_CLOCK,
    OVERLOAD_BANDS,
    OVERLOAD_FINE,
    OVERLOAD_LIMIT,
    Fine,
    MassLimits,
)
from spatial.schema.kinds import ROADS

_COLUMNS = [
    "id", "kind", "admin_code", "unit_id", "visibility", "origin", "source_id", "valid_from",
    "valid_to", "props", "rule_version", "workflow", "stage", "opened_at", "due_at", "closed_at",
    "verdict", "amount_cny", "z_key", "geom",
]  # fmt: skip
_DAY_S = 86_400
_SHIFT_S = 4 * 3600
_CELL = 12  # tile level of the cell in whose middle the planted site lies
_HOURS = np.array([6, 6, 5, 4, 3, 2, 2, 3, 5, 8, 9, 8, 5, 6, 8, 9, 8, 6, 5, 5, 6, 7, 8, 7], float)
_VIOLATIONS = ("overload", "oversize", "unlicensed", "vehicle_condition", "hazmat")
_SHARES = (0.62, 0.08, 0.15, 0.10, 0.05)
_TRUCKS = (("truck", 2), ("truck", 3), ("truck", 4), ("train", 4), ("train", 5), ("train", 6))


@dataclass(frozen=True)
class Shifts:
    """Inspections as arrays of equal length: where, when, how many vehicles, how many cases."""

    spots: Spots
    start_s: NDArray[np.float64]
    inspected: NDArray[np.int64]
    hits: NDArray[np.int64]
    planted: NDArray[np.bool_]


def write_cases(conn: psycopg.Connection, roads: Lines, anchor: datetime) -> int:
    """Write the inspections and their cases; return the number of cases."""
    rng = rng_of(1)
    shifts = _shifts(rng, roads)
    first_day = anchor - timedelta(days=settings()["cases"]["days"])
    copy_rows(conn, "case_file", _COLUMNS, _inspections(rng, roads, shifts, first_day))
    return copy_rows(conn, "case_file", _COLUMNS, _cases(rng, roads, shifts, first_day, anchor))


def _shifts(rng: Rng, roads: Lines) -> Shifts:
    plan = settings()["cases"]
    usual = _usual_sites(rng, roads, plan["sites_per_county"])
    count = plan["shifts_per_site"]
    rates = rng.uniform(plan["hit_rate"][0], plan["hit_rate"][1], len(usual.edges))
    at = np.repeat(np.arange(len(usual.edges)), count)
    inspected = _between(rng, plan["inspected"], len(at))
    hits = rng.binomial(inspected, rates[at])
    start = rng.integers(0, plan["days"], len(at)) * float(_DAY_S) + _start_of_shift(rng, len(at))
    planted = plan["planted"]
    many = planted["shifts"]
    site = _planted_site(roads, planted)
    seen = _between(rng, planted["inspected"], many)
    found = rng.binomial(seen, planted["hit_rate"])
    daily = np.arange(many) * float(_DAY_S) + _start_of_shift(rng, many)
    edges = np.concatenate([usual.edges[at], np.repeat(site.edges, many)])
    share = np.concatenate([usual.share[at], np.repeat(site.share, many)])
    return Shifts(
        roads.at(edges, share),
        np.concatenate([start, daily]),
        np.concatenate([inspected, seen]),
        np.concatenate([hits, found]),
        np.arange(len(edges)) >= len(at),
    )


def _between(rng: Rng, bounds: list[int], count: int) -> NDArray[np.int64]:
    return rng.integers(bounds[0], bounds[1], count, endpoint=True)


def _start_of_shift(rng: Rng, count: int) -> NDArray[np.float64]:
    hours = rng.choice(20, count, p=_HOURS[:20] / _HOURS[:20].sum())
    return np.asarray(hours * 3600.0, dtype=np.float64)


def _usual_sites(rng: Rng, roads: Lines, per_county: int) -> Spots:
    """Return sites on main roads, so many in each county that has one."""
    main = np.isin(roads.classes, TRUNK)
    edges = []
    for code in np.unique(roads.admin.astype(str)):
        here = roads.where(main & (roads.admin == code))
        if len(here):
            edges.append(rng.choice(here, per_county))
    chosen = np.concatenate(edges)
    return roads.at(chosen, rng.random(len(chosen)))


def _planted_site(roads: Lines, planted: Facts) -> Spots:
    """Return the spot of the planted corridor that lies nearest the middle of its cell."""
    mask = (roads.routes == planted["route"]) & np.isin(roads.admin, planted["counties"])
    edges = np.repeat(roads.where(mask), 9)
    spots = roads.at(edges, np.tile(np.linspace(0.1, 0.9, 9), int(mask.sum())))
    keys = keys_of(spots.lon, spots.lat)
    side = LEVEL - _CELL
    x = np.zeros(len(keys))
    y = np.zeros(len(keys))
    for bit in range(side):
        x += (keys >> (2 * bit) & 1) * float(1 << bit)
        y += (keys >> (2 * bit + 1) & 1) * float(1 << bit)
    best = int(np.hypot(x - (1 << side) / 2, y - (1 << side) / 2).argmin())
    return roads.at(edges[best : best + 1], spots.share[best : best + 1])


def _inspections(
    rng: Rng, roads: Lines, shifts: Shifts, first_day: datetime
) -> Iterator[list[object]]:
    count = len(shifts.start_s)
    seen_by = visibilities(rng, count, settings()["cases"]["other_visibility"])
    keys = keys_of(shifts.spots.lon, shifts.spots.lat)
    for i in range(count):
        code = roads.admin[shifts.spots.edges[i]]
        start = first_day + timedelta(seconds=float(shifts.start_s[i]))
        end = start + timedelta(seconds=_SHIFT_S)
        props = {
            "inspected": int(shifts.inspected[i]), "hits": int(shifts.hits[i]),
            **_where(roads, shifts.spots, i),
        }  # fmt: skip
        yield [
            generated_id(f"inspection:{i}"), "inspection", code, f"{code}-law", seen_by[i],
            "synthetic", SOURCE, start, end, props, None, "inspection", "closed", start, None, end,
            None, None, int(keys[i]), shifts.spots.points[i],
        ]  # fmt: skip


def _where(roads: Lines, spots: Spots, i: int) -> Document:
    route = roads.routes[spots.edges[i]]
    return {"route_id": route, "stake": stake_text(spots.k[i])} if route else {}


def _cases(
    rng: Rng, roads: Lines, shifts: Shifts, first_day: datetime, anchor: datetime
) -> Iterator[list[object]]:
    plan = settings()["cases"]
    shift = np.repeat(np.arange(len(shifts.hits)), shifts.hits)
    spread = np.where(shifts.planted[shift], plan["planted"]["jitter_m"], plan["jitter_m"])
    spots = roads.at(shifts.spots.edges[shift], shifts.spots.share[shift])
    lon, lat = jitter(rng, spots, 1.0)
    lon, lat = spots.lon + (lon - spots.lon) * spread, spots.lat + (lat - spots.lat) * spread
    seconds = shifts.start_s[shift] + rng.uniform(0, _SHIFT_S, len(shift))
    seen_by = visibilities(rng, len(shift), plan["other_visibility"])
    keys = keys_of(lon, lat)
    found = _findings(rng, len(shift))
    days_open = rng.uniform(3, 55, len(shift))
    clock = read_rule(CASE_CLOCK)
    limits = read_rule(OVERLOAD_LIMIT).version
    for i, at in enumerate(shift.tolist()):
        code = roads.admin[spots.edges[i]]
        opened = first_day + timedelta(seconds=round(float(seconds[i])))
        closed = opened + timedelta(days=float(days_open[i]))
        done = closed <= anchor
        props, verdict, amount = found[i]
        props |= {"inspection_id": str(generated_id(f"inspection:{at}")), **_where(roads, spots, i)}
        overload = props["violation"] == "overload"
        yield [
            generated_id(f"case:{i}"), "enforcement", code, f"{code}-law", seen_by[i], "synthetic",
            SOURCE, opened, None, props, f"law.overload_limit_kg@{limits}" if overload else None,
            "enforcement", "closed" if done else "investigating", opened,
            opened + timedelta(days=clock.value.root), closed if done else None, verdict, amount,
            int(keys[i]), Point(lon[i], lat[i]),
        ]  # fmt: skip


def _findings(rng: Rng, count: int) -> list[tuple[Document, str | None, float | None]]:
    """Return properties, verdict and fine of each case; only overload has a fine by rule."""
    violation = rng.choice(np.array(_VIOLATIONS, dtype=object), count, p=_SHARES)
    truck = rng.integers(0, len(_TRUCKS), count)
    over = np.clip(rng.lognormal(-2.0, 0.9, count), 0.005, 1.4)
    limits = read_rule(OVERLOAD_LIMIT).value
    fines = read_rule(OVERLOAD_FINE).value
    bands = read_rule(OVERLOAD_BANDS).value.root
    found: list[tuple[Document, str | None, float | None]] = []
    for i in range(count):
        line = ROADS if violation[i] == "oversize" else "transport"
        props: Document = {
            "violation": violation[i], "line": line, "plate_hash": _hash(f"plate:{i}"),
        }  # fmt: skip
        verdict: str = "penalty"
        amount: float | None = None
        if violation[i] == "overload":
            kind, axles = _TRUCKS[truck[i]]
            weighed, verdict, amount = judge_overload(
                kind, axles, float(over[i]), limits, fines, bands
            )
            props |= weighed
        found.append((props, verdict, amount))
    return found


def judge_overload(
    kind: str,
    axles: int,
    over_share: float,
    limits: MassLimits,
    fines: Fine,
    bands: Sequence[float],
) -> tuple[Document, str, float]:
    """Return weighing, verdict and fine (CNY) of a vehicle this share over its limit."""
    limit = limits.of(kind, axles)
    over = max(round(limit * over_share / 100) * 100, 100)
    percent = round(over / limit * 100, 2)
    band = next((f"<={b:g}" for b in bands if percent <= b), f">{bands[-1]:g}")
    weighed: Document = {
        "vehicle": kind, "axles": axles, "gross_kg": limit + over, "limit_kg": limit,
        "over_kg": over, "over_pct": percent, "band_pct": band,
    }  # fmt: skip
    if over <= fines.warning_to_kg:
        return weighed, "warning", 0.0
    steps = over // fines.step_kg
    return weighed, "fine", float(min(steps * fines.cny_per_step, fines.cap_cny))


def _hash(text: str) -> str:
    return hashlib.blake2b(f"{settings()['seed']}:{text}".encode(), digest_size=8).hexdigest()
