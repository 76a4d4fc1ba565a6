"""Types of CQL2 expressions, and how literals take the type of what they are compared with."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, TypeAlias, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Boolean, ColumnElement, Date, DateTime, Double, Text, func, literal
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.types import BigInteger, TypeEngine

from spatial.errors import BadParameter

NUMERIC = frozenset({"int", "number"})
UNORDERED = frozenset({"json", "geometry", "interval"})
"""Types whose values are neither equal nor less: they have functions of their own, or none."""
DAY_ZONE = ZoneInfo("Asia/Shanghai")
"""Days begin and end here."""

_NOTHING = object()


Node: TypeAlias = "str | int | float | bool | list[Node] | dict[str, Node] | None"
"""A part of a filter as CQL2 JSON."""
Expression: TypeAlias = ColumnElement[Any]
"""An SQL expression of whatever type."""


@dataclass(frozen=True, slots=True)
class Typed:
    """An SQL expression, its type, and its Python value where it is a literal.

    Types: text, int, number, bool, datetime, date, uuid, json, geometry, interval.
    """

    expression: Any
    type: str
    value: Any = _NOTHING

    @property
    def is_literal(self) -> bool:
        """Tell whether this is a literal."""
        return self.value is not _NOTHING


def bad(en: str, zh: str, **more: str) -> BadParameter:
    """Return the error of a filter that cannot be used."""
    return BadParameter(en, zh, parameter="filter", **more)


def too_deep(most: int, at: int | None = None) -> BadParameter:
    """Return the error of a filter nested deeper than `most` levels, at a character or anywhere."""
    en, zh = ("", "") if at is None else (f" at character {at}", f"第 {at} 个字符处")
    return bad(
        f"The filter is nested more than {most} levels deep{en}",
        f"过滤表达式{zh}嵌套超过 {most} 层",
        mend_en="Use fewer brackets: AND, OR and IN (1, 2, 3) take any number of parts.",
        mend_zh="请减少括号：AND、OR 和 IN (1, 2, 3) 可以并列任意多项。",
    )


def scalar(node: Node) -> Typed:
    """Return a JSON scalar as a bound literal."""
    if isinstance(node, bool):
        return Typed(literal(node, Boolean), "bool", node)
    if isinstance(node, (int, float)):
        return Typed(literal(_finite(node), Double), "number", node)
    if isinstance(node, str):
        if "\x00" in node:
            raise bad("A text must not hold NUL", "文本不能包含 NUL 字符")
        return Typed(literal(node, Text), "text", node)
    raise bad(f"Not a value: {str(node)[:60]}", f"不是有效的值：{str(node)[:60]}")


def _finite(number: float) -> float:
    try:
        found = float(number)
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise bad("A number must be finite", "数字必须有限")
    return found


def parse_instant(text: Node) -> datetime:
    """Return an RFC 3339 date-time; it must carry its offset.

    Raises
    ------
    BadParameter
        It has no offset or is no date-time.
    """
    try:
        if not isinstance(text, str):
            raise TypeError
        found = datetime.fromisoformat(text)
        if found.tzinfo is None or "T" not in text.upper():
            raise ValueError
        return found.astimezone(UTC)
    except (ValueError, OverflowError, TypeError):
        raise bad(
            f"Not a date-time with offset: {str(text)[:40]!r}",
            f"不是带时区的日期时间：{str(text)[:40]!r}",
            mend_en="Write it as 2026-01-31T08:00:00+08:00.",
            mend_zh="格式：2026-01-31T08:00:00+08:00。",
        ) from None


def parse_date(text: Node) -> date:
    """Return an ISO date.

    Raises
    ------
    BadParameter
        It is no date.
    """
    try:
        if not isinstance(text, str):
            raise TypeError
        return date.fromisoformat(text)
    except (ValueError, TypeError):
        raise bad(
            f"Not a date: {str(text)[:40]!r}",
            f"不是日期：{str(text)[:40]!r}",
            mend_en="Write it as 2026-01-31.",
            mend_zh="格式：2026-01-31。",
        ) from None


def day_start(day: date) -> datetime:
    """Return the instant at which a day begins."""
    try:
        return datetime.combine(day, time(), DAY_ZONE).astimezone(UTC)
    except OverflowError:
        raise bad(f"Out of range: {day}", f"超出范围：{day}") from None


def _parse_uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise bad(f"Not an id: {text[:40]!r}", f"不是有效的标识：{text[:40]!r}") from None


_FROM_TEXT: dict[str, tuple[Callable[[str], object], TypeEngine[Any]]] = {
    "datetime": (parse_instant, DateTime(timezone=True)),
    "date": (parse_date, Date()),
    "uuid": (_parse_uuid, PG_UUID()),
}


def _fit(value: Typed, type_: str) -> Typed:
    """Return a literal as the type it is compared with, where that can be."""
    if value.type == "text" and type_ in _FROM_TEXT:
        parse, sql_type = _FROM_TEXT[type_]
        parsed = parse(value.value)
        return Typed(literal(parsed, sql_type), type_, parsed)
    if value.type == "date" and type_ == "datetime":
        start = day_start(value.value)
        return Typed(literal(start, DateTime(timezone=True)), "datetime", start)
    if value.type == "number" and type_ == "int" and _integral(value.value):
        return Typed(literal(int(value.value), BigInteger), "int", int(value.value))
    return value


def _by_day(value: Typed) -> Typed:
    """Return a time as the day that it lies in, which is what a day is compared with."""
    if value.type == "date" or value.is_literal:
        return value
    local = func.timezone(DAY_ZONE.key, value.expression)
    return Typed(sql_cast(local, Date), "date")


def plain_values(type_: str, nodes: list[Node]) -> Sequence[object] | None:
    """Return a list of JSON scalars as values of a type, None where it needs a closer look."""
    kinds = {type(node) for node in nodes}
    if type_ == "text" and kinds == {str}:
        texts = cast(list[str], nodes)
        return None if any("\x00" in text for text in texts) else texts
    if type_ in NUMERIC and kinds <= {int, float}:
        numbers = [_finite(node) for node in cast(list[float], nodes)]
        if type_ == "number":
            return numbers
        return [int(number) for number in numbers] if all(map(_integral, numbers)) else None
    return None


def _integral(value: float) -> bool:
    return float(value).is_integer() and abs(value) < 2**53


def comparable(left: Typed, right: Typed) -> tuple[Typed, Typed]:
    """Return both sides with types that compare.

    Raises
    ------
    BadParameter
        The types do not fit.
    """
    if right.is_literal:
        right = _fit(right, left.type)
    elif left.is_literal:
        left = _fit(left, right.type)
    if {left.type, right.type} == {"date", "datetime"}:
        left, right = _by_day(left), _by_day(right)
    same = left.type == right.type or (left.type in NUMERIC and right.type in NUMERIC)
    if not same or left.type in UNORDERED:
        raise bad(
            f"A {left.type} does not compare with a {right.type}",
            f"{left.type} 与 {right.type} 不能比较",
        )
    return left, right
