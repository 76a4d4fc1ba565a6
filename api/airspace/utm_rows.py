"""UTM entities and subscriptions, as SQL."""

from __future__ import annotations

_ENTITY = """e.id, e.kind, e.manager, e.state, e.priority, e.version, e.ovn, e.previous_ovn,
  e.digest, e.subscribers, e.uss_base_url, e.subscription_id, e.begins, e.ends, e.lower_m,
  e.upper_m, e.cells, coalesce(a.availability, 'Unknown') AS uss_availability"""
_FROM = """
FROM sigang.utm_entity e LEFT JOIN sigang.uss_availability a ON a.uss = e.manager"""
LOCK = """
SELECT pg_advisory_xact_lock($1, slot) FROM unnest($2::int[]) AS slot"""
FIND = "SELECT " + _ENTITY + _FROM + " WHERE e.id = $1"
VOLUMES = """
SELECT entity_id, part, shape, radius_m, lower_m, upper_m, lower(during) AS begins,
  upper(during) AS ends
FROM (SELECT DISTINCT ON (entity_id, part) * FROM sigang.utm_volume
  WHERE entity_id = ANY ($1)) v ORDER BY entity_id, part"""
# Arrays out of subqueries: so the planner reckons with as many rows whether it knows the arrays or
# not, and keeps one plan. Else it plans for each question anew, which takes longer than to answer.
NEAR = (
    "SELECT "
    + _ENTITY
    + """, q.part AS own_part, v.shape, v.radius_m, v.lower_m AS floor_m,
  v.upper_m AS ceiling_m, lower(v.during) AS starts, upper(v.during) AS stops,
  v.cells AS volume_cells
FROM unnest((SELECT $2::int[]), (SELECT $3::float8[]), (SELECT $4::float8[]),
    (SELECT $5::float8[]), (SELECT $6::float8[]), (SELECT $7::timestamptz[]),
    (SELECT $8::timestamptz[]), (SELECT $9::int[]), (SELECT $10::int[]))
    AS q(part, west, south, east, north, begins, ends, lower_cm, upper_cm)
  JOIN sigang.utm_volume v
    ON v.box && ST_MakeEnvelope(q.west, q.south, q.east, q.north, 4326)
    AND v.during && tstzrange(q.begins, q.ends, '[]')
    AND v.heights_cm && int4range(q.lower_cm, q.upper_cm, '[]')
  JOIN sigang.utm_entity e ON e.id = v.entity_id
  LEFT JOIN sigang.uss_availability a ON a.uss = e.manager
WHERE e.kind = $1 AND e.ends > now()
ORDER BY e.id"""
)
ADD = """
INSERT INTO sigang.utm_entity (id, kind, manager, state, priority, version, ovn, uss_base_url,
  subscription_id, begins, ends, lower_m, upper_m, cells, digest)
VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $8, $9, $10, $11, $12, $13, $14)"""
CHANGE = """
UPDATE sigang.utm_entity SET state = $2, priority = $3, version = version + 1,
  previous_ovn = ovn, ovn = $4, uss_base_url = $5, subscription_id = $6, begins = $7, ends = $8,
  lower_m = $9, upper_m = $10, cells = $11, digest = $12, changed_at = clock_timestamp()
WHERE id = $1"""
KEEP_TOLD = "UPDATE sigang.utm_entity SET subscribers = $2 WHERE id = $1"
DROP = "DELETE FROM sigang.utm_entity WHERE id = $1"
CLEAR_VOLUMES = "DELETE FROM sigang.utm_volume WHERE entity_id = $1"
ADD_VOLUMES = """
INSERT INTO sigang.utm_volume (entity_id, part, box, during, heights_cm, shape, radius_m,
  lower_m, upper_m, cells)
SELECT $1, q.part, ST_MakeEnvelope(q.west, q.south, q.east, q.north, 4326),
  tstzrange(q.begins, q.ends), int4range(q.lower_cm, q.upper_cm), q.shape, q.radius_m, q.lower_m,
  q.upper_m, string_to_array(q.cells, ',')::bigint[]
FROM unnest($2::int[], $3::float8[], $4::float8[], $5::float8[], $6::float8[], $7::timestamptz[],
    $8::timestamptz[], $9::int[], $10::int[], $11::bytea[], $12::float8[], $13::float8[],
    $14::float8[], $15::text[])
  AS q(part, west, south, east, north, begins, ends, lower_cm, upper_cm, shape, radius_m, lower_m,
    upper_m, cells)"""
