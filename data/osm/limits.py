"""Limits of roads, crossings and barriers, in every spelling, by vehicle, direction and condition.

A limit of everybody is a column of `edge`. One of some vehicles, and one that nobody can read, are
members `limit:<column>` and `limit:<column>:<access key>` of the access table: a number, or the
text that stands there, which refuses whoever is tested for that dimension.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

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
NODE_KEYS = tuple(_KEYS)
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


def read_limits(tags: Mapping[str, str]) -> Limits:
    """Return what the tags of a way or node limit; of several values the lowest counts.

    A direction or condition of a limit is not looked at: it counts both ways and always.
    """
    lowest: dict[str, float] = {}
    unread: dict[str, str] = {}
    for key, text in tags.items():
        head, *suffixes = key.split(":")
        if head not in _KEYS or _ABOUT & set(suffixes):
            continue
        number, read = _KEYS[head]
        if _OTHERS & set(suffixes):
            continue
        vehicles = [s for s in suffixes if s in KEYS]
        name = ":".join([f"limit:{COLUMNS[number]}", *vehicles[:1]])
        for value in _values(text, suffixes, read):
            if isinstance(value, str):
                unread[name] = value
            else:
                lowest[name] = min(value, lowest.get(name, value))
    columns = tuple(lowest.pop(f"limit:{column}", None) for column in COLUMNS)
    return Limits(columns, {**lowest, **unread})


def over(clause: str) -> tuple[str, float] | None:
    """Return column and limit of a condition like `weight>7.5`, None where it is no such one."""
    found = _OVER.search(clause.lower())
    if found is None:
        return None
    number, read = _KEYS[_OVER_KEYS[found[1]]]
    limit = read(found[3])
    return None if limit is None else (COLUMNS[number], limit - (_LEAST if found[2] else 0.0))


def _values(text: str, suffixes: list[str], read: Read) -> Iterator[float | str]:
    """Yield the values of a tag: numbers, or the text that cannot be read."""
    if "lanes" in suffixes:  # the highest lane is the one to take
        lanes = [read(part) if part.strip() not in _NONE else None for part in text.split("|")]
        if all(lane is not None for lane in lanes):
            yield max(lane for lane in lanes if lane is not None)
        return
    if "conditional" in suffixes:
        text = ";".join(part.split("@")[0] for part in re.split(r";(?![^(]*\))", text))
    for part in text.split(";"):
        said = part.strip()
        if said.lower() in _NONE or ("signed" in suffixes and said.lower() == "yes"):
            continue
        value = read(said)
        yield value if value is not None and value > 0 else said
