"""Small numbers of sensitive layers are not told, nor what they could be had from by differences.

A number is small where a side, or what is between both, is above zero and below k. What is told of
a unit and of the nearest told units within it leaves a rest, which is shared by all that is
withheld between them: it is held to the same rule, as each of those could be all of it. While the
rest is small the smallest told unit is withheld too, and the whole where nothing is left to
withhold.

A correction is told to readers who have the version before it, and tells them nothing more of what
is withheld. Where none of that changed it stays withheld and all else is told; where some did,
whatever changed is withheld, as the totals would tell by how much.

Two numbers of the same rows could be combined, as those opened in a month with those pending before
and after it. So of each sensitive layer one number is told by unit; any other is told of the
largest unit alone, of which all that is withheld within it could be in each place of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TypeAlias

from layers.indicators.rollup import Tallies, Tally
from layers.indicators.units import LEVELS, Units

Prefix: TypeAlias = str | None
"""Of a unit; None stands for the rows without one."""


def suppress(
    tallies: Tallies, units: Units, k: int, before: Tallies | None = None,
    *, whole_only: bool = False,
) -> None:  # fmt: skip
    """Withhold numbers of one indicator and period.

    Parameters
    ----------
    tallies
        All of them.
    units, k
        Which units are told of, and what is small.
    before
        What was told of the same period in the version that this one corrects.
    whole_only
        Whether to tell of the largest unit alone.
    """
    closing = _Closing(tallies, units, k)
    withheld = closing.close() if before is None else closing.correct(before)
    tallies.withhold(withheld | _within(units) if whole_only else withheld)


def _within(units: Units) -> set[Prefix]:
    """Return all units but the largest, and the rows without a unit."""
    largest = [units.home] if units.home else units.of_level(LEVELS[-1])
    return {None, *(unit.prefix for unit in units.all())} - {unit.prefix for unit in largest}


def is_small(tally: Tally, k: int) -> bool:
    """Tell whether a number is too small to be told."""
    sides = [tally.numerator]
    if tally.denominator is not None:
        sides += [tally.denominator, tally.denominator - tally.numerator]
    return any(0 < side < k for side in sides)


@dataclass(frozen=True, slots=True)
class _Region:
    """What lies between a told unit and the nearest told ones within it.

    Parameters
    ----------
    told, hidden
        The told ones, and the finest of those that are withheld.
    """

    told: list[Prefix] = field(default_factory=list)
    hidden: list[Prefix] = field(default_factory=list)


class _Closing:
    """The numbers of one indicator and period, and which of them are withheld."""

    def __init__(self, tallies: Tallies, units: Units, k: int) -> None:
        self._k = k
        self._parts: dict[Prefix, list[Prefix]] = dict(units.wholes())
        every = [None, *(unit.prefix for level in LEVELS for unit in units.of_level(level))]
        self._of = {prefix: tallies.plain(prefix) for prefix in every}
        self._withheld = {prefix for prefix in every if is_small(self._of[prefix], k)}

    def close(self) -> Set[Prefix]:
        """Return what is withheld of a first version."""
        before = -1
        while before != len(self._withheld):
            before = len(self._withheld)
            for whole in self._parts:
                self._close(whole)
        return self._withheld

    def correct(self, before: Tallies) -> Set[Prefix]:
        """Return what is withheld of a version that corrects another."""
        changed = {
            prefix
            for prefix, now in self._of.items()
            if _sides(before.plain(prefix)) != _sides(now)
        }
        quiet = self._withheld | before.withheld
        if changed & quiet or any(self._stirred(whole, before) for whole in self._parts):
            return quiet | changed
        return quiet

    def _close(self, whole: Prefix) -> None:
        """Withhold what small numbers could be had from, of a whole and its parts."""
        parts = self._parts[whole]
        if whole in self._withheld:
            if not any(part in self._withheld for part in parts):
                self._withheld.update(self._smallest(parts))
            return
        while self._unsafe(whole, region := self._region(whole, self._withheld.__contains__)):
            direct = [part for part in parts if part not in self._withheld]
            found = self._smallest(direct) or self._smallest(region.told)
            self._withheld.update(found or [whole])
            if not found:
                return

    def _unsafe(self, whole: Prefix, region: _Region) -> bool:
        alone = sum(part in self._withheld for part in self._parts[whole]) == 1
        return alone or is_small(_rest(whole, region, self._of.__getitem__), self._k)

    def _stirred(self, whole: Prefix, before: Tallies) -> bool:
        """Tell whether the rest that the version before left of a whole changed, unseen."""
        if whole in before.withheld:
            return False
        region = self._region(whole, before.withheld.__contains__)
        now = _rest(whole, region, self._of.__getitem__)
        same = _sides(_rest(whole, region, before.plain)) == _sides(now)
        return not same and (bool(region.hidden) or is_small(now, self._k))

    def _region(self, whole: Prefix, hidden: Callable[[Prefix], bool]) -> _Region:
        region = _Region()
        self._walk(whole, hidden, region)
        return region

    def _walk(self, whole: Prefix, hidden: Callable[[Prefix], bool], region: _Region) -> None:
        for part in self._parts[whole]:
            if not hidden(part):
                region.told.append(part)
                continue
            before = len(region.hidden)
            if part in self._parts:
                self._walk(part, hidden, region)
            if len(region.hidden) == before:
                region.hidden.append(part)

    def _smallest(self, told: Sequence[Prefix]) -> list[Prefix]:
        """Return the smallest of some numbers that are not nothing; none without such."""
        some = [one for one in told if _size(self._of[one])]
        return sorted(some, key=lambda one: (_size(self._of[one]), one or ""))[:1]


def _rest(whole: Prefix, region: _Region, of: Callable[[Prefix], Tally]) -> Tally:
    """Return the number of a whole without those that are told within it."""
    left = of(whole)
    for part in map(of, region.told):
        below = None
        if left.denominator is not None and part.denominator is not None:
            below = left.denominator - part.denominator
        left = replace(left, numerator=left.numerator - part.numerator, denominator=below)
    return left


def _sides(tally: Tally) -> tuple[Decimal, Decimal | None]:
    return tally.numerator, tally.denominator


def _size(tally: Tally) -> Decimal:
    return tally.numerator if tally.denominator is None else tally.denominator
