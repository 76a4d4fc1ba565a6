"""The parser of CQL2 text: equal to the standard's examples and to another parser, and linear."""

from __future__ import annotations

import json
import random
import sys
import tomllib

import cql2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layers.cql.parse import MAX_LENGTH, parse
from spatial.errors import BadParameter
from tests.conftest import ROOT, shared_path
from tests.layers.cql.generated import FILTERS, comparable
from tests.layers.cql.hostile import HOSTILE, fitted
from tests.layers.cql.test_sql import BECOMES, REFUSED

STEPS_EACH = 48
"""Calls and returns that a character may cost: twice what the slowest text takes."""


def steps(text: str) -> int:
    """Return how many calls and returns it takes to read or refuse a text in both languages."""
    count = 0

    def note(*_):
        nonlocal count
        count += 1
        assert count < 10 * STEPS_EACH * MAX_LENGTH, "it goes on and on"

    for lang in ("cql2-text", "cql2-json"):
        sys.setprofile(note)
        try:
            parse(text, lang)
        except BadParameter as error:
            sys.setprofile(None)
            assert len(error.en) < 400
        finally:
            sys.setprofile(None)
    return count


def other(text: str):
    """Return what the `cql2` package makes of a filter."""
    return comparable(cql2.parse_text(text).to_json())


@pytest.mark.shared
def test_the_standards_examples_are_read_alike_in_text_and_json():
    folder = shared_path("cql2")
    texts = sorted((folder / "text").glob("*.txt"))
    documents = {path.stem: path.read_text("utf-8") for path in (folder / "json").glob("*.json")}
    for path in texts:
        text = path.read_text("utf-8").strip()
        found = comparable(parse(text))
        assert found == other(text), path
        if path.stem in documents:
            assert found == comparable(json.loads(documents[path.stem])), path
    for stem, document in documents.items():
        known = comparable(cql2.parse_json(document).to_json())
        assert comparable(parse(document, "cql2-json")) == known, stem
    assert (len(texts), len(documents)) == (120, 109)


def used_filters() -> list[str]:
    """Return the filters of the tests of SQL and of the layers' declarations."""
    found = [text for text, _, _ in BECOMES]
    for path in sorted((ROOT / "layers" / "areas").glob("*/*.layer.toml")):
        declared = tomllib.loads(path.read_text("utf-8"))["source"].get("filter")
        found += [declared] if declared else []
    return found


MORE = [
    "kind='bridge'", "a =", "pg_sleep(2) IS NULL", "capacity ^ 9999 > 1", "level = 'prefecture'",
    "capacity > 3 AND NOT name_zh LIKE '%1'", "depth_m BETWEEN 1 AND 2 OR berths IN (1, 3)",
    "admin_code LIKE '3302%'", "a AND (b AND c) AND d", "(a OR b) OR c AND NOT NOT d", "a < -b * 2",
    "a = 1AND b=2", "f((1, 2), ('x')) = 1", "A_CONTAINS(t, ('a'))", "A_CONTAINS(t, ((1,2),(3)))",
    "a = - - 3 ^ 2 ^ 1", "NOT(a)IS NULL", "point = 1 AND date < bbox", "(a = 1) = true", "a != 1",
    "S_INTERSECTS(g, MULTIPOINT(1 2, 3 4))", "T_DURING(INTERVAL('','2020-01-01'), a)",
]  # fmt: skip


@pytest.mark.parametrize("text", [*used_filters(), *MORE, *filter(lambda t: len(t) < 99, REFUSED)])
def test_every_filter_in_use_is_read_as_before(text):
    try:
        known = other(text)
    except (cql2.ParseError, cql2.ValidationError):
        with pytest.raises(BadParameter):
            parse(text)
    else:
        assert comparable(parse(text)) == known


@given(FILTERS)
@settings(deadline=None, max_examples=60)
def test_any_filter_of_the_grammar_is_read_as_the_package_reads_it(text):
    assert comparable(parse(text)) == other(text)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        (r"a = 'it\'s'", {"op": "=", "args": [{"property": "a"}, "it's"]}),
        (r"a LIKE '\\\'\_'", {"op": "like", "args": [{"property": "a"}, r"\\'\_"]}),
        ("_a = .5", {"op": "=", "args": [{"property": "_a"}, 0.5]}),
        ("f(POINT(1e1 -.5))", {"op": "f", "args": [{"type": "Point", "coordinates": [10, -0.5]}]}),
        (
            "NOT -b > 1",
            {
                "op": "not",
                "args": [{"op": ">", "args": [{"op": "*", "args": [-1, {"property": "b"}]}, 1]}],
            },
        ),
        ("A_EQUALS(a, (b))", {"op": "a_equals", "args": [{"property": "a"}, [{"property": "b"}]]}),
        ("A_EQUALS(a, ())", {"op": "a_equals", "args": [{"property": "a"}, []]}),
    ],
)
def test_where_the_package_is_wrong_the_standard_holds(text, right):
    assert parse(text) == right
    try:
        assert other(text) != right
    except cql2.ParseError:
        return


