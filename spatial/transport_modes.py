"""How goods are carried: the modes of linkage between ports, and not kinds of networks."""

from __future__ import annotations

from typing import Literal, get_args

Haulage = Literal["road"]
ByTimetable = Literal["rail", "barge", "feeder", "deep_sea", "air"]
Mode = Literal[Haulage, ByTimetable]
MODES: tuple[Mode, ...] = get_args(Mode)
HAULAGE: Haulage = "road"
