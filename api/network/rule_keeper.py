"""The rules of one process: read whole, checked, exchanged at once for what the database has now.

A question takes `current` once. When rules change, or the time comes at which another version is in
force, what depends on them is made anew beside the old; then all of it is exchanged between two
rounds of the event loop. Rules that cannot be used change nothing and are told.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import asyncpg

from api.http.gauges import Gauges
from api.http.notifications import RECONNECTED, Bus
from api.network.rule_models import RuleBook
from spatial.errors import ConfigError, RuleMissing, SigangError
from spatial.postgres.db import Database
from spatial.postgres.notices import set_on
from spatial.rule_store import SELECT
from spatial.rules import Period, RuleSet, list_kinds
from spatial.tasks import end_task, wait_at_most

AGAIN_S = 5.0
"""Time after which rules are read again that could not be read."""
LOOK_S = 3600.0
"""Longest sleep until a version begins; the clock of the machine may be set meanwhile."""
_FAILURES = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)
_log = logging.getLogger("sigang.rules")

Take = Callable[[], None]
Prepare = Callable[[RuleSet], Awaitable[Take]]
"""Makes what depends on rules; what is returned puts it in use, without waiting."""


class RuleKeeper:
    """Holds the rules in force, and has them followed."""

    def __init__(self, db: Database, bus: Bus, gauges: Gauges | None = None) -> None:
        self._db = db
        self._bus = bus
        self._followers: list[Prepare] = []
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.changing = asyncio.Lock()
        """Held while rules are exchanged; who builds on `current` puts that in use under it."""
        self.book = RuleBook((), {})
        self.current = RuleSet(())
        self.rejected: str | None = None
        """Why the newest rules of the database are not in use; None where they are."""
        if gauges is not None:
            self._show(gauges)

    async def start(self) -> None:
        """Read the rules, and follow them.

        Raises
        ------
        ConfigError
            The rules of the database cannot be used.
        """
        self.book = await self._read()
        self.current = self.book.at(datetime.now(UTC))
        set_on(self._wake, self._bus, "rules", RECONNECTED)
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Follow no longer."""
        await end_task(self._task)

    def _show(self, gauges: Gauges) -> None:
        gauges.add(
            "rules_rejected", "1 while the newest rules of the database cannot be used.",
            lambda: self.rejected is not None,
        )  # fmt: skip
        gauges.add("rules_in_force", "Rules in force.", lambda: len(self.current))

    def follow(self, prepare: Prepare) -> Callable[[], None]:
        """Have something made anew when rules change; returns what ends that."""
        self._followers.append(prepare)
        return lambda: self._followers.remove(prepare)

    def of_fact(self, moment: datetime) -> RuleSet:
        """Return the rules that count for something that happens, or happened, at a time."""
        if self.current.since <= moment < self.current.until:
            return self.current
        return self.book.at(moment, early=True)

    async def _read(self) -> RuleBook:
        rows = await self._db.public.fetch(SELECT)
        return await asyncio.to_thread(
            lambda: RuleBook.of([Period(**row) for row in rows], datetime.now(UTC))
        )

    async def _follow(self) -> None:
        """Read again when told to, and when a version begins or ends."""
        while True:
            left = (self.current.until - datetime.now(UTC)).total_seconds()
            wait = AGAIN_S if self.rejected else min(max(left, 0.0), LOOK_S)
            await wait_at_most(self._wake, wait)
            self._wake.clear()
            try:
                await self._renew()
            except _FAILURES as error:
                _log.warning("the rules wait for the database: %s", error)
                await asyncio.sleep(AGAIN_S)
                self._wake.set()
            except Exception as error:
                self._reject(error)

    async def _renew(self) -> None:
        """Take over what the database has; where that is wrong, go on with what is held."""
        wrong: ConfigError | None = None
        async with self.changing:
            try:
                book = await self._read()
            except ConfigError as error:
                book, wrong = self.book, error
            rules = book.at(datetime.now(UTC))
            takes: list[Take] = []
            if rules.digest != self.current.digest:
                self._check(rules)
                takes = [await prepare(rules) for prepare in self._followers]
                _log.info("rules %s are in force", rules.digest)
            self.book, self.current = book, rules
            for take in takes:
                take()
        if wrong is None:
            self.rejected = None
        else:
            self._reject(wrong)

    def _check(self, rules: RuleSet) -> None:
        """Refuse rules among which one is gone that nothing works without.

        Raises
        ------
        RuleMissing
        """
        needed = [kind.key for kind in list_kinds() if kind.required and kind.key in self.current]
        if gone := [key for key in needed if key not in rules]:
            raise RuleMissing(f"No rule {', '.join(gone)} is in force", f"缺少规则 {gone[0]}")

    def _reject(self, error: Exception) -> None:
        ours = isinstance(error, SigangError)
        told = error.en if isinstance(error, SigangError) else f"{type(error).__name__}: {error}"
        if told != self.rejected:
            _log.error("the rules stay as they were: %s", told, exc_info=None if ours else error)
        self.rejected = told
