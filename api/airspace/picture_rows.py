"""Flights of a time and place, as SQL: plans of our own door, and what others have told."""

from __future__ import annotations

PLANS = """
SELECT o.id, o.state, o.priority, o.name_zh, o.name_en, o.origin, o.planned_start, o.actual_end,
  f.extents, (o.props -> 'path')::text AS path
FROM sigang.operation o JOIN sigang.operation_filing f ON f.operation_id = o.id
WHERE o.kind = 'uas_flight' AND o.state <> 'Denied'
  AND o.planned_start < $2 AND o.planned_end > $1
  AND o.geom && ST_MakeEnvelope($3, $4, $5, $6, 4326)
ORDER BY o.planned_start, o.id LIMIT $7"""
ENTITIES = """
SELECT e.id, e.kind, e.state, e.priority, e.manager, v.part, v.shape, v.radius_m,
  v.lower_m, v.upper_m, lower(v.during) AS begins, upper(v.during) AS ends
FROM (SELECT id, kind, state, priority, manager, begins FROM sigang.utm_entity e
    WHERE begins < $2 AND ends > $1 AND NOT id = ANY ($7)
      AND EXISTS (SELECT 1 FROM sigang.utm_volume b WHERE b.entity_id = e.id
        AND b.box && ST_MakeEnvelope($3, $4, $5, $6, 4326))
    ORDER BY begins, id LIMIT $8) e
  JOIN LATERAL (SELECT DISTINCT ON (part) * FROM sigang.utm_volume
    WHERE entity_id = e.id ORDER BY part) v ON true
ORDER BY e.begins, e.id, v.part"""
