"""Records of exposure as SQL: taken in one statement, corrected and withdrawn by key."""

from __future__ import annotations

TAKE = """
INSERT INTO sigang.exposure AS e
  (source_id, key, kind, admin_code, unit_id, visibility, origin, at, n, z_key)
SELECT $1, r.key, r.kind, r.admin_code, $2, $3, $4, r.at, r.n, r.z_key
FROM unnest($5::text[], $6::text[], $7::text[], $8::timestamptz[], $9::int[], $10::bigint[])
  r (key, kind, admin_code, at, n, z_key) ORDER BY r.key
ON CONFLICT (source_id, key) DO UPDATE SET kind = excluded.kind, admin_code = excluded.admin_code,
  visibility = excluded.visibility, origin = excluded.origin, at = excluded.at, n = excluded.n,
  z_key = excluded.z_key, recorded_at = now()
WHERE (e.kind, e.admin_code, e.visibility, e.origin, e.at, e.n, e.z_key) IS DISTINCT FROM
  (excluded.kind, excluded.admin_code, excluded.visibility, excluded.origin, excluded.at,
   excluded.n, excluded.z_key)
RETURNING xmax = 0 AS fresh"""
WITHDRAW = """
DELETE FROM sigang.exposure WHERE source_id = $1 AND key = ANY($2::text[]) RETURNING key"""
