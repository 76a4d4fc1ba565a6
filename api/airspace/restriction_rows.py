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
SELECT id::text, restriction, reason, name_zh, code, admin_code, source_id, floor_m,
  floor_datum, ceiling_m, ceiling_datum, valid_from, valid_to, recorded_at, props,
  ST_AsGeoJSON(geom)::jsonb AS geometry FROM sigang.zone WHERE kind = 'airspace_restriction'"""
ONE = f"{_COLUMNS} AND id = $1"
IN_FORCE = f"{_COLUMNS} AND valid_from <= $1 AND valid_to > $1 ORDER BY valid_from, id"
HOLD = """
SELECT admin_code, valid_from, valid_to, coalesce((props ->> 'version')::int, 1) AS version,
  props ? 'ended_by' AS ended
FROM sigang.zone
WHERE kind = 'airspace_restriction' AND source_id = ANY ($2) AND id = $1 FOR UPDATE"""
MOVE_END = """
UPDATE sigang.zone SET valid_to = $2, props = props || jsonb_build_object(
    'version', coalesce((props ->> 'version')::int, 1) + 1, 'changed_by', $3::text,
    'planned_valid_to', coalesce(props -> 'planned_valid_to', to_jsonb(valid_to)))
WHERE id = $1"""
END = """
UPDATE sigang.zone SET valid_from = least(valid_from, $2),
  valid_to = CASE WHEN valid_from < $2 THEN $2 ELSE $2 + interval '1 microsecond' END,
  props = props || jsonb_build_object(
    'version', coalesce((props ->> 'version')::int, 1) + 1, 'ended_by', $3::text,
    'planned_valid_from', valid_from,
    'planned_valid_to', valid_to)
WHERE id = $1"""
"""One that had not begun is withdrawn: it was never in force."""

PLANS_WITHIN = """
SELECT o.id, o.state, o.planned_start, o.planned_end, o.admin_code, o.unit_id, o.visibility,
  f.account_id, f.extents
FROM sigang.operation o JOIN sigang.operation_filing f ON f.operation_id = o.id
WHERE o.kind = 'uas_flight' AND o.state <> 'Denied'
  AND o.planned_start < $2 AND o.planned_end > $1
  AND o.geom && ST_MakeEnvelope($3, $4, $5, $6, 4326)
ORDER BY o.planned_start, o.id"""
OTHERS_WITHIN = """
SELECT DISTINCT ON (e.id, v.part) e.id, e.manager, e.state, e.begins, e.ends, e.uss_base_url,
  v.shape, v.radius_m, v.lower_m, v.upper_m, lower(v.during) AS starts, upper(v.during) AS stops
FROM sigang.utm_volume v JOIN sigang.utm_entity e ON e.id = v.entity_id
WHERE v.box && ST_MakeEnvelope($3, $4, $5, $6, 4326) AND v.during && tstzrange($1, $2)
  AND e.kind = 'operational_intent' AND e.manager <> $7 AND e.ends > now()
ORDER BY e.id, v.part"""

NOTE = """
INSERT INTO sigang.airspace_notice (restriction_id, intent_id, manager, account_id, effect, action)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (restriction_id, intent_id) DO UPDATE SET effect = excluded.effect,
  action = excluded.action, told_at = clock_timestamp(), received_at = NULL, received_by = NULL"""
_NOTICE = """
SELECT restriction_id, intent_id, manager, account_id, effect, action, told_at, received_at,
  received_by FROM sigang.airspace_notice"""
NOTICES = f"{_NOTICE} WHERE restriction_id = $1"
NOTICE = f"{_NOTICE} WHERE restriction_id = $1 AND intent_id = $2"
AREA_OF_PLAN = "SELECT admin_code FROM sigang.operation WHERE id = $1"
MINE = f"""{_NOTICE} WHERE account_id = $1
ORDER BY received_at DESC NULLS FIRST, told_at DESC LIMIT 500"""
RECEIVE = """
UPDATE sigang.airspace_notice SET received_at = clock_timestamp(), received_by = $3
WHERE restriction_id = $1 AND intent_id = $2 AND received_at IS NULL RETURNING
  restriction_id, intent_id, manager, account_id, effect, action, told_at, received_at,
  received_by"""
