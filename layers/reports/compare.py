"""Two frozen periods beside each other: by how much a number moved, and what moved it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from layers.reports.seal import Told, digits

PLACES, DIGITS_MORE = 9, 4
"""Decimal places to which differences of floating numbers hold, and those more that a sum needs."""


def compare(before: Told, after: Told) -> Told:
    """Return the difference of two lines of a number; of an index also which part made it."""
    found: Told = {
        "from": before,
        "to": after,
        "moved": _difference(before["value"], after["value"]),
    }
    if before["index"] and after["index"]:
        found["why"] = explain(before, after)
    return found


def explain(before: Told, after: Told) -> Told:
    """Return by how much each part of an index, and what caps it, moved it; and their sum."""
    old, new = before["index"], after["index"]
    gave = {part["name"]: part["gives"] for part in old["parts"]}
    gives = {part["name"]: part["gives"] for part in new["parts"]}
    parts = [
        {"name": name, "moved": _difference(gave.get(name, "0"), gives.get(name, "0"))}
        for name in dict.fromkeys([*gives, *gave])
    ]
    held, holds = ({veto["indicator"] for veto in one["vetoes"]} for one in (old, new))
    vetoes = {
        "moved": _difference(_taken(before), _taken(after)),
        "lifted": sorted(held - holds),
        "new": sorted(holds - held),
    }
    moves = [
        *(
            _difference(gave.get(one, "0"), gives.get(one, "0"), DIGITS_MORE)
            for one in {**gave, **gives}
        ),
        _difference(_taken(before), _taken(after), DIGITS_MORE),
    ]
    return {"parts": parts, "vetoes": vetoes, "sum": _sum(moves)}


def _taken(line: Told) -> str | None:
    """Return what vetoes take from an index, at most zero."""
    return _difference(line["index"]["raw"], line["value"], DIGITS_MORE)


def _difference(before: str | None, after: str | None, more: int = 0) -> str | None:
    if before is None or after is None:
        return None
    return digits(round(Decimal(after) - Decimal(before), PLACES + more))


def _sum(moves: Iterable[str | None]) -> str | None:
    told = list(moves)
    known = [Decimal(one) for one in told if one is not None]
    return digits(round(sum(known, Decimal(0)), PLACES)) if len(known) == len(told) else None
