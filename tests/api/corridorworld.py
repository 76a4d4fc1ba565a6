"""The fixture corridor in a database: its edges, both carriageways with stakes, its signs."""

from __future__ import annotations

import json

import psycopg
import shapely

from spatial.ids import stable_uuid7
from spatial.postgres.db import connect
from tests.api.roadworld import EAST
from tests.routing.corridor import SIGNS, at, carriageway, line, rows, stakes

_EDGE = """
INSERT INTO sigang.edge (id, kind, admin_code, visibility, origin, source_id, mode, class, ref,
  name_zh, name_en, from_node, to_node, oneway, length_m, lanes, speed_kmh, route_id, side, k_from,
  k_to, geom)
VALUES (%(id)s, 'road', %(code)s, 'public', 'synthetic', 'world', 'road', %(class)s, %(route)s,
  %(name)s, %(name)s, %(from_node)s, %(to_node)s, %(oneway)s, %(length_m)s, %(lanes)s, %(speed)s,
  %(route)s, %(side)s, %(k_from)s, %(k_to)s, ST_GeomFromText(%(geom)s, 4326))"""
_CARRIAGEWAY = """
INSERT INTO sigang.carriageway (route_id, side, towards_zh, towards_en, calibrated, accuracy_m,
  source_id, length_m, geom)
VALUES ('G92', %s, %s, %s, true, 5, 'world', 10000, ST_GeomFromText(%s, 4326))"""
_STAKE = """
INSERT INTO sigang.stake (route_id, side, part, k_m, chainage_m, accuracy_m, source_id)
VALUES (%(route_id)s, %(side)s, 0, %(k_m)s, %(chainage_m)s, 5, 'world')"""
_SIGN = """
INSERT INTO sigang.facility (id, kind, name_zh, name_en, admin_code, visibility, origin, source_id,
  props, geom)
VALUES (%s, 'sign', %s, %s, %s, %s, 'synthetic', 'world', %s, ST_GeomFromText(%s, 4326))"""
TOWARDS = {"up": ("宁波", "Ningbo"), "down": ("杭州", "Hangzhou")}


def sign_id(name: str) -> str:
    return str(stable_uuid7("corridor", f"sign {name}"))


def fill_corridor(url: str) -> None:
    """Add the corridor to the small province; one sign is seen by its own unit only."""
    with connect(url) as conn:
        for row in rows():
            _insert(conn, row)
        for side, (zh, en) in TOWARDS.items():
            conn.execute(_CARRIAGEWAY, [side, zh, en, line(side).wkt])
            for stake in stakes(side):
                conn.execute(_STAKE, stake)
        for name, (x, y, k, side) in SIGNS.items():
            props = {} if k is None else {"route_id": "G92", "side": side, "k_m": k}
            seen = "unit" if name == "up 1500" else "public"
            point = shapely.Point(*at(x, y)).wkt
            conn.execute(_SIGN, [sign_id(name), name, name, EAST, seen, json.dumps(props), point])


def _insert(conn: psycopg.Connection, row: dict) -> None:
    side = next((s for s in TOWARDS if row["name_en"].startswith(f"{s} ")), None)
    side = side if row["class"] == "motorway" else None
    low = high = None
    if side:
        stakes_at = carriageway(side).stakes_at
        chainages = carriageway(side).chainages_of(*zip(*row["shape"], strict=True))[0]
        low, high = sorted(float(k) for k in stakes_at(chainages[[0, -1]]))
    conn.execute(_EDGE, {
        **row, "name": row["name_en"], "code": EAST, "route": "G92" if side else None,
        "side": side, "k_from": low, "k_to": high, "lanes": 3 if side else None,
        "speed": 120.0 if side else None, "geom": shapely.LineString(row["shape"]).wkt,
    })  # fmt: skip
