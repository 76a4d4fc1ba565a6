"""Where events are, in words: unit, structure, town that the side leads to, road; as SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import asyncpg

from api.events.view import Event
from spatial.json_types import Document
from spatial.networks.road import MOTOR

MOST_SOUGHT = 50
"""Open events of a list whose nearest road is looked for."""
_PLACES = """
SELECT v.id, z.name_zh AS area_zh, z.name_en AS area_en, f.name_zh AS structure_zh,
  f.name_en AS structure_en, c.towards_zh, c.towards_en
FROM sigang.event v
LEFT JOIN (SELECT DISTINCT ON (admin_code) admin_code, name_zh, name_en FROM sigang.zone
  WHERE kind IN ('province', 'prefecture', 'county')) z ON z.admin_code = v.admin_code
LEFT JOIN sigang.facility f ON f.id = v.facility_id
LEFT JOIN (SELECT DISTINCT ON (route_id, side) route_id, side, towards_zh, towards_en
  FROM sigang.carriageway) c ON c.route_id = v.route_id AND c.side = v.direction
WHERE v.id = ANY($1)"""
_ROADS = f"""
SELECT v.id, e.ref, e.name_zh AS road_zh, e.name_en AS road_en
FROM sigang.event v
CROSS JOIN LATERAL (SELECT o.ref, o.name_zh, o.name_en FROM sigang.edge o
  WHERE o.geom && ST_Expand(v.geom, 0.02) AND o.mode IN {MOTOR.sql}
    AND (o.ref IS NOT NULL OR o.name_zh IS NOT NULL)
  ORDER BY ST_Distance(o.geom, v.geom) LIMIT 1) e
WHERE v.id = ANY($1)"""  # noqa: S608


async def add_places(conn: asyncpg.Connection, features: Sequence[Event]) -> None:
    """Give events their `place`: `area`, `structure`, `towards` and `road`, each None or names."""
    rows = {row["id"]: row for row in await conn.fetch(_PLACES, [one["id"] for one in features])}
    sought = [one["id"] for one in features if _on_a_nameless_point(one)][:MOST_SOUGHT]
    roads = {row["id"]: row for row in await conn.fetch(_ROADS, sought)} if sought else {}
    for feature in features:
        row, road = rows.get(feature["id"]), roads.get(feature["id"])
        place = {name: _named(row, name) for name in ("area", "structure", "towards")}
        near = _named(road, "road")
        place["road"] = None if near is None or road is None else {**near, "ref": road["ref"]}
        feature["properties"]["place"] = place


def _on_a_nameless_point(feature: Event) -> bool:
    told, geometry = feature["properties"], feature["geometry"]
    point = geometry is not None and cast(Document, geometry)["type"] == "Point"
    return point and told["state"] == "open" and "stake" not in told


def _named(row: asyncpg.Record | None, name: str) -> Document | None:
    """Return the names of a part of the place; None where it has none."""
    if row is None:
        return None
    names: Document = {"zh": row[f"{name}_zh"], "en": row[f"{name}_en"]}
    return names if any(names.values()) or name == "road" else None
