"""Answers that are kept by the key of their request, as SQL."""

from __future__ import annotations

TAKE = """
INSERT INTO sigang.idempotency_key (account_id, key, digest) VALUES ($1, $2, $3)
ON CONFLICT (account_id, key) DO UPDATE SET digest = excluded.digest, at = now(), status = NULL
  WHERE idempotency_key.at <= now() - make_interval(hours => $4)
RETURNING true"""
FIND = """
SELECT digest, status, headers, body FROM sigang.idempotency_key
WHERE account_id = $1 AND key = $2"""
KEEP = """
UPDATE sigang.idempotency_key SET status = $3, headers = $4, body = $5
WHERE account_id = $1 AND key = $2"""
FORGET = """
DELETE FROM sigang.idempotency_key WHERE (account_id, key) IN (
  SELECT account_id, key FROM sigang.idempotency_key
  WHERE at <= now() - make_interval(hours => $1) LIMIT 10000)"""
