"""Terminals, their berths and the calls of vessels as SQL; the plan that is kept."""

from __future__ import annotations

TERMINALS = """
SELECT t.id, t.name_zh, t.name_en, t.admin_code, t.unit_id, t.origin,
  t.props ->> 'source_key' AS key, t.props ->> 'hub' AS hub,
  (t.props ->> 'channel_depth_m')::float8 AS channel_depth_m,
  ST_X(ST_PointOnSurface(t.geom)) AS lon, ST_Y(ST_PointOnSurface(t.geom)) AS lat,
  (SELECT count(*)::int FROM sigang.facility b WHERE b.kind = 'berth'
    AND b.props ->> 'terminal' = t.props ->> 'source_key') AS berths,
  (SELECT count(*)::int FROM sigang.vessel_call c WHERE c.terminal_id = t.id
    AND c.state IN ('expected', 'berthed')) AS calls
FROM sigang.facility t
WHERE t.kind = 'container_terminal' AND ($1::uuid IS NULL OR t.id = $1 OR EXISTS (
  SELECT 1 FROM sigang.facility b WHERE b.id = $1 AND b.kind = 'berth'
    AND b.props ->> 'terminal' = t.props ->> 'source_key'))
ORDER BY t.name_en, t.id LIMIT 500"""
QUAYS = """
SELECT b.id, b.props ->> 'source_key' AS key, b.name_zh, b.name_en, b.origin,
  (b.props ->> 'length_m')::float8 AS length_m, (b.props ->> 'depth_m')::float8 AS depth_m,
  (b.props ->> 'from_m')::float8 AS from_m,
  coalesce((b.props ->> 'single')::boolean, false) AS single,
  ST_AsBinary(CASE WHEN GeometryType(b.geom) = 'MULTILINESTRING'
    THEN ST_GeometryN(b.geom, 1) ELSE b.geom END) AS line
FROM sigang.facility b WHERE b.kind = 'berth' AND b.props ->> 'terminal' = $1
ORDER BY (b.props ->> 'from_m')::float8, b.id LIMIT 41"""
CALLS = """
SELECT id, key, vessel, length_m, draught_m, draught_out_m, eta, due, handling_min, moves, cranes,
  weight, late_weight, berth, from_m, berthed_at, state, origin
FROM sigang.vessel_call WHERE terminal_id = $1 AND state IN ('expected', 'berthed')
ORDER BY eta, id LIMIT 400"""
NAMES = "SELECT id, key, vessel FROM sigang.vessel_call WHERE id = ANY ($1::uuid[])"
PLAN = """
SELECT digest, made_at, holds_until, rule_version, document FROM sigang.berth_plan
WHERE terminal_id = $1"""
KEEP = """
INSERT INTO sigang.berth_plan AS p
  (terminal_id, digest, made_at, holds_until, rule_version, document)
VALUES ($1, $2, $3, $4, $5, $6::jsonb)
ON CONFLICT (terminal_id) DO UPDATE SET digest = excluded.digest, made_at = excluded.made_at,
  holds_until = excluded.holds_until, rule_version = excluded.rule_version,
  document = excluded.document
WHERE p.made_at <= excluded.made_at"""
PUT = """
INSERT INTO sigang.vessel_call AS c (id, source_id, key, terminal_id, vessel, length_m, draught_m,
  draught_out_m, eta, due, handling_min, moves, cranes, weight, late_weight, berth, from_m,
  berthed_at, state, admin_code, unit_id, visibility, origin, account_id)
SELECT r.id, $1, r.key, $2, r.vessel, r.length_m, r.draught_m, r.draught_out_m, r.eta, r.due,
  r.handling_min, r.moves, r.cranes, r.weight, r.late_weight, r.berth, r.from_m, r.berthed_at,
  r.state, $3, $4, $5, $6, $7
FROM jsonb_to_recordset($8::jsonb) r (id uuid, key text, vessel text, length_m float8,
  draught_m float8, draught_out_m float8, eta timestamptz, due timestamptz, handling_min int,
  moves int, cranes smallint, weight smallint, late_weight smallint, berth text, from_m float8,
  berthed_at timestamptz, state text) ORDER BY r.id
ON CONFLICT (id) DO UPDATE SET terminal_id = excluded.terminal_id, vessel = excluded.vessel,
  length_m = excluded.length_m, draught_m = excluded.draught_m,
  draught_out_m = excluded.draught_out_m, eta = excluded.eta, due = excluded.due,
  handling_min = excluded.handling_min, moves = excluded.moves, cranes = excluded.cranes,
  weight = excluded.weight, late_weight = excluded.late_weight, berth = excluded.berth,
  from_m = excluded.from_m, berthed_at = excluded.berthed_at, state = excluded.state,
  admin_code = excluded.admin_code, visibility = excluded.visibility, origin = excluded.origin,
  recorded_at = now()
WHERE (c.terminal_id, c.vessel, c.length_m, c.draught_m, c.draught_out_m, c.eta, c.due,
    c.handling_min, c.moves, c.cranes, c.weight, c.late_weight, c.berth, c.from_m, c.berthed_at,
    c.state, c.admin_code, c.visibility, c.origin)
  IS DISTINCT FROM (excluded.terminal_id, excluded.vessel, excluded.length_m, excluded.draught_m,
    excluded.draught_out_m, excluded.eta, excluded.due, excluded.handling_min, excluded.moves,
    excluded.cranes, excluded.weight, excluded.late_weight, excluded.berth, excluded.from_m,
    excluded.berthed_at, excluded.state, excluded.admin_code, excluded.visibility, excluded.origin)
RETURNING c.id, xmax = 0 AS fresh"""
