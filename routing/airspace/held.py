"""Whether heights lie within limits: no, perhaps or yes, and why it is only perhaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from routing.airspace.levels import Flags, Level, Levels, Missing
from routing.airspace.zones import Limit, Whole
from spatial.airspace_rules import LimitOfHeight
from spatial.geo.datum import Floats
from spatial.geo.heights import DATUMS, Datum, sides

NO, PERHAPS, YES = 0, 1, 2
States: TypeAlias = NDArray[np.int8]
_NO_LIMIT, _UNKNOWN, _FIRST_DATUM = 0, 1, 2


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
    """The limits of height of zones as columns."""

    def __init__(self, limits: Sequence[Limit | None]) -> None:
        values = [None if one is None else one.value_m for one in limits]
        self.value_m = np.array([np.nan if one is None else one for one in values], float)
        self.datum = np.array([_code(one) for one in limits], np.int8)
        self.included = np.array([one is None or one.included for one in limits], bool)


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
    state = np.where(out, NO, np.where(sure, YES, PERHAPS)).astype(np.int8)
    return Held(state, why_floor | why_top)


def within_bands(levels: Levels, floors: Limits, tops: Limits) -> States:
    """Tell for bands of heights (rows) and all places whether the heights there lie in them."""
    count, places = len(floors.value_m), len(levels.lon)
    place, band = np.tile(np.arange(places), count), np.repeat(np.arange(count), places)
    return within(levels, place, band, floors, tops).state.reshape(count, places)


def above_ground(levels: Levels, ceiling_m: float) -> Held:
    """Tell for all places whether heights reach above a true height, which is still below."""
    level = levels.of("AGL")
    side = sides(level.high_m - ceiling_m, level.slack_m, True)
    return Held((side + 1).astype(np.int8), _why(level, side))


def _why(level: Level, side: States) -> Flags:
    """Return why sides are undetermined: what is lacking, else the accuracy."""
    lacking = np.where(level.missing > 0, level.missing, int(Missing.ACCURACY))
    return np.where(side == 0, lacking, 0).astype(np.uint8)


def _sides(
    levels: Levels, place: Whole, zone: Whole, limits: Limits, *, floor: bool
) -> tuple[States, Flags]:
    """Return on which side of their zone's limit heights lie, and why where that is unknown."""
    side = np.full(len(place), 1 if floor else -1, np.int8)
    why = np.zeros(len(place), np.uint8)
    codes = limits.datum[zone]
    unknown = codes == _UNKNOWN
    side[unknown], why[unknown] = 0, int(Missing.ELEVATION)
    for code in np.unique(codes[codes >= _FIRST_DATUM]).tolist():
        mine = codes == code
        at, of = place[mine], zone[mine]
        whole = levels.of(DATUMS[code - _FIRST_DATUM])
        level = Level(whole.low_m[at], whole.high_m[at], whole.slack_m[at], whole.missing[at])
        held: Floats = level.high_m if floor else level.low_m
        included = ~limits.included[of] if floor else limits.included[of]
        side[mine] = sides(held - limits.value_m[of], level.slack_m, included)
        why[mine] = _why(level, side[mine])
    return side, why
