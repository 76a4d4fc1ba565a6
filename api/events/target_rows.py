"""What the target of an event is read from, as SQL."""

from __future__ import annotations

from spatial.networks.road import MOTOR

FACILITY = """
SELECT id, name_zh, name_en, admin_code, props -> 'admin_codes' AS admin_codes,
  ST_AsBinary(geom) AS geom
FROM sigang.facility WHERE id = $1"""
CARRIED = """
SELECT edge_id FROM sigang.edge_structure WHERE facility_id = $1 AND relation = 'carries'"""
SPAN = f"""
SELECT id FROM sigang.edge
WHERE route_id = $1 AND ($2::text IS NULL OR side IN ($2, 'both')) AND mode IN {MOTOR.sql}
  AND k_from < greatest($3::float8, $4) AND k_to > least($3, $4)"""  # noqa: S608
INSIDE = """
SELECT id::text AS id FROM sigang.edge
WHERE mode = ANY($3) AND ST_Intersects(geom, ST_GeomFromGeoJSON($1)) LIMIT $2"""
BUNDLES = """
SELECT e.id, e.mode, e.admin_code, e.oneway, e.side, e.route_id, e.name_zh, e.name_en, e.ref,
  e.class, e.lanes, e.speed_kmh, ST_AsBinary(e.geom) AS geom
FROM sigang.edge e
WHERE e.mode = ANY($2) AND e.id = ANY(ARRAY(
  SELECT unnest(string_to_array($1, ',')::uuid[]) UNION
  SELECT twin.id FROM sigang.edge b JOIN sigang.edge twin ON twin.bundle = b.bundle
  WHERE b.id = ANY(string_to_array($1, ',')::uuid[])))
ORDER BY e.id"""
CARRIAGEWAY = """
SELECT ST_AsBinary(geom) AS geom FROM sigang.carriageway
WHERE route_id = $1 AND side = 'up' ORDER BY part"""
MEASURED = """
SELECT coalesce(sum(length_m), 0) AS edges_m,
  (SELECT coalesce(ST_Length(ST_GeomFromWKB($2, 4326)::geography), 0)) AS drawn_m
FROM sigang.edge WHERE id = ANY(string_to_array($1, ',')::uuid[])"""
TOWARDS = """
SELECT DISTINCT side, towards_zh, towards_en FROM sigang.carriageway
WHERE route_id = $1 ORDER BY side DESC"""
