"""How many rows a scan may meet, as SQL."""

from __future__ import annotations

TABLE_ROWS = "SELECT reltuples::bigint FROM pg_class WHERE oid = $1::regclass"
EXPLAIN = (
    "EXPLAIN (FORMAT JSON) SELECT 1 FROM {table}"
    " WHERE {geom} && ST_MakeEnvelope($1, $2, $3, $4, {srid})"
)
