"""Inspections as SQL: shifts among the cases, taken in one statement, corrected and withdrawn."""

from __future__ import annotations

TAKE = """
INSERT INTO sigang.case_file AS c (id, kind, admin_code, unit_id, visibility, origin, source_id,
  valid_from, valid_to, props, workflow, stage, opened_at, closed_at, z_key, geom)
SELECT r.id, 'inspection', r.admin_code, $2, $3, $4, $1, r.since, r.until, r.props::jsonb,
  'inspection', 'closed', r.since, r.until, r.z_key, ST_SetSRID(ST_MakePoint(r.x, r.y), 4326)
FROM unnest($5::uuid[], $6::text[], $7::timestamptz[], $8::timestamptz[], $9::text[],
  $10::bigint[], $11::float8[], $12::float8[])
  r (id, admin_code, since, until, props, z_key, x, y) ORDER BY r.id
ON CONFLICT (id) DO UPDATE SET admin_code = excluded.admin_code, visibility = excluded.visibility,
  origin = excluded.origin, valid_from = excluded.valid_from, valid_to = excluded.valid_to,
  props = excluded.props, stage = excluded.stage, opened_at = excluded.opened_at,
  closed_at = excluded.closed_at, z_key = excluded.z_key, geom = excluded.geom, recorded_at = now()
WHERE (c.admin_code, c.visibility, c.origin, c.props, c.stage, c.opened_at, c.closed_at, c.geom)
  IS DISTINCT FROM (excluded.admin_code, excluded.visibility, excluded.origin, excluded.props,
    excluded.stage, excluded.opened_at, excluded.closed_at, excluded.geom)
RETURNING xmax = 0 AS fresh"""
WITHDRAW = """
WITH known AS (SELECT id, stage FROM sigang.case_file
  WHERE id = ANY($1::uuid[]) AND kind = 'inspection'
    AND sigang.owns(admin_code, visibility, unit_id)),
gone AS (UPDATE sigang.case_file c SET stage = 'withdrawn', recorded_at = now() FROM known
  WHERE c.id = known.id AND known.stage <> 'withdrawn' RETURNING c.id)
SELECT known.id, gone.id IS NOT NULL AS gone FROM known LEFT JOIN gone USING (id)"""
