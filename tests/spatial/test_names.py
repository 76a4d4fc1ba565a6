"""Names folded, read and compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatial.names.fold import fold, words_of
from spatial.names.forms import form_of, forms_of, grams_of_names, grams_of_query
from spatial.names.likeness import CODE, LEAST, ONE_WRONG, SAME, distance, likeness
from spatial.names.readings import syllables


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("杭州灣大橋", "杭州湾大桥"),
        ("Hángzhōu Wān", "hangzhouwan"),
        ("Ｇ９２ Ｋ１００", "g92k100"),
        ("Rui'an", "ruian"),
        ("臺州", "台州"),
        ("%_'\0\ud800", ""),
        ("Shenyang–Haikou", "shenyanghaikou"),
    ],
)
def test_names_are_folded(text, folded):
    assert fold(text) == folded


def test_words_part_where_the_script_changes():
    assert words_of("beilun港口 G92往") == ["beilun", "港口", "g92", "往"]


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("长深", "chang shen"),
        ("乐清湾", "yue qing wan"),
        ("六横", "liu heng"),
        ("绿华山", "lu hua shan"),
        ("g15沈海", "g15 shen hai"),
    ],
)
def test_names_are_read_as_their_places_are(name, read):
    assert " ".join(syllables(name)) == read


def test_a_name_has_the_forms_that_are_spoken():
    assert {f.text for f in forms_of("杭州湾跨海大桥")} == {"杭州湾跨海大桥", "杭州湾大桥"}
    assert [f.text for f in forms_of("复兴大桥(钱江四桥)")][1:] == ["复兴大桥", "钱江四桥"]
    assert {"杭州萧山机场"} < {f.text for f in forms_of("杭州萧山国际机场")}
    assert {"beilun"} < {f.text for f in forms_of("Beilun District")}
    assert "合成" not in {f.text for f in forms_of("训练一桥（合成）")}
    assert form_of("杭州湾大桥").initials == "hzwdq"
    assert forms_of("市") and forms_of("%") == ()


@pytest.mark.parametrize(
    ("asked", "name", "least", "most"),
    [
        ("杭州湾大桥", "杭州湾大桥", SAME, SAME),
        ("beilun", "北仑区", 90, SAME),
        ("hzwkhdq", "杭州湾跨海大桥", 90, 90),
        ("hzwdq", "杭州湾跨海大桥", 85, 90),
        ("杭州弯大桥", "杭州湾大桥", 86, 86),
        ("杭州乱大桥", "杭州湾大桥", ONE_WRONG, ONE_WRONG),
        ("Hangzhuo", "Hangzhou", ONE_WRONG, ONE_WRONG),
        ("北京", "北仑区", 0, LEAST - 1),
        ("桥", "杭州湾大桥", 0, LEAST - 1),
        ("xyz", "杭州湾大桥", 0, 0),
    ],
)
def test_likeness_falls_from_equal_to_one_wrong_sign(asked, name, least, most):
    assert least <= likeness(form_of(asked), [name]) <= most
    assert SAME < CODE


@pytest.mark.parametrize("asked", ["hzwdq", "杭州弯大桥", "hangzou", "hángzhōu wān", "杭州灣"])
def test_what_is_typed_shares_pieces_with_what_is_meant(asked):
    assert set(grams_of_query(asked)) & set(grams_of_names(["杭州湾跨海大桥"], ""))


def _aligned(a, b):
    rows = [list(range(len(b) + 1))]
    for i, sign in enumerate(a, 1):
        row = [i]
        for j, other in enumerate(b, 1):
            best = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (sign != other))
            if i > 1 and j > 1 and sign == b[j - 2] and a[i - 2] == other:
                best = min(best, rows[-2][j - 2] + 1)
            row.append(best)
        rows.append(row)
    return rows[-1][-1]


@given(st.text("abc", max_size=7), st.text("abc", max_size=7), st.integers(0, 2))
def test_the_distance_is_that_of_the_whole_table(a, b, most):
    assert distance(a, b, most) == min(_aligned(a, b), most + 1)
