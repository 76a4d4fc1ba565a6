"""CQL2 text to CQL2 JSON: a recursive-descent parser of the grammar of OGC 21-065r2, annex B.

Each token is looked at a fixed number of times and nothing is tried twice, so that the time is
linear. Brackets, calls and signs in a row count as nesting, and AND, OR and sums are loops: no text
makes the parser call itself deeper than `MAX_DEPTH`. Beyond the standard, `!=` is read as `<>`,
`NOT` may be repeated, and `^` in a row goes from left to right.
"""

from __future__ import annotations

from typing import Final, cast

from layers.cql import wkt
from layers.cql.cursor import Cursor, Expected
from layers.cql.types import Node

_COMPARED: Final = {"=": "=", "<>": "<>", "!=": "<>", "<": "<", ">": ">", "<=": "<=", ">=": ">="}
_PREDICATES: Final = frozenset({"is", "not", "like", "between", "in"})
_RANKS: Final = {"+": 1, "-": 1, "*": 2, "/": 2, "%": 2, "div": 2, "^": 3}
_RESERVED: Final = frozenset({"and", "or", "not", "like", "between", "in", "is", "null"})
"""Words that name a property only in double quotes."""
_NAMES: Final = {
    name.lower(): name
    for name in (
        "casei", "accenti", "s_contains", "s_crosses", "s_disjoint", "s_equals", "s_intersects",
        "s_overlaps", "s_touches", "s_within", "t_after", "t_before", "t_contains", "t_disjoint",
        "t_during", "t_equals", "t_finishedBy", "t_finishes", "t_intersects", "t_meets", "t_metBy",
        "t_overlappedBy", "t_overlaps", "t_startedBy", "t_starts", "a_containedBy", "a_contains",
        "a_equals", "a_overlaps",
    )
}  # fmt: skip
"""The standard's functions, as its JSON spells them."""

_VALUE: Final = Expected("a value", "值", "capacity > 100")
_END: Final = Expected("AND, OR or the end", " AND、OR 或结尾", "kind = 'port' AND capacity > 100")
_OPERATOR: Final = Expected("an operator", "运算符", "kind = 'port' AND capacity > 100")
_GROUP: Final = Expected("a comma or )", "逗号或 )", "(a = 1 OR b = 2) AND c = 3")
_CALL: Final = Expected("a comma or )", "逗号或 )", "S_WITHIN(geom, BBOX(120, 29, 122, 31))")
_LIST: Final = Expected("(", " (", "kind IN ('port', 'berth')")
_AND: Final = Expected("AND", " AND", "capacity BETWEEN 10 AND 20")
_NULL: Final = Expected("NULL", " NULL", "name_en IS NOT NULL")
_PREDICATE: Final = Expected("LIKE, BETWEEN or IN", " LIKE、BETWEEN 或 IN", "a NOT IN (1, 2)")
_DATE: Final = Expected("a date in quotes", "引号中的日期", "DATE('2026-01-31')")
_INSTANT: Final = Expected(
    "a date-time in quotes", "引号中的日期时间", "TIMESTAMP('2026-01-31T08:00:00Z')"
)
_SPAN: Final = Expected("two ends", "两个端点", "INTERVAL('2026-01-31', '..')")


