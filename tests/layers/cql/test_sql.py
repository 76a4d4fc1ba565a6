"""CQL2 to SQL: everything valid is bound, everything else is refused as 400."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql

from layers.cql.parse import parse
from layers.cql.sql import condition
from layers.query.filters import conditions, parse_query
from spatial.errors import BadParameter
from tests.layers.cql.hostile import HOSTILE


def sql(relation, **given) -> tuple[str, dict]:
    query = parse_query(relation, {k.replace("_", "-"): v for k, v in given.items()})
    compiled = conditions(relation, query).compile(dialect=postgresql.asyncpg.dialect())
    return str(compiled), dict(compiled.params) | query.bound


def of_filter(relation, text: str) -> tuple[str, dict]:
    return sql(relation, filter=text)


BECOMES = [
    ("capacity > 3", "t.capacity > $", 3.0),
    ("name_zh = 'it''s'", "t.name_zh = $", "it's"),
    ("name_zh LIKE 'a%'", "t.name_zh LIKE $", "a%"),
    ("NOT name_zh = 'x'", "t.name_zh != $", "x"),
    ("berths IN (1, 2)", "sigang.json_int(t.props #> '{berths}') = any($", [1, 2]),
    ("berths NOT IN (1, 2)", "NOT (sigang.json_int(t.props #> '{berths}') = any($", [1, 2]),
    ("name_zh IN ('a', origin)", "t.name_zh IN ($1::VARCHAR, t.origin)", "a"),
    ("berths IN (1, 1.5)", "IN ($1::BIGINT, $2::FLOAT)", 1.5),
    ("'a' IN (name_zh, origin)", "OR $1::VARCHAR = t.origin", "a"),
    ("id IN ('0190a0b4-2b00-7000-8000-000000000001')", "t.id = any($1::UUID[])", None),
    ("capacity BETWEEN 1 AND 2", "t.capacity BETWEEN $1::FLOAT AND $2", 2.0),
    ("2 BETWEEN capacity AND berths", "<= sigang.json_int(t.props", 2),
    ("name_zh IS NULL", "t.name_zh IS NULL", None),
    ("name_zh IS NOT NULL", "t.name_zh IS NOT NULL", None),
    ("CASEI(name_zh) = CASEI('X')", "lower(t.name_zh) = lower($", "X"),
    ("ACCENTI(name_zh) = ACCENTI('é')", "normalize(t.name_zh, NFD)", "é"),
    ("S_INTERSECTS(geom, BBOX(120, 29, 121, 30))", "ST_Intersects(t.geom, ST_Geom", None),
    ("S_DWITHIN(geom, POINT(121 30), 5, 'km')", "ST_DWithin(CAST(t.geom AS geography", 5000.0),
    ("since > TIMESTAMP('2026-01-01T00:00:00Z')", "t.valid_from > $",
     datetime(2026, 1, 1, tzinfo=UTC)),
    ("T_AFTER(since, DATE('2026-01-01'))", "t.valid_from > $", None),
    ("T_DURING(since, INTERVAL('2026-01-01', '..'))", "'infinity'", None),
    ("capacity * 2 + 1 >= 5", "t.capacity * $", 5.0),
    ("capacity % 2 = 1", "mod(CAST(t.capacity AS NUMERIC), nullif(CAST($", 2.0),
    ("origin = 'real'", "t.origin = $", "real"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "fragment", "bound"), BECOMES)
def test_cql2_becomes_bound_sql(ports, text, fragment, bound):
    statement, values = of_filter(ports, text)
    assert fragment in statement
    if bound is not None:
        assert bound in values.values()


def test_cql2_json_says_the_same(ports):
    text = json.dumps({"op": ">", "args": [{"property": "capacity"}, 3]})
    assert sql(ports, filter=text) == sql(ports, filter=text, filter_lang="cql2-json")
    assert sql(ports, filter=text)[0] == of_filter(ports, "capacity > 3")[0]


REFUSED = [
    "pg_sleep(2) IS NULL",
    "current_setting('port') = '5432'",
    "secret = 'x'",
    "unit_id = 'u1'",
    "props = 'x'",
    "capacity",
    "capacity = 'x'",
    "name_zh > 3",
    "name_zh LIKE 3",
    "capacity > ",
    "since > TIMESTAMP('yesterday')",
    "geom = 'x'",
    "S_INTERSECTS(geom, POINT(200 30))",
    "S_INTERSECTS(geom, POLYGON((0 0,1 1,0 1,1 0,0 0)))",
    "S_INTERSECTS(geom, name_zh)",
    "S_DWITHIN(geom, POINT(121 30), 5, 'parsec')",
    "S_DWITHIN(geom, POINT(121 30), -1)",
    "T_AFTER(name_zh, since)",
    "capacity + name_zh > 1",
    "NOT " * 500 + "capacity = 1",
    "(" * 400 + "capacity = 1" + ")" * 399,
    "x" * 10_000,
    "",
    "name_zh = '\x00'",
]


@pytest.mark.parametrize("text", REFUSED)
def test_everything_else_is_refused(ports, text):
    with pytest.raises(BadParameter):
        of_filter(ports, text)


def test_literals_never_reach_the_text(ports):
    evil = "x' OR '1'='1"
    statement, values = of_filter(ports, "name_zh = '" + evil.replace("'", "''") + "'")
    assert evil in values.values()
    assert "OR" not in statement


NAMES = st.sampled_from(["name_zh", "capacity", "since", "geom", "berths", "id", "nope"])
LEAVES = st.one_of(
    NAMES.map(lambda name: {"property": name}),
    st.text(max_size=5),
    st.floats(allow_nan=True),
    st.integers(-(2**70), 2**70),
    st.booleans(),
    st.none(),
    st.just({"type": "Point", "coordinates": [121, 30]}),
    st.just({"bbox": [1, 2, 3, 4]}),
    st.text(max_size=8).map(lambda text: {"timestamp": text}),
    st.text(max_size=8).map(lambda text: {"date": text}),
    st.just({"interval": ["..", "2026-01-01"]}),
    st.lists(st.integers(), max_size=3),
)
OPERATORS = st.sampled_from(
    ["and", "or", "not", "=", "<", "like", "in", "between", "isNull", "casei", "accenti", "+", "/",
     "^", "s_intersects", "s_dwithin", "t_after", "t_during", "pg_sleep"]
)  # fmt: skip
NODES = st.recursive(
    LEAVES,
    lambda inner: st.fixed_dictionaries({"op": OPERATORS, "args": st.lists(inner, max_size=4)}),
    max_leaves=12,
)


@given(NODES)
def test_any_tree_is_walked_or_refused(ports, node):
    try:
        made = condition(node, ports.names)
    except BadParameter:
        return
    text = str(made.compile(dialect=postgresql.asyncpg.dialect()))
    assert "pg_sleep" not in text
    assert "secret" not in text


P = {name: {"property": name} for name in ("origin", "capacity", "since")}
IS = {"op": "=", "args": [P["origin"], "x"]}
NESTED = {
    "and": lambda x: {"op": "and", "args": [IS, {"op": "or", "args": [IS, x]}]},
    "not": lambda x: {"op": "not", "args": [x]},
    "between": lambda x: {"op": "between", "args": [x, True, IS]},
    "in list": lambda x: {"op": "in", "args": [x, [True, False]]},
    "in": lambda x: {"op": "in", "args": [x, [IS, IS]]},
    "among": lambda x: {"op": "in", "args": [IS, [x, IS]]},
    "isNull": lambda x: {"op": "isNull", "args": [x]},
    "casei": lambda x: {"op": "casei", "args": [P["origin"] if x is IS else x]},
    "accenti": lambda x: {"op": "accenti", "args": [P["origin"] if x is IS else x]},
    "interval": lambda x: {"interval": [P["since"] if x is IS else x, P["since"]]},
    **{
        f"{op} {side}": lambda x, op=op, side=side: {
            "op": op,
            "args": [P["capacity"] if x is IS else x, P["capacity"]][::side],
        }
        for op in ("+", "-", "*", "/", "div", "%", "^")
        for side in (1, -1)
    },
}
ENDS = {"casei": ["=", "x"], "accenti": ["=", "x"], "interval": ["t_during", P["since"]]}
MOST_TEXT = 40_000
"""Characters of SQL; what stands twice at each level would make millions of them."""


def far_down(levels: int, work):
    """Return the result of work done so many calls down, as in a request or deeper."""
    return work() if levels == 0 else far_down(levels - 1, work)


@pytest.mark.parametrize("name", NESTED)
def test_nested_filters_compile_to_bounded_sql_or_are_refused(ports, name):
    def compiled(depth: int) -> int:
        node = IS
        for _ in range(depth):
            node = NESTED[name](node)
        op, other = ENDS.get(name, ["=", 1.0])
        whole = node if name in list(NESTED)[:7] else {"op": op, "args": [node, other]}
        made = condition(parse(json.dumps(whole), "cql2-json"), ports.names)
        return len(str(made.compile(dialect=postgresql.asyncpg.dialect())))

    assert far_down(250, lambda: compiled(9)) < MOST_TEXT
    assert far_down(250, lambda: compiled(18 if name != "and" else 9)) < MOST_TEXT
    with pytest.raises(BadParameter, match="nested"):
        compiled(30)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_become_bounded_sql_or_are_refused(ports, name):
    try:
        made = conditions(ports, parse_query(ports, {"filter": HOSTILE[name]}))
        compiled = made.compile(dialect=postgresql.asyncpg.dialect())
    except BadParameter:
        return
    assert len(str(compiled)) < MOST_TEXT
    assert len(compiled.params) < 2_000


def test_a_list_of_thousands_is_one_value(ports):
    _, values = of_filter(ports, f"capacity IN ({','.join(['1'] * 2000)}) OR berths IN (1)")
    assert [len(value) for value in values.values() if isinstance(value, list)] == [2000, 1]


@pytest.mark.parametrize(
    "node",
    [
        {"property": []}, {"property": {"a": 1}}, {"interval": 5}, {"interval": [1]}, {"bbox": 5},
        {"bbox": [1, 2, 3, 4, 5]}, {"op": [], "args": []}, {"op": "and", "args": {}}, {"a": 1}, {},
        {"op": "=", "args": [{"property": "capacity"}, 1e308 * 10]}, None, [], {"timestamp": []},
        {"op": "in", "args": [{"property": "capacity"}, [[1]]]}, {"type": "Point"}, {"date": {}},
        {"op": "s_dwithin", "args": [{"property": "geom"}, {"bbox": [1, 2, 3, 4]}, [], {}]},
        {"type": "Polygon", "coordinates": [[[[[[1]]]]]]}, {"op": "=", "args": [10**400, 1]},
        {"type": "GeometryCollection", "geometries": [5]}, {"interval": [{}, []]},
    ],
)  # fmt: skip
def test_json_of_any_shape_is_walked_or_refused(ports, node):
    with pytest.raises(BadParameter):
        condition(node, ports.names)


KEYS = ["op", "args", "property", "interval", "bbox", "date", "type", "coordinates", "geometries"]
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3), LEAVES),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(KEYS),
            st.one_of(inner, OPERATORS, st.sampled_from(["Point", "GeometryCollection"])),
        )
    ),
    max_leaves=10,
)


@given(JSON)
@settings(deadline=None, max_examples=50)
def test_any_json_is_walked_or_refused(ports, node):
    try:
        condition(node, ports.names)
    except BadParameter as error:
        assert len(error.en) < 400
