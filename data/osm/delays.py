"""What delays traffic on a way: signals, stop and give-way signs, crossings, gates on its nodes.

A node of this kind is kept in files while a load runs, nine bytes each. On an edge those passed in
each direction are counted; one at its end counts for who arrives there, not for who leaves.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from data.osm.nodes import Ints

GATES = frozenset(
    {
        "bump_gate",
        "gate",
        "hampshire_gate",
        "lift_gate",
        "sally_port",
        "sliding_gate",
        "swing_gate",
    }
)
RAIL_CROSSINGS = frozenset({"level_crossing", "tram_level_crossing"})
UNMARKED = frozenset({"no", "unmarked", "informal"})
_SIGNS = ("traffic_signals", "stop", "give_way")
_KINDS = ("traffic_signals", "stop", "give_way", "crossing", "level_crossing", "gate", "toll_booth")
_KIND, _WAY, _AT_JUNCTIONS = 7, 3, 32  # bits: kind + 1, then the direction from bit 3 on
_BOTH, _FORWARD, _BACKWARD = 0, 1, 2

Codes = NDArray[np.uint8]
D = TypeVar("D", bound=np.generic)


def is_crossing(tags: Mapping[str, str]) -> bool:
    """Tell whether those on foot cross at a node by a marking or signals."""
    return tags.get("highway") == "crossing" and tags.get("crossing", "") not in UNMARKED


def delay_code(tags: Mapping[str, str]) -> int:
    """Return what a node delays traffic by, as `Delays` keeps it; 0 is nothing."""
    kind = _kind(tags)
    if kind is None:
        return 0
    said = tags.get(f"{kind}:direction") or tags.get("direction")
    ways = {"forward": _FORWARD, "backward": _BACKWARD}
    # A sign on the junction itself does not say whom it stops, unless it stops all.
    anywhere = kind not in ("stop", "give_way") or tags.get("stop") == "all"
    return (_KINDS.index(kind) + 1) | ways.get(said or "", _BOTH) << _WAY | anywhere * _AT_JUNCTIONS


def _kind(tags: Mapping[str, str]) -> str | None:
    if tags.get("highway") in _SIGNS:
        return tags["highway"]
    if tags.get("railway") in RAIL_CROSSINGS:
        return "level_crossing"
    barrier = tags.get("barrier", "")
    if barrier in GATES:
        return "gate"
    if barrier == "toll_booth":
        return barrier
    return "crossing" if is_crossing(tags) else None


class DelayNodes:
    """Nodes that delay traffic, by id."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ids, self._codes = array("q"), array("B")

    def add(self, node: int, tags: Mapping[str, str]) -> None:
        """Keep a node if it delays traffic."""
        code = delay_code(tags)
        if code:
            self._ids.append(node)
            self._codes.append(code)

    def finish(self) -> Delays:
        """Return the nodes in order of their ids."""
        ids, codes = np.array(self._ids, np.int64), np.array(self._codes, np.uint8)
        order = np.argsort(ids, kind="stable")
        self._ids, self._codes = array("q"), array("B")
        return Delays(self._kept("ids", ids[order]), self._kept("codes", codes[order]))

    def _kept(self, name: str, column: NDArray[D]) -> NDArray[D]:
        path = self._folder / f"delay-{name}.npy"
        np.save(path, column)
        return np.asarray(np.load(path, mmap_mode="r"))


class Delays(NamedTuple):
    """Ids of nodes that delay traffic, ascending, and what each one is."""

    ids: Ints
    codes: Codes

    def at(self, refs: Ints) -> Codes:
        """Return what each of some nodes is; 0 is nothing."""
        if not len(self.ids):
            return np.zeros(len(refs), np.uint8)
        place = np.minimum(np.searchsorted(self.ids, refs), len(self.ids) - 1)
        return np.where(self.ids[place] == refs, self.codes[place], 0).astype(np.uint8)


def count_delays(
    codes: Codes, xy: Ints, ends: tuple[bool, bool], *, reverse: bool
) -> dict[str, list[int]]:
    """Return how often each delay is met along an edge, forward and backward.

    Parameters
    ----------
    codes, xy
        Of the nodes of the edge, as `Delays.at` has them, and where they are (1e-7 degrees).
    ends
        Whether the first and the last node end the way: then directions along it say nothing.
    reverse
        Whether the edge runs against its way.
    """
    found: dict[str, list[int]] = {}
    last = len(codes) - 1
    for place in np.flatnonzero(codes).tolist():
        code = int(codes[place])
        junction, kind = place in (0, last), _KINDS[(code & _KIND) - 1]
        if junction and not code & _AT_JUNCTIONS:
            continue
        way = code >> _WAY & 3
        if (place == 0 and ends[0]) or (place == last and ends[1]):
            way = _BOTH
        elif way == _BOTH and not junction and kind in ("stop", "give_way"):
            way = _to_nearer_end(xy, place)
        counts = found.setdefault(kind, [0, 0])
        counts[0] += place > 0 and way != _BACKWARD
        counts[1] += place < last and way != _FORWARD
    return {
        kind: counts[::-1] if reverse else counts for kind, counts in found.items() if any(counts)
    }


def _to_nearer_end(xy: Ints, place: int) -> int:
    """Return the direction of the end of a line that is nearer to one of its vertices."""
    east, north = np.diff(xy, axis=0).T
    steps = np.hypot(east * np.cos(np.radians(xy[place, 1] / 1e7)), north)
    return _BACKWARD if steps[:place].sum() < steps[place:].sum() else _FORWARD