def parse_text(text: str) -> Node:
    """Return a filter in CQL2 text as CQL2 JSON; every number is a float.

    Raises
    ------
    BadParameter
        It is no CQL2, or nested more than `MAX_DEPTH` levels deep; names the place.
    """
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self._cursor = Cursor(text)

    def whole(self) -> Node:
        found = self._condition()
        if self._cursor.now.kind != "end":
            plain = not isinstance(found, dict) or "op" not in found
            raise self._cursor.wrong(_OPERATOR if plain else _END)
        return found

    def _condition(self) -> Node:
        """Return terms joined by AND and OR."""
        choices: list[Node] = []
        terms: list[Node] = []
        while True:
            terms.append(self._factor())
            if self._cursor.take("and"):
                continue
            choices.append(_joined("and", terms))
            terms = []
            if not self._cursor.take("or"):
                return _joined("or", choices)

    def _factor(self) -> Node:
        nots = self._cursor.repeated("not")
        found = self._predicate()
        for _ in range(nots):
            found = _negation(found)
        self._cursor.leave(nots)
        return found

    def _predicate(self) -> Node:
        left = self._sum()
        cursor = self._cursor
        word = cursor.now.word
        if word in _COMPARED:
            cursor.advance()
            return {"op": _COMPARED[word], "args": [left, self._sum()]}
        if word not in _PREDICATES:
            return left
        if cursor.take("is"):
            negative = cursor.take("not")
            cursor.need("null", _NULL)
            found: dict[str, Node] = {"op": "isNull", "args": [left]}
            return _negation(found) if negative else found
        if cursor.take("not"):
            return _negation(self._matched(left))
        return self._matched(left)

    def _matched(self, left: Node) -> dict[str, Node]:
        """Return LIKE, BETWEEN or IN after its first operand."""
        cursor = self._cursor
        if cursor.take("like"):
            return {"op": "like", "args": [left, self._sum()]}
        if cursor.take("between"):
            low = self._sum()
            cursor.need("and", _AND)
            return {"op": "between", "args": [left, low, self._sum()]}
        cursor.need("in", _PREDICATE)
        if cursor.now.word != "(":
            raise cursor.wrong(_LIST)
        return {"op": "in", "args": [left, self._elements()]}

    def _sum(self) -> Node:
        """Return operands joined by arithmetic, which binds in the order of `_RANKS`."""
        cursor, first = self._cursor, self._operand()
        if cursor.now.word not in _RANKS:
            return first
        values, levels = [first], 0
        waiting: list[str] = []
        while cursor.now.word in _RANKS:
            cursor.enter()
            levels += 1
            op = cursor.advance().word
            while waiting and _RANKS[waiting[-1]] >= _RANKS[op]:
                _reduce(values, waiting)
            waiting.append(op)
            values.append(self._operand())
        while waiting:
            _reduce(values, waiting)
        cursor.leave(levels)
        return values[0]

    def _operand(self) -> Node:
        minuses = self._cursor.repeated("-")
        found: Node = self._cursor.number() if self._cursor.take("+") else self._primary()
        for _ in range(minuses):
            found = -found if isinstance(found, float) else {"op": "*", "args": [-1.0, found]}
        self._cursor.leave(minuses)
        return found

    def _primary(self) -> Node:
        cursor = self._cursor
        kind, word = cursor.now.kind, cursor.now.word
        if kind == "number":
            return cursor.number()
        if kind in ("text", "quoted"):
            text = cursor.advance().text
            return text if kind == "text" else {"property": text}
        if word == "(":
            found = self._elements()
            return found[0] if len(found) == 1 else found
        if kind != "name" or word in _RESERVED:
            raise cursor.wrong(_VALUE)
        if wkt.begins_geometry(word, cursor.following):
            return wkt.geometry(cursor)
        if cursor.following == "(":
            return self._call()
        name = cursor.advance().text
        return word == "true" if word in ("true", "false") else {"property": name}

    def _call(self) -> Node:
        """Return a literal that is written like a function, or a function."""
        cursor = self._cursor
        word = cursor.now.word
        if word == "bbox":
            return wkt.box(cursor)
        name = cursor.advance().text
        if word in ("date", "timestamp"):
            return {word: self._quoted(_DATE if word == "date" else _INSTANT)}
        if word == "interval":
            ends = self._elements()
            if len(ends) != 2:
                raise cursor.wrong(_SPAN)
            return {"interval": ends}
        arguments = self._arguments(arrays=word.startswith("a_") and word in _NAMES)
        return {"op": _NAMES.get(word, name), "args": arguments}

    def _quoted(self, expected: Expected) -> str:
        cursor = self._cursor
        cursor.advance()
        if cursor.now.kind != "text":
            raise cursor.wrong(expected)
        found = cursor.advance().text
        cursor.need(")", expected)
        return found

    def _arguments(self, *, arrays: bool) -> list[Node]:
        """Return the arguments of a call; with `arrays` each one in brackets is an array."""
        cursor = self._cursor
        cursor.advance()
        cursor.enter()
        found: list[Node] = []
        while cursor.now.word != ")" if not found else cursor.take(","):
            found.append(self._array() if arrays and cursor.now.word == "(" else self._condition())
        cursor.need(")", _CALL)
        cursor.leave()
        return found

    def _array(self) -> list[Node]:
        cursor = self._cursor
        if cursor.following == ")":
            cursor.advance()
            cursor.advance()
            return []
        return self._elements()

    def _elements(self) -> list[Node]:
        """Return what stands in brackets, by comma: at least one thing."""
        cursor = self._cursor
        cursor.enter()
        cursor.advance()
        found = [self._element()]
        while cursor.take(","):
            found.append(self._element())
        cursor.need(")", _GROUP)
        cursor.leave()
        return found

    def _element(self) -> Node:
        """Return one part of a list, which may have thousands: a literal alone the short way."""
        kind = self._cursor.now.kind
        if kind in ("text", "number") and self._cursor.following in (",", ")"):
            return self._primary()
        return self._condition()


def _joined(op: str, parts: list[Node]) -> Node:
    """Return conditions joined by one operator; those that it joins already are taken apart."""
    if len(parts) == 1:
        return parts[0]
    flat: list[Node] = []
    for part in parts:
        same = isinstance(part, dict) and part.get("op") == op
        flat.extend(cast(dict[str, list[Node]], part)["args"] if same else (part,))
    return {"op": op, "args": flat}


def _negation(node: Node) -> dict[str, Node]:
    return {"op": "not", "args": [node]}


def _reduce(values: list[Node], waiting: list[str]) -> None:
    right = values.pop()
    values.append({"op": waiting.pop(), "args": [values.pop(), right]})
