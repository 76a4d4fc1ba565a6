"""From request parameters to conditions: bbox, datetime, properties, CQL2 filter, sort order."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Double, and_, bindparam, func, or_, true

from layers.cql.parse import parse
from layers.cql.sql import condition
from layers.cql.types import (
    NUMERIC,
    Expression,
    Typed,
    comparable,
    day_start,
    parse_date,
    parse_instant,
    scalar,
)
from layers.declare.relation import SQL_TYPES, WORLD, Relation, argument_name
from layers.query.filter_thread import beside
from spatial.errors import BadCoordinate, BadParameter
from spatial.geo import crs

SORTABLE = frozenset({"text", "int", "number", "bool", "datetime", "date", "uuid"})
FILTER_LANGS = ("cql2-text", "cql2-json")
PARAMETERS = frozenset({"bbox", "datetime", "sortby", "filter", "filter-lang", "filter-crs"})
"""Query parameters that this module reads, beside the layer's own columns and arguments."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Query:
    """One question to a layer, checked; `shape` says which statement answers it."""

    bbox: Box | None = None
    """West, south, east, north in degrees; west > east crosses the antimeridian."""
    start: datetime | None = None
    end: datetime | None = None
    timed: bool = False
    equals: tuple[tuple[str, object], ...] = ()
    filter: str | None = None
    filter_lang: str = "cql2-text"
    filter_crs: crs.Crs = crs.CRS84
    """What the geometries of the filter are in."""
    sortby: tuple[tuple[str, bool], ...] = ()
    """Column and whether it descends."""
    arguments: tuple[tuple[str, object], ...] = ()
    where: ColumnElement[bool] | None = field(default=None, compare=False, repr=False)
    """What the filter says."""

    @property
    def shape(self) -> tuple[object, ...]:
        """What decides the statement's text; all else is bound."""
        crossing = self.bbox is not None and self.bbox[0] > self.bbox[2]
        return (
            self.bbox is not None,
            crossing,
            self.timed and (self.start is not None, self.end is not None),
            tuple(name for name, _ in self.equals),
            self.filter,
            self.filter_lang,
            self.filter_crs.name,
            self.sortby,
        )

    @property
    def bound(self) -> dict[str, object]:
        """Values of the statement's named parameters."""
        values: dict[str, object] = {argument_name(n): v for n, v in self.arguments}
        if self.bbox is not None:
            values |= zip(("west", "south", "east", "north"), self.bbox, strict=True)
        values |= {"time_start": self.start, "time_end": self.end}
        values |= {f"equal_{name}": value for name, value in self.equals}
        return values


def parse_query(
    relation: Relation, given: Mapping[str, str], others: frozenset[str] = frozenset()
) -> Query:
    """Return the query that request parameters say.

    Parameters
    ----------
    relation
        The layer asked.
    given
        Parameters of this module and of the layer.
    others
        Parameters that the caller reads by itself; named to whoever misspells one.

    Raises
    ------
    BadParameter
        Unknown name, or a value that cannot be used.
    """
    if not given:
        return Query()
    names = {p.name: p for p in relation.layer.source.parameters if p.name not in WORLD}
    own = PARAMETERS | set(relation.names) | set(names)
    refuse_unknown(given, (own | others) - {"geom", "geometry"})
    start, end, timed = parse_datetime(given["datetime"]) if "datetime" in given else (None,) * 3
    arguments = tuple((n, _value(n, p.type, given[n])) for n, p in names.items() if n in given)
    properties = [n for n in given if n in relation.names and n not in PARAMETERS | set(names)]
    text, lang = given.get("filter"), _filter_lang(given)
    system = crs.parse_crs(given["filter-crs"]) if "filter-crs" in given else crs.CRS84
    return Query(
        parse_bbox(given["bbox"]) if "bbox" in given else None, start, end, bool(timed),
        equals=tuple((n, _value(n, relation.names[n].type, given[n])) for n in sorted(properties)),
        filter=text,
        filter_lang=lang,
        filter_crs=system,
        sortby=parse_sortby(relation, given.get("sortby", "")),
        arguments=arguments,
        where=None if text is None else condition(parse(text, lang), relation.names, system),
    )  # fmt: skip


