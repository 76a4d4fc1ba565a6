"""Plans that wait are judged again in the background, whenever the air or a rule has changed.

So is a plan that was loaded and not filed: it has no verdict yet. Each is judged by one process.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from api.airspace import operation_rows as rows
from api.airspace.air_changes import Reach
from api.airspace.air_keeper import AirKeeper, HeldAir
from api.airspace.plan_verdict import FoundVerdicts, Subject, is_of, judged, reach_of, subject_of
from api.services import Services
from layers.offload import offload_part
from spatial.actor import Actor
from spatial.errors import RuleMissing
from spatial.postgres.db import Database

MOST = 500
AT_ONCE = 16
"""Plans that are judged in one transaction."""
_REACH = ("west", "south", "east", "north", "planned_start", "planned_end")


class Waiting:
    """The plans that wait, judged as they were; one for each application."""

    def __init__(self, keeper: AirKeeper, found: FoundVerdicts) -> None:
        self._keeper, self._found = keeper, found
        self._cannot: dict[UUID, tuple[int, str]] = {}
        """By which air and rules a plan could not be judged."""

    async def judge(self, served: Services, actor: Actor) -> None:
        """Judge those plans of an actor's area whose verdict is not of the air and rules of now."""
        async with served.db.session(actor) as conn:
            known = await conn.fetch(rows.JUDGED, MOST)
        if not known:
            return
        try:
            airs = await self._keeper.of_times(served, [one["planned_start"] for one in known])
        except RuleMissing:
            return
        stale: dict[UUID, HeldAir] = {}
        for one, air in zip(known, airs, strict=True):
            now = air.known.version, air.rules.digest
            reach = Reach(*(one[name] for name in _REACH))
            changes = self._keeper.changes
            if self._cannot.get(one["id"]) != now and not is_of(
                one["version"], one["rules"], air, changes, reach
            ):
                stale[one["id"]] = air
        numbers = list(stale)
        for first in range(0, len(numbers), AT_ONCE):
            await self._judge(served.db, actor, numbers[first : first + AT_ONCE], stale)

    async def _judge(
        self, db: Database, actor: Actor, numbers: Sequence[UUID], airs: dict[UUID, HeldAir]
    ) -> None:
        async with db.write(actor) as conn:
            held = await conn.fetch(rows.HOLD_TO_JUDGE, numbers)
            for plan in held:
                air, subject = airs[plan["id"]], subject_of(plan)
                verdict = self._found.find(plan["id"], air)
                self._found.forget(plan["id"])
                if self._known_by_another(plan, subject, air):
                    continue
                if verdict is None:
                    verdict = await offload_part(judged, subject, air)
                if verdict is None:
                    self._cannot[plan["id"]] = air.known.version, air.rules.digest
                else:
                    await conn.execute(rows.SET_VERDICT, plan["id"], verdict)

    def _known_by_another(self, plan: asyncpg.Record, subject: Subject, air: HeldAir) -> bool:
        """Tell whether another process has judged a plan meanwhile, by this air or a later one."""
        told = plan["verdict"] or {}
        version, reach = told.get("airspace_version"), reach_of(subject.extents)
        if version is not None and version > air.known.version:
            return True
        return is_of(version, told.get("rules"), air, self._keeper.changes, reach)
