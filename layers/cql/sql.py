"""CQL2 JSON walked onto bound SQLAlchemy expressions over listed columns.

This module decides what may be said: only properties that the caller lists, only the operators and
functions named here, every literal a bound parameter.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Double,
    Numeric,
    Text,
    and_,
    cast,
    false,
    func,
    literal,
    literal_column,
    not_,
    or_,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql import operators

from layers.cql import geometry, temporal
from layers.cql.cursor import MAX_DEPTH
from layers.cql.types import (
    NUMERIC,
    Expression,
    Node,
    Typed,
    bad,
    comparable,
    plain_values,
    scalar,
    too_deep,
)
from spatial.geo.crs import CRS84, Crs

COMPARE: dict[str, Callable[[Expression, Expression], Expression]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
ARRAYS: dict[str, ARRAY[Any]] = {
    "text": ARRAY(Text),
    "int": ARRAY(BigInteger),
    "number": ARRAY(Double),
}
_EQUALS = operators.custom_op("=", precedence=5, is_comparison=True, return_type=Boolean())
"""Equality whose negation is NOT (…): that of SQLAlchemy's own would be <>, wrong with ANY."""
ARITHMETIC = frozenset("+-*/%^") | {"div"}


@dataclass(frozen=True, slots=True)
class Walker:
    """Walks one parsed filter.

    `names` maps each usable property to its expression and type; literal geometries are in
    `system`, in its axis order.
    """

    names: Mapping[str, Typed]
    system: Crs = CRS84

    def condition(self, node: Node, depth: int = 0) -> ColumnElement[bool]:
        """Return a node as a condition."""
        typed = self.value(node, depth)
        if typed.type != "bool":
            raise bad("A filter must be a condition, not a value", "过滤表达式必须是条件而非值")
        found: ColumnElement[bool] = typed.expression
        return found

    def value(self, node: Node, depth: int = 0) -> Typed:
        """Return any node as a typed expression."""
        if depth > MAX_DEPTH:
            raise too_deep(MAX_DEPTH)
        if isinstance(node, dict):
            if "op" in node:
                return self._operation(str(node["op"]).lower(), node.get("args", []), depth + 1)
            if "property" in node:
                return self._property(node["property"])
            if "interval" in node:
                return self._interval(node["interval"], depth + 1)
            return temporal.find_literal(node) or geometry.literal_geometry(node, self.system)
        return scalar(node)

    def _interval(self, ends: Node, depth: int) -> Typed:
        if not isinstance(ends, list):
            raise bad("An interval needs a list of two ends", "时间区间需要两个端点的列表")
        return temporal.interval(
            [None if end in ("..", "") else self.value(end, depth) for end in ends]
        )

    def _property(self, name: Node) -> Typed:
        found = self.names.get(name) if isinstance(name, str) else None
        if found is None:
            raise bad(
                f"No property {str(name)[:60]!r}",
                f"没有属性 {str(name)[:60]!r}",
                mend_en=f"Use one of: {', '.join(sorted(self.names))}.",
                mend_zh=f"可用属性：{', '.join(sorted(self.names))}。",
            )
        return found

    def _operation(self, op: str, args: Node, depth: int) -> Typed:
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

    def _special(self, op: str, args: list[Node], depth: int) -> Typed:
        table: dict[str, Callable[[list[Node], int], Typed]] = {
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
                f"The function {op[:60]!r} is not allowed in filters",
                f"过滤表达式不允许函数 {op[:60]!r}",
                mend_en="The queryables page lists what a filter may use.",
                mend_zh="可用内容见 queryables 页面。",
            )
        return table[op](args, depth)

    def _values(self, op: str, args: list[Node], count: int, depth: int) -> list[Typed]:
        if len(args) != count:
            raise bad(f"{op} takes {count} arguments", f"{op} 需要 {count} 个参数")
        return [self.value(arg, depth) for arg in args]

    def _compare(self, op: str, left: Typed, right: Typed) -> Typed:
        left, right = comparable(left, right)
        return Typed(COMPARE[op](left.expression, right.expression), "bool")

    def _not(self, args: list[Node], depth: int) -> Typed:
        if len(args) != 1:
            raise bad("not takes one argument", "not 需要一个参数")
        return Typed(not_(self.condition(args[0], depth)), "bool")

    def _like(self, args: list[Node], depth: int) -> Typed:
        text, pattern = self._values("like", args, 2, depth)
        if text.type != "text" or pattern.type != "text":
            raise bad("like needs a text and a pattern", "like 需要文本和模式")
        return Typed(text.expression.like(pattern.expression), "bool")

    def _in(self, args: list[Node], depth: int) -> Typed:
        if len(args) != 2 or not isinstance(args[1], list) or not args[1]:
            raise bad("in takes a value and a list", "in 需要一个值和一个列表")
        value = self.value(args[0], depth)
        plain = None if value.is_literal else plain_values(value.type, args[1])
        if plain is not None:
            return Typed(_among(value.expression, plain, ARRAYS[value.type]), "bool")
        pairs = [comparable(value, self.value(item, depth)) for item in args[1]]
        return Typed(_one_of(pairs), "bool")

    def _between(self, args: list[Node], depth: int) -> Typed:
        value, low, high = self._values("between", args, 3, depth)
        left, low = comparable(value, low)
        right, high = comparable(value, high)
        if not value.is_literal:
            ends = (end.expression.self_group(operators.between_op) for end in (low, high))
            return Typed(left.expression.between(*ends), "bool")
        above = left.expression >= low.expression
        return Typed(and_(above, right.expression <= high.expression), "bool")

    def _is_null(self, args: list[Node], depth: int) -> Typed:
        (value,) = self._values("isNull", args, 1, depth)
        if value.type == "interval":
            return Typed(false(), "bool")
        return Typed(value.expression.is_(None), "bool")

    def _casei(self, args: list[Node], depth: int) -> Typed:
        text = self._text("casei", args, depth)
        return Typed(func.lower(text), "text")

    def _accenti(self, args: list[Node], depth: int) -> Typed:
        text = self._text("accenti", args, depth)
        apart = func.normalize(text, literal_column("NFD"))
        return Typed(func.regexp_replace(apart, "[\u0300-\u036f]", "", "g"), "text")

    def _text(self, op: str, args: list[Node], depth: int) -> Expression:
        (value,) = self._values(op, args, 1, depth)
        if value.type != "text":
            raise bad(f"{op} needs a text", f"{op} 需要文本")
        found: Expression = value.expression
        return found

    def _dwithin(self, args: list[Node], depth: int) -> Typed:
        if len(args) not in (3, 4):
            raise bad("s_dwithin takes two geometries, a distance and a unit", "s_dwithin 参数错误")
        first, second = (self.value(arg, depth) for arg in args[:2])
        return geometry.within_distance(first, second, args[2], *args[3:])