CLEAR_CONFLICTS = "DELETE FROM sigang.utm_conflict WHERE entity_id = $1 OR other_id = $1"
ADD_CONFLICTS = """
INSERT INTO sigang.utm_conflict (entity_id, other_id)
SELECT $1, other FROM unnest($2::uuid[]) AS other
UNION ALL SELECT other, $1 FROM unnest($2::uuid[]) AS other"""
CONFLICTS_OF = """
SELECT entity_id, array_agg(other_id ORDER BY since, other_id) AS others
FROM sigang.utm_conflict WHERE entity_id = ANY ($1) GROUP BY entity_id"""

_SUBSCRIPTION = """s.id, s.manager, s.version, s.notification_index, s.uss_base_url, s.for_intents,
  s.for_constraints, s.implicit, s.begins, s.ends, s.lower_m, s.upper_m, s.cells,
  ARRAY(SELECT e.id FROM sigang.utm_entity e WHERE e.subscription_id = s.id ORDER BY e.id)
    AS dependents"""
_OF = " FROM sigang.utm_subscription s"
FIND_SUBSCRIPTION = "SELECT " + _SUBSCRIPTION + _OF + " WHERE s.id = $1"
SUBSCRIPTIONS = (
    "SELECT "
    + _SUBSCRIPTION
    + _OF
    + """
WHERE s.manager = $1 AND s.cells && $2::bigint[] AND s.begins <= $4 AND s.ends >= $3
  AND s.ends > now() AND s.lower_m <= $6 AND s.upper_m >= $5
ORDER BY s.id"""
)
PUT_SUBSCRIPTION = """
INSERT INTO sigang.utm_subscription (id, manager, version, uss_base_url, for_intents,
  for_constraints, implicit, begins, ends, lower_m, upper_m, cells)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (id) DO UPDATE SET version = excluded.version, uss_base_url = excluded.uss_base_url,
  for_intents = excluded.for_intents, for_constraints = excluded.for_constraints,
  implicit = excluded.implicit, begins = excluded.begins, ends = excluded.ends,
  lower_m = excluded.lower_m, upper_m = excluded.upper_m, cells = excluded.cells"""
DROP_SUBSCRIPTION = "DELETE FROM sigang.utm_subscription WHERE id = $1"
DROP_IMPLICIT = """
DELETE FROM sigang.utm_subscription s WHERE s.id = $1 AND s.implicit
  AND NOT EXISTS (SELECT 1 FROM sigang.utm_entity e WHERE e.subscription_id = s.id)"""
_TOLD = """
UPDATE sigang.utm_subscription SET notification_index = notification_index + 1
WHERE id IN (SELECT s.id FROM sigang.utm_subscription s
  WHERE s.cells && $1::bigint[] AND s.begins <= $3 AND s.ends >= $2 AND s.ends > now()
    AND s.lower_m <= $5 AND s.upper_m >= $4 AND s.{column} ORDER BY s.id FOR UPDATE)
RETURNING id, uss_base_url, notification_index"""
TELL = {
    "operational_intent": _TOLD.format(column="for_intents"),
    "constraint": _TOLD.format(column="for_constraints"),
}

EVICT = """
WITH over AS (DELETE FROM sigang.utm_entity WHERE id IN (
    SELECT id FROM sigang.utm_entity WHERE ends <= now() ORDER BY id LIMIT 1000
    FOR UPDATE SKIP LOCKED)
  RETURNING id)
SELECT id FROM over"""
EVICT_SUBSCRIPTIONS = """
DELETE FROM sigang.utm_subscription s WHERE s.id IN (
  SELECT id FROM sigang.utm_subscription WHERE ends <= now() ORDER BY id LIMIT 1000
  FOR UPDATE SKIP LOCKED)
  AND NOT EXISTS (SELECT 1 FROM sigang.utm_entity e WHERE e.subscription_id = s.id)"""

AVAILABILITY = "SELECT availability, version FROM sigang.uss_availability WHERE uss = $1"
LOCK_AVAILABILITY = "SELECT pg_advisory_xact_lock(hashtextextended($1, 3548))"
SET_AVAILABILITY = """
INSERT INTO sigang.uss_availability (uss, availability, version) VALUES ($1, $2, $3)
ON CONFLICT (uss) DO UPDATE SET availability = excluded.availability,
  version = excluded.version, changed_at = clock_timestamp()"""
REPORT = "INSERT INTO sigang.utm_report (id, manager, body) VALUES ($1, $2, $3)"
