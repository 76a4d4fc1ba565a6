"""Synthetic events: incidents of the last month, risk points, hazards and a weather warning."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np
import psycopg

from data.generate.event_row import EventRow, place_of, route_of, write_rows
from data.generate.hazards import hazards
from data.generate.risks import risks, write_warning
from data.generate.world import TRUNK, Indices, Lines, Rng, rng_of, settings, visibilities
from spatial.networks.road import KIND as ROAD
from spatial.schema.kinds import ROADS

# cause: Chinese, English, how common, how many minutes it lasts about, usual severity
_CAUSES: dict[str, tuple[str, str, float, int, str]] = {
    "accident": ("追尾事故", "Rear-end collision", 0.26, 55, "medium"),
    "breakdown": ("车辆故障", "Breakdown", 0.28, 40, "low"),
    "congestion": ("交通拥堵", "Congestion", 0.22, 70, "low"),
    "debris": ("路面抛洒物", "Debris on the road", 0.10, 30, "low"),
    "works": ("占道施工", "Road works", 0.08, 300, "medium"),
    "fog": ("团雾", "Fog patches", 0.03, 160, "high"),
    "flood": ("路面积水", "Flooded road", 0.03, 200, "high"),
}
_LINES = {"works": "works", "accident": "transport", "breakdown": "transport"}
"""Line of business by cause; of the others it is the road."""
_DAY_S = 86_400.0


def write_events(conn: psycopg.Connection, roads: Lines, anchor: datetime) -> int:
    """Write incidents, risk points, hazards and the weather warning; return how many."""
    rng = rng_of(2)
    main = roads.where(np.isin(roads.classes, TRUNK))
    rows = (
        *_incidents(rng, roads, main, anchor),
        *risks(rng, roads, main, anchor),
        *hazards(rng, roads, main, anchor),
    )
    return write_rows(conn, rows) + write_warning(conn, anchor)


def _incidents(rng: Rng, roads: Lines, main: Indices, anchor: datetime) -> Iterator[EventRow]:
    plan = settings()["events"]
    count, still_open = plan["incidents"], plan["open_now"]
    edges = rng.choice(_spread(rng, roads, main, count), count)
    edges[:still_open] = _one_each(rng, roads, main, still_open)
    spots = roads.at(edges, rng.random(count))
    names = np.array(list(_CAUSES), dtype=object)
    causes = rng.choice(names, count, p=[cause[2] for cause in _CAUSES.values()])
    ago = rng.uniform(0.2 * _DAY_S, plan["days"] * _DAY_S, count)
    lasts = rng.gamma(2.0, 0.5, count)
    seen_by = visibilities(rng, count, plan["other_visibility"])
    sides = rng.choice(np.array(["up", "down", "both"], dtype=object), count, p=[0.45, 0.45, 0.1])
    for i in range(count):
        zh, en, _, minutes, severity = _CAUSES[causes[i]]
        begun = anchor - timedelta(seconds=round(float(ago[i])))
        ends = begun + timedelta(minutes=max(round(minutes * float(lasts[i])), 5))
        state = "ended" if ends <= anchor else "open"
        if i < still_open:  # these hold all through the sample's day
            begun = anchor - timedelta(minutes=5 + 10 * i)
            ends, state = anchor + timedelta(hours=26 + i % 12), "open"
        place = place_of(roads, spots, i)
        props = {"cause_text": {"zh": zh, "en": en}, "line": _LINES.get(causes[i], ROADS)}
        yield EventRow(
            f"incident:{i}", "incident", roads.admin[spots.edges[i]], ROAD.name, seen_by[i],
            (begun, ends), (f"{place} {zh}", f"{place} {en}"), severity, causes[i],
            spots.points[i], state=state, direction=sides[i], route=route_of(roads, spots, i),
            props=props,
        )  # fmt: skip


def _spread(rng: Rng, roads: Lines, main: Indices, count: int) -> Indices:
    """Return edges to draw from: every county as often, so that each prefecture has its share."""
    codes = np.unique(roads.admin[main].astype(str))
    each = count // len(codes) + 1
    return np.concatenate([rng.choice(main[roads.admin[main] == code], each) for code in codes])


def _one_each(rng: Rng, roads: Lines, main: Indices, count: int) -> Indices:
    """Return edges of the prefectures in turn."""
    prefecture = np.array([code[:4] for code in roads.admin[main]])
    turn = np.resize(np.unique(prefecture), count)
    return np.array([rng.choice(main[prefecture == code]) for code in turn])
