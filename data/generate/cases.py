"""Synthetic enforcement: inspections in shifts at road sites, and the cases that they found.

Every shift is stored, so that a rate can be computed beside a count; what is planted is told in
enforcement.toml.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import psycopg
from shapely import Point

from data.facts import Facts
from data.generate.shifts import SHIFT_S, Shifts, begin_of, enforcement, plan_shifts
from data.generate.world import (
    SOURCE,
    Lines,
    Rng,
    Spots,
    generated_id,
    jitter,
    settings,
    stake_text,
    visibilities,
)
from spatial.geo.zorder import keys_of
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
    "valid_to", "recorded_at", "props", "rule_version", "workflow", "stage", "opened_at", "due_at",
    "closed_at", "verdict", "amount_cny", "z_key", "geom",
]  # fmt: skip
_VIOLATIONS = ("overload", "oversize", "unlicensed", "vehicle_condition", "hazmat")
_SHARES = (0.62, 0.08, 0.15, 0.10, 0.05)
_TRUCKS = (("truck", 2), ("truck", 3), ("truck", 4), ("train", 4), ("train", 5), ("train", 6))


def write_cases(
    conn: psycopg.Connection,
    roads: Lines,
    anchor: datetime,
    plan: Facts | None = None,
) -> int:
    """Write the inspections and their cases; return the number of cases.

    Parameters
    ----------
    conn, roads
        The owner's connection, and the roads on which posts stand.
    anchor
        Start of the sample's day.
    plan
        What is planted; None takes enforcement.toml.
    """
    told = enforcement() if plan is None else plan
    rng = np.random.default_rng([told["seed"], 1])
    shifts = plan_shifts(rng, roads, told)
    field = Field(rng, roads, shifts, roads.at(shifts.edges, shifts.share), told, anchor)
    copy_rows(conn, "case_file", _COLUMNS, _inspections(field))
    return copy_rows(conn, "case_file", _COLUMNS, _cases(field))


@dataclass(frozen=True)
class Field:
    """Where and when the shifts stood, and the draws that fill in the rest."""

    rng: Rng
    roads: Lines
    shifts: Shifts
    spots: Spots
    plan: Facts
    anchor: datetime

    def recorded(self, shift: int, ended: datetime) -> datetime:
        """Return when a shift or its case came into the books."""
        return self.anchor if self.shifts.late[shift] else min(ended, self.anchor)


def _inspections(field: Field) -> Iterator[list[object]]:
    shifts, spots = field.shifts, field.spots
    seen_by = visibilities(field.rng, len(shifts.edges), field.plan["other_visibility"])
    keys = keys_of(spots.lon, spots.lat)
    begin = begin_of(field.plan, field.anchor)
    for i in range(len(shifts.edges)):
        code = field.roads.admin[spots.edges[i]]
        start = begin + timedelta(seconds=float(shifts.start_s[i]))
        end = start + timedelta(seconds=SHIFT_S)
        props = {
            "inspected": int(shifts.inspected[i]), "hits": int(shifts.hits[i]),
            **_where(field.roads, spots, i),
        }  # fmt: skip
        yield [
            generated_id(f"inspection:{i}"), "inspection", code, f"{code}-law", seen_by[i],
            "synthetic", SOURCE, start, end, field.recorded(i, end), props, None, "inspection",
            "withdrawn" if shifts.withdrawn[i] else "closed", start, None, end, None, None,
            int(keys[i]), spots.points[i],
        ]  # fmt: skip


def _where(roads: Lines, spots: Spots, i: int) -> Document:
    route = roads.routes[spots.edges[i]]
    return {"route_id": route, "stake": stake_text(spots.k[i])} if route else {}


def _cases(field: Field) -> Iterator[list[object]]:
    rng, shifts = field.rng, field.shifts
    shift = np.repeat(np.arange(len(shifts.hits)), shifts.hits)
    spots = field.roads.at(shifts.edges[shift], shifts.share[shift])
    lon, lat = jitter(rng, spots, 1.0)
    spread = shifts.jitter_m[shift]
    lon, lat = spots.lon + (lon - spots.lon) * spread, spots.lat + (lat - spots.lat) * spread
    seconds = shifts.start_s[shift] + rng.uniform(0, SHIFT_S, len(shift))
    seen_by = visibilities(rng, len(shift), field.plan["other_visibility"])
    keys = keys_of(lon, lat)
    found = _findings(rng, len(shift))
    days_open = rng.uniform(3, 55, len(shift))
    clock = read_rule(CASE_CLOCK)
    limits = read_rule(OVERLOAD_LIMIT).version
    begin = begin_of(field.plan, field.anchor)
    for i, at in enumerate(shift.tolist()):
        code = field.roads.admin[spots.edges[i]]
        opened = begin + timedelta(seconds=round(float(seconds[i])))
        closed = opened + timedelta(days=float(days_open[i]))
        gone = bool(shifts.withdrawn[at])
        done = gone or closed <= field.anchor
        props, verdict, amount = found[i]
        props |= {
            "inspection_id": str(generated_id(f"inspection:{at}")),
            **_where(field.roads, spots, i),
        }
        overload = props["violation"] == "overload"
        yield [
            generated_id(f"case:{i}"), "enforcement", code, f"{code}-law", seen_by[i], "synthetic",
            SOURCE, opened, None, field.recorded(at, opened), props,
            f"law.overload_limit_kg@{limits}" if overload else None, "enforcement",
            "withdrawn" if gone else "closed" if done else "investigating", opened,
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
