"""Temporary restrictions of the air as rows, as SQL."""

from __future__ import annotations

COUNTIES = """
SELECT admin_code FROM sigang.zone WHERE kind = 'county' AND admin_code IS NOT NULL
  AND ST_Intersects(geom, ST_GeomFromWKB($1, 4326)) ORDER BY 1"""
INSERT = """
INSERT INTO sigang.zone (id, kind, level, restriction, reason, admin_code, visibility, origin,
  source_id, name_zh, name_en, code, floor_m, floor_datum, ceiling_m, ceiling_datum, centre,
  radius_m, valid_from, valid_to, props, geom)
VALUES ($1, 'airspace_restriction', 'temporary', $2, $3, $4, 'public', 'real', $5, $6, $6, $7, $8,
  $9, $10, $11, ST_GeomFromWKB($12, 4326), $13, $14, $15, $16,
  ST_Multi(ST_GeomFromWKB($17, 4326)))"""
_COLUMNS = """
SELECT id::text, restriction, reason, name_zh, code, admin_code, floor_m, floor_datum, ceiling_m,
  ceiling_datum, valid_from, valid_to, recorded_at, props,
  ST_AsGeoJSON(geom)::jsonb AS geometry FROM sigang.zone WHERE kind = 'airspace_restriction'"""
ONE = f"{_COLUMNS} AND id = $1"
IN_FORCE = f"{_COLUMNS} AND valid_from <= $1 AND valid_to > $1 ORDER BY valid_from, id"
HOLD = """
SELECT admin_code, valid_from, valid_to FROM sigang.zone
WHERE kind = 'airspace_restriction' AND source_id = $2 AND id = $1 FOR UPDATE"""
END = """
UPDATE sigang.zone SET valid_from = least(valid_from, $2),
  valid_to = CASE WHEN valid_from < $2 THEN $2 ELSE $2 + interval '1 microsecond' END,
  props = props || jsonb_build_object(
    'ended_by', $3::text, 'planned_valid_from', valid_from, 'planned_valid_to', valid_to)
WHERE id = $1"""
"""One that had not begun is withdrawn: it was never in force."""
