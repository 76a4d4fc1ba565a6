"""Plans of a time as SQL: what a map plays, and what may overlap."""

from __future__ import annotations

_WITHIN = """
FROM sigang.operation o LEFT JOIN sigang.operation_filing f ON f.operation_id = o.id
WHERE o.kind = 'uas_flight' AND o.planned_start < $2 AND o.planned_end > $1
  AND ($3::float8[] IS NULL
    OR o.geom && ST_MakeEnvelope($3[1], $3[2], $3[3], $3[4], 4326))"""
FLIGHTS = (
    """
SELECT o.id::text, o.name_zh AS title_zh, o.name_en AS title_en, o.state, o.priority,
  o.planned_start, o.planned_end, o.admin_code, o.visibility, o.origin, f.task,
  o.props ->> 'mission' AS mission, o.props ->> 'aircraft' AS aircraft,
  o.props ->> 'manager' AS manager, (o.props ->> 'floor_m')::float8 AS floor_m,
  (o.props ->> 'ceiling_m')::float8 AS ceiling_m, (o.props -> 'path')::text AS path,
  CASE WHEN o.props ? 'path' THEN NULL ELSE f.extents END AS extents"""
    + _WITHIN
    + """
ORDER BY o.planned_start, o.id LIMIT $4"""
)
EXTENTS = (
    """
SELECT o.id, o.state, o.priority, o.origin, o.planned_start, o.planned_end, f.extents"""
    + _WITHIN
    + """ AND o.state <> 'Denied' AND f.extents IS NOT NULL
ORDER BY o.planned_start, o.id LIMIT $4"""
)
