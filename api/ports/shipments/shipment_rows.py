"""Shipments as SQL: plans put by source and key, events added, what belongs to whom."""

from __future__ import annotations

PUT = """
INSERT INTO sigang.operation AS o (id, kind, admin_code, unit_id, visibility, origin, source_id,
  valid_from, props, name_zh, name_en, state, planned_start, planned_end, teu, cargo_t, geom)
SELECT id, 'shipment', admin_code, $2, $3, $4, $1, planned_start,
  jsonb_build_object('source_key', key), key, key, 'planned', planned_start, planned_end, teu,
  cargo_t, ST_GeomFromWKB(geom, 4326)
FROM unnest($5::uuid[], $6::text[], $7::text[], $8::timestamptz[], $9::timestamptz[],
  $10::float8[], $11::float8[], $12::bytea[])
  g (id, key, admin_code, planned_start, planned_end, teu, cargo_t, geom) ORDER BY id
ON CONFLICT (id) DO UPDATE SET admin_code = excluded.admin_code,
  visibility = excluded.visibility, origin = excluded.origin, valid_from = excluded.valid_from,
  planned_start = excluded.planned_start, planned_end = excluded.planned_end,
  teu = excluded.teu, cargo_t = excluded.cargo_t, geom = excluded.geom, recorded_at = now()
WHERE (o.admin_code, o.visibility, o.origin, o.planned_start, o.planned_end, o.teu, o.cargo_t,
    o.geom) IS DISTINCT FROM (excluded.admin_code, excluded.visibility, excluded.origin,
    excluded.planned_start, excluded.planned_end, excluded.teu, excluded.cargo_t, excluded.geom)
RETURNING o.id, xmax = 0 AS fresh"""
PUT_PLANS = """
INSERT INTO sigang.shipment AS s (operation_id, source_id, key, units, refs, transports, plan,
  since, until)
SELECT id, $1, key, ARRAY(SELECT jsonb_array_elements_text(sets::jsonb -> 'units')),
  ARRAY(SELECT jsonb_array_elements_text(sets::jsonb -> 'refs')),
  ARRAY(SELECT jsonb_array_elements_text(sets::jsonb -> 'transports')), plan::jsonb,
  planned_start - make_interval(days => $2), planned_end + make_interval(days => $3)
FROM unnest($4::uuid[], $5::text[], $6::timestamptz[], $7::timestamptz[], $8::text[], $9::text[])
  g (id, key, planned_start, planned_end, plan, sets) ORDER BY id
ON CONFLICT (operation_id) DO UPDATE SET units = excluded.units, refs = excluded.refs,
  transports = excluded.transports, plan = excluded.plan, since = excluded.since,
  until = excluded.until
WHERE (s.units, s.refs, s.transports, s.plan, s.since, s.until) IS DISTINCT FROM
  (excluded.units, excluded.refs, excluded.transports, excluded.plan, excluded.since,
   excluded.until)
RETURNING operation_id AS id, xmax = 0 AS fresh"""
SHIPMENTS = """
SELECT o.id, o.admin_code, o.unit_id, o.visibility, o.origin, o.source_id, s.key, s.units, s.refs,
  s.plan::text AS plan, o.teu, o.cargo_t, o.planned_start, o.planned_end,
  ST_AsGeoJSON(o.geom, 6) AS geometry
FROM sigang.operation o JOIN sigang.shipment s ON s.operation_id = o.id"""
ONE = f"{SHIPMENTS} WHERE o.id = $1"
PAGE = f"""{SHIPMENTS}
WHERE o.kind = 'shipment' AND ($1::uuid IS NULL OR o.id > $1)
  AND ($3::text IS NULL OR s.units @> ARRAY[$3]) AND ($4::text IS NULL OR s.refs @> ARRAY[$4])
ORDER BY o.id LIMIT $2"""
PAST = f"""{SHIPMENTS}
WHERE o.kind = 'shipment' AND o.planned_start < $1 AND o.id <> $3
ORDER BY o.planned_start DESC, o.id LIMIT $2"""
EVENTS = """
WITH mine AS (
  SELECT operation_id, units, refs, transports, since, until FROM sigang.shipment
  WHERE operation_id = ANY($1::uuid[])),
direct AS (
  SELECT m.operation_id AS shipment, e.id FROM mine m
  JOIN sigang.shipment_event e ON e.operation_id = m.operation_id
  UNION SELECT m.operation_id, e.id FROM mine m
  JOIN sigang.shipment_event e ON e.operation_id IS NULL AND e.refs && m.refs
  UNION SELECT m.operation_id, e.id FROM mine m
  JOIN sigang.shipment_event e ON e.operation_id IS NULL AND e.unit = ANY(m.units)
    AND e.at >= m.since AND e.at < m.until
  UNION SELECT m.operation_id, e.id FROM mine m
  JOIN sigang.shipment_event e ON e.operation_id IS NULL AND e.unit IS NULL
    AND e.transport = ANY(m.transports) AND e.at >= m.since AND e.at < m.until),
whole AS (
  SELECT shipment, id FROM direct
  UNION SELECT d.shipment, r.id FROM direct d JOIN sigang.shipment_event e ON e.id = d.id
  JOIN sigang.shipment_event r ON r.source_id = e.source_id AND r.retracts = e.event_id)
SELECT w.shipment, e.document::text AS document, e.document ->> 'place' AS place, e.origin,
  e.recorded_at, CASE WHEN $2 THEN e.raw END AS raw
FROM whole w JOIN sigang.shipment_event e ON e.id = w.id ORDER BY e.at, e.source_id, e.event_id"""
ADD = """
INSERT INTO sigang.shipment_event (id, operation_id, source_id, event_id, at, unit, transport,
  refs, retracts, document, raw, account_id, unit_id, origin)
SELECT r.id, $2, $1, r.event_id, r.at, r.unit, r.transport,
  ARRAY(SELECT jsonb_array_elements_text(r.refs::jsonb)), r.retracts, r.document::jsonb, r.raw,
  $3, $4, $5
FROM unnest($6::uuid[], $7::text[], $8::timestamptz[], $9::text[], $10::text[], $11::text[],
  $12::text[], $13::text[], $14::text[])
  r (id, event_id, at, unit, transport, refs, retracts, document, raw)
ON CONFLICT (id) DO NOTHING RETURNING id"""
UNCLAIMED = """
SELECT e.id, e.source_id, e.event_id, e.at, e.unit, e.raw, e.recorded_at
FROM sigang.shipment_event e
WHERE e.operation_id IS NULL AND ($1::uuid IS NULL OR e.id > $1) AND NOT EXISTS (
  SELECT 1 FROM sigang.shipment s WHERE s.refs && e.refs
    OR (e.at >= s.since AND e.at < s.until AND (s.units @> ARRAY[e.unit]
      OR (e.unit IS NULL AND s.transports @> ARRAY[e.transport]))))
ORDER BY e.id LIMIT $2"""
COUNTY_NEAR = """
SELECT coalesce((
    SELECT min(z.admin_code) FROM sigang.zone z
    WHERE z.kind = 'county' AND ST_Intersects(z.geom, g.at)), (
    SELECT z.admin_code FROM sigang.zone z
    WHERE z.kind = 'county' AND z.geom && ST_Expand(g.at, $3::float8 / 50000)
      AND ST_DWithin(z.geom::geography, g.at::geography, $3::float8)
    ORDER BY ST_Distance(z.geom::geography, g.at::geography), z.admin_code LIMIT 1))
FROM unnest($1::float8[], $2::float8[]) WITH ORDINALITY p (x, y, i)
CROSS JOIN LATERAL (SELECT ST_SetSRID(ST_MakePoint(p.x, p.y), 4326) AS at) g
ORDER BY p.i"""
PLACES = """
SELECT g.given, p.id, p.name_zh, p.name_en, p.lon, p.lat, p.basis
FROM (SELECT given, upper(regexp_replace(given, '[[:space:]-]', '', 'g')) AS code
  FROM unnest($1::text[]) given) g
CROSS JOIN LATERAL (
  SELECT 1 AS rank, h.id, h.name_zh, h.name_en, ST_X(h.geom) AS lon, ST_Y(h.geom) AS lat,
    'hub' AS basis
  FROM sigang.linkage_hub h WHERE h.id = g.given OR h.un_locodes @> ARRAY[g.code]
  UNION ALL
  SELECT 2, f.un_locode, f.name_zh, f.name_en, ST_X(c), ST_Y(c), f.kind
  FROM sigang.facility f, ST_PointOnSurface(f.geom) c
  WHERE f.kind IN ('port', 'dry_port') AND f.un_locode IS NOT NULL
    AND (f.un_locode = g.code OR f.codes -> 'un_locode' ? g.code)
  UNION ALL
  SELECT 3, f.iata, f.name_zh, f.name_en, ST_X(c), ST_Y(c), 'airport'
  FROM sigang.facility f, ST_PointOnSurface(f.geom) c WHERE f.iata = g.code
  UNION ALL
  SELECT 4 + (u.geom IS NULL)::int, u.code, u.name, u.name_ascii, ST_X(u.geom), ST_Y(u.geom),
    'unlocode'
  FROM sigang.unlocode u WHERE u.code = g.code
  ORDER BY 1, 2, 3 LIMIT 1) p"""
NEAR = """
SELECT id FROM sigang.linkage_hub
UNION SELECT unnest(un_locodes) FROM sigang.linkage_hub
UNION SELECT un_locode FROM sigang.facility WHERE un_locode IS NOT NULL
UNION SELECT code FROM sigang.unlocode WHERE code LIKE ANY($1::text[])"""
