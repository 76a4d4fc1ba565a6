"""Synthetic risk points, none of them red but the planted ones, and the planted weather warning."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np
import psycopg
import shapely

from data.generate.event_row import EventRow, edges_in, place_of, route_of
from data.generate.world import SOURCE, Indices, Lines, Rng, generated_id, settings, visibilities
from spatial.postgres.bulk import copy_rows
from spatial.rule_files import read_rule
from spatial.rule_models import RISK_COLOURS, FourColours
from spatial.schema.kinds import ROADS
from spatial.truths import read_truths

# Chinese, English, line of business
_RISKS = (
    ("临水临崖路段", "Road by water or cliff", ROADS),
    ("长下坡路段", "Long descent", ROADS),
    ("平交道口", "Level junction", ROADS),
    ("地质灾害隐患点", "Landslide-prone slope", ROADS),
    ("危货装卸点", "Hazmat loading place", "transport"),
    ("桥下空间", "Space below a bridge", "works"),
)
_MEASURE = {"zh": "巡查与警示", "en": "Patrol and warning"}
_ZONE = [
    "id", "kind", "admin_code", "unit_id", "visibility", "origin", "source_id", "valid_from",
    "valid_to", "name_zh", "name_en", "colour", "reason", "geom",
]  # fmt: skip


def risks(rng: Rng, roads: Lines, main: Indices, anchor: datetime) -> Iterator[EventRow]:
    """Yield the risk points: random ones below red, then the planted red ones."""
    truths, rule = read_truths(), read_rule(RISK_COLOURS)
    reds, unattended = truths["red_risks"], set(truths["red_unattended"].finds)
    count = settings()["events"]["risks"] - len(reds.finds)
    spots = roads.draw(rng, count, main)
    likely, matters = _below_red(rng, count, rule.value)
    edges = edges_in(roads, main, list(reds.finds))
    spots = roads.at(
        np.concatenate([spots.edges, edges]),
        np.concatenate([spots.share, np.full(len(edges), 0.5)]),
    )
    likely = np.concatenate([likely, reds.planted["likelihood"]])
    matters = np.concatenate([matters, np.full(len(edges), reds.planted["consequence"])])
    kinds = rng.integers(0, len(_RISKS), len(likely))
    seen_by = visibilities(rng, count, {"province": 0.1}).tolist() + ["unit"] * len(edges)
    for i, seen in enumerate(seen_by):
        zh, en, line = _RISKS[kinds[i]]
        score = round(float(likely[i] * matters[i]), 2)
        colour = rule.value.colour_of(score)
        code, place = roads.admin[spots.edges[i]], place_of(roads, spots, i)
        attended = i < count or code not in unattended
        props = {
            "likelihood": float(likely[i]), "consequence": int(matters[i]), "score": score,
            "owner_unit": f"{code}-safety", "line": line,
            **({"measure": _MEASURE} if attended else {}),
        }  # fmt: skip
        yield EventRow(
            f"risk:{i}", "risk", code, "safety", seen,
            (anchor - timedelta(days=60 + i % 300), None), (f"{place} {zh}", f"{place} {en}"),
            colour, "risk", spots.points[i], colour=colour, rule=f"{rule.key}@{rule.version}",
            route=route_of(roads, spots, i), props=props,
        )  # fmt: skip


def _below_red(rng: Rng, count: int, rule: FourColours) -> tuple[np.ndarray, np.ndarray]:
    """Return likelihoods and consequences, none of which makes the worst colour."""
    likely = rng.gamma(2.0, 1.4, count).clip(0.1, rule.likelihood_max)
    matters = rng.choice(rule.consequences, count, p=[0.3, 0.35, 0.25, 0.1])
    return np.round(np.minimum(likely, rule.bounds[0].above / matters), 1), matters


def write_warning(conn: psycopg.Connection, anchor: datetime) -> int:
    """Write the planted weather warning; return how many."""
    truth = read_truths()["weather_warning"]
    start, end = (anchor + timedelta(hours=hours) for hours in truth.planted["hours"])
    code, (colour,) = truth.planted["code"], truth.finds
    area = shapely.multipolygons([shapely.Polygon(truth.planted["ring"])])
    row: list[object] = [
        generated_id("warning:0"), "weather_warning", code, f"{code}-weather", "public",
        "synthetic", SOURCE, start, end, "大风橙色预警(合成)", "Gale warning, orange (synthetic)",
        colour, "gale", area,
    ]  # fmt: skip
    return copy_rows(conn, "zone", _ZONE, [row])
