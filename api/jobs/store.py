"""Jobs in the database: accepted, claimed, reported, finished, listed; one statement each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict
from uuid import UUID

import asyncpg
import orjson

from layers.declare.base import Text
from layers.processes.runtime.run import Output
from spatial.actor import Actor
from spatial.errors import Busy, NoSuchJob, SigangError, TooMany
from spatial.json_types import JsonObject
from spatial.postgres.db import Database
from spatial.postgres.locks import wait_for

STATES = ("accepted", "running", "successful", "failed", "dismissed")
ENDED = ("successful", "failed", "dismissed")
LOST_AFTER_S = 15.0
"""Silence of a runner after which its job counts as lost; it reports far more often."""
KEPT_DAYS = 7
STARTING = Text(zh="正在启动", en="Starting")
MOST_WAITING, MOST_IN_ALL = 20, 1_000
"""Jobs of one account that may wait, and of all accounts."""
RETRY_S = 30

_ALL = "SELECT set_config('sigang.jobs', 'all', true)"
_OWN = "SELECT set_config('sigang.jobs', '', true)"
LOCK = 6_251_004  # of the transactions that add jobs, so that they count one after another
_ADD = """
INSERT INTO sigang.job (id, process, account_id, role, scope, unit_id, request)
VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING *"""
_QUEUE = """
WITH waiting AS (
  SELECT w.id, w.created_at, a.served,
    (row_number() OVER (PARTITION BY w.account_id ORDER BY w.created_at, w.id) + a.running)
      / CASE WHEN w.role IN ('admin', 'dispatcher') THEN 2.0 ELSE 1.0 END AS turn
  FROM sigang.job w JOIN (
    SELECT account_id, count(*) FILTER (WHERE state = 'running') AS running,
      max(started_at) AS served
    FROM sigang.job
    WHERE account_id IN (SELECT account_id FROM sigang.job WHERE state = 'accepted')
    GROUP BY account_id) a USING (account_id)
  WHERE w.state = 'accepted'),
queue AS (
  SELECT id, row_number() OVER (ORDER BY turn, served NULLS FIRST, created_at, id) AS place
  FROM waiting)"""
"""Jobs that wait, in their order: accounts one after another, whoever was served last behind; of
dispatchers and administrators two run for one of another account's."""
_CLAIM = """
UPDATE sigang.job SET state = 'running', runner = $1, started_at = clock_timestamp(),
  updated_at = clock_timestamp(), beat_at = clock_timestamp(), message_zh = $2, message_en = $3
WHERE id = (SELECT j.id FROM sigang.job j JOIN queue USING (id) WHERE j.state = 'accepted'
  ORDER BY queue.place LIMIT 1 FOR UPDATE OF j SKIP LOCKED)
RETURNING *"""
_PLACE = "SELECT place FROM queue WHERE id = $1"
_ROOM = """
SELECT count(*) FILTER (WHERE account_id = $1) AS own, count(*) AS whole
FROM sigang.job WHERE state = 'accepted'"""
_REPORT = """
UPDATE sigang.job SET progress = greatest(progress, $2), message_zh = $3, message_en = $4,
  updated_at = clock_timestamp(), beat_at = clock_timestamp()
WHERE id = $1 AND state = 'running'"""
_BEAT = "UPDATE sigang.job SET beat_at = clock_timestamp() WHERE id = $1 AND state = 'running'"
_FINISH = """
UPDATE sigang.job SET state = $2, problem = $3, message_zh = $4, message_en = $5,
  progress = CASE WHEN $2 = 'successful' THEN 100 ELSE progress END,
  updated_at = clock_timestamp(), finished_at = clock_timestamp()
WHERE id = $1 AND state = ANY ($6) RETURNING *"""
_LOSE = """
UPDATE sigang.job SET state = 'failed', problem = $1, message_zh = $2, message_en = $3,
  updated_at = clock_timestamp(), finished_at = clock_timestamp()
WHERE state = 'running' AND (beat_at IS NULL
  OR beat_at < clock_timestamp() - make_interval(secs => $4))
RETURNING id"""
_FORGET = """
DELETE FROM sigang.job WHERE finished_at < clock_timestamp() - make_interval(days => $1)"""
_LIST = """
SELECT * FROM sigang.job
WHERE ($1::text[] IS NULL OR state = ANY ($1)) AND ($2::text[] IS NULL OR process = ANY ($2))
  AND ($3::timestamptz IS NULL OR created_at >= $3)
  AND ($4::timestamptz IS NULL OR created_at <= $4)
  AND ($5::float IS NULL OR started_at IS NOT NULL
    AND extract(epoch FROM coalesce(finished_at, clock_timestamp()) - started_at) >= $5)
  AND ($6::float IS NULL OR started_at IS NOT NULL
    AND extract(epoch FROM coalesce(finished_at, clock_timestamp()) - started_at) <= $6)
  AND ($7::uuid IS NULL OR id < $7)
ORDER BY id DESC LIMIT $8"""


