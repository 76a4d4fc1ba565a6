"""What a spreadsheet would run as a formula is made plain, and numbers stay numbers."""

import pytest

from spatial.csv_text import plain_text


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3", "\t=1", "\r=1"])
def test_a_formula_is_made_plain(text):
    assert plain_text(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "-120.5", "+8613800000000", "-1e5", "K12+300", "a=b", "'=1"])
def test_numbers_and_other_texts_stay(text):
    assert plain_text(text) == text