def _one_of(pairs: list[tuple[Typed, Typed]]) -> ColumnElement[bool]:
    """Return whether a value is one of others; it stands in the condition once.

    Literals of one type are bound as one array.
    """
    value, others = pairs[0][0], [other for _, other in pairs]
    found: ColumnElement[bool]
    if value.is_literal:
        return or_(*(left.expression == right.expression for left, right in pairs))
    if any(not other.is_literal or other.type != others[0].type for other in others):
        found = value.expression.in_([other.expression for other in others])
        return found
    values = [other.expression.value for other in others]
    return _among(value.expression, values, ARRAY(others[0].expression.type))


def _among(value: Expression, values: Sequence[object], type_: ARRAY[Any]) -> ColumnElement[bool]:
    found: ColumnElement[bool] = value.operate(_EQUALS, func.any(literal(values, type_)))
    return found


def _arithmetic(op: str, left: Typed, right: Typed) -> Typed:
    if left.type not in NUMERIC or right.type not in NUMERIC:
        raise bad(f"{op} needs numbers", f"{op} 需要数字")
    a, b = left.expression, right.expression
    table: dict[str, Callable[[], Expression]] = {
        "+": lambda: a + b,
        "-": lambda: a - b,
        "*": lambda: a * b,
        "/": lambda: a / func.nullif(b, literal(0.0, Double)),
        "div": lambda: func.trunc(a / func.nullif(b, literal(0.0, Double))),
        "%": lambda: cast(func.mod(_exact(a), func.nullif(_exact(b), literal_column("0"))), Double),
        "^": lambda: func.power(a, b),
    }
    return Typed(table[op](), "number")


def _exact(number: Expression) -> Expression:
    """Return a number as one that has a remainder in SQL."""
    return cast(number, Numeric)


def condition(node: Node, names: Mapping[str, Typed], system: Crs = CRS84) -> ColumnElement[bool]:
    """Return parsed CQL2, whose geometries are in `system`, as a condition over `names`.

    Raises
    ------
    BadParameter
        An unknown property or function, or types that do not fit.
    """
    return Walker(names, system).condition(node)
