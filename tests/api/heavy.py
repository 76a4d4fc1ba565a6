"""Requests that cost much of the processor: nobody else may wait for one. One table, for all."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson

from api.roads.match import MOST_FIXES
from api.roads.matrix import MOST_PLACES

ROADS = "/api/collections/roads/items"
JSON = {"content-type": "application/json"}
END = (datetime.now(UTC) + timedelta(days=30)).isoformat()
AREA = [[119.6, 29.6], [121.2, 29.6], [121.2, 30.9], [119.6, 30.9], [119.6, 29.6]]
Place = tuple[float, float]


def places(client: httpx.Client, count: int) -> list[Place]:
    """Return places on roads, some of them many times."""
    answer = client.get(ROADS, params={"limit": 2_000, "filter": "class = 'primary'"})
    lines = [feature["geometry"]["coordinates"] for feature in answer.json()["features"]]
    found = [tuple(line[0][:2]) for line in lines if isinstance(line[0][0], float)]
    return list(itertools.islice(itertools.cycle(found), count))


def get(**params: Any) -> Callable[[httpx.Client], httpx.Response]:
    """Return a request for roads."""
    return lambda client: client.get(ROADS, params=params)


def close_area(client: httpx.Client) -> httpx.Response:
    """Close all roads of an area, and take it back."""
    target = {"polygon": {"type": "Polygon", "coordinates": [AREA]}}
    body = {"kind": "closure", "cause": "wind", "valid_to": END, "target": target}
    answer = client.post("/api/events", json=body)
    if answer.status_code == 201:
        client.post(f"/api/events/{answer.json()['id']}/undo").raise_for_status()
    return answer


def table_beside_path(client: httpx.Client) -> httpx.Response:
    """Ask for the largest table, and for paths while it is made."""
    spots = places(client, MOST_PLACES)
    with ThreadPoolExecutor(1) as other:
        table = other.submit(client.post, "/api/matrix", json={"sources": spots})
        while not table.done():
            client.post("/api/paths", json={"waypoints": spots[:2]})
        return table.result()


def huge_body(client: httpx.Client) -> httpx.Response:
    """Send 41 MB where 1 MB is taken."""
    return client.post("/api/paths", content=b"[" + b" " * 41_000_000, headers=JSON)


def largest_body(client: httpx.Client) -> httpx.Response:
    """Send areas to keep off with as many vertices as go into a body."""
    ring = [[120 + i / 1e6, 30.0] for i in range(30_000)]
    polygons = [{"type": "Polygon", "coordinates": [ring]}]
    body = {"waypoints": [[120.1, 30.1], [120.2, 30.2]], "avoid": {"polygons": polygons}}
    return client.post("/api/paths", content=orjson.dumps(body), headers=JSON)


def long_track(client: httpx.Client) -> httpx.Response:
    """Match as many fixes as a body may have, along roads and back."""
    answer = client.get(ROADS, params={"limit": 300, "filter": "class = 'motorway'"})
    lines = [f["geometry"]["coordinates"] for f in answer.json()["features"]]
    fixes = [p[:2] for line in lines if isinstance(line[0][0], float) for p in line]
    track = list(itertools.islice(itertools.cycle(fixes + fixes[::-1]), MOST_FIXES))
    return client.post("/api/match", json={"points": track}, timeout=120)


def json_filter(client: httpx.Client) -> httpx.Response:
    """Ask with the largest filter in CQL2 JSON that an address holds."""
    part = {"op": "=", "args": [{"property": "class"}, "primary"]}
    text = orjson.dumps({"op": "or", "args": [part] * 110}).decode()
    return client.get(f"{ROADS}", params={"filter": text, "filter-lang": "cql2-json", "limit": 1})


def export(kind: str) -> Callable[[httpx.Client], httpx.Response]:
    """Return a request for all roads as a file."""
    return lambda client: client.get(ROADS, params={"f": kind, "limit": 20_000}, timeout=120)


HEAVY: Mapping[str, tuple[Callable[[httpx.Client], httpx.Response], int]] = {
    "a page in GCJ02": (get(limit=10_000, crs="GCJ02"), 200),
    "a page in EPSG:4549": (get(limit=10_000, crs="4549"), 200),
    "a page as HTML": (get(limit=10_000, f="html"), 200),
    "a large packed page": (get(limit=10_000), 200),
    "a closed area": (close_area, 201),
    "a table beside paths": (table_beside_path, 200),
    "a body of 41 MB": (huge_body, 413),
    "a body of many vertices": (largest_body, 400),
    "a long track": (long_track, 200),
    "a filter in CQL2 JSON": (json_filter, 200),
    "an export as CSV": (export("csv"), 200),
    "an export as FlatGeobuf": (export("fgb"), 200),
}
"""Requests by kind, sent by a signed-in client, with the status of their answer."""
