"""The jobs of one server process: takes waiting ones, has them run in a process of their own.

The queue is the table of jobs, shared by all server processes; each runs one job at a time. A
runner shows every few seconds that it lives; the jobs of a silent one are failed by the others.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from typing import TypedDict
from uuid import UUID

import asyncpg
import orjson

from api.http.notifications import RECONNECTED, Bus
from api.jobs import store
from layers.declare.base import Text
from spatial.errors import SigangError
from spatial.json_types import Document
from spatial.postgres.db import Database
from spatial.postgres.notices import set_on
from spatial.settings import PROJECT, Settings
from spatial.tasks import end_task, wait_at_most

BEAT_S = 2.0
LOOK_S = 5.0
GRACE_S = 1.0  # for a job that was called off to stop by itself
IDLE_S = 300.0  # after which the process that runs jobs gives its memory back
STREAM_LIMIT = 2**16
_FAILURES = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
_log = logging.getLogger("sigang.jobs")


class JobEnded(SigangError):
    """The process that ran a job ended before the job did."""

    type, status = "job-lost", 500
    title_zh, title_en = "任务中断", "Job lost"


def _lost(why_en: str, why_zh: str) -> JobEnded:
    return JobEnded(
        f"The job was lost: {why_en}", f"任务中断：{why_zh}",
        mend_en="Start it again; a job that fails twice is too large for this machine.",
        mend_zh="请重新提交；若再次失败，说明任务超出本机能力。",
    )  # fmt: skip


class Progress(TypedDict, total=False):
    """What the process that runs jobs tells: how far it is, or that it has ended."""

    percent: int
    zh: str
    en: str
    ended: str


class JobRunner:
    """Runs jobs one after another until it is stopped."""

    def __init__(self, settings: Settings, db: Database, bus: Bus) -> None:
        self._settings = settings
        self._db = db
        self._bus = bus
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._wake = asyncio.Event()
        self._off = asyncio.Event()
        self._running: UUID | None = None
        self._child: Process | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to take jobs."""
        self._bus.subscribe("job", self._noticed)
        set_on(self._wake, self._bus, RECONNECTED)
        self._task = asyncio.create_task(self._serve())

    async def stop(self) -> None:
        """End the running job as failed, and the process that runs it."""
        await end_task(self._task)
        running = self._running
        await self._end_child()
        if running is not None:
            with suppress(*_FAILURES):
                await self._fail(running, _lost("the server was stopped", "服务器停止"))

    def _noticed(self, note: Document) -> None:
        """A job was added or called off, here or on another server process."""
        if note.get("state") == "accepted":
            self._wake.set()
        elif self._running is not None and note.get("id") == str(self._running):
            self._off.set()

    async def _serve(self) -> None:
        idle = 0.0
        while True:
            try:
                idle = 0.0 if await self._next() else idle + LOOK_S
                if idle >= IDLE_S:
                    await self._end_child()
            except _FAILURES as error:
                _log.warning("jobs wait for the database: %s", error)
                await asyncio.sleep(LOOK_S)

    async def _next(self) -> bool:
        """Run the next job, or wait a while for one; return whether there was one."""
        self._wake.clear()
        lost = _lost("its server process is gone", "其服务进程已退出")
        message = Text(zh=lost.zh, en=lost.en)
        async with store.runner(self._db) as conn:
            await store.tidy(conn, store.as_problem(lost), message)
            row = await store.claim(conn, self._name)
        if row is None:
            await wait_at_most(self._wake, LOOK_S)
            return False
        self._running = row["id"]
        self._off.clear()
        await self._watch(row["id"])
        self._running = None
        return True

    async def _watch(self, job_id: UUID) -> None:
        """Have a job run, note how far it is, and end it when it is called off."""
        child = await self._alive_child()
        await self._order(child, {"run": str(job_id)})
        line = asyncio.create_task(_read(child))
        try:
            while True:
                await self._await_news(line)
                told = line.result() if line.done() else {}
                if told is None:
                    await self._end_child()
                    why = child.returncode
                    error = _lost(f"its process ended with {why}", f"进程退出码 {why}")
                    await self._fail(job_id, error)
                    return
                if "ended" in told:
                    return
                if line.done():
                    line = asyncio.create_task(_read(child))
                if self._off.is_set() or not await self._note(job_id, told):
                    await self._call_off(child, line)
                    return
        finally:
            line.cancel()

    async def _await_news(self, line: asyncio.Task[object]) -> None:
        """Wait for a line of the job's process, for the job to be called off, or for a beat."""
        off = asyncio.create_task(self._off.wait())
        await asyncio.wait({line, off}, timeout=BEAT_S, return_when=asyncio.FIRST_COMPLETED)
        off.cancel()

    async def _note(self, job_id: UUID, told: Progress) -> bool:
        """Note what was told and that the runner lives; return whether the job is to go on."""
        async with store.runner(self._db) as conn:
            if not told:
                return await store.beat(conn, job_id)
            message = Text(zh=told["zh"], en=told["en"])
            return await store.report(conn, job_id, told["percent"], message)

    async def _call_off(self, child: Process, line: asyncio.Task[Progress | None]) -> None:
        """Let the job stop at its next report; kill the process where that takes long."""
        await self._order(child, {"off": True})
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE_S):
                told = await line
                while told is not None and "ended" not in told:
                    told = await _read(child)
                if told is not None:
                    return
        await self._end_child()

    async def _fail(self, job_id: UUID, error: SigangError) -> None:
        async with store.runner(self._db) as conn:
            message = Text(zh=error.zh, en=error.en)
            problem = store.as_problem(error)
            await store.finish(conn, job_id, "failed", message, problem, held=("running",))

    async def _alive_child(self) -> Process:
        if self._child is None or self._child.returncode is not None:
            self._child = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "api.jobs.worker",
                stdin=PIPE, stdout=PIPE, limit=STREAM_LIMIT, cwd=PROJECT,
                env=os.environ | self._settings.to_env(),
            )  # fmt: skip
        return self._child

    @staticmethod
    async def _order(child: Process, order: Document) -> None:
        assert child.stdin is not None  # noqa: S101
        with suppress(OSError):
            child.stdin.write(orjson.dumps(order) + b"\n")
            await child.stdin.drain()

    async def _end_child(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            with suppress(ProcessLookupError):
                child.kill()
            await child.wait()


async def _read(child: Process) -> Progress | None:
    """Return what the process that runs jobs tells next, None when it has ended."""
    assert child.stdout is not None  # noqa: S101
    line = await child.stdout.readline()
    told: Progress | None = orjson.loads(line) if line else None
    return told
