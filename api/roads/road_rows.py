"""What answers about roads read from the database, as SQL."""

from __future__ import annotations

from spatial.geo.carriageway_rows import STAKE_SQL
from spatial.networks.road import KIND as ROAD
from spatial.networks.road import MOTOR

EDGES_OF_ROUTE = f"""
SELECT id FROM sigang.edge
WHERE route_id = $1 AND side IN ($2, 'both') AND mode IN {MOTOR.sql}"""  # noqa: S608
DEVICES = """
SELECT id, kind, name_zh, name_en, props, origin, ST_X(ST_PointOnSurface(geom)) AS lon,
  ST_Y(ST_PointOnSurface(geom)) AS lat
FROM sigang.facility
WHERE kind = ANY($1) AND geom && ST_MakeEnvelope($2, $3, $4, $5, 4326) ORDER BY id LIMIT $6"""
REACH_TILE = """
SELECT ST_AsMVT(t, 'reach', $5, 'geom') FROM (
  SELECT ST_AsMVTGeom(ST_GeomFromWKB(a.geom, $4), ST_TileEnvelope($1, $2, $3), $5, $6) AS geom,
    a.duration_s, a.length_m, a.network_version
  FROM unnest($7::bytea[], $8::float8[], $9::float8[], $10::int8[])
    AS a (geom, duration_s, length_m, network_version)) t
WHERE t.geom IS NOT NULL"""
STAKES_OF_EDGES = """
SELECT e.id, e.route_id, e.side, e.k_from, e.k_to, c.accuracy_m, c.calibrated,
  CASE WHEN e.oneway AND e.side <> 'both' THEN e.side = 'up' ELSE coalesce(u.rises, true) END
    AS rises
FROM sigang.edge e
LEFT JOIN LATERAL (
  SELECT max(accuracy_m) AS accuracy_m, bool_and(calibrated) AS calibrated
  FROM sigang.carriageway w
  WHERE w.route_id = e.route_id AND (w.side = e.side OR e.side = 'both')) c ON true
LEFT JOIN LATERAL (
  SELECT ST_LineLocatePoint(w.geom, ST_StartPoint(e.geom))
    <= ST_LineLocatePoint(w.geom, ST_EndPoint(e.geom)) AS rises
  FROM sigang.carriageway w WHERE w.route_id = e.route_id AND w.side = 'up'
  ORDER BY w.geom <-> e.geom LIMIT 1) u ON true
WHERE e.id = ANY ($1::uuid[]) AND e.route_id IS NOT NULL AND e.k_from IS NOT NULL
  AND e.k_to IS NOT NULL"""
"""Stakes of edges, the lower one first; `rises` tells whether they rise along the edge itself:
on a one-way side by its name, else by the line of the side on which stakes rise."""
ROADS = f"""
SELECT id, class, ref, name_zh, name_en, length_m, speed_kmh,
  CASE WHEN oneway THEN lanes WHEN lanes > 0 THEN greatest(lanes / 2, 1) END AS lanes
FROM sigang.edge WHERE id = ANY($1) AND mode = {ROAD.mode!r}"""  # noqa: S608
CARRIAGEWAYS_NEAR = """
SELECT route_id, side, part, calibrated, accuracy_m, source_id, towards_zh, towards_en,
  ST_AsBinary(geom) AS geom
FROM sigang.carriageway
WHERE geom && ST_Expand(ST_SetSRID(ST_MakePoint($1, $2), 4326), $3 / 80000.0)
  AND ST_DWithin(geom::geography, ST_SetSRID(ST_MakePoint($1, $2), 4326)::geography, $3)
ORDER BY route_id, side, part"""
STAKES_OF_ROUTES = STAKE_SQL + " WHERE route_id = ANY($1)"
