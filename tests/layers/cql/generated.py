"""Filters made from the grammar of the standard, not deep, where other parsers read it right."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hypothesis import strategies as st

NAMES = st.sampled_from(["a", "kind", '"my-name"', '"say ""x"""', "eo:cover.b", "名称", "date"])
NUMBERS = st.one_of(
    st.integers(0, 10**9).map(str),
    st.floats(0, 1e12, allow_nan=False).map(repr),
    st.sampled_from(["5.", "1E3", "2.5e-3", "-7", "+1", "- 2"]),
)
TEXTS = st.text("ab '港%\\_é(", max_size=6).map(
    lambda text: "'" + text.rstrip("\\").replace("\\'", "'").replace("'", "''") + "'"
)
DATES = st.sampled_from(["DATE('2026-01-31')", "date('1999-12-01')"])
INSTANTS = st.sampled_from(
    ["TIMESTAMP('2026-01-31T08:00:00Z')", "timestamp('2026-01-31T08:00:00.250000Z')"]
)
SPANS = st.sampled_from(
    ["INTERVAL('2026-01-31', '..')", "INTERVAL(starts, f(x))",
     "interval('..', '2026-01-31T08:00:00Z')"]
)  # fmt: skip
POSITIONS = st.sampled_from(["1 2", "-1.5 20", "0.0 -3.25"])
SHAPES = st.one_of(
    POSITIONS.map("POINT({})".format),
    st.lists(POSITIONS, min_size=2, max_size=4).map(lambda p: f"LINESTRING({', '.join(p)})"),
    st.lists(POSITIONS, min_size=1, max_size=3).map(lambda p: f"MULTIPOINT(({'), ('.join(p)}))"),
    st.sampled_from(
        ["POINT Z (1 2 3)", "point(-1 2 3.5)", "LINESTRING Z (0 0 1, 1 1 1)",
         "POLYGON((0 0, 1 0, 1 1, 0 0))", "POLYGON((0 0,9 0,9 9,0 0),(1 1,2 1,2 2,1 1))",
         "MULTILINESTRING((0 0, 1 1), (2 2, 3 3))", "BBOX(1, 2, 3, 4)", "bbox(1,2,-3,4,5,6)",
         "MULTIPOLYGON(((0 0, 1 0, 1 1, 0 0)), ((5 5, 6 5, 6 6, 5 5)))",
         "GEOMETRYCOLLECTION(POINT(1 2), LINESTRING(0 0, 1 1))"]
    ),
)  # fmt: skip
PLACES = st.one_of(NAMES, SHAPES)
TIMES = st.one_of(NAMES, DATES, INSTANTS, SPANS)


def _sums(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    op = st.sampled_from(["+", "-", "*", "/", "%", "^", " div ", " DIV "])
    return st.one_of(
        st.tuples(inner, op, inner).map("".join),
        inner.map("({})".format),
        inner.map("-({})".format),
        st.tuples(st.just("f("), inner, st.just(", 'x')")).map("".join),
    )


SUMS = st.recursive(st.one_of(NAMES, NUMBERS), _sums, max_leaves=4)
CHARACTERS = st.one_of(
    NAMES, TEXTS, NAMES.map("CASEI({})".format), TEXTS.map("casei(ACCENTI({}))".format)
)
VALUES = st.one_of(SUMS, CHARACTERS, DATES, INSTANTS, st.sampled_from(["TRUE", "false", "f()"]))
LISTS = st.lists(VALUES, min_size=1, max_size=3).map(lambda values: f"({', '.join(values)})")
ARRAYS = NAMES | st.tuples(VALUES, VALUES).map(lambda pair: f"({', '.join(pair)})")


def _call(names: str, argument: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    name = st.sampled_from(names.split())
    return st.tuples(name, argument, argument).map(lambda c: f"{c[0]}({c[1]}, {c[2]})")


PREDICATES = st.one_of(
    st.tuples(VALUES, st.sampled_from(["=", "<>", " < ", ">", "<=", " >="]), VALUES).map("".join),
    st.tuples(CHARACTERS, st.sampled_from([" LIKE ", " not like "]), TEXTS).map("".join),
    st.tuples(SUMS, st.sampled_from([" BETWEEN ", " NOT between "]), SUMS, st.just(" AND "), SUMS)
    .map("".join),
    st.tuples(VALUES, st.sampled_from([" IN ", " NOT IN"]), LISTS).map("".join),
    st.tuples(VALUES, st.sampled_from([" IS NULL", " is not null"])).map("".join),
    _call("S_INTERSECTS s_within S_EQUALS S_TOUCHES", PLACES),
    _call("T_AFTER t_metby T_FINISHEDBY T_DURING t_overlappedBy", TIMES),
    _call("A_CONTAINS a_containedby A_EQUALS A_OVERLAPS", ARRAYS),
    st.sampled_from(["TRUE", "flag", "f(a, 1)"]),
)  # fmt: skip


def _conditions(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    joined = st.sampled_from([" AND ", " or ", "\n AND\t"])
    return st.one_of(
        st.tuples(inner, joined, inner).map("".join),
        inner.map("({})".format),
        inner.map("NOT ({})".format),
    )


FILTERS = st.recursive(PREDICATES, _conditions, max_leaves=4)


def comparable(node: Any) -> Any:
    """Return CQL2 JSON with its instants as such: one instant is written in several ways."""
    if isinstance(node, list):
        return [comparable(part) for part in node]
    if isinstance(node, str) and node[10:11] == "T":
        try:
            return datetime.fromisoformat(node)
        except ValueError:
            return node
    return {k: comparable(v) for k, v in node.items()} if isinstance(node, dict) else node
