"""The smallest unit of rows: whoever sees its code sees each row, and nobody else does."""

from __future__ import annotations

import random

import numpy as np
import pytest

from spatial.actor import Actor
from spatial.common_units import (
    NO_ROWS,
    UNKNOWN,
    common_numbers,
    common_unit,
    unit_codes,
    unit_numbers,
)

CODES = ["330106", "330108", "330100", "330203", "330200", "330000", "320506", "320000"]
DESKS = [Actor("d", "duty", code) for code in CODES]


@pytest.mark.parametrize("seed", range(5))
def test_who_sees_the_common_unit_is_who_sees_every_row(seed):
    dice = random.Random(seed)
    for _ in range(300):
        rows = dice.choices(CODES, k=dice.randrange(1, 5))
        for desk in DESKS:
            every = all(desk.sees(code, "unit") for code in rows)
            assert desk.sees(common_unit(rows), "unit") == every, (desk.scope, rows)


def test_what_states_no_unit_may_be_of_any_part_of_the_province():
    assert common_unit(["330106", None]) == common_unit(["", "330106"]) == "330000"
    assert common_unit(["330106", "unit 7", "330106"]) == "330000"
    assert common_unit(["330106", "330106009003"]) == "330106"
    assert common_unit([None, "330106", "320506"]) == "000000"
    assert common_unit([None, None]) is None and common_unit([]) is None


def test_the_unit_of_all_is_that_of_the_units_of_parts():
    dice = np.random.default_rng(3)
    numbers = dice.choice([*unit_numbers(CODES), UNKNOWN, NO_ROWS], 700)
    fine, coarse = dice.integers(0, 450, 700), dice.integers(0, 200, 500)
    parts = common_numbers(numbers, fine, 500)
    again, whole = (
        common_numbers(*pair, 200) for pair in ((parts, coarse), (numbers, coarse[fine]))
    )
    assert again.tolist() == whole.tolist() and len({*whole.tolist()}) > 4
    assert {*common_numbers(numbers[:0], fine[:0], 3).tolist()} == {NO_ROWS}
    assert unit_codes(np.array([0, 330106, UNKNOWN, NO_ROWS])) == ["000000", "330106", None, None]
