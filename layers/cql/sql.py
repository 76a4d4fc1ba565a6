"""CQL2 text and JSON walked onto bound SQLAlchemy expressions over listed columns.

`cql2` parses; this module decides what may be said: only properties that the caller lists, only
the operators and functions named here, every literal a bound parameter.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import cql2
import orjson
from sqlalchemy import (
    ColumnElement,
    Double,
    and_,
    false,
    func,
    literal,
    literal_column,
    not_,
    or_,
    true,
)

from layers.cql import geometry, temporal
from layers.cql.types import NUMERIC, Typed, bad, comparable, scalar

MAX_LENGTH = 8192
MAX_DEPTH = 60
_QUOTE = "\ue000"

COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
ARITHMETIC = frozenset("+-*/%^") | {"div"}


@dataclass(frozen=True, slots=True)
class Walker:
    """Walks one parsed filter; `names` maps each usable property to its expression and type."""

    names: Mapping[str, Typed]

    def condition(self, node: Any, depth: int = 0) -> ColumnElement[bool]:
        """Return a node as a condition."""
        typed = self.value(node, depth)
        if typed.type != "bool":
            raise bad("A filter must be a condition, not a value", "过滤表达式必须是条件而非值")
        found: ColumnElement[bool] = typed.expression
        return found

    def value(self, node: Any, depth: int = 0) -> Typed:
        """Return any node as a typed expression."""
        if depth > MAX_DEPTH:
            raise bad("The filter is nested too deeply", "过滤表达式嵌套过深")
        if isinstance(node, dict):
            if "op" in node:
                return self._operation(str(node["op"]).lower(), node.get("args", []), depth + 1)
            if "property" in node:
                return self._property(node["property"])
            if "interval" in node:
                ends = [self._end(end, depth + 1) for end in node["interval"]]
                return temporal.interval(ends)
            return temporal.find_literal(node) or geometry.literal_geometry(node)
        return scalar(node)

    def _end(self, end: Any, depth: int) -> Typed | None:
        return None if end in ("..", "") else self.value(end, depth)

    def _property(self, name: str) -> Typed:
        found = self.names.get(name)
        if found is None:
            raise bad(
                f"No property {name!r}",
                f"没有属性 {name!r}",
                mend_en=f"Use one of: {', '.join(sorted(self.names))}.",
                mend_zh=f"可用属性：{', '.join(sorted(self.names))}。",
            )
        return found

    def _operation(self, op: str, args: Any, depth: int) -> Typed:
        if not isinstance(args, list):
            raise bad(f"{op} needs a list of arguments", f"{op} 需要参数列表")
        if op in ("and", "or"):
            parts = [self.condition(arg, depth) for arg in args]
            joined = and_(true(), *parts) if op == "and" else or_(false(), *parts)
            return Typed(joined, "bool")
        if op in COMPARE:
            return self._compare(op, *self._values(op, args, 2, depth))
        if op in ARITHMETIC:
            return _arithmetic(op, *self._values(op, args, 2, depth))
        if op in geometry.FUNCTIONS:
            return geometry.relation(op, self._values(op, args, 2, depth))
        if op in temporal.FUNCTIONS:
            return temporal.relation(op, self._values(op, args, 2, depth))
        return self._special(op, args, depth)

    def _special(self, op: str, args: list[Any], depth: int) -> Typed:
        table: dict[str, Callable[[list[Any], int], Typed]] = {
            "not": self._not,
            "like": self._like,
            "in": self._in,
            "between": self._between,
            "isnull": self._is_null,
            "casei": self._casei,
            "accenti": self._accenti,
            "s_dwithin": self._dwithin,
        }
        if op not in table:
            raise bad(
                f"The function {op!r} is not allowed in filters",
                f"过滤表达式不允许函数 {op!r}",
                mend_en="The queryables page lists what a filter may use.",
                mend_zh="可用内容见 queryables 页面。",
            )
        return table[op](args, depth)

    def _values(self, op: str, args: list[Any], count: int, depth: int) -> list[Typed]:
        if len(args) != count:
            raise bad(f"{op} takes {count} arguments", f"{op} 需要 {count} 个参数")
        return [self.value(arg, depth) for arg in args]

    def _compare(self, op: str, left: Typed, right: Typed) -> Typed:
        if left.type in ("geometry", "interval") or right.type in ("geometry", "interval"):
            raise bad(
                f"{op} compares values, not geometries or intervals",
                f"{op} 不能比较几何或时间区间",
            )
        left, right = comparable(left, right)
        return Typed(COMPARE[op](left.expression, right.expression), "bool")

    def _not(self, args: list[Any], depth: int) -> Typed:
        if len(args) != 1:
            raise bad("not takes one argument", "not 需要一个参数")
        return Typed(not_(self.condition(args[0], depth)), "bool")

    def _like(self, args: list[Any], depth: int) -> Typed:
        text, pattern = self._values("like", args, 2, depth)
        if text.type != "text" or pattern.type != "text":
            raise bad("like needs a text and a pattern", "like 需要文本和模式")
        return Typed(text.expression.like(pattern.expression), "bool")

    def _in(self, args: list[Any], depth: int) -> Typed:
        if len(args) != 2 or not isinstance(args[1], list) or not args[1]:
            raise bad("in takes a value and a list", "in 需要一个值和一个列表")
        value = self.value(args[0], depth)
        pairs = [comparable(value, self.value(item, depth)) for item in args[1]]
        return Typed(or_(*(a.expression == b.expression for a, b in pairs)), "bool")

    def _between(self, args: list[Any], depth: int) -> Typed:
        value, low, high = self._values("between", args, 3, depth)
        left, low = comparable(value, low)
        right, high = comparable(value, high)
        above = left.expression >= low.expression
        return Typed(and_(above, right.expression <= high.expression), "bool")

    def _is_null(self, args: list[Any], depth: int) -> Typed:
        (value,) = self._values("isNull", args, 1, depth)
        return Typed(value.expression.is_(None), "bool")

    def _casei(self, args: list[Any], depth: int) -> Typed:
        text = self._text("casei", args, depth)
        return Typed(func.lower(text), "text")

    def _accenti(self, args: list[Any], depth: int) -> Typed:
        text = self._text("accenti", args, depth)
        apart = func.normalize(text, literal_column("NFD"))
        return Typed(func.regexp_replace(apart, "[\u0300-\u036f]", "", "g"), "text")

    def _text(self, op: str, args: list[Any], depth: int) -> Any:
        (value,) = self._values(op, args, 1, depth)
        if value.type != "text":
            raise bad(f"{op} needs a text", f"{op} 需要文本")
        return value.expression

    def _dwithin(self, args: list[Any], depth: int) -> Typed:
        if len(args) not in (3, 4):
            raise bad("s_dwithin takes two geometries, a distance and a unit", "s_dwithin 参数错误")
        first, second = (self.value(arg, depth) for arg in args[:2])
        return geometry.within_distance(first, second, args[2], *args[3:])


def _arithmetic(op: str, left: Typed, right: Typed) -> Typed:
    if left.type not in NUMERIC or right.type not in NUMERIC:
        raise bad(f"{op} needs numbers", f"{op} 需要数字")
    a, b = left.expression, right.expression
    table: dict[str, Callable[[], Any]] = {
        "+": lambda: a + b,
        "-": lambda: a - b,
        "*": lambda: a * b,
        "/": lambda: a / func.nullif(b, literal(0.0, Double)),
        "div": lambda: func.trunc(a / func.nullif(b, literal(0.0, Double))),
        "%": lambda: a - func.trunc(a / func.nullif(b, literal(0.0, Double))) * b,
        "^": lambda: func.power(a, b),
    }
    return Typed(table[op](), "number")


def parse(text: str, lang: str = "cql2-text") -> Any:
    """Return a filter as CQL2 JSON.

    Raises
    ------
    BadParameter
        It is no CQL2, or longer than `MAX_LENGTH` characters.
    """
    if len(text) > MAX_LENGTH:
        raise bad(
            f"A filter has at most {MAX_LENGTH} characters", f"过滤表达式最长 {MAX_LENGTH} 字符"
        )
    try:
        if lang == "cql2-json":
            return _plain(cql2.parse_json(text).to_json())
        return _plain(cql2.parse_text(_keep_quotes(text)).to_json())
    except (cql2.ParseError, cql2.ValidationError, ValueError, orjson.JSONDecodeError) as error:
        raise bad(
            f"The filter is not CQL2: {_first_line(str(error))}",
            f"过滤表达式不是有效的 CQL2：{_first_line(str(error))}",
            mend_en="Example: kind = 'port' AND capacity > 100",
            mend_zh="示例：kind = 'port' AND capacity > 100",
        ) from error


def _first_line(text: str) -> str:
    return " ".join(text.split())[:200]


def _keep_quotes(text: str) -> str:
    """Guard doubled quotes inside a literal, which the parser would drop."""
    out, inside, i = [], False, 0
    while i < len(text):
        char = text[i]
        if char == "'" and inside and text[i + 1 : i + 2] == "'":
            out.append(_QUOTE)
            i += 2
            continue
        if char == "'":
            inside = not inside
        out.append(char)
        i += 1
    return "".join(out)


def _plain(node: Any, depth: int = 0) -> Any:
    """Return parsed JSON with its quotes put back, and not too deep to walk."""
    if depth > 3 * MAX_DEPTH:
        raise bad("The filter is nested too deeply", "过滤表达式嵌套过深")
    if isinstance(node, str):
        return node.replace(_QUOTE, "'")
    if isinstance(node, list):
        return [_plain(item, depth + 1) for item in node]
    if isinstance(node, dict):
        return {key: _plain(value, depth + 1) for key, value in node.items()}
    return node


def condition(node: Any, names: Mapping[str, Typed]) -> ColumnElement[bool]:
    """Return parsed CQL2 as a condition over `names`.

    Raises
    ------
    BadParameter
        An unknown property or function, or types that do not fit.
    """
    return Walker(names).condition(node)