class Problem(TypedDict):
    """Why a job failed, in both languages."""

    type: str
    status: int
    title: dict[str, str]
    detail: dict[str, str]
    mend: dict[str, str]
    extra: JsonObject


@dataclass(frozen=True)
class Wanted:
    """Which jobs to list; None leaves a condition out."""

    states: Sequence[str] | None = None
    processes: Sequence[str] | None = None
    start: datetime | None = None
    end: datetime | None = None
    least_s: float | None = None
    most_s: float | None = None
    after: UUID | None = None
    limit: int = 100


@asynccontextmanager
async def runner(db: Database) -> AsyncIterator[asyncpg.Connection]:
    """Yield a connection in a transaction that sees every job."""
    async with db.system() as conn, conn.transaction():
        await conn.execute(_ALL)
        yield conn


@asynccontextmanager
async def reader(db: Database, actor: Actor) -> AsyncIterator[asyncpg.Connection]:
    """Yield a connection that sees the jobs of an actor; that of a province's administrator all.

    One of a smaller area sees its own: results are counted over what their owner may see.
    """
    async with db.write(actor) as conn:
        if actor.role == "admin" and actor.provincial:
            await conn.execute(_ALL)
        yield conn


async def add(
    conn: asyncpg.Connection,
    job_id: UUID,
    process: str,
    actor: Actor,
    request: Mapping[str, object],
) -> asyncpg.Record:
    """Note a job; it waits for a runner.

    Raises
    ------
    TooMany, Busy
        As many wait as may, of the account or of all.
    """
    await conn.execute(_ALL)
    await wait_for(conn, LOCK)
    room = await conn.fetchrow(_ROOM, actor.account_id)
    await conn.execute(_OWN)
    if room["own"] >= MOST_WAITING:
        raise TooMany(
            f"{MOST_WAITING} of your jobs wait already", f"您已有 {MOST_WAITING} 个任务在排队",
            mend_en="Wait for some to end, or dismiss one: DELETE /api/jobs/{id}.",
            mend_zh="请等待任务完成，或取消一个：DELETE /api/jobs/{id}。",
            retry_after_s=RETRY_S,
        )  # fmt: skip
    if room["whole"] >= MOST_IN_ALL:
        raise Busy(
            "Too many jobs wait", "排队任务过多",
            mend_en="Try again later.", mend_zh="请稍后重试。",
            retry_after_s=RETRY_S,
        )  # fmt: skip
    return await conn.fetchrow(
        _ADD, job_id, process, actor.account_id, actor.role, actor.scope, actor.unit_id, request
    )


async def claim(conn: asyncpg.Connection, name: str) -> asyncpg.Record | None:
    """Take the job whose turn it is, or None."""
    return await conn.fetchrow(_QUEUE + _CLAIM, name, STARTING.zh, STARTING.en)


async def ahead(conn: asyncpg.Connection, job_id: UUID) -> int | None:
    """Return how many jobs would run before one that waits, None where it does not wait."""
    await conn.execute(_ALL)
    place = await conn.fetchval(" ".join((_QUEUE, _PLACE)), job_id)
    return None if place is None else int(place) - 1


async def report(conn: asyncpg.Connection, job_id: UUID, percent: int, message: Text) -> bool:
    """Note how far a job has come; return whether it is still to be run."""
    done = await conn.execute(_REPORT, job_id, percent, message.zh, message.en)
    return str(done) == "UPDATE 1"


async def beat(conn: asyncpg.Connection, job_id: UUID) -> bool:
    """Note that a job's runner lives; return whether the job is still to be run."""
    return str(await conn.execute(_BEAT, job_id)) == "UPDATE 1"


