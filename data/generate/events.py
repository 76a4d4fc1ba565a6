"""Synthetic events: incidents of the last month, risk points with their colour, hazards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

import numpy as np
import psycopg
import shapely

from data.generate.world import (
    SOURCE,
    TRUNK,
    Indices,
    Lines,
    Rng,
    Spots,
    generated_id,
    rng_of,
    settings,
    stake_text,
    visibilities,
)
from spatial.networks.road import KIND as ROAD
from spatial.postgres.bulk import copy_rows
from spatial.rule_files import read_rule
from spatial.rule_models import COMMITMENTS, RISK_COLOURS

_COLUMNS = [
    "id", "kind", "admin_code", "unit_id", "visibility", "origin", "source_id", "valid_from",
    "valid_to", "props", "rule_version", "title_zh", "title_en", "severity", "colour", "cause",
    "direction", "certainty", "state", "route_id", "k_from", "created_by", "geom",
]  # fmt: skip
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
_RISKS = (
    ("临水临崖路段", "Road by water or cliff"),
    ("长下坡路段", "Long descent"),
    ("平交道口", "Level junction"),
    ("地质灾害隐患点", "Landslide-prone slope"),
    ("危货装卸点", "Hazmat loading place"),
    ("桥下空间", "Space below a bridge"),
)
_HAZARDS = (
    ("护栏缺失", "Missing guard rail"),
    ("边坡裂缝", "Cracked slope"),
    ("桥台沉降", "Settled abutment"),
    ("隧道渗水", "Leaking tunnel"),
    ("消防设施失效", "Fire equipment out of order"),
)
_DAY_S = 86_400.0


def write_events(conn: psycopg.Connection, roads: Lines, anchor: datetime) -> int:
    """Write incidents, risk points and hazards; return how many."""
    rng = rng_of(2)
    main = roads.where(np.isin(roads.classes, TRUNK))
    return copy_rows(
        conn,
        "event",
        _COLUMNS,
        [
            *_incidents(rng, roads, main, anchor),
            *_risks(rng, roads, main, anchor),
            *_hazards(rng, roads, main, anchor),
        ],
    )


def _incidents(rng: Rng, roads: Lines, main: Indices, anchor: datetime) -> Iterator[list[object]]:
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
        place = _place(roads, spots, i)
        yield _row(
            f"incident:{i}", "incident", roads.admin[spots.edges[i]], ROAD.name, seen_by[i],
            (begun, ends), {"cause_text": {"zh": zh, "en": en}}, None,
            (f"{place} {zh}", f"{place} {en}".strip()), severity, None, causes[i],
            sides[i], state, _route(roads, spots, i), spots.points[i],
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


def _risks(rng: Rng, roads: Lines, main: Indices, anchor: datetime) -> Iterator[list[object]]:
    plan = settings()["events"]
    rule = read_rule(RISK_COLOURS)
    count = plan["risks"]
    spots = roads.draw(rng, count, main)
    likely = np.round(rng.gamma(2.0, 1.4, count).clip(0.1, rule.value.likelihood_max), 1)
    matters = rng.choice(rule.value.consequences, count, p=[0.3, 0.35, 0.25, 0.1])
    kinds = rng.integers(0, len(_RISKS), count)
    seen_by = visibilities(rng, count, {"province": 0.1})
    for i in range(count):
        zh, en = _RISKS[kinds[i]]
        score = round(float(likely[i] * matters[i]), 2)
        colour = rule.value.colour_of(score)
        code, place = roads.admin[spots.edges[i]], _place(roads, spots, i)
        props = {
            "likelihood": float(likely[i]), "consequence": int(matters[i]), "score": score,
            "owner_unit": f"{code}-safety",
            "measure": {"zh": "巡查与警示", "en": "Patrol and warning"},
        }  # fmt: skip
        since = anchor - timedelta(days=60 + i % 300)
        yield _row(
            f"risk:{i}", "risk", code, "safety", seen_by[i], (since, None), props,
            f"{rule.key}@{rule.version}", (f"{place} {zh}", f"{place} {en}".strip()), colour,
            colour, "risk", None, "open", _route(roads, spots, i), spots.points[i],
        )  # fmt: skip


def _hazards(rng: Rng, roads: Lines, main: Indices, anchor: datetime) -> Iterator[list[object]]:
    count = settings()["events"]["hazards"]
    rule = read_rule(COMMITMENTS)
    commitments = rule.value.root
    spots = roads.draw(rng, count, main)
    kinds = rng.integers(0, len(_HAZARDS), count)
    made = rng.integers(2, len(commitments), count, endpoint=True)
    due_days = rng.integers(-20, 60, count)
    for i in range(count):
        zh, en = _HAZARDS[kinds[i]]
        code, place = roads.admin[spots.edges[i]], _place(roads, spots, i)
        complete = made[i] == len(commitments)
        props = {
            "commitments": list(commitments[: made[i]]),
            "stage": "rectifying" if complete else "registered",
            "due_on": (anchor + timedelta(days=int(due_days[i]))).date().isoformat(),
        }  # fmt: skip
        since = anchor - timedelta(days=30 + i % 90)
        yield _row(
            f"hazard:{i}", "hazard", code, "safety", "unit", (since, None), props,
            f"{rule.key}@{rule.version}",
            (f"{place} {zh}", f"{place} {en}".strip()), "high" if not complete else "medium",
            None, "hazard", None, "open", _route(roads, spots, i), spots.points[i],
        )  # fmt: skip


def _place(roads: Lines, spots: Spots, i: int) -> str:
    route = roads.routes[spots.edges[i]]
    return f"{route} {stake_text(float(spots.k[i]))}" if route else ""


def _route(roads: Lines, spots: Spots, i: int) -> tuple[str | None, float | None]:
    route = roads.routes[spots.edges[i]]
    return (route, round(float(spots.k[i]), 1)) if route else (None, None)


def _row(
    key: str,
    kind: str,
    code: str,
    desk: str,
    seen_by: str,
    valid: tuple[datetime, datetime | None],
    props: Mapping[str, object],
    rule: str | None,
    titles: tuple[str, str],
    severity: str,
    colour: str | None,
    cause: str,
    direction: str | None,
    state: str,
    route: tuple[str | None, float | None],
    point: shapely.Geometry,
) -> list[object]:
    return [
        generated_id(key), kind, code, f"{code}-{desk}", seen_by, "synthetic", SOURCE, *valid,
        props, rule, titles[0].strip(), titles[1], severity, colour, cause, direction, "probable",
        state, *route, "generator", point,
    ]  # fmt: skip
