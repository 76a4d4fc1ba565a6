"""Judge histories of plans recorded at their clients; nothing of the server's is imported.

A plan is a square by whole metres in an arena, with whole metres of height and whole seconds, all
half-open: two plans overlap or they do not, there is no rounding. Lines are what a client saw:
`{key, box: [w, s, e, n], heights: [lo, hi], seconds: [a, b], sent, answered, status, id,
conflicts: [id]}`, `status` 201 or 409, or null where no answer came at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Line = Mapping[str, Any]


def overlap(one: Line, other: Line) -> bool:
    """Tell whether two plans share space at some time."""
    return all(
        first < last_other and first_other < last
        for (first, last), (first_other, last_other) in zip(_spans(one), _spans(other), strict=True)
    )


def _spans(line: Line) -> list[tuple[int, int]]:
    west, south, east, north = line["box"]
    return [(west, east), (south, north), tuple(line["heights"]), tuple(line["seconds"])]


def faults(history: Sequence[Line], stands: Sequence[str]) -> list[str]:
    """Return what is wrong with a history, given the ids that the server holds afterwards.

    Double accepts, lost plans, plans that nobody asked for, keys done twice, and refusals whose
    conflicts do not overlap them or were accepted by nobody.
    """
    accepted = {line["id"]: line for line in history if line["status"] == 201}
    wished = {line["id"]: line for line in history if line["id"]}
    found = [f"lost: {one}" for one in accepted if one not in set(stands)]
    found += [f"unknown: {one}" for one in stands if one not in wished]
    held = [wished[one] for one in stands if one in wished]
    for n, one in enumerate(held):
        found += [f"double: {one['id']} {o['id']}" for o in held[:n] if overlap(one, o)]
    keys = [line["key"] for line in accepted.values()]
    found += [f"twice: {key}" for key in set(keys) if keys.count(key) > 1]
    for line in history:
        if line["status"] == 409:
            found += _refusal(line, wished, set(stands))
    return found


def _refusal(line: Line, wished: Mapping[str, Line], stands: set[str]) -> list[str]:
    if not line["conflicts"]:
        return [f"refused for nothing: {line['key']}"]
    found = []
    for other in line["conflicts"]:
        if other not in stands or other not in wished:
            found.append(f"refused for what does not stand: {line['key']} {other}")
        elif not overlap(line, wished[other]):
            found.append(f"refused for what does not overlap: {line['key']} {other}")
        elif wished[other]["sent"] > line["answered"]:
            found.append(f"refused for what came later: {line['key']} {other}")
    return found
