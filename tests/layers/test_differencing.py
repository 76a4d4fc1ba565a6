"""No small number of persons is had from all that is told: levels, sides, versions of a report."""

import random
from decimal import Decimal
from functools import cache

import pytest

from layers.indicators.rollup import Tallies
from layers.indicators.statement import Cell
from layers.indicators.suppress import is_small, suppress
from layers.indicators.units import LEVELS, Unit, Units
from tests.layers.differencing import leaks
from tests.layers.test_indicator_values import _share, units

K = 5
CODES = ("330203", "330206", "330212", "330102", "330103", "330104", None, "330200")


def tallies(truth):
    cells = [
        Cell(1, code, "real", (), Decimal(above), Decimal(above + rest), above + rest)
        for code, (above, rest) in truth.items()
    ]
    return Tallies(_share(), cells, "33")


def told(found):
    """Return what is told, by prefix: both sides of what is not withheld."""
    prefixes = [None, *(unit.prefix for level in LEVELS for unit in larger().of_level(level))]
    plain = {prefix: found.of(prefix) for prefix in prefixes if not found.of(prefix).suppressed}
    return {
        prefix: (int(one.numerator), int(one.denominator - one.numerator))
        for prefix, one in plain.items()
    }


@cache
def larger():
    """Return the units with two counties more, so that a prefecture has several beside it."""
    more = [Unit(code, "county", units().all()[0].title) for code in ("330103", "330104")]
    return Units([*units().all(), *more])


def drawn(draw):
    """Return a world in which most counties have few rows, and some many."""
    return {
        code: (draw.choice([0, 0, 1, 2, 3, 6, 9, 14]), draw.choice([0, 1, 3, 5, 8, 20]))
        for code in CODES
    }


def corrected(draw, truth):
    """Return a world in which a row or two were moved, added or taken away."""
    found = dict(truth)
    for code in draw.sample(CODES, draw.randint(1, 2)):
        above, rest = found[code]
        found[code] = (
            max(above + draw.choice([-3, -1, 1, 2]), 0),
            max(rest + draw.choice([-1, 0]), 0),
        )
    return found


def publish(worlds, closed=True):
    """Return each world with what is told of it as one version after the other."""
    versions, before = [], None
    for truth in worlds:
        found = tallies(truth)
        if closed:
            suppress(found, larger(), K, before)
        else:
            every = [unit.prefix for level in LEVELS for unit in larger().of_level(level)]
            found.withhold(p for p in (None, *every) if is_small(found.of(p), K))
        before = found
        versions.append((truth, told(found)))
    return versions


@pytest.mark.parametrize("corrections", [0, 1, 2])
def test_nothing_told_narrows_a_small_number(corrections):
    """Of a period at all levels, and of the versions that correct it beside each other."""
    changed = 0
    for seed in range(10):
        draw = random.Random(seed)
        worlds = [drawn(draw)]
        for _ in range(corrections):
            worlds.append(corrected(draw, worlds[-1]))
        versions = publish(worlds)
        assert list(leaks(versions, K)) == [], seed
        assert versions[0][1], "something is told"
        changed += versions[0][1] != versions[-1][1]
    assert (changed > 0) == (corrections > 0)


def test_the_same_attack_succeeds_where_only_small_numbers_are_withheld():
    found = [publish([drawn(random.Random(seed))], closed=False) for seed in range(10)]
    assert sum(any(leaks(versions, K)) for versions in found) > 5


def test_the_same_attack_succeeds_where_a_version_forgets_the_one_before():
    """330203 has 4, which others hide, and 6 in the correction, so that all would be told."""
    before = dict.fromkeys(CODES, (9, 9)) | {"330203": (4, 9)}
    worlds = [before, before | {"330203": (6, 9)}]
    alone = [publish([world])[0] for world in worlds]
    assert [leak[:2] for leak in leaks(alone, K)] == [(0, "330203")]
    assert list(leaks(publish(worlds), K)) == []


def test_what_is_far_from_what_is_withheld_is_told_as_it_was_corrected():
    before = dict.fromkeys(CODES, (9, 9)) | {"330203": (3, 9)}
    (_, first), (_, second) = publish([before, before | {"330102": (12, 9)}])
    assert "330203" not in first.keys() | second.keys()
    assert second["330102"] == (12, 9) != first["330102"]
    assert second["33"][0] == first["33"][0] + 3
