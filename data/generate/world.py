"""The network that generated things stand on, and the draws that place them there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tomllib import loads
from uuid import UUID

import numpy as np
import psycopg
import shapely
from numpy.typing import NDArray

from data.facts import Facts
from spatial.ids import stable_uuid7
from spatial.networks.road import KIND as ROAD

SOURCE = "sample-generated"
TRUNK = ("motorway", "trunk", "primary", "trunk_unclassified")
_M_PER_DEG = 111_320.0
_STREETS_EVERY = 4  # one local street in so many is enough to stand on

Rng = np.random.Generator
Objects = NDArray[np.object_]
Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@cache
def settings() -> Facts:
    """Return world.toml."""
    return loads(Path(__file__).with_name("world.toml").read_text("utf-8"))


def rng_of(stream: int) -> Rng:
    """Return the generator of one stream, so that parts do not disturb each other."""
    return np.random.default_rng([settings()["seed"], stream])


def generated_id(key: str) -> UUID:
    """Return the id that a generated row keeps over loads."""
    return stable_uuid7(SOURCE, key)


@dataclass(frozen=True)
class Lines:
    """Edges of one kind as arrays of equal length; `k` in metres, NaN where there is no route."""

    ids: Objects
    shapes: Objects
    classes: Objects
    routes: Objects
    sides: Objects
    admin: Objects
    length_m: NDArray[np.float64]
    k_from: NDArray[np.float64]
    k_to: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.ids)

    def where(self, mask: NDArray[np.bool_]) -> Indices:
        """Return the places of the edges that a mask names."""
        return np.flatnonzero(mask)

    def draw(self, rng: Rng, count: int, among: Indices | None = None) -> Spots:
        """Return random spots, each edge as likely as it is long."""
        pool = np.arange(len(self)) if among is None else among
        weight = self.length_m[pool] / self.length_m[pool].sum()
        return self.at(rng.choice(pool, count, p=weight), rng.random(count))

    def at(self, edges: Indices, share: NDArray[np.float64]) -> Spots:
        """Return the spots at a share (0–1) of their edges."""
        points = shapely.line_interpolate_point(self.shapes[edges], share, normalized=True)
        k = self.k_from[edges] + share * (self.k_to[edges] - self.k_from[edges])
        return Spots(edges, share, points, shapely.get_x(points), shapely.get_y(points), k)


@dataclass(frozen=True)
class Spots:
    """Points on edges: the edge's place in its `Lines`, the share along it, where that is."""

    edges: Indices
    share: NDArray[np.float64]
    points: Objects
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    k: NDArray[np.float64]


def read_roads(conn: psycopg.Connection) -> Lines:
    """Return the province's trunk roads, one side each, and a part of its streets."""
    return _read(
        conn,
        f"mode = {ROAD.mode!r} AND admin_code LIKE '33%%' AND coalesce(side, 'up') <> 'down'"
        " AND (class = ANY(%s) OR class IN ('secondary', 'tertiary')"
        f" AND get_byte(uuid_send(id), 15) %% {_STREETS_EVERY} = 0)",
        [list(TRUNK)],
    )


def read_water(conn: psycopg.Connection, mode: str) -> Lines:
    """Return the sea lanes or waterways around the province, without made-up ones."""
    near = (
        "origin <> 'synthetic' AND ST_Intersects(geom, ST_MakeEnvelope(118, 27, 123.5, 31.2, 4326))"
    )
    return _read(conn, f"mode = %s AND {near}", [mode])


def _read(conn: psycopg.Connection, condition: str, params: Sequence[object]) -> Lines:
    wanted = (
        "id, ST_AsBinary(geom), class, route_id, coalesce(side, ''), admin_code, length_m,"
        " k_from, k_to"
    )
    query = f"SELECT {wanted} FROM sigang.edge WHERE {condition} ORDER BY id"  # noqa: S608
    rows = conn.execute(query, params).fetchall()
    columns = list(zip(*rows, strict=True)) or [()] * 9
    objects = [np.array(column, dtype=object) for column in columns[:6]]
    numbers = [np.array(column, dtype=np.float64) for column in columns[6:]]
    shapes = shapely.from_wkb([bytes(shape) for shape in columns[1]])
    return Lines(objects[0], shapes, *objects[2:6], *numbers)


def jitter(rng: Rng, spots: Spots, metres: float) -> tuple[Floats, Floats]:
    """Return longitude and latitude of the spots, each moved about so far at random."""
    east, north = rng.normal(0.0, metres / 2, (2, len(spots.lon))) / _M_PER_DEG
    return spots.lon + east / np.cos(np.radians(spots.lat)), spots.lat + north


def visibilities(rng: Rng, count: int, other: dict[str, float]) -> Objects:
    """Return `unit` for most rows, `province` and `public` for the shares given."""
    names = ["unit", *other]
    shares = [1.0 - sum(other.values()), *other.values()]
    return rng.choice(np.array(names, dtype=object), count, p=shares)


def moments(start: datetime, seconds: NDArray[np.float64]) -> list[datetime]:
    """Return the moments so many seconds after `start`."""
    return [start + timedelta(seconds=round(float(s))) for s in seconds]


def stake_text(k_m: float) -> str:
    """Return `K123+400` of 123,400 m."""
    whole = round(k_m)
    return f"K{whole // 1000}+{whole % 1000:03d}"
