"""Codes of things: containers, ships, companies, places, stakes and written coordinates.

`is_*` answers a question, `parse_*` raises `BadParameter`, `find_*` may come back empty.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from decimal import Decimal

from spatial.errors import BadParameter
from spatial.geo.crs import check_lonlat

_ISO6346_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015: no I, O, S, V, Z
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


def _iso6346_values() -> dict[str, int]:
    """Return the letter values of ISO 6346: from 10 up, multiples of 11 left out."""
    numbers = (n for n in range(10, 39) if n % 11)
    return dict(zip(_ISO6346_LETTERS, numbers, strict=True))


_SERIAL = re.compile(r"[A-Z]{3}[UJZRABCDEK]\d{7}")
_ILU = re.compile(r"[A-Z]{3}[ABCDEK]\d{7}")
_ISO6346 = {**{str(d): d for d in range(10)}, **_iso6346_values()}


def iso6346_check_digit(body: str) -> int:
    """Return the check digit of a container number's ten leading signs.

    Raises
    ------
    BadParameter
        It is no such number.
    """
    text = body.upper()
    if not re.fullmatch(r"[A-Z]{3}[A-Z]\d{6}", text):
        raise BadParameter(f"not a container number: {body!r}", f"不是集装箱号：{body!r}")
    return sum(_ISO6346[sign] << place for place, sign in enumerate(text)) % 11 % 10


def is_iso6346(number: str) -> bool:
    """Say whether a container number (spaces and dashes allowed) carries its check digit."""
    text = _plain(number)
    if not re.fullmatch(r"[A-Z]{3}[UJZR]\d{7}", text):
        return False
    return iso6346_check_digit(text[:10]) == int(text[10])


def is_ilu(number: str) -> bool:
    """Say whether a number is that of a European loading unit (EN 13044) with its check digit.

    It is reckoned as in ISO 6346; the fourth letter tells the two apart.
    """
    text = _plain(number)
    return bool(_ILU.fullmatch(text)) and iso6346_check_digit(text[:10]) == int(text[10])


def parse_container(number: str) -> str:
    """Return a container number (ISO 6346) as eleven signs.

    Raises
    ------
    BadParameter
        It is none: names the right check digit, or that it is a European loading unit's.
    """
    text = _plain(number)
    if is_iso6346(text):
        return text
    if is_ilu(text):
        raise BadParameter(
            f"{text} is the number of a European loading unit (ILU code, EN 13044), not ISO 6346",
            f"{text} 是欧洲装载单元代码（ILU，EN 13044），不是 ISO 6346 箱号",
            mend_en="Give it as a swap body on legs by rail.",
            mend_zh="请作为铁路区段的交换箱体填写。",
        )
    if _SERIAL.fullmatch(text):
        digit = iso6346_check_digit(text[:10])
        raise BadParameter(
            f"{text}: the check digit is {digit}, not {text[10]}",
            f"{text}：校验码应为 {digit}，而非 {text[10]}",
            mend_en=f"Perhaps {text[:10]}{digit}, or another digit is wrong.",
            mend_zh=f"是否为 {text[:10]}{digit}，或其他位有误。",
        )
    raise BadParameter(
        f"not a container number: {number[:40]!r}", f"不是集装箱号：{number[:40]!r}",
        mend_en="Four letters, the last U, J or Z, six digits and the check digit.",
        mend_zh="四个字母（末位 U、J 或 Z）、六位数字和校验码。",
    )  # fmt: skip


def _plain(number: str) -> str:
    return re.sub(r"[\s-]", "", number).upper()


def is_imo(number: str) -> bool:
    """Say whether an IMO ship number, with or without the letters, carries its check digit."""
    found = re.fullmatch(r"(?:IMO\s*)?(\d{7})", number.strip().upper())
    if found is None:
        return False
    digits = [int(sign) for sign in found[1]]
    return sum(d * w for d, w in zip(digits[:6], range(7, 1, -1), strict=True)) % 10 == digits[6]


def uscc_check_sign(body: str) -> str:
    """Return the check sign of a unified social credit code's 17 leading signs (GB 32100).

    Raises
    ------
    BadParameter
        It is no such code.
    """
    text = body.upper()
    if len(text) != 17 or any(sign not in _USCC_ALPHABET for sign in text):
        raise BadParameter(f"not a credit code: {body!r}", f"不是统一社会信用代码：{body!r}")
    total = sum(_USCC_ALPHABET.index(s) * w for s, w in zip(text, _USCC_WEIGHTS, strict=True))
    return _USCC_ALPHABET[-total % 31]


def is_uscc(code: str) -> bool:
    """Say whether an 18-sign unified social credit code is well formed."""
    text = code.strip().upper()
    if len(text) != 18 or any(sign not in _USCC_ALPHABET for sign in text):
        return False
    return uscc_check_sign(text[:17]) == text[17]


def is_mmsi(number: str | int) -> bool:
    """Say whether nine digits can be an MMSI of ITU-R M.585 (a ship starts with its MID)."""
    text = str(number).strip()
    if not re.fullmatch(r"\d{9}", text):
        return False
    for lead, at in (("00", 2), ("0", 1), ("111", 3), ("98", 2), ("99", 2), ("8", 1)):
        if text.startswith(lead):
            return "200" <= text[at : at + 3] <= "799"
    if text[:3] in {"970", "972", "974"}:
        return True
    return "200" <= text[:3] <= "799"


def is_chinese_mmsi(number: str | int) -> bool:
    """Say whether a ship's MMSI carries a MID of mainland China (412 to 414)."""
    text = str(number).strip()
    return is_mmsi(text) and text[:3] in {"412", "413", "414"}


