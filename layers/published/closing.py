"""Which counts of a tree may be told, so that no small one can be had from all that is told.

Counts form a tree: province, prefecture, county, cell within the county. A count below k is not
told. What a told count has beyond the told ones nearest below it is a rest, shared by all that is
not told between them: it must be nothing, or hold at least k rows of which no other number tells.
Each of these rows could lie in any cell that is not told, and every number that is told anywhere
would be the same: so no cell that is not told can be bounded below k, whatever is known of the
other rows. While a rest holds fewer, the smallest told count in it is withheld too, and the whole
where nothing is left to withhold.

None and fewer than k look the same: a count that is known to be above nothing would take from what
its neighbours can be.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

Path: TypeAlias = tuple[str, ...]
"""A place in the tree: the keys from its root down."""


@dataclass(frozen=True, slots=True)
class Count:
    """Rows of a place.

    Parameters
    ----------
    n
        All of them.
    apart
        Those of which no number beside these tells: not rows that are public one by one.
    """

    n: int
    apart: int

    def __add__(self, other: Count) -> Count:
        return Count(self.n + other.n, self.apart + other.apart)

    def __sub__(self, other: Count) -> Count:
        return Count(self.n - other.n, self.apart - other.apart)


def tell(leaves: Mapping[Path, Count], k: int) -> dict[Path, int]:
    """Return the counts that may be told, of leaves and of all above them.

    Parameters
    ----------
    leaves
        Each with its whole path; paths of one tree have the same first key.
    k
        What is small: from 1 to k − 1.
    """
    totals = _totals(leaves)
    told = {path for path, count in totals.items() if count.n >= k}
    while (unsafe := _unsafe(totals, told, k)) is not None:
        told.discard(unsafe)
    return {path: totals[path].n for path in sorted(told)}


def _totals(leaves: Mapping[Path, Count]) -> dict[Path, Count]:
    found: defaultdict[Path, Count] = defaultdict(lambda: Count(0, 0))
    for leaf, count in leaves.items():
        for depth in range(1, len(leaf) + 1):
            found[leaf[:depth]] += count
    return dict(found)


def _unsafe(totals: Mapping[Path, Count], told: set[Path], k: int) -> Path | None:
    """Return a count that must not be told beside the others; None where all may be."""
    within: defaultdict[Path, list[Path]] = defaultdict(list)
    for path in told:
        above = next((one for one in _above(path) if one in told), None)
        if above is not None:
            within[above].append(path)
    for path in sorted(told, key=lambda one: (-len(one), one)):
        rest = totals[path]
        for one in within[path]:
            rest -= totals[one]
        if rest.n and rest.apart < k:
            return min(within[path], key=lambda one: (totals[one].n, one), default=path)
    return None


def _above(path: Path) -> Iterator[Path]:
    for depth in range(len(path) - 1, 0, -1):
        yield path[:depth]
