"""The air as one process knows it: checked against the database's version before each answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from api.airspace.air_changes import AirChanges
from api.services import Services
from layers.processes.readers.airspace_rows import (
    AirOfTime,
    Known,
    find_geoid,
    read_known,
    read_version,
)
from routing.airspace.judge import Judge
from spatial.rules import RuleSet

MOST_JUDGES = 8
"""Judges by the rules of different times that are kept."""


@dataclass(frozen=True)
class HeldAir(AirOfTime):
    """The air by one version of the rules, which has a digest and an end."""

    rules: RuleSet


class AirKeeper:
    """Holds the zones, and judges by the rules of the times that were asked for.

    One for each application (`own`); nothing is read before the first question.
    """

    def __init__(self) -> None:
        self._reading = asyncio.Lock()
        self._known: Known | None = None
        self._words = ""
        self._judges: dict[str, Judge] = {}
        self.changes = AirChanges()

    async def at(self, served: Services, moment: datetime) -> HeldAir:
        """Return the air as committed now, with the rules of a time.

        Raises
        ------
        RuleMissing
            One that every judgement needs is not in force.
        """
        return (await self.of_times(served, [moment]))[0]

    async def of_times(self, served: Services, moments: Sequence[datetime]) -> list[HeldAir]:
        """Return the air as committed now, with the rules of each of some times.

        Raises
        ------
        RuleMissing
            One that every judgement needs is not in force.
        """
        version, _ = await read_version(served.db)
        words = served.rules.current
        if not self._holds(version, words):
            async with self._reading:
                if not self._holds(version, words):
                    folder = served.settings.home / "terrain"
                    known = await read_known(served.db, folder, words, self._known)
                    if self._known is not None:
                        self.changes.note(self._known, known)
                    self._known = known
                    self._words, self._judges = words.digest, {}
        assert self._known is not None  # noqa: S101
        return [self._of(self._known, served.rules.of_fact(moment)) for moment in moments]

    def find(self, served: Services, moment: datetime) -> HeldAir | None:
        """Return the air as it was last read, None before the first reading and after new words.

        It may have changed since: who answers by it asks for its version afterwards.
        """
        if self._known is None or self._words != served.rules.current.digest:
            return None
        return self._of(self._known, served.rules.of_fact(moment))

    def _holds(self, version: int, words: RuleSet) -> bool:
        known = self._known
        return known is not None and known.version >= version and self._words == words.digest

    def _of(self, known: Known, rules: RuleSet) -> HeldAir:
        judge = self._judges.get(rules.digest)
        if judge is None:
            if len(self._judges) >= MOST_JUDGES:
                self._judges.pop(next(iter(self._judges)))
            judge = self._judges[rules.digest] = known.judge(rules, find_geoid(rules))
        return HeldAir(known, judge, rules)  # of the same rules other times have other ends