def parse_unlocode(code: str) -> str:
    """Return a UN/LOCODE as five signs (country and place); the place has no 0 or 1.

    Raises
    ------
    BadParameter
        It is no such code.
    """
    text = re.sub(r"[\s-]", "", code).upper()
    if not re.fullmatch(r"[A-Z]{2}[A-Z2-9]{3}", text):
        raise BadParameter(f"not a UN/LOCODE: {code!r}", f"不是 UN/LOCODE：{code!r}")
    return text


def is_unlocode(code: str) -> bool:
    """Say whether a text has the form of a UN/LOCODE."""
    try:
        parse_unlocode(code)
    except BadParameter:
        return False
    return True


def find_by_unlocode(code: str, aliases: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the names of all places that use or used a code; several generations circulate.

    `aliases` maps a place to its codes. More than one name means that the code is ambiguous.
    """
    wanted = parse_unlocode(code)
    return [name for name, codes in aliases.items() if wanted in {parse_unlocode(c) for c in codes}]


_STAKE = re.compile(
    r"\s*[A-Z]{0,2}K\s*(\d{1,5})\s*(?:\+\s*(\d{1,3}(?:\.\d{1,3})?)|\.(\d{1,3}))?\s*"
)


def parse_stake(text: str) -> float:
    """Return metres from the route's zero of a stake such as K3926+300, K12+050.5 or K12.05.

    Full-width forms are read like plain ones.

    Raises
    ------
    BadParameter
        It is no stake.
    """
    found = _STAKE.fullmatch(unicodedata.normalize("NFKC", text).upper())
    if found is None:
        raise BadParameter(
            f"not a stake: {text!r}",
            f"不是桩号：{text!r}",
            mend_en="Write it as K3926+300.",
            mend_zh="请写成 K3926+300。",
        )
    kilometres = Decimal(f"{found[1]}.{found[3] or 0}")
    return float(kilometres * 1000 + Decimal(found[2] or 0))


def format_stake(k_m: float) -> str:
    """Return metres from the route's zero as a stake, to the millimetre where needed.

    Raises
    ------
    BadParameter
        It is negative or not finite.
    """
    if not 0 <= k_m < 1e8:
        raise BadParameter(f"no stake at {k_m} m", f"桩号不能为 {k_m} 米")
    millimetres = round(k_m * 1000)
    kilometres, rest = divmod(millimetres, 1_000_000)
    metres, fraction = divmod(rest, 1000)
    tail = f".{fraction:03d}".rstrip("0") if fraction else ""
    return f"K{kilometres}+{metres:03d}{tail}"


_ANGLE = re.compile(
    r"([NSEW东西南北])?\s*([+-]?\d+(?:\.\d+)?)\s*(?:[°度d]\s*"
    r"(?:(\d+(?:\.\d+)?)\s*['′’分m]\s*(?:(\d+(?:\.\d+)?)\s*(?:[\"″”秒s]|'')\s*)?)?)?"
    r"\s*([NSEW东西南北])?",
    re.IGNORECASE,
)
_AXES: dict[str | None, str] = {"E": "x", "W": "x", "N": "y", "S": "y"}
_SIDES = {"东": "E", "西": "W", "南": "S", "北": "N"}


def parse_angle(text: str) -> tuple[float, str | None]:
    """Return degrees and the side (N, S, E, W or None) of one angle, decimal or °′″.

    Raises
    ------
    BadParameter
        It is no angle.
    """
    found = _ANGLE.fullmatch(text.strip())
    if found is None:
        raise _bad_angle(text)
    lead, degrees, minutes, seconds, trail = found.groups()
    if lead and trail:
        raise _bad_angle(text)
    side = lead or trail
    side = _SIDES.get(side, side.upper()) if side else None
    parts = [Decimal(degrees), Decimal(minutes or 0), Decimal(seconds or 0)]
    if parts[1] >= 60 or parts[2] >= 60 or (side and parts[0] < 0):
        raise _bad_angle(text)
    value = abs(parts[0]) + parts[1] / 60 + parts[2] / 3600
    negative = degrees.startswith("-") or side in {"S", "W"}
    return float(-value if negative else value), side


def _bad_angle(text: str) -> BadParameter:
    return BadParameter(
        f"not an angle: {text!r}",
        f"不是经纬度：{text!r}",
        mend_en="Write 120.155 or 120°09′18″E.",
        mend_zh="请写成 120.155 或 120°09′18″E。",
    )


def parse_lonlat(text: str) -> tuple[float, float]:
    """Return longitude and latitude of a written pair.

    Two decimals are [longitude, latitude]; angles that name their side may come in either order.

    Raises
    ------
    BadParameter
        It is no pair of angles, or both are of one axis.
    """
    halves = [half for half in re.split(r"[,，;；、]|\s{2,}", text.strip()) if half.strip()]
    if len(halves) == 1:
        halves = _split_at_side(text.strip())
    if len(halves) != 2:
        raise _bad_angle(text)
    (first, side_1), (second, side_2) = parse_angle(halves[0]), parse_angle(halves[1])
    axes = _AXES.get(side_1), _AXES.get(side_2)
    if axes[0] is not None and axes[0] == axes[1]:
        raise BadParameter(f"two angles of one axis: {text!r}", f"两个角度属于同一轴：{text!r}")
    lon, lat = (second, first) if axes[0] == "y" or axes[1] == "x" else (first, second)
    check_lonlat(lon, lat)
    return lon, lat


def _split_at_side(text: str) -> list[str]:
    pair = re.fullmatch(r"(.*?[NSEW东西南北])\s*([^NSEW东西南北]*[NSEW东西南北])", text, re.I)
    if pair:
        return [pair[1], pair[2]]
    pair = re.fullmatch(r"([NSEW东西南北][^NSEW东西南北]*)\s*([NSEW东西南北].*)", text, re.I)
    return [pair[1], pair[2]] if pair else text.split()
