"""Plans of our own door, as SQL: the operation, how it was filed, and what was decided."""

from __future__ import annotations

_PLAN = """
SELECT o.id, o.state, o.priority, o.name_zh, o.name_en, o.admin_code, o.unit_id, o.visibility,
  o.planned_start, o.planned_end, o.actual_start, o.actual_end, o.recorded_at,
  o.props ->> 'aircraft' AS aircraft, o.props -> 'approved' AS approved, f.account_id, f.task,
  f.extents, f.filed_at, f.decide_by, f.verdict, f.decision, f.legal_text, f.reason,
  f.override_by, f.decided_by, f.decided_at,
  e.ovn, e.version
FROM sigang.operation o JOIN sigang.operation_filing f ON f.operation_id = o.id
  LEFT JOIN sigang.utm_entity e ON e.id = o.id"""
FIND = _PLAN + " WHERE o.id = $1"
HOLD = _PLAN + " WHERE o.id = $1 FOR UPDATE OF o, f"
LISTED = (
    _PLAN
    + """
WHERE o.kind = 'uas_flight' AND ($1::text IS NULL OR o.state = $1)
  AND ($2::text IS NULL OR f.account_id = $2)
ORDER BY o.planned_start, o.id LIMIT $3"""
)
WAITING = (
    _PLAN
    + """
WHERE o.kind = 'uas_flight' AND o.state = 'Filed' AND o.planned_end > now()
ORDER BY coalesce(f.decide_by, o.planned_start), o.planned_start, o.id LIMIT $1"""
)
JUDGED = """
SELECT o.id, o.planned_start, o.planned_end, (f.verdict ->> 'airspace_version')::bigint AS version,
  f.verdict ->> 'rules' AS rules, ST_XMin(o.geom) AS west, ST_YMin(o.geom) AS south,
  ST_XMax(o.geom) AS east, ST_YMax(o.geom) AS north
FROM sigang.operation o JOIN sigang.operation_filing f ON f.operation_id = o.id
WHERE o.kind = 'uas_flight' AND o.state = 'Filed' AND o.planned_end > now()
  AND o.props ? 'aircraft' ORDER BY o.planned_start, o.id LIMIT $1"""
"""By which air and rules the plans that wait were judged."""
HOLD_TO_JUDGE = (
    _PLAN
    + """
WHERE o.id = ANY ($1) AND o.state = 'Filed' FOR UPDATE OF f SKIP LOCKED"""
)
SET_VERDICT = "UPDATE sigang.operation_filing SET verdict = $2 WHERE operation_id = $1"
UNIT_AT = """
SELECT admin_code FROM sigang.zone
WHERE kind IN ('county', 'prefecture') AND admin_code IS NOT NULL
  AND ST_Covers(geom, ST_SetSRID(ST_MakePoint($1, $2), 4326))
ORDER BY kind = 'county' DESC LIMIT 1"""
ADD = """
INSERT INTO sigang.operation (id, kind, admin_code, unit_id, visibility, origin, source_id,
  name_zh, name_en, state, priority, planned_start, planned_end, geom, props)
VALUES ($1, 'uas_flight', $2, $3, $4, 'real', 'decisions', $5, $6, $7, $8, $9, $10,
  ST_GeomFromWKB($11, 4326), $12) ON CONFLICT (id) DO NOTHING RETURNING id"""
ADD_FILING = """
INSERT INTO sigang.operation_filing (operation_id, account_id, task, extents, decide_by, reason,
  verdict)
VALUES ($1, $2, $3, $4, $5, $6, $7)"""
SET_STATE = """
UPDATE sigang.operation SET state = $2,
  actual_start = CASE WHEN $2 = 'Activated' THEN coalesce(actual_start, now())
    ELSE actual_start END,
  actual_end = CASE WHEN $2 = 'Ended' THEN now() END
WHERE id = $1"""
SET_EXTENTS = """
WITH moved AS (UPDATE sigang.operation SET planned_start = $3, planned_end = $4,
  geom = ST_GeomFromWKB($5, 4326), priority = $6,
  props = CASE WHEN $8 THEN props - 'path' ELSE props END || $7::jsonb WHERE id = $1)
UPDATE sigang.operation_filing SET extents = $2 WHERE operation_id = $1"""
DECIDE = """
UPDATE sigang.operation_filing SET decision = $2, legal_text = $3, reason = coalesce($4, reason),
  decided_by = $5, decided_at = now(), override_by = CASE WHEN $6 THEN override_by END
WHERE operation_id = $1"""
"""`$6`: it is the second word of an override; else what a first one said counts no longer."""
PROPOSE_OVERRIDE = """
UPDATE sigang.operation_filing SET override_by = $2, legal_text = $3, reason = $4
WHERE operation_id = $1"""
TELL = "SELECT sigang.stream_append('operation', $1, $2, $3, $4)"
END_OVER = """
UPDATE sigang.operation SET state = 'Ended', actual_end = planned_end
WHERE kind = 'uas_flight' AND state IN ('Accepted', 'Activated', 'Nonconforming', 'Contingent')
  AND planned_end <= now()"""
BEGIN_SYNTHETIC = """
WITH begun AS (UPDATE sigang.operation SET state = 'Activated', actual_start = planned_start
  WHERE kind = 'uas_flight' AND origin = 'synthetic' AND state = 'Accepted'
    AND planned_start <= now() AND planned_end > now() RETURNING id)
UPDATE sigang.utm_entity e SET state = 'Activated', version = e.version + 1,
  previous_ovn = e.ovn, ovn = gen_random_uuid()::text, changed_at = clock_timestamp()
FROM begun b WHERE e.id = b.id"""
