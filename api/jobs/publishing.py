"""Publishes the enforcement cases of each month when its time has come, in the background."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime

from api.network.rule_keeper import RuleKeeper
from layers.published.publication import publish_due
from spatial.postgres.db import connect, tell_failure
from spatial.tasks import end_task

FIRST_S, EVERY_S = 150.0, 600.0
"""After the start, and from then on, it is looked for a month that is due."""
_log = logging.getLogger("sigang.jobs")


class Publisher:
    """The background work on published counts of one serving process."""

    def __init__(self, url: str, rules: RuleKeeper) -> None:
        self._url, self._rules = url, rules
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Look for what is due from now on."""
        self._task = asyncio.create_task(self._forever())

    async def stop(self) -> None:
        """Look no longer."""
        await end_task(self._task)

    async def _forever(self) -> None:
        wait = FIRST_S
        while True:
            await asyncio.sleep(wait)
            wait = EVERY_S
            try:
                await asyncio.to_thread(self._publish)
            except Exception as error:  # what is published stands meanwhile
                tell_failure(_log, "counts of cases could not be published", error)

    def _publish(self) -> None:
        with connect(self._url) as conn:
            publish_due(conn, self._rules.current, datetime.now(UTC))
            conn.commit()
