"""A small province to decide on: two shores, a bridge of twin edges between them, a long way round.

   12--------------------------13      y 8   the way round, X1
    |                           |
. . o . .                   . . o . .  y 4
. . . . .   bridge (twins)  . . . . .  y 2   "west" is Jiaxing (330482), "east" Ningbo (330282)
. . . . . ================= . . . . .
x 0     4                  10      14        one step is 0.01 degrees
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import shapely

from api.network.rule_models import load_rules
from data.accounts import load_accounts
from spatial.ids import stable_uuid7
from spatial.postgres.db import connect
from tests.conftest import Server, running_server

LON, LAT, STEP = 120.9, 30.3, 0.01
WEST, EAST = "330482", "330282"
LATER = (datetime.now(UTC) + timedelta(days=300)).isoformat(timespec="seconds")
BRIDGE = stable_uuid7("world", "bridge")
FAR_WEST, FAR_EAST = (1, 2), (13, 2)
"""Places of the map on the shores."""
_BASES = {
    "near": ((3, 1), "public", WEST), "over": ((10, 2), "public", EAST),
    "far": ((13, 0), "public", EAST), "own": ((1, 2), "unit", WEST),
    "sea": ((200, 200), "public", WEST),
}  # fmt: skip


def at(x: float, y: float) -> list[float]:
    """Return longitude and latitude of a place."""
    return [round(LON + x * STEP, 7), round(LAT + y * STEP, 7)]


def node(place: tuple[float, float]) -> Any:
    return stable_uuid7("world", f"node {place}")


def edge(name: str) -> str:
    """Return the id of an edge."""
    return str(stable_uuid7("world", name))


def _roads() -> Iterator[dict[str, Any]]:
    for shore, code in ((0, WEST), (10, EAST)):
        for x in range(shore, shore + 5):
            for y in range(5):
                if x < shore + 4:
                    yield {"name": f"{x},{y} {x + 1},{y}", "code": code}
                if y < 4:
                    yield {"name": f"{x},{y} {x},{y + 1}", "code": code}
    bridge = {"bundle": "bay", "code": None, "class": "motorway", "structure": "bridge"}
    yield {"name": "4,2 10,2", **bridge}
    yield {"name": "4,2 10,2 twin", **bridge}
    yield {"name": "2,4 2,8", "code": WEST, "ref": "X1", "max_height_m": 3.5, "known": True}
    yield {"name": "2,8 12,8", "code": None, "ref": "X1"}
    yield {"name": "12,8 12,4", "code": EAST, "ref": "X1"}
    yield {"name": "14,4 14,6", "code": EAST, "max_height_m": 3.0, "known": True}
    yield {"name": "14,6 14,8", "code": EAST}
    stakes = {"route": "G1", "code": EAST, "class": "motorway"}
    for k in range(4):
        yield {"name": f"{10 + k},-1 {11 + k},-1 up", "k": k, "side": "up", **stakes}
        yield {"name": f"{11 + k},-1 {10 + k},-1 down", "k": k, "side": "down", **stakes}
    yield {"name": "0,-1 1,-1", "code": WEST, "k": 0, "side": "both", "route": "G2"}
    yield {"name": "5,-2 6,-2", "code": None, "k": 0, "side": "both", "route": "G3"}
    yield {"name": "0,-1 0,0", "code": WEST}
    yield {"name": "1,-1 1,0", "code": WEST}
    yield {"name": "10,-1 10,0", "code": EAST}
    yield {"name": "14,-1 14,0", "code": EAST}


_EDGE = """
INSERT INTO sigang.edge (id, kind, admin_code, visibility, origin, source_id, mode, class, ref,
  from_node, to_node, oneway, length_m, max_height_m, limits_known, structure, route_id, k_from,
  k_to, side, bundle, geom)
