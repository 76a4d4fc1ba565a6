"""Which periods of which reports are to be frozen now."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

from layers.indicators.periods import Period, period_at, series
from layers.reports.model import Report
from layers.reports.rule_models import ReportClock


def due_periods(
    reports: Mapping[str, Report], clock: ReportClock, known: Collection[tuple[str, str]],
    now: datetime,
) -> Iterator[tuple[str, Period]]:  # fmt: skip
    """Return what is due and was never frozen, of each report the oldest period first.

    Parameters
    ----------
    reports
        What is declared, by id.
    clock
        The rule.
    known
        Report and period of what is frozen.
    now
        The time.
    """
    for report in reports.values():
        due = clock.of(report.period)
        last = period_at(report.period, now).previous
        for period in series(last, max(due.back, 1)):
            if due.moment(period) <= now and (report.id, period.id) not in known:
                yield report.id, period
