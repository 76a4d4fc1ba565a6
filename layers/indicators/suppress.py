"""Small numbers of sensitive layers are not told, nor what they could be had from by differences.

A number is small where a side, or what is between both, is above zero and below k. What is left
of a unit when its told parts are taken away is held to the same rule: while it is small, the
smallest told part is withheld too, and the whole where nothing is left to withhold.
"""

from __future__ import annotations

from decimal import Decimal

from layers.indicators.rollup import Tallies, Tally
from layers.indicators.units import LEVELS, Units


def suppress(tallies: Tallies, units: Units, k: int) -> None:
    """Withhold numbers of one indicator and period."""
    every = [None, *(unit.prefix for level in LEVELS for unit in units.of_level(level))]
    withheld = {prefix for prefix in every if is_small(tallies.of(prefix), k)}
    before = -1
    while before != len(withheld):
        before = len(withheld)
        for whole, parts in units.wholes():
            _close(tallies, (whole, parts), k, withheld)
    tallies.withhold(withheld)


def is_small(tally: Tally, k: int) -> bool:
    """Tell whether a number is too small to be told."""
    sides = [tally.numerator]
    if tally.denominator is not None:
        sides += [tally.denominator, tally.denominator - tally.numerator]
    return any(0 < side < k for side in sides)


def _close(
    tallies: Tallies, units: tuple[str, list[str | None]], k: int, withheld: set[str | None]
) -> None:
    """Withhold what small numbers could be had from, of a whole and its parts."""
    whole, parts = units
    told = sorted(
        (part for part in parts if part not in withheld),
        key=lambda part: (not _size(tallies.of(part)), _size(tallies.of(part)), part or ""),
    )
    if whole in withheld:
        if len(told) == len(parts) and told and _size(tallies.of(told[0])):
            withheld.add(told[0])
        return
    while len(told) == len(parts) - 1 or is_small(tallies.rest(whole, told), k):
        if not told:
            withheld.add(whole)
            return
        withheld.add(told.pop(0))


def _size(tally: Tally) -> Decimal:
    return tally.numerator if tally.denominator is None else tally.denominator
