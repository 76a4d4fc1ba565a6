"""Whether heights lie within limits: no, perhaps or yes, and why it is only perhaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from routing.airspace.levels import Flags, Levels, Missing
from routing.airspace.zones import Limit, Whole
from spatial.airspace_rules import LimitOfHeight
from spatial.geo.datum import Floats
from spatial.geo.heights import DATUMS, Datum, sides

NO, PERHAPS, YES = 0, 1, 2
States: TypeAlias = NDArray[np.int8]
_NO_LIMIT, _UNKNOWN, _FIRST_DATUM = 0, 1, 2
_NONE = {_NO_LIMIT, _UNKNOWN}


@dataclass(frozen=True)
class Held:
    """Whether something holds, case by case: NO, PERHAPS or YES, and why it is only perhaps."""

    state: States
    missing: Flags

    def anywhere(self) -> tuple[int, int]:
        """Return state and reason of cases that belong to one flight."""
        if (self.state == YES).any():
            return YES, 0
        unsure = self.state == PERHAPS
        if not unsure.any():
            return NO, 0
        return PERHAPS, int(np.bitwise_or.reduce(self.missing[unsure]))


class Limits:
    """The limits of height of zones as columns, and the datums that they have."""

    def __init__(self, limits: Sequence[Limit | None]) -> None:
        values = [0.0 if one is None else one.value_m for one in limits]
        self.value_m = np.array([np.nan if one is None else one for one in values], float)
        self.datum = np.array([_code(one) for one in limits], np.int8)
        self.included = np.array([one is None or one.included for one in limits], bool)
        self.datums = [DATUMS[n - _FIRST_DATUM] for n in sorted({*self.datum.tolist()} - _NONE)]


def _code(limit: Limit | None) -> int:
    if limit is None:
        return _NO_LIMIT
    if limit.value_m is None or limit.datum is None:
        return _UNKNOWN
    return _FIRST_DATUM + DATUMS.index(limit.datum)


def limit_of_rule(limit: LimitOfHeight | None) -> Limit | None:
    """Return a limit that a rule states; above an aerodrome it is unknown here."""
    if limit is None:
        return None
    datum: Datum | None = None if limit.datum == "AAE" else limit.datum
    return Limit(limit.value_m if datum else None, datum, limit.included)


def within(levels: Levels, place: Whole, zone: Whole, floors: Limits, tops: Limits) -> Held:
    """Tell for pairs of place and zone whether the heights there lie between its limits."""
    above, why_floor = _sides(levels, place, zone, floors, floor=True)
    below, why_top = _sides(levels, place, zone, tops, floor=False)
    out, sure = (above == -1) | (below == 1), (above == 1) & (below == -1)
    state = np.where(out, np.int8(NO), np.where(sure, np.int8(YES), np.int8(PERHAPS)))
    return Held(state, why_floor | why_top)


def above_ground(levels: Levels, ceiling_m: float) -> Held:
    """Tell for all places whether heights reach above a true height, which is still below."""
    level = levels.of("AGL")
    side = sides(level.high_m - ceiling_m, level.slack_m, True)
    return Held((side + 1).astype(np.int8), _why_unsure(level.missing, side))


def _why_unsure(missing: Flags, side: States) -> Flags:
    """Return why sides are undetermined: what is lacking, else the accuracy."""
    lacking = np.where(missing > 0, missing, np.uint8(Missing.ACCURACY))
    return np.where(side == 0, lacking, np.uint8(0))


def _sides(
    levels: Levels, place: Whole, zone: Whole, limits: Limits, *, floor: bool
) -> tuple[States, Flags]:
    """Return on which side of their zone's limit heights lie, and why where that is unknown."""
    held_m, slack_m, missing = _by_code(levels, limits.datums, floor=floor)
    at = limits.datum[zone], place
    included = limits.included[zone]
    gap_m = held_m[at] - limits.value_m[zone]
    side = sides(gap_m, slack_m[at], ~included if floor else included)
    return side, _why_unsure(missing[at], side)


def _by_code(
    levels: Levels, datums: Sequence[Datum], *, floor: bool
) -> tuple[Floats, Floats, Flags]:
    """Return heights that are held against limits, slack and what is lacking: a row for each code.

    Of floors it is the upper end of a flight, of tops its lower one. Where there is no limit the
    height lies beyond all of them, and where nobody knows it so does none.
    """
    shape = _FIRST_DATUM + len(DATUMS), len(levels.lon)
    held_m, slack_m, missing = np.empty(shape), np.zeros(shape), np.zeros(shape, np.uint8)
    held_m[_NO_LIMIT] = np.inf if floor else -np.inf
    held_m[_UNKNOWN], missing[_UNKNOWN] = np.nan, Missing.ELEVATION
    for datum in datums:
        code, level = _FIRST_DATUM + DATUMS.index(datum), levels.of(datum)
        held_m[code] = level.high_m if floor else level.low_m
        slack_m[code], missing[code] = level.slack_m, level.missing
    return held_m, slack_m, missing
