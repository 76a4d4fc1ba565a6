"""Limits of roads, crossings and barriers, in every spelling, by vehicle, direction and condition.

A limit of everybody is a column of `edge`. One of some vehicles, of a direction or at some hours,
and one that nobody can read, are members of the access table,
`limit:<column>[:<access key>][:forward|:backward][@<condition>]`: a number, or the text that stands
there, which refuses whoever is tested for that dimension.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from data.osm.clauses import split_clauses
from data.osm.values import length_m, mass_t
from spatial.networks.access_values import KEYS

COLUMNS = ("max_height_m", "max_width_m", "max_length_m", "max_mass_t", "max_axle_t")
_KEYS = {
    "maxheight": (0, length_m),
    "maxwidth": (1, length_m),
    "maxlength": (2, length_m),
    "maxweight": (3, mass_t),
    "maxweightrating": (3, mass_t),
    "maxgcweight": (3, mass_t),
    "maxaxleload": (4, mass_t),
}
_OF_NODES = (
    "", ":physical", ":hgv", ":bus", ":forward", ":backward", ":conditional", ":hgv:conditional",
)  # fmt: skip
NODE_KEYS = tuple(key + suffix for key in _KEYS for suffix in _OF_NODES)
"""Keys of limits by which nodes are looked for; beside one of them all others are read."""
_NONE = frozenset({"none", "no", "default", "unsigned", "no_sign", "no_indications", "unknown", ""})
_OTHERS = frozenset({"trailer", "caravan", "motorhome", "coach", "moped", "mofa"})  # none of ours
_ABOUT = frozenset({"source", "note", "description", "ref", "type", "date", "url", "zone"})
_OVER = re.compile(
    r"(weight|weightrating|axleload|length|width|height)\s*>(=?)\s*([\d.,]+\s*[a-z'\"]*)"
)
_OVER_KEYS = {
    "weight": "maxweight", "weightrating": "maxweight", "axleload": "maxaxleload",
    "length": "maxlength", "width": "maxwidth", "height": "maxheight",
}  # fmt: skip
_LEAST = 0.001  # what `>=` leaves below the number, in m or t

_DIRECTED = frozenset({"maxheight", "maxwidth", "maxlength", "maxweight", "maxaxleload"})
_OTHER_WAY = {"forward": "backward", "backward": "forward"}
_AND = re.compile(r"\s+and\s+", re.IGNORECASE)

Read = Callable[[str], float | None]


class Limits(NamedTuple):
    """Limits of everybody in the order of `COLUMNS`, and the members for the access table."""

    columns: tuple[float | None, ...]
    own: dict[str, object]

    @property
    def any(self) -> bool:
        """Tell whether there is a limit."""
        return bool(self.own) or any(limit is not None for limit in self.columns)

    def with_(self, other: Limits) -> Limits:
        """Return the lower ones of two; a text, which nobody can read, stays."""
        pairs = zip(self.columns, other.columns, strict=True)
        columns = tuple(min((v for v in pair if v is not None), default=None) for pair in pairs)
        return Limits(columns, lower(self.own, other.own))


def lower(one: Mapping[str, object], other: Mapping[str, object]) -> dict[str, object]:
    """Return the members of both, of limits in both the lower; a text stays, as nobody reads it."""
    both = {**other, **one}
    for name in one.keys() & other.keys():
        pair = one[name], other[name]
        numbers = [value for value in pair if isinstance(value, float)]
        if len(numbers) == len(pair):
            both[name] = min(numbers)
        else:
            both[name] = next(value for value in pair if not isinstance(value, float))
    return both


class _Named(NamedTuple):
    """Of whom a limit is: its column, access key, direction and condition, '' for none.

    `plain` tells that nothing else qualifies it: of one key it takes the place of the limit that
    speaks of both directions.
    """

    column: str
    vehicle: str = ""
    way: str = ""
    condition: str = ""
    plain: bool = True

    @property
    def member(self) -> str:
        """Its name in the access table."""
        name = ":".join(part for part in ("limit", self.column, self.vehicle, self.way) if part)
        return f"{name}@{self.condition}" if self.condition else name


def read_limits(tags: Mapping[str, str], *, along: bool = True) -> Limits:
    """Return what the tags of a way or node limit; of several values the lowest counts.

    Those of a node say nothing of a direction `along` a way: they count both ways.
    """
    found: dict[_Named, list[float | str]] = {}
    for key, text in tags.items():
        for named, value in _read(key, text):
            kept = named if along else named._replace(way="")
            found.setdefault(kept, []).append(value)
    lowest: dict[str, float] = {}
    unread: dict[str, str] = {}
    for named, values in _by_direction(found):
        for value in values:
            if isinstance(value, str):
                unread[named.member] = value
            else:
                lowest[named.member] = min(value, lowest.get(named.member, value))
    columns = tuple(lowest.pop(f"limit:{column}", None) for column in COLUMNS)
    return Limits(columns, {**lowest, **unread})


def _read(key: str, text: str) -> Iterator[tuple[_Named, float | str]]:
    """Yield what one tag limits."""
    head, *suffixes = key.split(":")
    if head not in _KEYS or (_ABOUT | _OTHERS) & set(suffixes):
        return
    number, read = _KEYS[head]
    vehicle = next((s for s in suffixes if s in KEYS), "")
    way = next((s for s in suffixes if s in _OTHER_WAY), "")
    plain = not {*suffixes} - {vehicle, way} and head in _DIRECTED
    named = _Named(COLUMNS[number], vehicle, way, "", plain)
    if "conditional" not in suffixes:
        yield from ((named, value) for value in _values(text, suffixes, read))
        return
    for clause in split_clauses(text):
        value, _, condition = clause.partition("@")
        for one in _values(value, suffixes, read):
            yield named._replace(condition=condition.strip("() "), plain=False), one


def _by_direction(
    found: Mapping[_Named, list[float | str]],
) -> Iterator[tuple[_Named, list[float | str]]]:
    """Yield the limits, those of both directions where none of one takes their place."""
    for named, values in found.items():
        ways = [way for way in _OTHER_WAY if named._replace(way=way) in found]
        if named.way or not ways or not named.plain:
            yield named, values
        elif len(ways) == 1:
            yield named._replace(way=_OTHER_WAY[ways[0]]), values


def over(condition: str) -> tuple[str, float, str] | None:
    """Return column and limit of a condition like `weight>7.5 AND Mo-Fr`, and its other parts.

    None where it speaks of no size.
    """
    parts = _AND.split(condition.strip("() "))
    for part in parts:
        found = _OVER.fullmatch(part.lower().strip("() "))
        if found is not None:
            number, read = _KEYS[_OVER_KEYS[found[1]]]
            limit = read(found[3])
            rest = " AND ".join(other for other in parts if other is not part)
            low = _LEAST if found[2] else 0.0
            return None if limit is None else (COLUMNS[number], limit - low, rest)
    return None


def _values(text: str, suffixes: list[str], read: Read) -> Iterator[float | str]:
    """Yield the values of a tag: numbers, or the text that cannot be read."""
    if "lanes" in suffixes:  # the highest lane is the one to take
        lanes = [read(part) if part.strip() not in _NONE else None for part in text.split("|")]
        if all(lane is not None for lane in lanes):
            yield max(lane for lane in lanes if lane is not None)
        return
    for part in text.split(";"):
        said = part.strip()
        if said.lower() in _NONE or ("signed" in suffixes and said.lower() == "yes"):
            continue
        value = read(said)
        yield value if value is not None and value > 0 else said
