"""A place on a route as people write it: route, stake or two, direction and lanes in one text.

`G92 K123+400 towards Ningbo, lanes 1–2`; `G92杭州湾环线 K123+400-K125+000 往宁波方向 1、2车道`. The
name of the route may stand after its number. Full-width forms are read like plain ones.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import asyncpg

from spatial.errors import BadParameter, NotFound
from spatial.geo.codes import format_stake, parse_stake

Side = Literal["up", "down"]

MOST_LANES = 12
LONGEST = 200
_K = r"[A-Z]{0,2}K\s*\d{1,5}(?:\s*\+\s*\d{1,3}(?:\.\d{1,3})?|\.\d{1,3})?(?!\d)"
_ROUTE = re.compile(r"\s*((?!K)[A-Z]\d{1,5}(?:(?!K)[A-Z](?![A-Z\d]))?)", re.I)
_SPAN = re.compile(
    rf"({_K})(?:\s*(?:[-–—~]{{1,2}}|至|到|\bto\b)\s*({_K}|\d{{1,5}}\+\d{{1,3}}))?", re.I
)
_NUMBER = r"[\d一二三四五六七八九十]+"
_NUMBERS = rf"{_NUMBER}(?:\s*(?:[-–—~、,&+和及与至到]|\band\b|\bto\b)+\s*{_NUMBER})*"
_LANES = re.compile(rf"\blanes?\s*({_NUMBERS})|(?:占用?\s*)?第?\s*({_NUMBERS})\s*号?车道", re.I)
_UP_DOWN = re.compile(r"[(]?\s*(?:\b(up|down)\b|(上行|下行)(?:方向|侧|线)?)\s*[)]?", re.I)
_TOWARDS = re.compile(
    r"(?:\btowards?\b|\bto\b|\bdirection(?:\s+of)?\b|\bbound\s+for\b)\s*([^,;|()]+)"
    r"|[往向朝去]\s*([^\s,;、|()]+?)\s*(?:方向|行驶|方|(?=[\s,;、|()]|$))"
    r"|([^\s,;、|()]+?)\s*方向",
    re.I,
)
_FILLERS = re.compile(r"[\s,;、|()。.]|处|路段|段|\b(?:at|the|on)\b", re.I)
_DIGITS = {sign: number for number, sign in enumerate("一二三四五六七八九十", start=1)}
_SIDES: dict[str, Side] = {"up": "up", "down": "down", "上行": "up", "下行": "down"}


@dataclass(frozen=True)
class StakeText:
    """What a text names: stakes in metres from the route's zero, lanes with 1 beside the median.

    `k_to` is None where one stake is named; `side` is the word for the direction, if there is one.
    """

    route: str
    k_from: float
    k_to: float | None = None
    side: str | None = None
    lanes: tuple[int, ...] = ()

    @property
    def stakes(self) -> str:
        """The stakes as they are written."""
        first = format_stake(self.k_from)
        return first if self.k_to is None else f"{first}–{format_stake(self.k_to)}"


def find_stake_text(text: str) -> StakeText | None:
    """Return what a text names, None where it does not begin with a route and name a stake.

    Raises
    ------
    BadParameter
        It does, but the rest of it cannot be read.
    """
    plain = unicodedata.normalize("NFKC", text)[:LONGEST]
    route = _ROUTE.match(plain)
    span = _SPAN.search(plain, route.end()) if route else None
    if route is None or span is None:
        return None
    rest, lanes = _take_lanes(f"{plain[route.end() : span.start()]}|{plain[span.end() :]}")
    rest, side = _take_side(rest)
    _, _, after = rest.partition("|")
    left = _FILLERS.sub("", after)
    if left:
        raise _unread(text, left)
    last = span[2]
    k_to = None if last is None else parse_stake(last if "K" in last.upper() else f"K{last}")
    return StakeText(route[1].upper(), parse_stake(span[1]), k_to, side, lanes)


def parse_stake_text(text: str) -> StakeText:
    """Return what a text names.

    Raises
    ------
    BadParameter
        It names no stake on a route.
    """
    found = find_stake_text(text)
    if found is None:
        raise _unread(text, text.strip())
    return found


def find_side(route: str, word: str | None, rows: Iterable[asyncpg.Record]) -> Side:
    """Return the side of a route that is meant: up, down, 上行, 下行, or where it leads to.

    Parameters
    ----------
    route, word
        The route, and the word for its direction.
    rows
        Of `TOWARDS_SQL` for this route.

    Raises
    ------
    NotFound
        There is no such route, or no such direction on it.
    BadParameter
        No direction is named, or the word fits both.
    """
    names: dict[Side, set[str]] = {}
    rows = list(rows)
    for row in rows:
        towards = {row["towards_zh"], row["towards_en"]} - {None, ""}
        names.setdefault(row["side"], set()).update(towards)
    if not names:
        raise NotFound(f"No route {route!r} with stakes", f"没有带桩号的路线 {route!r}")
    mend = _known(rows, names)
    if word is None:
        raise BadParameter(f"Which direction of {route}?", f"{route} 的哪个方向？", **mend)
    wanted = word.strip().lower()
    fitting = [side for side in names if side == _SIDES.get(wanted)]
    for fits in (_same, _within):
        fitting = fitting or [side for side, said in names.items() if fits(wanted, said)]
    if len(fitting) > 1:
        raise BadParameter(
            f"{route}: {word!r} is both directions", f"{route}：{word!r} 两个方向都符合", **mend
        )
    if not fitting:
        raise NotFound(f"{route} has no side {word!r}", f"{route} 没有方向 {word!r}", **mend)
    return fitting[0]


def _known(rows: Iterable[asyncpg.Record], sides: Iterable[Side]) -> dict[str, str]:
    """Return the mend of a wrong direction, each in its own language."""
    en = sorted({*sides, *(row["towards_en"] for row in rows if row["towards_en"])})
    towards = {row["towards_zh"] for row in rows if row["towards_zh"]}
    zh = [*sorted(towards), *(word for word, side in _SIDES.items() if word != side in sides)]
    return {"mend_en": f"Known: {', '.join(en)}.", "mend_zh": f"可用：{'、'.join(zh)}。"}


def _same(wanted: str, names: Iterable[str]) -> bool:
    return any(wanted == name.lower() for name in names)


def _within(wanted: str, names: Iterable[str]) -> bool:
    """Tell whether a word is the begin of a name, or ends with one (the route's name before it)."""
    return len(wanted) > 1 and any(
        name.lower().startswith(wanted) or wanted.endswith(name.lower()) for name in names
    )


def _take_lanes(text: str) -> tuple[str, tuple[int, ...]]:
    """Cut the lanes out of a text."""
    found = _LANES.search(text)
    if found is None:
        return text, ()
    lanes = _lanes(found[1] or found[2])
    if not lanes or not all(1 <= lane <= MOST_LANES for lane in lanes):
        raise BadParameter(
            f"Lanes are 1 to {MOST_LANES}: {found[0].strip()!r}",
            f"车道号为 1–{MOST_LANES}：{found[0].strip()!r}",
        )
    return f"{text[: found.start()]} {text[found.end() :]}", lanes


def _lanes(text: str) -> tuple[int, ...]:
    """Return the lanes of a list with ranges."""
    lanes: set[int] = set()
    parts = re.findall(r"\d+|[一二三四五六七八九十]|[-–—~至到]|\bto\b", text, re.I)
    numbers = [_DIGITS.get(part) or (int(part) if part.isdigit() else None) for part in parts]
    for place, number in enumerate(numbers):
        if number is not None:
            lanes.add(number)
        elif 0 < place < len(numbers) - 1:
            first, last = numbers[place - 1], numbers[place + 1]
            if first and last and max(first, last) <= MOST_LANES:
                lanes.update(range(min(first, last), max(first, last) + 1))
    return tuple(sorted(lanes))


def _take_side(text: str) -> tuple[str, str | None]:
    """Cut the direction out of a text."""
    for pattern in (_TOWARDS, _UP_DOWN):
        found = pattern.search(text)
        if found is not None:
            word = next(group for group in found.groups() if group)
            return f"{text[: found.start()]} {text[found.end() :]}", word.strip()
    return text, None


def _unread(text: str, left: str) -> BadParameter:
    return BadParameter(
        f"Not a stake on a route: {text[:LONGEST]!r}; not understood: {left[:LONGEST]!r}",
        f"不是路线桩号：{text[:LONGEST]!r}；无法识别：{left[:LONGEST]!r}",
        mend_en="Write it as G92 K123+400 towards Ningbo, lanes 1–2.",
        mend_zh="请写成 G92 K123+400 往宁波方向 1、2车道。",
    )
