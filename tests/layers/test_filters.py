"""Parameters and CQL2: everything valid is bound, everything else is refused as 400."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql

from layers.catalog import Catalog
from layers.cql.sql import condition, parse
from layers.filters import conditions, parse_bbox, parse_datetime, parse_query
from spatial.errors import BadParameter, SigangError
from tests.conftest import shared_path
from tests.layers.small import write_areas


@pytest.fixture(scope="module")
def ports(tmp_path_factory):
    return Catalog.load(write_areas(tmp_path_factory.mktemp("areas"))).get_relation("ports")


def sql(relation, **given) -> tuple[str, dict]:
    query = parse_query(relation, {k.replace("_", "-"): v for k, v in given.items()})
    compiled = conditions(relation, query).compile(dialect=postgresql.asyncpg.dialect())
    return str(compiled), dict(compiled.params) | query.bound


def of_filter(relation, text: str) -> tuple[str, dict]:
    return sql(relation, filter=text)


@pytest.mark.parametrize(
    ("text", "fragment", "bound"),
    [
        ("capacity > 3", "t.capacity > $", 3.0),
        ("name_zh = 'it''s'", "t.name_zh = $", "it's"),
        ("name_zh LIKE 'a%'", "t.name_zh LIKE $", "a%"),
        ("NOT name_zh = 'x'", "t.name_zh != $", "x"),
        ("berths IN (1, 2)", "OR CAST(t.props #>> '{berths}' AS BIGINT) = $", 1),
        ("capacity BETWEEN 1 AND 2", "t.capacity <= $", 2.0),
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
        ("origin = 'real'", "t.origin = $", "real"),
    ],
)  # fmt: skip
def test_cql2_becomes_bound_sql(ports, text, fragment, bound):
    statement, values = of_filter(ports, text)
    assert fragment in statement
    if bound is not None:
        assert bound in values.values()


def test_cql2_json_says_the_same(ports):
    text = json.dumps({"op": ">", "args": [{"property": "capacity"}, 3]})
    assert sql(ports, filter=text) == sql(ports, filter=text, filter_lang="cql2-json")
    assert sql(ports, filter=text)[0] == of_filter(ports, "capacity > 3")[0]


@pytest.mark.parametrize(
    "text",
    [
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
    ],
)
def test_everything_else_is_refused(ports, text):
    with pytest.raises(BadParameter):
        of_filter(ports, text)


def test_literals_never_reach_the_text(ports):
    evil = "x' OR '1'='1"
    statement, values = of_filter(ports, "name_zh = '" + evil.replace("'", "''") + "'")
    assert evil in values.values()
    assert "OR" not in statement


def test_the_shape_leaves_values_out(ports):
    one = parse_query(ports, {"bbox": "120,29,121,30", "capacity": "1"})
    two = parse_query(ports, {"bbox": "1,2,3,4", "capacity": "2"})
    assert one.shape == two.shape
    assert one.bound != two.bound


@pytest.mark.parametrize(
    "text",
    ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "1,4,3,2", "0,0,inf,1", "nan,0,1,1", "-181,0,1,1",
     "0,0,1,91"],
)  # fmt: skip
def test_a_bad_bbox_is_refused(text):
    with pytest.raises(BadParameter):
        parse_bbox(text)


def test_a_bbox_may_have_heights_and_cross_the_antimeridian(ports):
    assert parse_bbox("1,2,-5,3,4,9") == (1, 2, 3, 4)
    statement, _ = sql(ports, bbox="170,-10,-170,10")
    assert statement.count("ST_MakeEnvelope") == 2


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("2026-01-01T08:00:00+08:00/..", "2026-01-01T00:00:00Z", None),
        ("../2026-01-01T00:00:00Z", None, "2026-01-01T00:00:00Z"),
        ("/2026-01-01T00:00:00Z", None, "2026-01-01T00:00:00Z"),
        ("2026-01-02", "2026-01-01T16:00:00Z", "2026-01-02T15:59:59.999999Z"),
    ],
)
def test_datetime_is_an_instant_a_day_or_an_interval(text, start, end):
    found = parse_datetime(text)
    expected = [datetime.fromisoformat(x) if x else None for x in (start, end)]
    assert list(found[:2]) == expected


@pytest.mark.parametrize(
    "text",
    ["", "..", "2026", "2026-13-01", "2026-01-01T00:00:00", "a/b", "1/2/3",
     "2026-02-01T00:00:00Z/2026-01-01T00:00:00Z"],
)  # fmt: skip
def test_a_bad_datetime_is_refused(text):
    with pytest.raises(BadParameter):
        parse_datetime(text)


@pytest.mark.parametrize(
    "given",
    [{"nope": "1"}, {"capacity": "many"}, {"berths": "1.5"}, {"sortby": "secret"},
     {"sortby": "geom"}, {"filter-lang": "sql", "filter": "1=1"}, {"geom": "x"},
     {"id": "not-a-uuid"}, {"since": "soon"}],
)  # fmt: skip
def test_bad_parameters_are_refused(ports, given):
    with pytest.raises(BadParameter):
        parse_query(ports, given)


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


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(ports, text):
    for name in ("filter", "bbox", "datetime", "sortby", "capacity", "name_zh", "id"):
        try:
            parse_query(ports, {name: text})
        except SigangError as error:
            assert error.status == 400


@pytest.mark.shared
def test_all_examples_of_the_standard_parse():
    folder = shared_path("cql2")
    texts = sorted((folder / "text").glob("*.txt"))
    documents = sorted((folder / "json").glob("*.json"))
    for path in texts:
        assert parse(path.read_text(encoding="utf-8").strip(), "cql2-text") is not None, path
    for path in documents:
        assert parse(path.read_text(encoding="utf-8"), "cql2-json") is not None, path
    assert (len(texts), len(documents)) == (120, 109)
