"""What was known of the roads at an instant, as SQL."""

from __future__ import annotations

from api.network.rows import STATES

VERSION_AT = """
SELECT version FROM sigang.network_history
WHERE network = $1 AND at <= $2 ORDER BY version DESC LIMIT 1"""
FIRST = """
SELECT min(at) FROM sigang.network_history WHERE network = $1"""
STATES_AT = STATES.format(
    "recorded_from <= $1 AND (recorded_to IS NULL OR recorded_to > $1) AND valid @> $2::timestamptz"
)
FEEDS_AT = """
SELECT id, source_id, edges, directions, values_kmh, lower(valid) AS since, upper(valid) AS until
FROM sigang.edge_feed
WHERE recorded_from <= $1 AND (recorded_to IS NULL OR recorded_to > $1)
  AND valid @> $2::timestamptz
ORDER BY id"""


IN_FUTURE = "SELECT $1::timestamptz > clock_timestamp()"
