"""Parameters of queries: everything valid is bound, everything else is refused as 400."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql

from layers.query.filters import conditions, parse_bbox, parse_datetime, parse_query
from spatial.errors import BadParameter, SigangError


def sql(relation, **given) -> tuple[str, dict]:
    query = parse_query(relation, {k.replace("_", "-"): v for k, v in given.items()})
    compiled = conditions(relation, query).compile(dialect=postgresql.asyncpg.dialect())
    return str(compiled), dict(compiled.params) | query.bound


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


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(ports, text):
    for name in ("filter", "bbox", "datetime", "sortby", "capacity", "name_zh", "id"):
        try:
            parse_query(ports, {name: text})
        except SigangError as error:
            assert error.status == 400
