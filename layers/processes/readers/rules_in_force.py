"""The rules in force at the time of the fact that a question is about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from layers.processes.runtime.model import Need, Reader, Sources
from layers.processes.runtime.readers import register
from spatial.rule_store import SELECT
from spatial.rules import Period, RuleBook, Rules


async def _read(sources: Sources, _: str, moment: datetime) -> Rules:
    rows = await sources.db.public.fetch(SELECT)
    return RuleBook.of([Period(**row) for row in rows], datetime.now(UTC)).at(moment, early=True)


READER = register(Reader("rules", _read))


def rules_at(of: Callable[[Any], datetime | None]) -> Need[Rules]:
    """Return the need of the rules in force at a time that the inputs tell; now for None."""
    return Need(READER.name, READER.name, lambda inputs: of(inputs) or datetime.now(UTC))
