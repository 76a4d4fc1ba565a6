"""Verdicts: a closed list, and a shorter one for where something is unknown."""

from __future__ import annotations

from enum import IntEnum, StrEnum

import numpy as np
from numpy.typing import NDArray


class Weight(IntEnum):
    """How much a zone weighs; the heaviest decides."""

    FREE = 0
    CONFIRM = 1
    APPROVE = 2
    PROHIBIT = 3


class Verdict(StrEnum):
    """What may be answered where everything is known."""

    SUITABLE = "suitable"
    NEEDS_CONFIRMATION = "needs_confirmation"
    NEEDS_APPROVAL = "needs_approval"
    PROHIBITED = "prohibited"
    UNDETERMINED = "undetermined"


class GuardedVerdict(StrEnum):
    """What may be answered where a category of ground is unknown: nothing says that flight is free.

    "Needs confirmation" is the mildest: somebody who knows must be asked.
    """

    NEEDS_CONFIRMATION = "needs_confirmation"
    NEEDS_APPROVAL = "needs_approval"
    PROHIBITED = "prohibited"
    UNDETERMINED = "undetermined"


_KNOWN = {
    Weight.FREE: Verdict.SUITABLE,
    Weight.CONFIRM: Verdict.NEEDS_CONFIRMATION,
    Weight.APPROVE: Verdict.NEEDS_APPROVAL,
    Weight.PROHIBIT: Verdict.PROHIBITED,
}
_GUARDED = {
    Weight.FREE: GuardedVerdict.NEEDS_CONFIRMATION,
    Weight.CONFIRM: GuardedVerdict.NEEDS_CONFIRMATION,
    Weight.APPROVE: GuardedVerdict.NEEDS_APPROVAL,
    Weight.PROHIBIT: GuardedVerdict.PROHIBITED,
}


def verdict_of(least: int, most: int) -> Verdict:
    """Return the verdict between what is certain and what may be, where everything is known."""
    return _KNOWN[Weight(least)] if least == most else Verdict.UNDETERMINED


def guarded_verdict_of(least: int, most: int) -> GuardedVerdict:
    """Return the verdict where something is unknown; no value of it says that flight is free."""
    low, high = _GUARDED[Weight(least)], _GUARDED[Weight(most)]
    return low if low is high else GuardedVerdict.UNDETERMINED


def answer_of(least: int, most: int, *, unknown: bool) -> Verdict | GuardedVerdict:
    """Return the verdict of a place."""
    return guarded_verdict_of(least, most) if unknown else verdict_of(least, most)


NAMES = np.array([verdict.value for verdict in _KNOWN.values()] + [Verdict.UNDETERMINED.value])
"""Verdicts by `codes_of`."""
_UNDETERMINED = len(_KNOWN)


def codes_of(
    least: NDArray[np.int8], most: NDArray[np.int8], unknown: NDArray[np.bool_]
) -> NDArray[np.int8]:
    """Return the verdict of many places as numbers of `NAMES`, by the same two lists."""
    table = np.full((2, len(_KNOWN), len(_KNOWN)), _UNDETERMINED, np.int8)
    names = NAMES.tolist()
    for low in Weight:
        for high in Weight:
            for guarded in (False, True):
                verdict = answer_of(low, high, unknown=guarded)
                table[int(guarded), low, high] = names.index(verdict.value)
    return table[unknown.astype(np.int8), least, most]
