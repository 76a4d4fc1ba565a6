"""Temporal literals and functions of CQL2; intervals are compared by their ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Date, DateTime, and_, cast, func, literal, not_, or_, text

from layers.cql.types import Expression, Node, Typed, bad, day_start, parse_date, parse_instant

WHEN = DateTime(timezone=True)
_PAST = cast(text("'-infinity'"), WHEN)
_FUTURE = cast(text("'infinity'"), WHEN)


@dataclass(frozen=True, slots=True)
class Span:
    """The two ends of an instant or interval as SQL expressions."""

    start: Expression
    end: Expression


def find_literal(node: dict[str, Node]) -> Typed | None:
    """Return a date or timestamp literal, or None for another node."""
    if "timestamp" in node:
        instant = parse_instant(node["timestamp"])
        return Typed(literal(instant, WHEN), "datetime", instant)
    if "date" in node:
        day = parse_date(node["date"])
        return Typed(literal(day, Date), "date", day)
    return None


def interval(ends: list[Typed | None]) -> Typed:
    """Return an interval of two ends; None is unbounded."""
    if len(ends) != 2:
        raise bad("An interval has two ends", "时间区间需要两个端点")
    start = _PAST if ends[0] is None else func.coalesce(_span(_literal(ends[0])).start, _PAST)
    end = _FUTURE if ends[1] is None else func.coalesce(_span(_literal(ends[1])).end, _FUTURE)
    return Typed(Span(start, end), "interval")


def _literal(end: Typed) -> Typed:
    if end.type == "text" and end.is_literal:
        node = {"timestamp": end.value} if "T" in end.value.upper() else {"date": end.value}
        found = find_literal(node)
        if found is not None:
            return found
    return end


def _span(value: Typed) -> Span:
    if value.type == "interval":
        return value.expression  # type: ignore[no-any-return]
    if value.type == "datetime":
        return Span(value.expression, value.expression)
    if value.type == "date" and value.is_literal:
        start = day_start(value.value)
        last = start + timedelta(days=1) - timedelta(microseconds=1)
        return Span(literal(start, WHEN), literal(last, WHEN))
    if value.type == "date":
        begin = func.timezone("Asia/Shanghai", cast(value.expression, DateTime))
        return Span(begin, begin + literal(timedelta(days=1) - timedelta(microseconds=1)))
    raise bad("A temporal function needs times or intervals", "时间函数需要时间或区间")


FUNCTIONS: dict[str, Callable[[Span, Span], Expression]] = {
    "t_after": lambda a, b: a.start > b.end,
    "t_before": lambda a, b: a.end < b.start,
    "t_contains": lambda a, b: and_(a.start < b.start, a.end > b.end),
    "t_disjoint": lambda a, b: or_(a.end < b.start, a.start > b.end),
    "t_during": lambda a, b: and_(a.start > b.start, a.end < b.end),
    "t_equals": lambda a, b: and_(a.start == b.start, a.end == b.end),
    "t_finishedby": lambda a, b: and_(a.start < b.start, a.end == b.end),
    "t_finishes": lambda a, b: and_(a.start > b.start, a.end == b.end),
    "t_intersects": lambda a, b: not_(or_(a.end < b.start, a.start > b.end)),
    "t_meets": lambda a, b: a.end == b.start,
    "t_metby": lambda a, b: a.start == b.end,
    "t_overlappedby": lambda a, b: and_(a.start > b.start, a.start < b.end, a.end > b.end),
    "t_overlaps": lambda a, b: and_(a.start < b.start, a.end > b.start, a.end < b.end),
    "t_startedby": lambda a, b: and_(a.start == b.start, a.end > b.end),
    "t_starts": lambda a, b: and_(a.start == b.start, a.end < b.end),
}


def relation(op: str, args: list[Typed]) -> Typed:
    """Return a temporal relation of two instants or intervals."""
    first, second = (_span(_literal(arg)) for arg in args)
    return Typed(FUNCTIONS[op](first, second), "bool")
