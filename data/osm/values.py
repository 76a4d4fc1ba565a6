"""Values of OpenStreetMap tags: speeds, lengths, masses. Unknown is None, never a default.

Written as https://wiki.openstreetmap.org/wiki/Map_features/Units describes.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

_KMH = {"": 1.0, "km/h": 1.0, "kmh": 1.0, "kph": 1.0, "mph": 1.609344, "knots": 1.852}
_METRES = {
    **dict.fromkeys(("", "m", "meter", "meters", "metre", "metres", "米"), 1.0),
    **dict.fromkeys(("ft", "feet", "foot"), 0.3048),
    **dict.fromkeys(("in", "inch", "inches"), 0.0254),
    "cm": 0.01,
    "mm": 0.001,
    "km": 1000.0,
    "mi": 1609.344,
}
_TONNES = {
    **dict.fromkeys(("", "t", "tonne", "tonnes", "mt", "吨"), 1.0),
    **dict.fromkeys(("st", "ton", "tons"), 0.90718474),  # short ones, the lightest so called
    **dict.fromkeys(("lbs", "lb", "pounds"), 0.00045359237),
    **dict.fromkeys(("kg", "kgs"), 0.001),
    "lt": 1.0160469,
}
_NUMBER = re.compile(r"\s*(\d+(?:[.,]\d+)?|\.\d+|\d{1,3}(?:,\d{3})+)\s*([a-zA-Z/米吨]*)\.?\s*")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+")
_FEET = re.compile(
    r"\s*(\d+(?:\.\d+)?)\s*(?:['′’]|ft|feet|foot)\.?\s*-?\s*"
    r"(?:(\d+(?:\.\d+)?)\s*(?:[\"″”]|''|′′|’’|in|inch|inches)?\.?)?\s*"
)
_ZONE = re.compile(r"(?:([A-Z]{2})(?:-[A-Z0-9]+)?:)?(?:zone:?)?([a-z_]+|\d+)")

WALK_KMH = 7.0
"""What `maxspeed=walk` allows, as German courts read walking pace."""
_HOURS = {"d": 24.0, "h": 1.0, "m": 1 / 60, "s": 1 / 3600}
_CLOCK = re.compile(r"(?P<h>\d{1,3}):(?P<m>\d{2})(?::(?P<s>\d{2}))?")
_ISO = re.compile(r"P(?:(?P<d>\d+)D)?(?:T(?:(?P<h>\d+)H)?(?:(?P<m>\d+)M)?(?:(?P<s>\d+)S)?)?")
_MINUTES = re.compile(r"(?P<m>\d+(?:\.\d+)?)\s*(?:min|mins|minutes)?")
_YES = {"yes", "true", "1"}
_NO = {"no", "false", "0"}


@cache
def _zones() -> dict[str, dict[str, float]]:
    text = Path(__file__).with_name("speed_zones.toml").read_text("utf-8")
    return {key: value for key, value in tomllib.loads(text).items() if isinstance(value, dict)}


def _measure(text: str | None, units: dict[str, float]) -> float | None:
    found = _NUMBER.fullmatch(text or "")
    if found is None or found[2].lower() not in units:
        return None
    number, unit = found[1], found[2].lower()
    thousands = units is _TONNES and units[unit] < 0.01 and _THOUSANDS.fullmatch(number)
    return float(number.replace(",", "" if thousands else ".")) * units[unit]


def speed_kmh(text: str | None) -> float | None:
    """Return km/h of a maxspeed: a number, mph, a zone, walk; None for none, signals, variable.

    Several values (`80;100`) count as the lowest.
    """
    if not text:
        return None
    values = [_one_speed(part.strip()) for part in text.split(";")]
    known = [value for value in values if value is not None and value > 0]
    return min(known) if len(known) == len(values) else None


def _one_speed(text: str) -> float | None:
    value = _measure(text, _KMH)
    if value is not None:
        return value
    zone = _ZONE.fullmatch(text)
    if text.lower().rpartition(":")[2] == "walk":
        return WALK_KMH
    if zone is None:
        return None
    if zone[2].isdigit():
        return float(zone[2])
    return _zones().get(zone[1] or "", {}).get(zone[2])


def length_m(text: str | None) -> float | None:
    """Return metres of `4.5`, `4.5 m`, `14'6"`; None for none, default and the like."""
    feet = _FEET.fullmatch(text or "")
    if feet:
        return float(feet[1]) * _METRES["ft"] + float(feet[2] or 0) * _METRES["in"]
    return _measure(text, _METRES)


def mass_t(text: str | None) -> float | None:
    """Return tonnes of `7.5`, `7500 kg`, `10 st` (short tons)."""
    return _measure(text, _TONNES)


def whole(text: str | None) -> int | None:
    """Return a small whole number, as of lanes or layer."""
    found = re.fullmatch(r"\s*(-?\d{1,3})(?:\.0+)?\s*", text or "")
    return int(found[1]) if found else None


def yes_no(text: str | None) -> bool | None:
    """Return True, False or None (not said) of a yes/no tag."""
    if text in _YES:
        return True
    return False if text in _NO else None


def duration_h(text: str | None) -> float | None:
    """Return hours of a ferry's duration: `00:35`, `00:35:30`, `35` or `35 min`, `PT35M`."""
    for pattern in (_CLOCK, _ISO, _MINUTES):
        found = pattern.fullmatch((text or "").strip())
        if found and any(found.groups()):
            parts = found.groupdict("0").items()
            return sum(float(value) * _HOURS[name] for name, value in parts)
    return None
