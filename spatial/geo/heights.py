"""Heights that carry their datum, and bands of heights.

Four kinds: above the ground just below (AGL, 真高), above mean sea level (AMSL), above the
ellipsoid of WGS 84 and CGCS2000 (W84), and standard pressure (STD). They are different types: to
compare or subtract two of different datums raises `DatumMismatch`. One becomes another only with a
named geoid (`Undulation`), terrain (`Ground`) or pressure (`Qnh`), whose accuracy it takes over.
All numbers are metres.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, Self, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spatial.errors import BadParameter

Datum = Literal["AGL", "AMSL", "W84", "STD"]
DATUMS: tuple[Datum, ...] = get_args(Datum)
METRES: Mapping[str, float] = {"m": 1.0, "ft": 0.3048}
_MOST_M = 100_000.0
_SEA_K, _LAPSE_K_PER_M, STANDARD_HPA = 288.15, 0.0065, 1013.25  # ICAO standard atmosphere
_EXPONENT = 5.25588


class DatumMismatch(TypeError):
    """Two heights of different datums were compared or subtracted without what joins them."""

    def __init__(self, one: object, other: object) -> None:
        super().__init__(
            f"{_named(one)} and {_named(other)} cannot be compared or subtracted: "
            "convert one of them with a named geoid, terrain or QNH"
        )


def _named(value: object) -> str:
    return f"{value.value_m:g} m {value.datum}" if isinstance(value, Height) else repr(value)


@dataclass(frozen=True, eq=False, slots=True)
class Height:
    """A height (m) with its accuracy: the true one lies within ± `accuracy_m`."""

    value_m: float
    accuracy_m: float = 0.0
    datum: ClassVar[Datum]

    def _other(self, other: object) -> float:
        if not isinstance(other, Height) or type(other) is not type(self):
            raise DatumMismatch(self, other)
        return other.value_m

    def __eq__(self, other: object) -> bool:
        return self.value_m == self._other(other)

    def __lt__(self, other: object) -> bool:
        return self.value_m < self._other(other)

    def __le__(self, other: object) -> bool:
        return self.value_m <= self._other(other)

    def __gt__(self, other: object) -> bool:
        return self.value_m > self._other(other)

    def __ge__(self, other: object) -> bool:
        return self.value_m >= self._other(other)

    def __sub__(self, other: object) -> float:
        return self.value_m - self._other(other)

    def __hash__(self) -> int:
        return hash((self.datum, self.value_m))

    def raised(self, metres: float) -> Self:
        """Return the height so many metres further up, of the same datum and accuracy."""
        return type(self)(self.value_m + metres, self.accuracy_m)

    @property
    def interval_m(self) -> tuple[float, float]:
        """The least and the most (m) that the height may be."""
        return self.value_m - self.accuracy_m, self.value_m + self.accuracy_m


@dataclass(frozen=True)
class Undulation:
    """The height (m) of a named geoid above the ellipsoid at a place."""

    geoid: str
    value_m: float
    accuracy_m: float


@dataclass(frozen=True)
class Ground:
    """The ground at a place, as a named terrain says."""

    terrain: str
    elevation: Amsl


@dataclass(frozen=True)
class Qnh:
    """The pressure (hPa) at sea level, and how far (m) a height made with it may be wrong."""

    hpa: float
    accuracy_m: float


def reset(shown_m: ArrayLike, setting_hpa: float, new_hpa: float) -> NDArray[np.float64]:
    """Return what altimeters show after another setting (ICAO standard atmosphere), metres."""
    warmth = 1 - _LAPSE_K_PER_M * np.asarray(shown_m, float) / _SEA_K
    moved = warmth * (setting_hpa / new_hpa) ** (1 / _EXPONENT)
    return np.asarray((1 - moved) * _SEA_K / _LAPSE_K_PER_M)


class Agl(Height):
    """Height above the ground just below (真高)."""

    __slots__ = ()
    datum = "AGL"

    def to_amsl(self, ground: Ground) -> Amsl:
        """Return the height above mean sea level over a ground."""
        base = ground.elevation
        return Amsl(base.value_m + self.value_m, base.accuracy_m + self.accuracy_m)


class Amsl(Height):
    """Height above mean sea level."""

    __slots__ = ()
    datum = "AMSL"

    def to_agl(self, ground: Ground) -> Agl:
        """Return the height above a ground."""
        base = ground.elevation
        return Agl(self.value_m - base.value_m, self.accuracy_m + base.accuracy_m)

    def to_ellipsoidal(self, undulation: Undulation) -> Ellipsoidal:
        """Return the height above the ellipsoid by a geoid."""
        accuracy = self.accuracy_m + undulation.accuracy_m
        return Ellipsoidal(self.value_m + undulation.value_m, accuracy)


class Ellipsoidal(Height):
    """Height above the ellipsoid of WGS 84 and CGCS2000."""

    __slots__ = ()
    datum = "W84"

    def to_amsl(self, undulation: Undulation) -> Amsl:
        """Return the height above mean sea level by a geoid."""
        return Amsl(self.value_m - undulation.value_m, self.accuracy_m + undulation.accuracy_m)


class StandardPressure(Height):
    """Pressure altitude: what an altimeter set to 1013.25 hPa shows."""

    __slots__ = ()
    datum = "STD"

    def to_amsl(self, qnh: Qnh) -> Amsl:
        """Return the height that an altimeter set to a QNH shows (ICAO standard atmosphere)."""
        value = float(reset(self.value_m, STANDARD_HPA, qnh.hpa))
        return Amsl(value, self.accuracy_m + qnh.accuracy_m)


KINDS: Mapping[str, type[Height]] = {
    kind.datum: kind for kind in (Agl, Amsl, Ellipsoidal, StandardPressure)
}


def make_height(value_m: float, datum: str, accuracy_m: float = 0.0) -> Height:
    """Return a height of a datum."""
    return KINDS[datum](value_m, accuracy_m)


def parse_height(body: object, pointer: str = "") -> Height:
    """Return a height of JSON such as ``{"value": 120, "datum": "AGL", "unit": "m"}``.

    Parameters
    ----------
    body
        An object with `value`, `datum` (AGL, AMSL, W84, STD), `unit` (m, ft) and, where it is
        known, `accuracy` in the same unit.
    pointer
        JSON pointer of the body, for the error.

    Raises
    ------
    BadParameter
        A number without a datum, an unknown member, datum or unit, or no finite number.
    """
    if not isinstance(body, Mapping):
        raise _refused(pointer, f"a height needs its datum: {body!r}", f"高度须带基准：{body!r}")
    unknown = sorted(set(body) - {"value", "datum", "unit", "accuracy"})
    if unknown:
        raise _refused(f"{pointer}/{unknown[0]}", f"no member {unknown[0]!r}", "没有此成员")
    datum, unit = body.get("datum"), body.get("unit")
    if not isinstance(datum, str) or datum not in KINDS:
        known = ", ".join(DATUMS)
        raise _refused(f"{pointer}/datum", f"the datum is one of {known}", f"基准须为 {known}")
    if not isinstance(unit, str) or unit not in METRES:
        raise _refused(f"{pointer}/unit", "the unit is m or ft", "单位须为 m 或 ft")
    value = _number(body.get("value"), f"{pointer}/value", -_MOST_M)
    accuracy = _number(body.get("accuracy", 0.0), f"{pointer}/accuracy", 0.0)
    return make_height(value * METRES[unit], datum, accuracy * METRES[unit])


def _number(value: object, pointer: str, least: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _refused(pointer, f"a finite number, not {value!r}", f"须为有限数：{value!r}")
    if not least <= value <= _MOST_M:
        text = f"{least:g}–{_MOST_M:g}"
        raise _refused(pointer, f"{value:g} is not within {text}", f"{value:g} 不在 {text} 内")
    return float(value)


def _refused(pointer: str, en: str, zh: str) -> BadParameter:
    return BadParameter(
        f"{pointer or '/'}: {en}", f"{pointer or '/'}：{zh}",
        mend_en='Write a height as {"value": 120, "datum": "AGL", "unit": "m"}.',
        mend_zh='高度写作 {"value": 120, "datum": "AGL", "unit": "m"}。',
        pointer=pointer,
    )  # fmt: skip


@dataclass(frozen=True)
class Band:
    """Heights from a lower to an upper limit, which may be of different datums.

    None is a limit that nobody states: such a band has no end there, and no number stands for it.
    """

    lower: Height | None
    upper: Height | None

    def __post_init__(self) -> None:
        low, high = self.lower, self.upper
        if low is not None and high is not None and low.datum == high.datum and low > high:
            raise BadParameter(
                f"the floor {_named(low)} lies above the ceiling {_named(high)}",
                f"下限 {_named(low)} 高于上限 {_named(high)}",
            )

    def overlaps(self, other: Band) -> bool:
        """Tell whether two bands share heights; bands that only touch do not.

        Raises
        ------
        DatumMismatch
            A limit has another datum than the limit of the other band that it is held against.
        """
        return _under(self.lower, other.upper) and _under(other.lower, self.upper)


def _under(lower: Height | None, upper: Height | None) -> bool:
    return lower is None or upper is None or lower < upper


def parse_band(lower: object, upper: object, pointer: str = "") -> Band:
    """Return the band of two heights of JSON (`parse_height`); None states no limit.

    Raises
    ------
    BadParameter
        See `parse_height`; or the floor lies above the ceiling.
    """
    low = None if lower is None else parse_height(lower, f"{pointer}/lower")
    high = None if upper is None else parse_height(upper, f"{pointer}/upper")
    try:
        return Band(low, high)
    except BadParameter as error:
        raise _refused(f"{pointer}/lower", error.en, error.zh) from error


def sides(gap_m: ArrayLike, slack_m: ArrayLike, included: ArrayLike) -> NDArray[np.int8]:
    """Say on which side of an upper limit heights lie: the one rule for what touches.

    Exactly at a limit that is written （含） a height belongs below, at another one above.

    Parameters
    ----------
    gap_m
        How far each height lies above its limit, negative below it; NaN where nobody knows.
    slack_m
        How far the gap may be wrong.
    included
        Whether the limit belongs to what is below it.

    Returns
    -------
    array
        -1 below, 1 above, 0 where the slack reaches over the limit or the gap is unknown.
    """
    gap, slack = np.asarray(gap_m, float), np.asarray(slack_m, float)
    least, most, touches = gap - slack, gap + slack, ~np.asarray(included)
    above_least = (least > 0) | ((least == 0) & touches)
    above_most = (most > 0) | ((most == 0) & touches)
    side = np.add(above_least, above_most, dtype=np.int8) - np.int8(1)
    return np.where(np.isnan(gap), np.int8(0), side)


def side_of_limit(height: Height, limit: Height, *, limit_included: bool) -> int:
    """Return the side (`sides`) of an upper limit on which a height lies.

    Raises
    ------
    DatumMismatch
        The two are of different datums.
    """
    gap, slack = height - limit, height.accuracy_m + limit.accuracy_m
    return int(sides(gap, slack, limit_included))
