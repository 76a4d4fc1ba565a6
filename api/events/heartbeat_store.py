"""When assets and feeds were heard of, as SQL."""

from __future__ import annotations

WATCHED = """
SELECT a.id, a.admin_code, sigang.heartbeat(a.kind) IS NOT NULL AS watched
FROM sigang.asset a WHERE a.id = ANY ($1::uuid[])"""
HEARD = """
WITH given AS (
  SELECT g.asset_id, g.at, sigang.heartbeat(a.kind) AS period
  FROM (SELECT DISTINCT asset_id, at FROM unnest($1::uuid[], $2::timestamptz[]) g (asset_id, at)) g
  JOIN sigang.asset a ON a.id = g.asset_id),
last AS (
  SELECT asset_id, max(first_seen) AS first_seen, max(last_seen) AS last_seen
  FROM sigang.asset_uptime WHERE asset_id = ANY ($1::uuid[]) GROUP BY 1),
newer AS (
  SELECT g.*, l.first_seen, coalesce(lag(g.at) OVER w, l.last_seen) AS before
  FROM given g LEFT JOIN last l USING (asset_id)
  WHERE l.last_seen IS NULL OR g.at > l.last_seen
  WINDOW w AS (PARTITION BY g.asset_id ORDER BY g.at)),
runs AS (
  SELECT *, count(*) FILTER (WHERE before IS NULL OR at > before + period)
    OVER (PARTITION BY asset_id ORDER BY at) AS run
  FROM newer)
INSERT INTO sigang.asset_uptime (asset_id, first_seen, last_seen)
SELECT asset_id, CASE run WHEN 0 THEN min(first_seen) ELSE min(at) END, max(at)
FROM runs GROUP BY asset_id, run
ON CONFLICT (asset_id, first_seen) DO UPDATE SET last_seen = excluded.last_seen
RETURNING asset_id"""
"""Adds heartbeats to the last run of each asset, or begins another after more than a period.

Those that are no newer than the last one known add nothing.
"""
FEEDS = "SELECT id, admin_code FROM sigang.feed WHERE id = ANY ($1::text[])"
CAME = """
UPDATE sigang.feed f SET last_at = g.at
FROM (SELECT id, max(at) AS at FROM unnest($1::text[], $2::timestamptz[]) g (id, at) GROUP BY 1) g
WHERE f.id = g.id AND (f.last_at IS NULL OR f.last_at < g.at) RETURNING f.id"""
