"""Heights as OpenAir files write them: `FL 95`, `2000M AGL`, `1500 MSL`, `SFC`, `UNL`."""

from __future__ import annotations

import re
from typing import NamedTuple

from spatial.geo.heights import METRES, Datum
from spatial.geozones.model import GROUND, NO_CEILING_FROM, ZoneFault, ZoneLimit

FOOT_M = METRES["ft"]
FLIGHT_LEVEL_M = 100 * FOOT_M
_UNLIMITED = re.compile(r"^(UNL(IM(ITED)?)?|INF)$")
_GROUND = re.compile(r"^(0+\s*(FT|M)?\s*)?(GND|SFC|AGL|GROUND|SURFACE)$")
_LEVEL = re.compile(r"^FL\s*(-?\d+(?:\.\d+)?)$")
_HEIGHT = re.compile(
    r"^(-?\d+(?:\.\d+)?)\s*(FT|F|FEET|M|METERS|METRES)?"
    r"\s*(AGL|GND|SFC|AGND|ASFC|MSL|AMSL|ALT|STD)?$"
)
_REMARK = re.compile(r"\s*\(.*\)\s*$")
_DATUMS: dict[str, Datum] = {
    "AGL": "AGL", "GND": "AGL", "SFC": "AGL", "AGND": "AGL", "ASFC": "AGL",
    "MSL": "AMSL", "AMSL": "AMSL", "ALT": "AMSL", "STD": "STD",
}  # fmt: skip
_DOUBTS = {
    "ASFC": "ASFC read as above ground; readers differ",
    "GND": "GND after a number read as above ground; an unusual word",
    "SFC": "SFC after a number read as above ground; an unusual word",
    "AGND": "AGND read as above ground; an unusual word",
    "ALT": "ALT read as above mean sea level",
}


class ReadHeight(NamedTuple):
    """A limit, None where the file states none, and what was doubtful about it."""

    limit: ZoneLimit | None
    doubts: tuple[str, ...]


def read_height(text: str) -> ReadHeight:
    """Return a height.

    Raises
    ------
    ZoneFault
        It is no height, or a number without a datum.
    """
    doubts = []
    plain = text.strip().upper()
    if _REMARK.search(plain):
        doubts.append(f"remark left aside: {text.strip()}")
        plain = _REMARK.sub("", plain)
    if _UNLIMITED.match(plain):
        return ReadHeight(None, tuple(doubts))
    if _GROUND.match(plain):
        return ReadHeight(GROUND, tuple(doubts))
    level = _LEVEL.match(plain)
    if level:
        return ReadHeight(ZoneLimit(float(level[1]) * FLIGHT_LEVEL_M, "STD"), tuple(doubts))
    limit, word = _number(text, plain)
    doubts += [_DOUBTS[word]] if word in _DOUBTS else []
    return ReadHeight(limit, tuple(doubts))


def _number(text: str, plain: str) -> tuple[ZoneLimit | None, str]:
    found, shown = _HEIGHT.match(plain), repr(text.strip())
    if found is None:
        raise ZoneFault("bad-height", f"not a height: {shown}", f"不是高度：{shown}")
    value, unit, word = float(found[1]), found[2] or "F", found[3]
    if word is None:
        raise ZoneFault(
            "missing-datum", f"the height {shown} names no datum", f"高度 {shown} 未注明基准"
        )
    if value >= NO_CEILING_FROM:
        return None, word
    return ZoneLimit(value * (1.0 if unit.startswith("M") else FOOT_M), _DATUMS[word]), word


def write_height(limit: ZoneLimit | None) -> str:
    """Return a height as it is written; feet, as every reader takes them."""
    if limit is None:
        return "UNL"
    if limit.datum == "STD":
        return f"FL{_plain(limit.value_m / FLIGHT_LEVEL_M)}"
    if limit == GROUND:
        return "SFC"
    word = "MSL" if limit.datum == "AMSL" else "AGL"
    return f"{_plain(limit.value_m / FOOT_M)}ft {word}"


def _plain(number: float) -> str:
    return f"{number:.8f}".rstrip("0").rstrip(".")
