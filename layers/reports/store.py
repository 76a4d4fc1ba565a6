"""Frozen reports in the database: written in one transaction of the owner, read under scope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
import orjson
import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from layers.reports.seal import Told

Conn = psycopg.Connection
LOCK_CLASS = 0x5369_7270
"""First half of the advisory locks of reports; the second is the report's."""

_TRY = "SELECT pg_try_advisory_lock(%s, hashtext(%s))"
_LAST = """
SELECT id, version FROM sigang.report_version
WHERE report = %s AND period = %s ORDER BY version DESC LIMIT 1"""
_VERSION = """
INSERT INTO sigang.report_version (id, report, period_kind, period, version, cutoff, frozen_at,
  frozen_by, retroactive, reason, definitions)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"""
_EDITION = """
INSERT INTO sigang.report_edition (version_id, audience, admin_code, visibility, document, manifest,
  sha256, key, signature) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"""
_FILE = """
INSERT INTO sigang.report_file (version_id, audience, name, admin_code, visibility, body)
VALUES (%s, %s, %s, %s, %s, %s)"""
_OUTLINE = "INSERT INTO sigang.report_outline VALUES (%s, %s) ON CONFLICT DO NOTHING"
_EARLIER = """
SELECT document, manifest, sha256 FROM sigang.report_edition
WHERE version_id = %s AND audience = %s"""
_SOURCES = """
SELECT id, title_zh AS title, license, attribution FROM sigang.source WHERE id IN (
  SELECT DISTINCT source_id FROM sigang.report_row WHERE version_id = %s
    AND (%s OR visibility = 'public')
  UNION SELECT DISTINCT source_id FROM sigang.zone WHERE admin_code = ANY(%s))"""
_DERIVED = """
SELECT to_jsonb(d) - 'geom' - 'geom_3857' FROM sigang.derived_row d
WHERE kind = ANY(%s) ORDER BY id"""
_NAMED = "SELECT id, title_zh AS title, license, attribution FROM sigang.source WHERE id = ANY(%s)"
_EDITIONS = """
SELECT v.report, v.period, v.version, v.definitions, e.version_id, e.audience, e.document,
  e.manifest, e.sha256, e.key, e.signature, o.body AS outlines
FROM sigang.report_edition e JOIN sigang.report_version v ON v.id = e.version_id
LEFT JOIN sigang.report_outline o ON o.sha256 = e.document->>'outlines'
ORDER BY v.report, v.period, v.version, e.audience"""
_FILES = "SELECT name, body FROM sigang.report_file WHERE version_id = %s AND audience = %s"

LIST = """
SELECT id, report, period_kind, period, version, cutoff, frozen_at, retroactive, reason
FROM sigang.report_version WHERE report = ANY($1)
ORDER BY report, period DESC, version DESC"""
FIND = """
SELECT id, report, period_kind, period, version, cutoff, frozen_at, retroactive, reason, definitions
FROM sigang.report_version
WHERE report = $1 AND period = $2 AND ($3::int IS NULL OR version = $3)
ORDER BY version DESC LIMIT 1"""
EDITIONS = """
SELECT audience, manifest, sha256, key, signature, document FROM sigang.report_edition
WHERE version_id = $1"""
OUTLINE = "SELECT body FROM sigang.report_outline WHERE sha256 = $1"
BODY = """
SELECT body FROM sigang.report_file WHERE version_id = $1 AND audience = $2 AND name = $3"""
LISTED = """
SELECT v.report, v.period, v.version, array_agg(e.audience ORDER BY e.audience)
FROM sigang.report_version v JOIN sigang.report_edition e ON e.version_id = v.id
GROUP BY v.id ORDER BY v.report, v.period, v.version"""
EARLIER = """
SELECT id, period, version, cutoff, frozen_at, retroactive, reason, definitions
FROM sigang.report_version WHERE report = {} AND period = {} AND version < {} ORDER BY version"""
KNOWN = "SELECT DISTINCT report, period FROM sigang.report_version"


@dataclass(frozen=True)
class Head:
    """A version as it is written."""

    id: UUID
    report: str
    period_kind: str
    period: str
    version: int
    cutoff: datetime
    frozen_at: datetime
    frozen_by: str
    retroactive: bool
    reason: str | None
    definitions: Told


