"""The fixes of a trace one by one: which can be used, and why the others cannot."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from routing.graph import Floats
from routing.nearby import scales
from routing.trellis import Model

Status = Literal["used", "merged", "invalid", "late", "duplicate", "jump", "off_road"]
Break = Literal["start", "gap", "jump", "off_road", "no_path"]
KMH = 3.6
SUSPECTS = 3  # fixes that agree with each other against the one before are believed
NOISE = 6  # deviations that two fixes may lie apart without any movement


@dataclass(frozen=True)
class Trace:
    """Fixes in the order received: (n, 2) longitude and latitude (EPSG:4326), seconds, metres.

    `seconds` since any epoch, NaN where unknown; `sigma_m` the standard deviation of each fix.
    """

    points: Floats
    seconds: Floats
    sigma_m: Floats

    def __post_init__(self) -> None:
        if self.points.shape != (len(self.seconds), 2) or len(self.sigma_m) != len(self.seconds):
            raise ValueError("points (n, 2), seconds (n) and sigma_m (n) must fit together")

    def __len__(self) -> int:
        return len(self.seconds)


@dataclass
class _Place:
    """A fix that later ones are compared with."""

    lon: float
    lat: float
    seconds: float
    sigma: float


@dataclass
class Sieve:
    """Judges fixes in the order received; remembers the last good one."""

    model: Model
    _last: _Place | None = None
    _suspect: _Place | None = None
    _agreeing: int = field(default=0)

    def judge(self, trace: Trace) -> tuple[list[Status], list[Break | None]]:
        """Return for each fix its status, and why the trace breaks before it, if it does."""
        status: list[Status] = []
        breaks: list[Break | None] = []
        scale = scales(np.nan_to_num(trace.points[:, 1])).tolist()
        rows = zip(
            trace.points.tolist(), trace.seconds.tolist(), trace.sigma_m.tolist(), scale,
            strict=True,
        )  # fmt: skip
        for (lon, lat), seconds, sigma, metres in rows:
            said, cut = self._judge(_Place(lon, lat, seconds, sigma), metres)
            status.append(said)
            breaks.append(cut)
        return status, breaks

    def _judge(self, fix: _Place, metres: Sequence[float]) -> tuple[Status, Break | None]:
        if not (abs(fix.lon) <= 180 and abs(fix.lat) <= 90 and fix.sigma > 0):
            return "invalid", None
        last = self._last
        if last is None:
            return self._take(fix, "start")
        apart = _apart(last, fix, metres)
        if fix.seconds <= last.seconds:
            same = fix.seconds == last.seconds and apart == 0
            return ("duplicate" if same else "late"), None
        if self._jumps(last, fix, apart):
            return self._doubt(fix, metres)
        self._suspect = None
        late = fix.seconds - last.seconds > self.model.gap_s
        if apart < self.model.thin_m and not late:
            return "merged", None
        return self._take(fix, "gap" if late else None)

    def _take(self, fix: _Place, cut: Break | None) -> tuple[Status, Break | None]:
        self._last, self._suspect, self._agreeing = fix, None, 0
        return "used", cut

    def _jumps(self, last: _Place, fix: _Place, apart: float) -> bool:
        """Tell whether nobody drives that fast."""
        moved = apart - NOISE * max(last.sigma, fix.sigma)
        return moved * KMH > self.model.max_kmh * (fix.seconds - last.seconds)

    def _doubt(self, fix: _Place, metres: Sequence[float]) -> tuple[Status, Break | None]:
        """Refuse a jump; several that agree with each other show that the one before was wrong."""
        known = self._suspect
        agrees = known is not None and not self._jumps(known, fix, _apart(known, fix, metres))
        self._agreeing = self._agreeing + 1 if agrees else 1
        self._suspect = fix
        return self._take(fix, "jump") if self._agreeing >= SUSPECTS else ("jump", None)


def _apart(first: _Place, second: _Place, metres: Sequence[float]) -> float:
    """Return the metres between two fixes; with NaN times every comparison of them is false."""
    east, north = metres
    return math.hypot((second.lon - first.lon) * east, (second.lat - first.lat) * north)
