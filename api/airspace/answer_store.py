"""Answers that were given, kept whole so that they can be shown again, as SQL."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
import orjson
from isal import igzip

_KEEP = """
WITH quick AS (SELECT set_config('synchronous_commit', 'off', true))
INSERT INTO sigang.airspace_answer
  (id, asked_at, account_id, airspace_version, rules_digest, question, answer)
SELECT $1, $2, $3, $4, $5, $6, $7 FROM quick"""
_KEEP_IF_NEWEST = f"{_KEEP}, sigang.airspace_version v WHERE v.version <= $4"
_FIND = """
SELECT id, asked_at, account_id, airspace_version, rules_digest, question, answer
FROM sigang.airspace_answer WHERE id = $1"""
_FORGET = """
DELETE FROM sigang.airspace_answer WHERE id IN (
  SELECT id FROM sigang.airspace_answer WHERE asked_at < now() - make_interval(days => $1)
  ORDER BY asked_at LIMIT 5000)"""
_LEVEL = 1


@dataclass(frozen=True)
class Given:
    """One answer with its question, both as JSON text."""

    id: UUID
    asked_at: datetime
    account_id: str | None
    airspace_version: int
    rules_digest: str
    question: bytes
    answer: bytes


async def keep(conn: asyncpg.Connection, given: Given) -> None:
    """Keep an answer; it is seen at once, and on disk within a second or so."""
    await conn.execute(_KEEP, *_row(given))


async def keep_if_newest(conn: asyncpg.Connection, given: Given) -> bool:
    """Keep an answer as `keep` does, unless the air has changed since it was judged; tell which."""
    status: str = await conn.execute(_KEEP_IF_NEWEST, *_row(given))
    return status.endswith(" 1")


def _row(given: Given) -> tuple[object, ...]:
    question, answer = (igzip.compress(text, _LEVEL) for text in (given.question, given.answer))
    return (
        given.id, given.asked_at, given.account_id, given.airspace_version, given.rules_digest,
        question, answer,
    )  # fmt: skip


async def find(conn: asyncpg.Connection, number: UUID) -> Given | None:
    """Return an answer, None where there is none of that number."""
    row = await conn.fetchrow(_FIND, number)
    if row is None:
        return None
    values = dict(row)
    texts: dict[str, bytes] = {
        name: gzip.decompress(values[name]) for name in ("question", "answer")
    }
    return Given(**{**values, **texts})


async def forget(conn: asyncpg.Connection, days: int) -> None:
    """Delete answers that were given so many days ago, some thousands at once."""
    await conn.execute(_FORGET, days)


def as_document(given: Given) -> bytes:
    """Return question and answer as they were."""
    return orjson.dumps(
        {
            "id": str(given.id), "asked_at": given.asked_at, "rules_digest": given.rules_digest,
            "airspace_version": given.airspace_version,
            "question": orjson.Fragment(given.question),
            "answer": orjson.Fragment(given.answer),
        }
    )  # fmt: skip