@dataclass(frozen=True)
class Edition:
    """One audience's document with what is signed of it."""

    audience: str
    admin_code: str
    visibility: str
    document: Told
    manifest: Told
    sha256: str
    key: str
    signature: str


def try_lock(conn: Conn, report: str) -> bool:
    """Take the lock of a report until the connection ends; False where another has it."""
    row = conn.execute(_TRY, [LOCK_CLASS, report]).fetchone()
    return bool(row and row[0])


def last_version(conn: Conn, report: str, period: str) -> tuple[UUID, int] | None:
    """Return id and number of the last version of a period."""
    row = conn.execute(_LAST, [report, period]).fetchone()
    return (row[0], row[1]) if row else None


def list_earlier(conn: Conn, report: str, period: str, version: int) -> list[Told]:
    """Return the versions of a period before one with their definitions, the oldest first."""
    with conn.cursor(row_factory=dict_row) as cursor:
        text = EARLIER.format("%s", "%s", "%s")
        return cursor.execute(text, [report, period, version]).fetchall()


def write_head(conn: Conn, head: Head) -> None:
    """Write a version."""
    conn.execute(
        _VERSION,
        [head.id, head.report, head.period_kind, head.period, head.version, head.cutoff,
         head.frozen_at, head.frozen_by, head.retroactive, head.reason, _json(head.definitions)],
    )  # fmt: skip


def write_edition(conn: Conn, version: UUID, edition: Edition, files: Mapping[str, bytes]) -> None:
    """Write an edition with the files that are kept as they are."""
    scope = [edition.admin_code, edition.visibility]
    conn.execute(
        _EDITION,
        [version, edition.audience, *scope, _json(edition.document), _json(edition.manifest),
         edition.sha256, edition.key, edition.signature],
    )  # fmt: skip
    for name, body in files.items():
        conn.execute(_FILE, [version, edition.audience, name, *scope, body])


def write_outline(conn: Conn, sha256: str, body: Told) -> None:
    """Keep outlines, once for all reports that are drawn with them."""
    conn.execute(_OUTLINE, [sha256, _json(body)])


def read_edition(conn: Conn, version: UUID, audience: str) -> Told | None:
    """Return document, manifest and hash of an edition; None where there is none."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(_EARLIER, [version, audience]).fetchone()


def read_sources(
    conn: Conn, version: UUID, units: Sequence[str], *, every: bool
) -> dict[str, dict[str, str]]:
    """Return the sources of frozen rows, of public ones or `every`, and of units' outlines."""
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(_SOURCES, [version, every, list(units)]).fetchall()
    return {row.pop("id"): row for row in rows}


def read_named_sources(conn: Conn, ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return title, licence and attribution of sources by id."""
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(_NAMED, [list(ids)]).fetchall()
    return {row.pop("id"): row for row in rows}


def read_derived(conn: Conn, kinds: Sequence[str]) -> list[Told]:
    """Return the rows of computed layers as they are now, without their geometry."""
    return [row for (row,) in conn.execute(_DERIVED, [list(kinds)]).fetchall()]


def list_editions(conn: Conn) -> list[Told]:
    """Return all editions with what they were made by."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(_EDITIONS).fetchall()


def read_files(conn: Conn, version: UUID, audience: str) -> dict[str, bytes]:
    """Return the files of an edition that are kept as bytes, by name."""
    return dict(conn.execute(_FILES, [version, audience]).fetchall())


def _json(document: Told) -> Jsonb:
    return Jsonb(document, dumps=lambda value: orjson.dumps(value).decode())


async def find_earlier(
    conn: asyncpg.Connection, report: str, period: str, version: int
) -> list[asyncpg.Record]:
    """Return the versions of a period before one with their definitions, the oldest first."""
    return list(await conn.fetch(EARLIER.format("$1", "$2", "$3"), report, period, version))


async def find_version(
    conn: asyncpg.Connection, report: str, period: str, version: int | None
) -> asyncpg.Record | None:
    """Return a version of a period, the last one where no number is given."""
    return await conn.fetchrow(FIND, report, period, version)
