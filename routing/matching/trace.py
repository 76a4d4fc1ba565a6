"""The fixes of a trace one by one: which can be used, and why the others cannot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from routing.graph.weights import Bools, Floats, Ints
from routing.matching.hmm import Model
from routing.matching.trace_kernels import CUT, KEPT, START, Codes, admit, judge

Status = Literal["used", "merged", "invalid", "late", "duplicate", "jump", "off_road"]
Break = Literal["start", "gap", "jump", "off_road", "no_path"]
STATUS: tuple[Status, ...] = get_args(Status)
BREAKS: tuple[Break | None, ...] = (None, *get_args(Break))


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
        for name in ("points", "seconds", "sigma_m"):
            plain = np.ascontiguousarray(getattr(self, name), np.float64)
            object.__setattr__(self, name, plain)

    def __len__(self) -> int:
        return len(self.seconds)


class Sieve:
    """Judges fixes in the order received; remembers the last good one."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._kept = np.zeros(KEPT)

    def restart(self) -> None:
        """Let the drive break before the next column."""
        self._kept[CUT] = START

    def judge(self, trace: Trace) -> tuple[Codes, Codes]:
        """Return for each fix the codes of its status and of the break before it."""
        status, cut = np.empty(len(trace), np.int8), np.empty(len(trace), np.int8)
        model = self._model
        judge(
            trace.points, trace.seconds, trace.sigma_m, model.max_kmh, model.thin_m, model.gap_s,
            model.stand_m, self._kept, status, cut,
        )  # fmt: skip
        return status, cut

    def admit(self, trace: Trace, status: Codes, cut: Codes, on_road: Bools) -> Ints:
        """Return the fixes that make columns; the other used ones become `off_road`.

        `cut` becomes the break before each column; one before a fix set aside goes on to the next.
        """
        columns = np.empty(len(trace), np.int64)
        count = admit(
            trace.seconds, on_road, self._model.gap_s, self._kept, status, cut, columns
        )  # fmt: skip
        return columns[:count]
