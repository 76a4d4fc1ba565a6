"""Coordinates of UN/LOCODE as they really are: minutes, and what looks like decimal degrees."""

from __future__ import annotations

import re

from spatial.errors import BadParameter

_DECIMAL = re.compile(r"(\d{1,2}\.\d+)([NS]) (\d{1,3}\.\d+)([EW])")


def parse_minutes(text: str) -> tuple[float, float]:
    """Return (lon, lat) in degrees of UN/LOCODE's `ddmmN dddmmE`.

    Raises
    ------
    BadParameter
        It is not of that form; minutes above 59, or a point, look like decimal degrees.
    """
    found = re.fullmatch(r"(\d\d)(\d\d)([NS]) (\d{3})(\d\d)([EW])", text)
    if found is None or int(found[2]) > 59 or int(found[5]) > 59:
        decimal = found is not None or "." in text
        raise BadParameter(
            f"not a UN/LOCODE coordinate: {text!r}{'; it looks like decimal degrees' * decimal}",
            f"不是 UN/LOCODE 坐标：{text!r}{'，像是十进制度' * decimal}",
        )
    lat = (int(found[1]) + int(found[2]) / 60) * (1 if found[3] == "N" else -1)
    lon = (int(found[4]) + int(found[5]) / 60) * (1 if found[6] == "E" else -1)
    return round(lon, 6) + 0.0, round(lat, 6) + 0.0


def parse_point(text: str) -> tuple[float, float, bool]:
    """Return (lon, lat) in degrees and whether the text has decimal degrees in place of minutes.

    Raises
    ------
    BadParameter
        It is neither; minutes above 59 are not guessed at.
    """
    found = _DECIMAL.fullmatch(text)
    if found is None:
        return *parse_minutes(text), False
    lat = float(found[1]) * (1 if found[2] == "N" else -1)
    lon = float(found[3]) * (1 if found[4] == "E" else -1)
    if abs(lat) > 90 or abs(lon) > 180:
        raise BadParameter(f"not a place on Earth: {text!r}", f"坐标超出范围：{text!r}")
    return lon + 0.0, lat + 0.0, True
