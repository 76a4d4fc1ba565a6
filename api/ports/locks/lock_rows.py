"""Reads and writes locks: chambers with their sizes, declarations, versions of plans."""

from __future__ import annotations

LOCKS = """
SELECT f.id, f.name_zh, f.name_en, f.admin_code, f.origin,
  ST_X(ST_PointOnSurface(f.geom)) AS lon, ST_Y(ST_PointOnSurface(f.geom)) AS lat,
  (SELECT count(*)::int FROM sigang.lock_declaration d WHERE d.facility_id = f.id
    AND d.state IN ('declared', 'checked_in')) AS declared,
  p.version, p.made_at, p.document
FROM sigang.facility f LEFT JOIN LATERAL (SELECT version, made_at, document FROM sigang.lock_plan
    WHERE facility_id = f.id ORDER BY version DESC LIMIT 1) p ON true
WHERE f.kind = 'lock' AND ($1::uuid IS NULL OR f.id = $1)
  AND EXISTS (SELECT 1 FROM sigang.structure_opening o
    WHERE o.facility_id = f.id AND o.kind = 'chamber')
ORDER BY f.name_en, f.id LIMIT 500"""
CHAMBERS = """
SELECT o.facility_id, o.number, o.name_zh, o.name_en, o.hours, o.lockage_s, o.origin,
  min(l.value) FILTER (WHERE l.kind = 'length') AS length_m,
  min(l.value) FILTER (WHERE l.kind = 'width') AS beam_m,
  min(l.value) FILTER (WHERE l.kind = 'sill') AS sill_m
FROM sigang.structure_opening o LEFT JOIN sigang.waterway_limit l
  ON l.facility_id = o.facility_id AND (l.opening = o.number OR l.opening IS NULL)
    AND coalesce(l.valid_from <= now(), true) AND coalesce(l.valid_to > now(), true)
WHERE o.kind = 'chamber' AND o.facility_id = ANY ($1)
GROUP BY o.facility_id, o.number ORDER BY o.facility_id, o.number"""
CLOSURES = """
SELECT s.facility_id, extract(epoch FROM lower(e.valid))::float8 AS since,
  extract(epoch FROM upper(e.valid))::float8 AS until
FROM sigang.edge_structure s JOIN sigang.edge_state e ON e.edge_id = s.edge_id
WHERE s.facility_id = ANY ($1) AND s.relation = 'carries' AND e.kind = 'closure'
  AND e.direction = 'both' AND e.version_to IS NULL AND coalesce(upper(e.valid) > now(), true)
ORDER BY lower(e.valid)"""
QUEUE = """
SELECT id, vessel, voyage, way, ready_at, checked_in_at, length_m, beam_m, draught_m, cargo, rank,
  state, origin FROM sigang.lock_declaration
WHERE facility_id = ANY ($1) AND state IN ('declared', 'checked_in')
ORDER BY coalesce(checked_in_at, ready_at), id LIMIT 3000"""
SILLS = """
SELECT o.number, l.value, l.datum, l.reference_level_m, l.gauge_id,
  g.props ->> 'datum' AS gauge_datum
FROM sigang.structure_opening o JOIN sigang.waterway_limit l
  ON l.facility_id = o.facility_id AND (l.opening = o.number OR l.opening IS NULL)
    AND l.kind = 'sill' AND l.value IS NOT NULL
    AND coalesce(l.valid_from <= now(), true) AND coalesce(l.valid_to > now(), true)
LEFT JOIN sigang.facility g ON g.id = l.gauge_id
WHERE o.kind = 'chamber' AND o.facility_id = $1 ORDER BY o.number, l.id"""
SILL_LEVELS = """
SELECT gauge_id, kind, at, issued_at, p10_m, p50_m, p90_m FROM sigang.water_level
WHERE gauge_id = ANY ($1) AND at > $2 ORDER BY gauge_id, at, issued_at"""
QUEUES = """
SELECT facility_id, id, way, ready_at, checked_in_at, length_m, beam_m, draught_m, cargo, rank
FROM sigang.lock_declaration
WHERE facility_id = ANY ($1) AND state IN ('declared', 'checked_in')
ORDER BY coalesce(checked_in_at, ready_at), id LIMIT 20000"""
DECLARE = """
INSERT INTO sigang.lock_declaration (facility_id, vessel, voyage, way, ready_at, length_m, beam_m,
  draught_m, cargo, rank, account_id, admin_code, unit_id, visibility, origin)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) RETURNING id"""
CHECK_IN = """
UPDATE sigang.lock_declaration d SET state = 'checked_in', checked_in_at = now()
FROM sigang.facility f WHERE d.id = $1 AND f.id = d.facility_id AND d.state = 'declared'
  AND (d.account_id = $5 OR $6)
  AND ST_DWithin(f.geom::geography, ST_SetSRID(ST_MakePoint($2, $3), 4326)::geography, $4)
RETURNING d.id, d.facility_id, d.checked_in_at"""
AWAY = """
SELECT d.state, d.account_id, ST_Distance(f.geom::geography,
  ST_SetSRID(ST_MakePoint($2, $3), 4326)::geography) AS away_m
FROM sigang.lock_declaration d JOIN sigang.facility f ON f.id = d.facility_id WHERE d.id = $1"""
ABSENT = """
UPDATE sigang.lock_declaration SET state = 'absent'
WHERE id = ANY ($2::uuid[]) AND facility_id = $1 RETURNING id"""
LOCK_ROW = "SELECT pg_advisory_xact_lock(hashtextextended('lock_plan' || $1::text, 0))"
PUBLISH = """
INSERT INTO sigang.lock_plan (facility_id, version, made_by, restores, rule_version, document)
SELECT $1, coalesce(max(version), 0) + 1, $2, $3, $4, $5::jsonb FROM sigang.lock_plan
WHERE facility_id = $1 RETURNING version, made_at"""
VERSION = "SELECT document FROM sigang.lock_plan WHERE facility_id = $1 AND version = $2"
VERSIONS = """
SELECT version, restores FROM sigang.lock_plan WHERE facility_id = $1
ORDER BY version DESC LIMIT 500"""
COMES_AGAIN = """
UPDATE sigang.lock_declaration
SET state = CASE WHEN checked_in_at IS NULL THEN 'declared' ELSE 'checked_in' END
WHERE id = ANY ($2::uuid[]) AND facility_id = $1 AND state = 'absent'"""