VALUES (%(id)s, 'road', %(code)s, 'public', 'synthetic', 'world', 'road', %(class)s, %(ref)s,
  %(from)s, %(to)s, %(oneway)s, ST_Length(ST_GeomFromText(%(geom)s, 4326)::geography), %(height)s,
  %(known)s, %(structure)s, %(route)s, %(k_from)s, %(k_to)s, %(side)s, %(bundle)s,
  ST_GeomFromText(%(geom)s, 4326))"""
_ZONE = """
INSERT INTO sigang.zone (id, kind, name_zh, name_en, admin_code, visibility, origin, source_id,
  geom) VALUES (%s, %s, %s, %s, %s, 'public', 'synthetic', 'world',
  ST_Multi(ST_MakeEnvelope(%s, %s, %s, %s, 4326)))"""


def fill(url: str) -> None:
    """Load the small province into a migrated database."""
    with connect(url) as conn:
        load_accounts(conn)
        load_rules(conn)
        conn.execute(
            "INSERT INTO sigang.source (id, title_zh, title_en, license, attribution)"
            " VALUES ('world', '测试', 'Test', 'CC0', 'Test')"
        )
        for road in _roads():
            _insert(conn, road)
        _insert_bridge(conn)
        _insert_carriageway(conn)
        for kind, name, code, west, east in (
            ("province", "浙江省", "330000", -1, 15), ("prefecture", "嘉兴市", "330400", -1, 7),
            ("prefecture", "宁波市", "330200", 7, 15),
        ):  # fmt: skip
            box = [*at(west, -2), *at(east, 9)]
            conn.execute(_ZONE, [stable_uuid7("world", code), kind, name, name, code, *box])
        conn.execute(
            "UPDATE sigang.network_version SET version = 1, topology = 1 WHERE network = 'road'"
        )


def fill_bases(url: str) -> None:
    """Add service areas to the small province, one of them for its unit alone."""
    with connect(url) as conn:
        for name, (place, visibility, code) in _BASES.items():
            conn.execute(
                "INSERT INTO sigang.facility (id, kind, name_zh, name_en, admin_code,"
                " visibility, origin, source_id, props, geom) VALUES (%s, 'service_area', %s,"
                " %s, %s, %s, 'synthetic', 'world', '{}', ST_GeomFromText(%s, 4326))",
                [stable_uuid7("base", name), name, name, code, visibility,
                 shapely.Point(at(*place)).wkt],
            )  # fmt: skip


def _insert(conn: psycopg.Connection, road: dict[str, Any]) -> None:
    first, last = (tuple(map(int, p.split(","))) for p in road["name"].split(" ")[:2])
    k = road.get("k")
    values = {
        "id": edge(road["name"]), "code": road["code"], "class": road.get("class", "secondary"),
        "ref": road.get("ref"), "from": node(first), "to": node(last),
        "oneway": road.get("side") in ("up", "down"),
        "height": road.get("max_height_m"), "known": road.get("known", False),
        "structure": road.get("structure"), "route": road.get("route"), "side": road.get("side"),
        "k_from": None if k is None else k * 1000.0,
        "k_to": None if k is None else k * 1000.0 + 1000.0,
        "bundle": road.get("bundle"), "geom": shapely.LineString([at(*first), at(*last)]).wkt,
    }  # fmt: skip
    conn.execute(_EDGE, values)


def _insert_bridge(conn: psycopg.Connection) -> None:
    conn.execute(
        "INSERT INTO sigang.facility (id, kind, name_zh, name_en, admin_code, visibility, origin,"
        " source_id, props, geom) VALUES (%s, 'bridge', '大桥', 'Great Bridge', %s, 'public',"
        " 'synthetic', 'world', %s, ST_GeomFromText(%s, 4326))",
        [BRIDGE, WEST, json.dumps({"admin_codes": [WEST, EAST]}),
         shapely.LineString([at(4, 2), at(10, 2)]).wkt],
    )  # fmt: skip
    conn.execute(
        "INSERT INTO sigang.edge_structure VALUES (%s, %s, 'carries')", [edge("4,2 10,2"), BRIDGE]
    )


def _insert_carriageway(conn: psycopg.Connection) -> None:
    """Give G2 stakes that rise towards the west, against the direction of its edge."""
    conn.execute(
        "INSERT INTO sigang.carriageway (route_id, side, source_id, length_m, towards_zh,"
        " towards_en, geom) VALUES ('G2', 'up', 'world', 962, '西岸', 'West',"
        " ST_GeomFromText(%s, 4326))",
        [shapely.LineString([at(1, -1), at(0, -1)]).wkt],
    )


@contextmanager
def world(url: str, workers: int = 2, **settings: str) -> Iterator[Server]:
    """Yield a server over the small province, filled into a migrated database."""
    fill(url)
    with running_server(url, workers=workers, **settings) as server:
        yield server


def ask(client: httpx.Client, *places: tuple[float, float], **more: Any) -> httpx.Response:
    """Ask for a path between places of the map."""
    body = {"waypoints": [at(*place) for place in places], "include": ["edges"], **more}
    return client.post("/api/paths", json=body)


def path(client: httpx.Client, *places: tuple[float, float], **more: Any) -> dict[str, Any]:
    """Return the path's feature."""
    answer = ask(client, *places, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()["features"][0]


def told(answer: httpx.Response) -> Any:
    """Return what an answer says."""
    assert answer.status_code == 200, answer.text
    return answer.json()


def close(
    client: httpx.Client, target: dict[str, Any], headers: Any = None, **more: Any
) -> httpx.Response:
    """Close something."""
    body = {"kind": "closure", "target": target, "cause": "wind", "valid_to": LATER, **more}
    return client.post("/api/events", json=body, headers=headers)


def undo(client: httpx.Client, event: dict[str, Any]) -> dict[str, Any]:
    """Take a closure back."""
    answer = client.post(f"/api/events/{event['id']}/undo")
    assert answer.status_code == 200, answer.text
    return answer.json()


def until(condition: Any, seconds: float = 10.0) -> Any:
    """Return the first true answer of a condition; fail when there is none in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")
