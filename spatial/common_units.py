"""The smallest administrative unit that has all of some rows: who sees it may see each of them.

A sum is told to whom may see every row of it. A desk that was told more could take off its own
rows, and would have its neighbour's. Units are numbers here: GB/T 2260 codes, of which two digits
more tell a part: 330106 and 330108 are of 330100, that and 330203 are of 330000.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
UNKNOWN, NO_ROWS = -1, -2
"""A row that states no unit, and no row at all."""
WHOLE = 0
"""What rows of several provinces have in common: no account is of it."""
_PART, _PROVINCE = 100, 10_000
_DIGITS = 6
UNIT_SQL = """substring(admin_code from '^[0-9]{6}') COLLATE "C\""""
"""The code that `unit_numbers` takes, null for none, of a row in SQL; it sorts as numbers do."""


def unit_numbers(codes: Sequence[str | None]) -> Numbers:
    """Return codes as numbers, `UNKNOWN` for what is no code; of longer ones the county."""
    known = {code: _number(code) for code in set(codes)}
    return np.array([known[code] for code in codes], np.int64)


def _number(code: str | None) -> int:
    own = (code or "")[:_DIGITS]
    return int(own) if len(own) == _DIGITS and own.isascii() and own.isdigit() else UNKNOWN


def unit_codes(numbers: Numbers) -> list[str | None]:
    """Return numbers as codes, None where no unit is known."""
    known = {at: None if at < 0 else f"{at:0{_DIGITS}}" for at in np.unique(numbers).tolist()}
    return [known[at] for at in numbers.tolist()]


def between(least: Numbers, most: Numbers, unknown: NDArray[np.bool_]) -> Numbers:
    """Return the smallest units that have all from the least to the greatest number.

    `most` is below 0 where no row states a unit. Where a row is `unknown` besides, it is the
    province: it might be of any part of it.
    """
    found = np.full(len(most), WHOLE, np.int64)
    for size in (_PROVINCE, _PART, 1):
        found = np.where(least // size == most // size, most // size * size, found)
    found = np.where(unknown, found // _PROVINCE * _PROVINCE, found)
    return np.where(most >= 0, found, np.where(unknown, UNKNOWN, NO_ROWS))


def common_numbers(numbers: Numbers, groups: Numbers, size: int) -> Numbers:
    """Return the smallest unit of all rows of each group from 0 to below `size`.

    Such units may be grouped again: that of all is that of the parts' units.
    """
    known = numbers >= 0
    least, most = np.full(size, np.iinfo(np.int64).max), np.full(size, UNKNOWN, np.int64)
    np.minimum.at(least, groups[known], numbers[known])
    np.maximum.at(most, groups[known], numbers[known])
    unknown = np.zeros(size, np.bool_)
    unknown[groups[numbers == UNKNOWN]] = True
    return between(least, most, unknown)


def common_units(codes: Sequence[str | None], groups: Numbers, size: int) -> list[str | None]:
    """Return the same of codes, as codes."""
    return unit_codes(common_numbers(unit_numbers(codes), groups, size))


def common_unit(codes: Sequence[str | None]) -> str | None:
    """Return the smallest unit of all rows, None where none states any."""
    return common_units(codes, np.zeros(len(codes), np.int64), 1)[0]