@pytest.mark.parametrize(
    "text",
    ["a = b = c", "null = 1", "like = 1", "a > DATE(b)", "S_WITHIN(a, BBOX(1, 2, 3))", "a = 1e400"],
)
def test_what_the_standard_does_not_have_is_refused(text):
    assert other(text)
    with pytest.raises(BadParameter):
        parse(text)


def test_words_of_the_language_name_properties_in_quotes():
    assert parse('"like" LIKE \'x\' AND "null" IS NULL')["args"][0]["args"][0] == {
        "property": "like"
    }
    assert parse("orb = 1 AND nota = 2 AND inn IN (3)")["op"] == "and"


@pytest.mark.parametrize(
    ("text", "en", "mend"),
    [
        ("a = ", "expected a value at character 5, not the end", "capacity > 100"),
        ("a = 1 AND OR b", "expected a value at character 11, not 'OR'", "capacity"),
        ("(a = 1", "expected a comma or ) at character 7, not the end", "(a = 1 OR b = 2)"),
        ("a IN 1", "expected ( at character 6, not '1'", "IN ('port'"),
        ("a NOT = 1", "expected LIKE, BETWEEN or IN at character 7, not '='", "NOT IN"),
        ("a BETWEEN 1 OR 2", "expected AND at character 13, not 'OR'", "10 AND 20"),
        ("a IS 1", "expected NULL at character 6, not '1'", "IS NOT NULL"),
        ("a b", "expected an operator at character 3, not 'b'", "AND"),
        ("a = 1 b", "expected AND, OR or the end at character 7, not 'b'", "AND"),
        ("a = 'it", "a text that begins at character 5 does not end", "doubled"),
        ("a = “x”", "'“' at character 5 has no meaning", "Texts stand in '"),
        ("d > DATE(2026)", "expected a date in quotes at character 10, not '2026'", "DATE('"),
        ("S_TOUCHES(g, POINT(1, 2))", "a number at character 21, not ','", "POINT(120.5 29)"),
        ("S_WITHIN(g, POLYGON(1 2))", "expected ( at character 21, not '1'", "POLYGON(("),
        ("T_AFTER(d, INTERVAL('..'))", "expected two ends at character 26", "'..')"),
    ],
)  # fmt: skip
def test_an_error_says_what_was_expected_where_and_how_to_mend_it(text, en, mend):
    with pytest.raises(BadParameter) as caught:
        parse(text)
    place = en.partition("character ")[2].partition(",")[0].split()[0]
    assert en in caught.value.en
    assert f"第 {place} 个字符" in caught.value.zh
    assert mend in caught.value.mend_en
    assert caught.value.mend_zh
    assert caught.value.extra["parameter"] == "filter"


@pytest.mark.parametrize("begin", ["(", "NOT ", "a IN (", "f(", "A_EQUALS(b, ", "1 + ", "- "])
def test_nesting_is_counted_while_parsing(begin):
    with pytest.raises(BadParameter, match=r"expected .* at character"):
        parse(begin * 20)
    with pytest.raises(BadParameter, match=r"more than 20 levels deep at character \d+"):
        parse(begin * 21)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_are_answered_at_once(name):
    text = HOSTILE[name]
    assert MAX_LENGTH - 60 < len(text) <= MAX_LENGTH
    assert steps(text) < STEPS_EACH * MAX_LENGTH


# fmt: off
PIECES = ["(", ")", ",", "a", " NOT ", " AND ", " IN (", "'", '"', "''", "\\", "1", "-", ".", "e",
          "POLYGON((", "BBOX(", "CASEI(", "DATE('", "A_EQUALS(", "=", "<>", " BETWEEN ", " IS ",
          "NULL", "MULTIPOINT(", "[", "{", '"op":', "港", "\u3000", "\x00", "GEOMETRYCOLLECTION("]
# fmt: on


@given(st.lists(st.sampled_from(PIECES), max_size=6), st.integers(0, 2**32))
@settings(deadline=None, max_examples=30)
def test_any_text_of_any_length_is_read_or_refused_at_once(unit, seed):
    shuffled = "".join(random.Random(seed).choices(PIECES, k=3000))[:MAX_LENGTH]
    for text in ("".join(unit), fitted("", "".join(unit) or "x"), shuffled):
        assert steps(text) < STEPS_EACH * MAX_LENGTH


def test_a_text_beyond_the_limit_is_refused():
    with pytest.raises(BadParameter, match="at most"):
        parse("x" * (MAX_LENGTH + 1))
