"""Facilities of OpenStreetMap: airfields, stations, terminals, and structures that edges cross."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast
from uuid import UUID

import shapely

from data.osm.edges import NOWHERE
from data.osm.tags import Tags, names
from spatial.geo.admin_units import AdminUnits
from spatial.ids import stable_uuid7
from spatial.networks.road import KIND as ROAD
from spatial.postgres.ingest import Run

COLUMNS = (
    "id",
    "kind",
    "admin_code",
    "visibility",
    "origin",
    "source_id",
    "props",
    "name_zh",
    "name_en",
    "iata",
    "icao",
    "geom",
)
_KINDS = {
    ("aeroway", "aerodrome"): "airport",
    ("aeroway", "heliport"): "heliport",
    ("aeroway", "helipad"): "heliport",
    ("aeroway", "runway"): "runway",
    ("railway", "station"): "station",
    ("railway", "halt"): "station",
    ("amenity", "ferry_terminal"): "ferry_terminal",
    ("waterway", "weir"): "weir",
    ("waterway", "dam"): "weir",
}
KEYS = ("aeroway", "railway", "amenity", "waterway")
_KEPT = ("ref", "surface", "length", "width", "ele", "operator", "station", "aerodrome:type")

# One structure: edges of one kind and name whose ends lie within about 300 m of each other.
# Locks count without a name as well.
_GROUPS = f"""
  SELECT structure, name, min(key), array_agg(id::text ORDER BY key),
    ST_AsBinary(ST_LineMerge(ST_Collect(geom)))
  FROM (
    SELECT id, structure, geom, props ->> 'structure_name' AS name,
      lpad(props ->> 'osm_way', 20, '0') || '/' || (props ->> 'segment') AS key,
      ST_ClusterDBSCAN(geom, 0.003, 1)
        OVER (PARTITION BY structure, props ->> 'structure_name') AS g
    FROM sigang.edge WHERE source_id = %s
      AND (structure IN ('bridge', 'tunnel') AND mode = {ROAD.mode!r} AND props ? 'structure_name'
        OR structure = 'lock')
  ) e GROUP BY structure, name, g ORDER BY 1, 2, 3"""  # noqa: S608


def place_kind(tags: Tags) -> str | None:
    """Return the kind of facility that tags describe, or None."""
    for (key, value), kind in _KINDS.items():
        if tags.get(key) == value:
            return kind
    return None


def way_shape(x: Sequence[int], y: Sequence[int], kind: str) -> shapely.Geometry:
    """Return line or polygon (degrees) of a way in 1e-7 degrees, None when a node is missing."""
    if NOWHERE in x or len(x) < 2:
        return None
    points = [(a / 1e7, b / 1e7) for a, b in zip(x, y, strict=True)]
    if kind != "runway" and len(points) > 3 and points[0] == points[-1]:
        return shapely.Polygon(points)
    return shapely.LineString(points)


def place_row(
    source_id: str, key: str, tags: Tags, kind: str, shape: shapely.Geometry, units: AdminUnits
) -> tuple[object, ...]:
    """Return the row of one facility."""
    name_zh, name_en = names(tags)
    point = shapely.point_on_surface(shape)
    props = {**{k: tags[k] for k in _KEPT if k in tags}, "osm": key}
    return (
        stable_uuid7(source_id, key),
        kind,
        units.codes_of([point.x], [point.y])[0],
        "public",
        "real",
        source_id,
        props,
        name_zh,
        name_en,
        tags.get("iata"),
        tags.get("icao"),
        shape,
    )


def add_structures(run: Run, units: AdminUnits) -> None:
    """Make a facility of each named road bridge and tunnel and of each lock, tied to its edges.

    The edges of one structure are one bundle: they close together.
    """
    links: list[tuple[UUID, UUID, str]] = []
    places: list[tuple[object, ...]] = []
    bundles: list[str] = []
    for kind, name, key, edges, shape in run.conn.execute(_GROUPS, [run.source_id]).fetchall():
        geometry = shapely.from_wkb(bytes(shape))
        label = f"structure/{kind}/{key}"
        tags = {"name": name} if name else {}
        row = place_row(run.source_id, label, tags, kind, geometry, units)
        places.append(row)
        ids = [UUID(edge) for edge in edges]
        links += [(edge, cast(UUID, row[0]), "carries") for edge in ids]
        bundles += [f"{run.source_id}/{label}"] * len(ids)
    run.copy("facility", COLUMNS, places)
    run.copy("edge_structure", ("edge_id", "facility_id", "relation"), links)
    run.conn.execute(
        "UPDATE sigang.edge e SET bundle = b.bundle"
        " FROM unnest(%s::uuid[], %s::text[]) AS b (edge, bundle) WHERE e.id = b.edge",
        [[edge for edge, _, _ in links], bundles],
    )
