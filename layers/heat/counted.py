"""What a question about enforcement heat counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

MONDAY = date(2000, 1, 3)
"""Slices of time are counted from here, so that those of a week begin on Mondays."""


@dataclass(frozen=True)
class Counted:
    """What is summed: days from and until (half-open), hours of the week, what, of whom."""

    since: date
    until: date
    hours: Sequence[int] | None
    events: str
    kinds: Sequence[str] | None
    exposure: str
    units: Sequence[str] | None
    filter: str | None = None
    """CQL2 text over the listed columns of the events' layer."""

    @property
    def whole_months(self) -> bool:
        """Tell whether the period is made of whole months."""
        return self.since.day == 1 and self.until.day == 1

    @property
    def grain(self) -> str:
        """Return the grain of the cube that has it, the coarsest one."""
        if self.hours is not None:
            return "h"
        return "m" if self.whole_months else "d"
