"""Published counts in the database: the counts of a month, and what is told of them."""

from __future__ import annotations

from datetime import date

import psycopg

Conn = psycopg.Connection
LOCK = 6_251_034
_LOCK = "SELECT pg_try_advisory_xact_lock(%s)"
_KNOWN = "SELECT month FROM sigang.heat_publication"
COUNTS = """
SELECT s.kind, s.admin_code, c.cell >> %(shift)s::int, sum(c.n)::bigint,
  coalesce(sum(c.n) FILTER (WHERE s.visibility <> 'public'), 0)::bigint,
  bool_or(s.origin = 'synthetic')
FROM sigang.heat_cube c JOIN sigang.heat_series s ON s.id = c.series
WHERE c.grain = 'm' AND c.at = %(month)s AND s.measure = 'case' AND s.admin_code IS NOT NULL
  AND s.visibility IN ('public', 'unit')
GROUP BY 1, 2, 3 HAVING sum(c.n) > 0"""
PUBLISH = """
INSERT INTO sigang.heat_publication (month, published_at, level, k, rule_version, rows)
VALUES (%s, %s, %s, %s, %s, %s)"""
PUT = """
WITH told AS (SELECT * FROM unnest(%(ids)s::uuid[], %(level)s::text[], %(violation)s::text[],
    %(admin_code)s::text[], %(cell)s::bigint[], %(n)s::bigint[], %(origin)s::text[])
    AS t (id, level, violation, admin_code, cell, n, origin)),
squares AS (SELECT DISTINCT admin_code, cell, ST_Transform(ST_TileEnvelope(%(z)s::int,
    sigang.heat_column(cell), sigang.heat_column(cell >> 1)), 4326) AS square
  FROM told WHERE cell IS NOT NULL),
pieces AS (SELECT s.admin_code, s.cell, s.square, ST_CollectionExtract(ST_Intersection(s.square,
    (SELECT z.geom FROM sigang.zone z WHERE z.kind = 'county' AND z.admin_code = s.admin_code
      ORDER BY z.id LIMIT 1)), 3) AS piece FROM squares s)
INSERT INTO sigang.heat_published (id, kind, admin_code, visibility, origin, source_id,
  valid_from, valid_to, rule_version, level, month, violation, cell, k, n, geom)
SELECT t.id, 'case', t.admin_code, 'public', t.origin, 'computed', %(since)s, %(until)s,
  %(rule)s, t.level, %(month)s, t.violation, t.cell, %(k)s, t.n,
  CASE WHEN ST_IsEmpty(coalesce(p.piece, 'POLYGON EMPTY')) THEN p.square ELSE p.piece END
FROM told t LEFT JOIN pieces p ON p.cell = t.cell AND p.admin_code = t.admin_code"""


def lock(conn: Conn) -> bool:
    """Take the lock of who publishes for this transaction; False where it is held."""
    held = conn.execute(_LOCK, [LOCK]).fetchone()
    return bool(held and held[0])


def published_months(conn: Conn) -> set[date]:
    """Return the first days of the months that are published."""
    return {row[0] for row in conn.execute(_KNOWN)}
