"""Where traffic leaves the road before a shut stretch, and where it may come back to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from routing.corridor.directed_search import At, Streets, Way
from routing.graph.weights import Bools, Ints
from routing.index.snap import metres_per_degree

MOST_STRETCHES = 4
REACH_M = 60_000.0
"""How far on either side a junction is looked for."""


@dataclass(frozen=True)
class Ends:
    """A shut stretch: the last place from which one may still leave, the first after it to join.

    `shut_m` is the drive over shut keys between them.
    """

    first: At
    last: At
    shut_m: float


def find_ends(streets: Streets, shut: Ints) -> list[Ends]:
    """Return the shut stretches that traffic drives through, the longest first.

    Parameters
    ----------
    streets
        The directed network.
    shut
        Keys `2 * edge + direction`. Stretches without a junction on both sides have no way round
        and are left out, and so are all but the four longest.
    """
    kept = np.zeros(len(streets.all_keys), np.bool_)
    kept[shut] = True
    kept &= streets.all_keys
    found: dict[tuple[int, int], Ends] = {}
    for key in np.flatnonzero(kept).tolist():
        if any(kept[b] for b in _beside(streets, key, "upstream") if not _returns(streets, b, key)):
            continue
        last, shut_m = _last(streets, key, kept)
        leave = _junction(streets, key, kept, "upstream")
        join = _junction(streets, last, kept, "downstream")
        if leave is not None and join is not None:
            found.setdefault((leave.key, join.key), Ends(leave, join, shut_m))
    return sorted(found.values(), key=lambda ends: -ends.shut_m)[:MOST_STRETCHES]


def heading_at(streets: Streets, at: At) -> float:
    """Return the bearing (degrees clockwise from north) in which a key is driven at its middle."""
    shape = streets.graph.edges.vertices(at.key >> 1)
    middle = len(shape) // 2
    step = (shape[middle] - shape[middle - 1]) * metres_per_degree(float(shape[0, 1]))
    east, north = (-step if at.key & 1 else step).tolist()
    return float(np.degrees(np.arctan2(east, north)) % 360)


def _beside(streets: Streets, key: int, way: Way) -> Iterator[int]:
    """Yield the keys that lead to a key, or on from it; none turns round."""
    back = way == "upstream"
    arcs = streets.graph.arcs
    for arc in range(int(arcs.first[key]), int(arcs.first[key + 1])):
        for other in arcs.key[streets.neighbours(arc, back)].tolist():
            if other != key ^ 1:
                yield other


def _returns(streets: Streets, before: int, key: int) -> bool:
    """Tell whether driving a key after another one leads back, as over a twin."""
    return streets.end_node(before, first=True) == streets.end_node(key, first=False)


def _last(streets: Streets, key: int, kept: Bools) -> tuple[int, float]:
    """Return the last kept key downstream of a kept one, and the metres to its end."""
    shut_m, passed = streets.length_m(key), {streets.end_node(key, first=True)}
    while True:
        passed.add(streets.end_node(key, first=False))
        further = [
            on for on in _beside(streets, key, "downstream")
            if kept[on] and streets.end_node(on, first=False) not in passed
        ]  # fmt: skip
        if not further:
            return key, shut_m
        key = further[0]
        shut_m += streets.length_m(key)


def _junction(streets: Streets, key: int, shut: Bools, way: Way) -> At | None:
    """Return the middle of the nearest key beyond which there is another way than over `key`."""
    back = way == "upstream"
    start = At(key, 0.0 if back else streets.length_m(key))
    other: Way = "downstream" if back else "upstream"
    for reached in streets.search([start], streets.all_keys, REACH_M, way):
        if reached.key in (key, key ^ 1) or shut[reached.key]:
            continue
        onward = {on for on in _beside(streets, reached.key, other) if not shut[on]}
        if len(onward) > (reached.near_m > 1.0):
            return At(reached.key, streets.length_m(reached.key) / 2)
    return None
