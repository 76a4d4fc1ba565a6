"""The rule of reports: when a period's numbers are frozen, and how far back at the start."""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import Field

from layers.indicators.periods import Period
from layers.reports.model import PeriodKind
from spatial.rules import RuleModel, register

MOST_BACK = 120


class Due(RuleModel):
    """When the numbers of a kind of period are frozen, after its end, Asia/Shanghai.

    Parameters
    ----------
    day, hour
        Day after the period, the first is 1, and the hour at which it is frozen.
    back
        Periods that have ended and are frozen where they never were.
    late_h
        Hours after which a report says that it was made afterwards.
    """

    day: int = Field(ge=1, le=28)
    hour: int = Field(ge=0, le=23)
    back: int = Field(ge=0, le=MOST_BACK)
    late_h: int = Field(ge=1, le=24 * 366)

    def moment(self, period: Period) -> datetime:
        """Return when a period is frozen."""
        return period.end + timedelta(days=self.day - 1, hours=self.hour)

    def is_late(self, period: Period, frozen_at: datetime) -> bool:
        """Tell whether a period was frozen long after it was due."""
        return frozen_at > self.moment(period) + timedelta(hours=self.late_h)


class ReportClock(RuleModel):
    """When weekly and monthly reports are frozen."""

    week: Due
    month: Due

    def of(self, kind: PeriodKind) -> Due:
        """Return what holds for a kind of period."""
        return self.week if kind == "week" else self.month


CLOCK = register(
    "office.report_clock", ReportClock, zh="报告冻结时刻", en="When reports are frozen"
)
