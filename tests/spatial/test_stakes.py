"""Stakes written as one text: Chinese and English, full-width, stretches, directions, lanes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial.errors import BadParameter, NotFound, SigangError
from spatial.geo.stake_text import StakeText, find_side, find_stake_text, parse_stake_text

ROWS = [
    {"side": "up", "towards_zh": "宁波", "towards_en": "Ningbo"},
    {"side": "down", "towards_zh": "杭州留下", "towards_en": "Hangzhou Liuxia"},
]


@pytest.mark.parametrize(
    ("text", "k_from", "k_to", "side", "lanes"),
    [
        ("G92 K123+400 towards Ningbo, lanes 1–2", 123400, None, "Ningbo", (1, 2)),
        ("G92杭州湾环线 K123+400 往宁波方向 1、2车道", 123400, None, "宁波", (1, 2)),
        ("Ｇ９２　Ｋ１２３＋４００　往宁波方向，第１～３车道", 123400, None, "宁波", (1, 2, 3)),
        ("g92k123.4", 123400, None, None, ()),
        ("G92 K12+050.5 下行", 12050.5, None, "下行", ()),
        ("G92 K123+400-K125+000", 123400, 125000, None, ()),
        ("G92 K123+400～125+000（上行）", 123400, 125000, "上行", ()),
        ("G92环线往宁波方向K123+400处，占用一至三车道", 123400, None, "环线往宁波", (1, 2, 3)),
        ("G92 Hangzhou Bay Ring K1 to K2+5 to Hangzhou, lanes 1, 2 and 4", 1000, 2005, "Hangzhou",
         (1, 2, 4)),
        ("G92 towards Ningbo K3 lanes 3-1", 3000, None, "Ningbo", (1, 2, 3)),
        ("G92 K100 up lane 2", 100000, None, "up", (2,)),
    ],
)  # fmt: skip
def test_what_people_write(text, k_from, k_to, side, lanes):
    assert find_stake_text(text) == StakeText("G92", k_from, k_to, side, lanes)


def test_a_route_may_end_with_a_letter_and_its_name_is_no_direction():
    assert find_stake_text("G92N杭甬复线 K1").route == "G92N"
    assert find_stake_text("G92 Hangzhou Bay Ring Expressway K1").side is None


@pytest.mark.parametrize("text", ["嘉兴", "G92", "K123+400", "", "BUS 12 to K2", "N51H042964"])
def test_other_texts_name_no_stake(text):
    assert find_stake_text(text) is None
    with pytest.raises(BadParameter, match="Not a stake"):
        parse_stake_text(text)


@pytest.mark.parametrize("text", ["G92 K1 behind the shop", "G92 K1 lanes 13", "G92 K1 0车道"])
def test_what_is_not_understood_is_refused(text):
    with pytest.raises(BadParameter):
        find_stake_text(text)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="G92K1+.- 往宁波方向、车道lanesto,（）至上行", max_size=40))
def test_no_text_breaks_it(text):
    try:
        found = find_stake_text("G92 " + text)
    except SigangError:
        return
    assert found is None or (found.route.startswith("G92") and found.k_from >= 0)


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 9_999_999), st.integers(0, 9_999_999) | st.none(),
    st.sampled_from([(), (1,), (1, 2), (1, 3, 4)]), st.booleans(),
)  # fmt: skip
def test_what_is_written_is_read_again(k_from, k_to, lanes, chinese):
    named = StakeText("S9", k_from, k_to, "宁波" if chinese else "Ningbo", lanes)
    tail = "、".join(map(str, lanes)) + "车道" if chinese else "lanes " + ", ".join(map(str, lanes))
    toward = "往宁波方向" if chinese else "towards Ningbo"
    text = f"S9 {named.stakes} {toward}" + (f", {tail}" if lanes else "")
    assert find_stake_text(text) == named


@pytest.mark.parametrize(
    ("word", "side"),
    [("up", "up"), ("上行", "up"), ("DOWN", "down"), ("宁波", "up"), ("ningbo", "up"),
     ("杭州", "down"), ("Hangzhou", "down"), ("杭甬高速往宁波", "up")],
)  # fmt: skip
def test_a_side_is_named_by_its_direction(word, side):
    assert find_side("G92", word, ROWS) == side


def test_a_direction_that_is_not_there_or_both_is_told():
    with pytest.raises(NotFound, match="no side 'Paris'") as error:
        find_side("G92", "Paris", ROWS)
    assert "Hangzhou Liuxia" in error.value.mend_en
    with pytest.raises(BadParameter, match="Which direction"):
        find_side("G92", None, ROWS)
    with pytest.raises(NotFound, match="No route 'G7'"):
        find_side("G7", "up", [])
    ring = [{**row, "towards_zh": "北庄", "towards_en": None} for row in ROWS]
    with pytest.raises(BadParameter, match="both directions"):
        find_side("G2504", "北庄", ring)
