"""Freezing reports from a serving process: by hand, and by itself when the rule says so.

Each freeze is done by a process of its own, which ends with this one. What the rule names and was
never frozen is looked for a while after the start, so that no start is slower for it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

import asyncpg
import orjson

from api.network.rule_keeper import RuleKeeper
from layers.declare.catalog import Catalog
from layers.reports import store
from layers.reports.catalogue import read_reports
from layers.reports.due import due_periods
from layers.reports.rule_models import CLOCK
from spatial.errors import SigangError
from spatial.json_types import Document
from spatial.postgres.db import Database
from spatial.rules import find_rule
from spatial.settings import PROJECT, Settings
from spatial.tasks import end_task

FIRST_S, EVERY_S = 120.0, 60.0
"""After the start, and from then on, it is looked for what is due."""
AGAIN_S = 900.0
"""After what could not be frozen."""
CLOCK_OF_SYSTEM = partial(datetime.now, UTC)
_FAILURES = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, SigangError)
_log = logging.getLogger("sigang.reports")


class Freezer:
    """Has reports frozen; `clock` tells it the time."""

    def __init__(
        self, settings: Settings, db: Database, catalog: Catalog, rules: RuleKeeper,
        clock: Callable[[], datetime] = CLOCK_OF_SYSTEM,
    ) -> None:  # fmt: skip
        self._settings, self._db, self._catalog, self._rules = settings, db, catalog, rules
        self._clock = clock
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Look for what is due from now on."""
        self._task = asyncio.create_task(self._forever())

    async def stop(self) -> None:
        """Look no longer."""
        await end_task(self._task)

    async def carry_out(self, order: Document) -> Document:
        """Return what came of an order: the version, what was frozen, or the problem.

        Raises
        ------
        SigangError
            The process that freezes ended before it was done: nothing is frozen.
        """
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "api.cli.freezer", stdin=PIPE, stdout=PIPE, cwd=PROJECT,
            env=os.environ | self._settings.to_env(),
        )  # fmt: skip
        try:
            out, _ = await child.communicate(orjson.dumps(order) + b"\n")
        finally:
            with suppress(ProcessLookupError):
                child.kill()
        if child.returncode or not out:
            raise SigangError(
                "The process that freezes ended before it was done; nothing is frozen",
                "冻结进程异常退出，未冻结任何内容",
            )
        told: Document = orjson.loads(out)
        return told

    async def _forever(self) -> None:
        wait = FIRST_S
        while True:
            await asyncio.sleep(wait)
            wait = EVERY_S
            try:
                now = self._clock()
                if await self._is_due(now):
                    told = await self.carry_out({"due": now.isoformat()})
                    if "problem" in told:
                        wait = AGAIN_S
                        _log.warning("reports cannot be frozen: %s", told["problem"])
            except _FAILURES as error:
                _log.warning("reports are frozen later: %s", error)

    async def _is_due(self, now: datetime) -> bool:
        rule = find_rule(self._rules.current, CLOCK)
        reports = self._catalog.part(read_reports)
        if rule is None or not reports:
            return False
        rows = await self._db.public.fetch(store.KNOWN)
        known = {(row[0], row[1]) for row in rows}
        return any(due_periods(reports, rule.value, known, now))
