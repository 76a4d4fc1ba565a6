"""Rows of nodes, edges and facilities: one record per row, and the writers that COPY them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from uuid import UUID

import numpy as np
import psycopg
import shapely
from shapely import LineString, Point
from shapely.geometry.base import BaseGeometry

from spatial.ids import stable_uuid7
from spatial.json_types import JsonObject
from spatial.postgres.bulk import copy_rows


@dataclass(slots=True)
class Node:
    """A row of `node`; the admin code is filled in when written."""

    id: UUID
    kind: str
    origin: str
    source_id: str
    modes: list[str]
    geom: Point
    name_zh: str | None = None
    name_en: str | None = None
    facility_id: UUID | None = None


@dataclass(slots=True)
class Edge:
    """A row of `edge`; unknown stays None. `k_from` < `k_to` on either side."""

    id: UUID
    kind: str
    origin: str
    source_id: str
    mode: str
    class_: str
    from_node: UUID
    to_node: UUID
    length_m: float
    geom: LineString
    oneway: bool = False
    ref: str | None = None
    name_zh: str | None = None
    name_en: str | None = None
    speed_kmh: float | None = None
    speed_basis: str = "assumed"
    lanes: int | None = None
    layer: int = 0
    max_height_m: float | None = None
    max_mass_t: float | None = None
    tonnage_t: float | None = None
    limits_known: bool = False
    structure: str | None = None
    route_id: str | None = None
    k_from: float | None = None
    k_to: float | None = None
    side: str | None = None
    bundle: str | None = None
    props: JsonObject = field(default_factory=dict)


@dataclass(slots=True)
class Facility:
    """A row of `facility` made by the networks: a bridge, a tunnel or a lock."""

    id: UUID
    kind: str
    origin: str
    source_id: str
    geom: BaseGeometry
    name_zh: str | None = None
    name_en: str | None = None
    admin_code: str | None = None
    codes: dict[str, str | None] = field(default_factory=dict)
    props: JsonObject = field(default_factory=dict)


@dataclass(slots=True)
class Structure:
    """A row of `edge_structure`: an edge and the facility that it crosses or uses."""

    edge_id: UUID
    facility_id: UUID
    relation: str


class Locator:
    """Finds the admin code of points: county, else prefecture, else none outside the province."""

    def __init__(self, conn: psycopg.Connection) -> None:
        rows = conn.execute(
            "SELECT admin_code, ST_AsBinary(geom) FROM sigang.zone"
            " WHERE kind IN ('county', 'prefecture') AND admin_code IS NOT NULL"
            " ORDER BY kind = 'prefecture', admin_code"
        ).fetchall()
        self.zones = [(str(code), shapely.from_wkb(bytes(shape))) for code, shape in rows]

    def codes_of(self, points: Sequence[Point]) -> list[str | None]:
        """Return the code of the first zone that holds each point."""
        at = shapely.get_coordinates(np.array(points, dtype=object))
        found = np.full(len(at), None, dtype=object)
        for code, shape in self.zones:
            west, south, east, north = shape.bounds
            near = (at[:, 0] >= west) & (at[:, 0] <= east)
            near &= (at[:, 1] >= south) & (at[:, 1] <= north) & (found == None)  # noqa: E711
            index = np.flatnonzero(near)
            shapely.prepare(shape)
            found[index[shapely.contains_xy(shape, at[index, 0], at[index, 1])]] = code
        return list(found)


def stable(source_id: str, key: str) -> UUID:
    """Return the id that a row of the sample keeps over loads."""
    return stable_uuid7(source_id, key)


def write_nodes(conn: psycopg.Connection, nodes: Sequence[Node], locator: Locator) -> int:
    """Write nodes, public, with their admin code."""
    return _write(conn, "node", Node, nodes, locator.codes_of([n.geom for n in nodes]))


def write_edges(conn: psycopg.Connection, edges: Sequence[Edge], locator: Locator) -> int:
    """Write edges, public, with the admin code of their middle."""
    lines = np.array([edge.geom for edge in edges], dtype=object)
    middle = shapely.line_interpolate_point(lines, 0.5, normalized=True)
    return _write(conn, "edge", Edge, edges, locator.codes_of(list(middle)))


def write_facilities(
    conn: psycopg.Connection, facilities: Sequence[Facility], locator: Locator
) -> int:
    """Write facilities, public; one without an admin code gets that of its middle."""
    middle = [Point(f.geom.centroid) for f in facilities]
    found = locator.codes_of(middle)
    codes = [f.admin_code or code for f, code in zip(facilities, found, strict=True)]
    return _write(conn, "facility", Facility, facilities, codes)


def write_structures(conn: psycopg.Connection, rows: Iterable[Structure]) -> int:
    """Write which edge uses or crosses which facility, each once."""
    unique = {(row.edge_id, row.facility_id, row.relation) for row in rows}
    columns = ["edge_id", "facility_id", "relation"]
    return copy_rows(conn, "edge_structure", columns, sorted(unique, key=str))


def _write(
    conn: psycopg.Connection,
    table: str,
    record: type,
    rows: Sequence[object],
    admin_codes: Sequence[str | None],
) -> int:
    names = [f.name for f in fields(record) if f.name != "admin_code"]
    columns = [name.rstrip("_") for name in names]
    return copy_rows(
        conn,
        table,
        [*columns, "visibility", "admin_code"],
        (
            [*(getattr(row, name) for name in names), "public", code]
            for row, code in zip(rows, admin_codes, strict=True)
        ),
    )