async def read_query(
    relation: Relation, given: Mapping[str, str], others: frozenset[str] = frozenset()
) -> Query:
    """Return what `parse_query` does; a long filter does not hold the event loop."""
    return await beside(given.get("filter"), lambda: parse_query(relation, given, others))


def refuse_unknown(given: Mapping[str, str], known: frozenset[str] | set[str]) -> None:
    """Refuse parameters that nothing reads.

    Raises
    ------
    BadParameter
        Names them and the known ones.
    """
    unknown = sorted(set(given) - known)
    if unknown:
        raise BadParameter(
            f"Unknown parameter: {', '.join(unknown)}",
            f"未知参数：{'、'.join(unknown)}",
            mend_en=f"Known: {', '.join(sorted(known))}.",
            mend_zh=f"可用参数：{'、'.join(sorted(known))}。",
            parameter=unknown[0],
        )


def parse_bbox(text: str) -> Box:
    """Return a bbox of four or six numbers, EPSG:4326 longitude first; heights are dropped.

    Raises
    ------
    BadCoordinate
        Not four or six finite numbers on the globe, or south above north.
    """
    try:
        numbers = [float(part) for part in text.split(",")]
        if len(numbers) == 6:
            numbers = [*numbers[:2], *numbers[3:5]]
        west, south, east, north = numbers
        if not all(map(math.isfinite, numbers)):
            raise ValueError
    except ValueError:
        raise _bad_box("needs four or six numbers", "需要四个或六个数字") from None
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
        raise _bad_box("lies outside the globe or has south above north", "超出范围或南北颠倒")
    return west, south, east, north


def _bad_box(en: str, zh: str) -> BadCoordinate:
    return BadCoordinate(
        f"bbox {en}",
        f"bbox {zh}",
        mend_en="Write west,south,east,north in degrees: 120,29,122,31.",
        mend_zh="格式为 西,南,东,北（度）：120,29,122,31。",
        parameter="bbox",
    )


def parse_datetime(text: str) -> tuple[datetime | None, datetime | None, bool]:
    """Return both ends of an instant, a day or an interval; None is open."""
    parts = text.split("/")
    if len(parts) > 2 or not text:
        raise _bad_time("is an instant or an interval of two", "应为一个时刻或两个时刻组成的区间")
    first, last = _ends(parts[0])
    if len(parts) == 1:
        if first is None:
            raise _bad_time("names no time", "未给出时间")
        return first, last, True
    end = _ends(parts[1])[1]
    if first is not None and end is not None and first > end:
        raise _bad_time("ends before it starts", "结束早于开始")
    return first, end, True


def _ends(text: str) -> tuple[datetime | None, datetime | None]:
    if text in ("", ".."):
        return None, None
    try:
        if "T" in text.upper():
            instant = parse_instant(text.replace(" ", "+"))
            return instant, instant
        start = day_start(parse_date(text))
        return start, start + timedelta(days=1, microseconds=-1)
    except (BadParameter, OverflowError):
        raise _bad_time(f"cannot be read: {text[:40]!r}", f"无法解析：{text[:40]!r}") from None


def _bad_time(en: str, zh: str) -> BadParameter:
    return BadParameter(
        f"datetime {en}",
        f"datetime {zh}",
        mend_en="Write 2026-01-31T08:00:00+08:00, 2026-01-31 or START/END with .. for open.",
        mend_zh="格式：2026-01-31T08:00:00+08:00、2026-01-31 或 起/止，.. 表示不限。",
        parameter="datetime",
    )


def parse_sortby(relation: Relation, text: str) -> tuple[tuple[str, bool], ...]:
    """Return the sort order that `+a,-b` says; a column's first mention counts."""
    found: dict[str, bool] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name = part.lstrip("+- ")
        typed = relation.names.get(name)
        if typed is None or typed.type not in SORTABLE:
            usable = sorted(n for n, t in relation.names.items() if t.type in SORTABLE)
            raise BadParameter(
                f"Cannot sort by {name!r}",
                f"不能按 {name!r} 排序",
                mend_en=f"Use one of: {', '.join(usable)}; - before a name descends.",
                mend_zh=f"可用：{'、'.join(usable)}；名称前加 - 表示降序。",
                parameter="sortby",
            )
        found.setdefault(name, part.startswith("-"))
    return tuple(found.items())


