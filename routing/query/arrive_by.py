"""When to leave so as to arrive in time: the latest departure whose own path arrives by then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from routing.query.model import Path, PathQuery
from spatial.errors import Unreachable

ROUNDS = 6
CLOSE = timedelta(seconds=1)


def duration_of(found: Path) -> timedelta:
    """Return the driving time of an answer."""
    return timedelta(milliseconds=found.sums()[1])


def leave_in_time(
    query: PathQuery, by: datetime, ask: Callable[[PathQuery], list[Path]]
) -> tuple[PathQuery, list[Path]]:
    """Return the query with the latest departure found that arrives by a time, and its answers.

    The driving time depends on the departure; departure and answer are made to agree by asking
    anew for the departure that the last driving time calls for. An answer that arrives late is
    never returned.

    Raises
    ------
    Unreachable
        No departure was found whose path arrives in time; whatever `ask` raises.
    """
    leave: datetime = by
    best: tuple[PathQuery, list[Path]] | None = None
    latest = datetime.min.replace(tzinfo=by.tzinfo)
    for _ in range(ROUNDS):
        asked = replace(query, depart_at=leave)
        found = ask(asked)
        takes = duration_of(found[0])
        if leave + takes <= by and leave > latest:
            latest, best = leave, (asked, found)
        wanted = by - takes
        if best is not None and wanted <= latest + CLOSE:
            return best
        leave = wanted
    if best is None:
        raise Unreachable(
            "No departure was found that arrives in time: the driving time changes too much",
            "未找到能按时到达的出发时刻：行驶时间变化过大",
            mend_en="Ask with depart_at for a departure of your choice.",
            mend_zh="请用 depart_at 指定出发时刻。",
        )
    return best
