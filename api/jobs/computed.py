"""Keeps computed layers: adds the job of a layer whose inputs changed, or whose time has come.

The job runs like any other, in the process that runs jobs, as who sees what its readers do.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta

from api.http.notifications import RECONNECTED, Bus
from api.jobs import computed_store
from api.network.rule_keeper import RuleKeeper
from layers.computed.catalogue import ComputedLayer, read_computed
from layers.computed.store import Conn, forget_others, is_due, read_made
from layers.declare.catalog import Catalog
from spatial.ids import uuid7
from spatial.postgres.db import connect, tell_failure
from spatial.postgres.notices import set_on, tell
from spatial.rules import Rules
from spatial.tasks import end_task, wait_at_most

FIRST_S = 30.0
"""After the start of a process, which has more urgent things to do."""
SETTLE_S = 2.0
CHECK_S = 30.0
"""Every so often it is looked whether a time has come."""
_log = logging.getLogger("sigang.jobs")


class ComputedKeeper:
    """The background work on computed layers of one serving process."""

    def __init__(self, url: str, catalog: Catalog, bus: Bus, rules: RuleKeeper) -> None:
        self._url, self._catalog, self._rules = url, catalog, rules
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        set_on(self._wake, bus, "dirty", "network", "catalog", RECONNECTED)

    async def start(self) -> None:
        """Keep layers from now on."""
        self._task = asyncio.create_task(self._forever())

    async def stop(self) -> None:
        """Keep them no longer."""
        await end_task(self._task)

    async def _forever(self) -> None:
        await asyncio.sleep(FIRST_S)
        while True:
            try:
                await asyncio.to_thread(self._keep)
            except Exception as error:  # the layers are told as stale meanwhile
                tell_failure(_log, "computed layers could not be kept", error)
            await wait_at_most(self._wake, CHECK_S)
            await asyncio.sleep(SETTLE_S)
            self._wake.clear()

    def _keep(self) -> None:
        layers = list(self._catalog.part(read_computed).values())
        with connect(self._url) as conn:
            if computed_store.lock(conn):
                keep_computed(conn, layers, self._rules.of_fact(datetime.now(UTC)))
                conn.commit()


def keep_computed(conn: Conn, layers: list[ComputedLayer], rules: Rules) -> list[str]:
    """Add the jobs of the layers that are due; return these layers.

    Parameters
    ----------
    conn
        The owner's, in a transaction.
    layers, rules
        All computed layers, and the rules in force.
    """
    forget_others(conn, [one.layer.id for one in layers])
    province = computed_store.home(conn)
    added = []
    for one in layers:
        made = read_made(conn, one, rules)
        rest = timedelta(seconds=one.how.rest_s)
        if (
            is_due(conn, one, made)
            and computed_store.may_run(conn, one.layer.id, rest)
            and province
        ):
            job = uuid7()
            computed_store.add(conn, job, one, made, computed_store.reads_as(one, province))
            tell(conn, "job", id=str(job), state="accepted")
            added.append(one.layer.id)
    return added
