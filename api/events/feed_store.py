"""Feeds of measured speeds in the database, as SQL."""

from __future__ import annotations

SOURCE_IS_KNOWN = "SELECT true FROM sigang.source WHERE id = $1"
FOREIGN_CODES = """
SELECT DISTINCT e.admin_code
FROM unnest(string_to_array($1, ',')::uuid[]) AS given(id) JOIN sigang.edge e USING (id)
WHERE NOT coalesce(starts_with(e.admin_code, $2), $3)"""
WITHDRAW = """
UPDATE sigang.edge_feed SET version_to = $2, recorded_to = $3
WHERE source_id = $1 AND version_to IS NULL AND upper(valid) > now()
  AND account_id IN (SELECT id FROM sigang.account WHERE starts_with(scope, $4))"""
OPEN_FEEDS = """
SELECT count(*) FROM sigang.edge_feed
WHERE source_id = $1 AND version_to IS NULL AND upper(valid) > now()"""
INSERT_FEED = """
INSERT INTO sigang.edge_feed (source_id, account_id, edges, directions, values_kmh, valid,
  version_from, recorded_from)
VALUES ($1, $2, string_to_array($3, ',')::uuid[], string_to_array($4, ',')::smallint[],
  string_to_array($5, ',')::real[], tstzrange($6, $7), $8, $9) RETURNING id"""