async def finish(
    conn: asyncpg.Connection,
    job_id: UUID,
    state: str,
    message: Text,
    problem: Problem | None = None,
    held: Sequence[str] = ("accepted", "running"),
) -> asyncpg.Record | None:
    """End a job that is in one of the `held` states; None where it is not."""
    return await conn.fetchrow(_FINISH, job_id, state, problem, message.zh, message.en, list(held))


async def tidy(conn: asyncpg.Connection, problem: Problem, message: Text) -> int:
    """Fail the jobs whose runner is silent, forget old ones; return how many were lost."""
    lost = await conn.fetch(_LOSE, problem, message.zh, message.en, LOST_AFTER_S)
    await conn.execute(_FORGET, KEPT_DAYS)
    return len(lost)


async def get(conn: asyncpg.Connection, job_id: UUID) -> asyncpg.Record:
    """Return a job that the connection sees.

    Raises
    ------
    NoSuchJob
    """
    row = await conn.fetchrow("SELECT * FROM sigang.job WHERE id = $1", job_id)
    if row is None:
        raise no_such_job(str(job_id))
    return row


def no_such_job(name: str) -> NoSuchJob:
    """Return the error for a job that is not there, or not for the caller."""
    return NoSuchJob(
        f"No job {name[:60]!r}", f"没有任务 {name[:60]!r}",
        mend_en="/api/jobs lists your jobs; results are kept for some days.",
        mend_zh="/api/jobs 列出您的任务；结果仅保留数天。",
    )  # fmt: skip


async def listed(conn: asyncpg.Connection, wanted: Wanted) -> list[asyncpg.Record]:
    """Return jobs that the connection sees, newest first."""
    return list(
        await conn.fetch(
            _LIST, wanted.states, wanted.processes, wanted.start, wanted.end,
            wanted.least_s, wanted.most_s, wanted.after, wanted.limit,
        )
    )  # fmt: skip


async def keep_outputs(conn: asyncpg.Connection, job_id: UUID, outputs: Sequence[Output]) -> None:
    """Store the outputs of a job; features one by one, so that they can be paged."""
    for output in outputs:
        count = None if output.features is None else len(output.features)
        await conn.execute(
            "INSERT INTO sigang.job_output (job_id, name, media_type, features, body)"
            " VALUES ($1, $2, $3, $4, $5)",
            job_id, output.name, output.media_type, count,
            output.body if output.features is None else None,
        )  # fmt: skip
        await conn.executemany(
            "INSERT INTO sigang.job_feature (job_id, name, seq, body) VALUES ($1, $2, $3, $4)",
            [(job_id, output.name, seq, body) for seq, body in enumerate(output.features or ())],
        )


async def outputs(conn: asyncpg.Connection, job_id: UUID) -> list[asyncpg.Record]:
    """Return the outputs of a job without their bodies' content, in order of names."""
    return list(
        await conn.fetch(
            "SELECT name, media_type, features, octet_length(body) AS bytes"
            " FROM sigang.job_output WHERE job_id = $1 ORDER BY name", job_id,
        )
    )  # fmt: skip


async def body(conn: asyncpg.Connection, job_id: UUID, name: str) -> bytes:
    """Return the whole of an output that is no collection of features."""
    found = await conn.fetchval(
        "SELECT body FROM sigang.job_output WHERE job_id = $1 AND name = $2", job_id, name
    )
    return bytes(found)


async def features(
    conn: asyncpg.Connection, job_id: UUID, name: str, first: int, count: int
) -> list[bytes]:
    """Return the JSON of some features of an output."""
    rows = await conn.fetch(
        "SELECT body FROM sigang.job_feature WHERE job_id = $1 AND name = $2"
        " AND seq >= $3 AND seq < $4 ORDER BY seq", job_id, name, first, first + count,
    )  # fmt: skip
    return [row["body"] for row in rows]


def as_problem(error: SigangError) -> Problem:
    """Return an error as it is kept with a job, in both languages."""
    return {
        "type": error.type,
        "status": error.status,
        "title": {"zh": error.title_zh, "en": error.title_en},
        "detail": {"zh": error.zh, "en": error.en},
        "mend": {"zh": error.mend_zh, "en": error.mend_en},
        "extra": orjson.loads(orjson.dumps(error.extra, default=str)),
    }


async def forget_outputs(conn: asyncpg.Connection, job: UUID) -> None:
    """Delete the results of a job."""
    await conn.execute("DELETE FROM sigang.job_output WHERE job_id = $1", job)