def _filter_lang(given: Mapping[str, str]) -> str:
    lang = given.get("filter-lang")
    if lang is None:
        return "cql2-json" if given.get("filter", "").lstrip().startswith("{") else "cql2-text"
    if lang not in FILTER_LANGS:
        raise BadParameter(
            f"Unknown filter-lang {lang!r}",
            f"未知的 filter-lang {lang!r}",
            mend_en=f"Use {' or '.join(FILTER_LANGS)}.",
            mend_zh=f"可用：{'、'.join(FILTER_LANGS)}。",
            parameter="filter-lang",
        )
    return lang


def _value(name: str, type_: str, text: str) -> object:
    node: object = text
    try:
        if type_ in NUMERIC:
            number = int(text) if type_ == "int" else float(text)
            if not math.isfinite(number) or (abs(number) >= 2**63 and type_ == "int"):
                raise ValueError
            node = number
        elif type_ == "bool":
            node = {"true": True, "false": False, "1": True, "0": False}[text.lower()]
        elif type_ == "json":
            raise ValueError
        elif type_ != "text":
            left = Typed(None, type_)
            node = comparable(left, scalar(text))[1].value
        elif "\x00" in text:
            raise ValueError
    except (ValueError, KeyError, BadParameter):
        raise BadParameter(
            f"{name} must be a {type_}: {text[:40]!r} is none",
            f"{name} 的类型应为 {type_}：{text[:40]!r} 不是",
            parameter=name,
        ) from None
    return node


def conditions(relation: Relation, query: Query) -> ColumnElement[bool]:
    """Return everything that a query asks of a row, its values as named parameters."""
    parts: list[ColumnElement[bool]] = [relation.base]
    if query.where is not None:
        parts.append(query.where)
    if query.bbox is not None and relation.geom is not None:
        parts.append(_in_box(relation, crossing=query.bbox[0] > query.bbox[2]))
    if query.timed and relation.times is not None:
        parts.append(_in_time(*relation.times, query))
    for name, _ in query.equals:
        typed = relation.names[name]
        parts.append(typed.expression == bindparam(f"equal_{name}", type_=SQL_TYPES[typed.type]))
    return and_(true(), *parts)


def _in_box(relation: Relation, *, crossing: bool) -> ColumnElement[bool]:
    west, south, east, north = (bindparam(n, type_=Double) for n in _SIDES)
    if not crossing:
        return _meets(relation, func.ST_MakeEnvelope(west, south, east, north, crs.WGS84))
    left = func.ST_MakeEnvelope(west, south, 180.0, north, crs.WGS84)
    right = func.ST_MakeEnvelope(-180.0, south, east, north, crs.WGS84)
    return or_(_meets(relation, left), _meets(relation, right))


_SIDES = ("west", "south", "east", "north")


def _meets(relation: Relation, box: Expression) -> ColumnElement[bool]:
    geom = relation.geom
    assert geom is not None  # noqa: S101
    near: ColumnElement[bool] = geom.op("&&", is_comparison=True)(box)
    if relation.layer.geometry.type == "point":
        return near
    inside: ColumnElement[bool] = geom.op("@", is_comparison=True)(box)
    return and_(near, or_(inside, func.ST_Intersects(geom, box)))


def _in_time(start: Expression, end: Expression | None, query: Query) -> ColumnElement[bool]:
    """Return whether a row's instant or half-open interval meets the query's; no time matches."""
    when = SQL_TYPES["datetime"]
    parts: list[ColumnElement[bool]] = []
    if query.end is not None:
        parts.append(or_(start.is_(None), start <= bindparam("time_end", type_=when)))
    if query.start is not None:
        low = bindparam("time_start", type_=when)
        if end is None:
            parts.append(or_(start.is_(None), start >= low))
        else:
            parts.append(or_(end.is_(None), end > low))
    return and_(true(), *parts)
