"""Speed limits of ways: of everybody, of a direction, of a vehicle, at some hours.

That of everybody and both ways is a column of `edge`. Others are members of the access table:
`maxspeed[:<access key>][:forward|:backward]` a number (km/h), and with `:conditional` behind it a
text, `40 @ (Mo-Fr 07:00-09:00); 60 @ (22:00-06:00)`, whose numbers are km/h as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from data.osm.clauses import split_clauses
from data.osm.values import speed_kmh
from spatial.networks.access_values import KEYS

Tags = Mapping[str, str]

WAYS = ("forward", "backward")
_ZONE_KEYS = ("maxspeed:type", "source:maxspeed", "zone:maxspeed", "zone:traffic")
_UNLIMITED_KMH = 130.0  # the speed advised where there is no limit
_UNLIMITED = ("motorway", "trunk")
_NO_NUMBER = frozenset({"none", "signals", "variable", "implicit", "unsigned", "unposted"})


def read_speed(tags: Tags, edge_class: str, open_ways: tuple[str, ...]) -> float | None:
    """Return the speed (km/h) of everybody in the directions that are open; of two the lower one.

    None where nothing is said, or where only one of two directions is spoken of.
    """
    whole_way = speed_kmh(tags.get("maxspeed"))
    if whole_way is not None:
        return whole_way
    each = [speed_kmh(tags.get(f"maxspeed:{way}")) for way in open_ways]
    known = [value for value in each if value is not None]
    if len(known) == len(each):
        return min(known)
    if tags.get("maxspeed") == "none" and edge_class in _UNLIMITED:
        return _UNLIMITED_KMH
    zones = [speed_kmh(tags.get(key)) for key in _ZONE_KEYS if ":" in tags.get(key, "")]
    return next((value for value in zones if value is not None), None)


def speed_members(tags: Tags) -> dict[str, object]:
    """Return what the access table says of speeds."""
    found: dict[str, object] = {}
    for key, name, conditional in _named(tags):
        if conditional:
            clauses = [said for said in _clauses(tags[key]) if not isinstance(said, str)]
            if clauses:
                found[name] = "; ".join(f"{kmh:g} @ ({when})" for kmh, when in clauses)
        elif name != "maxspeed":
            value = speed_kmh(tags[key])
            if value is not None:
                found[name] = value
    return found


def speeds_not_read(tags: Tags) -> Iterator[str]:
    """Yield the tags on speeds that nobody can read, as `maxspeed=fast`; they count for nothing."""
    for key, _, conditional in _named(tags):
        text = tags[key]
        if conditional:
            yield from (f"{key}={said}" for said in _clauses(text) if isinstance(said, str))
        elif speed_kmh(text) is None and text not in _NO_NUMBER:
            yield f"{key}={text}"


def _named(tags: Tags) -> Iterator[tuple[str, str, bool]]:
    """Yield the keys of speeds, each with its member and whether it holds under a condition."""
    for key in tags:
        head, *suffixes = key.split(":")
        if head != "maxspeed" or set(suffixes) - {*KEYS, *WAYS, "conditional"}:
            continue
        who = [part for part in suffixes if part in KEYS]
        way = [part for part in suffixes if part in WAYS]
        if len(who) > 1 or len(way) > 1:
            continue
        conditional = "conditional" in suffixes
        yield key, ":".join(["maxspeed", *who, *way, *["conditional"] * conditional]), conditional


def _clauses(text: str) -> Iterator[tuple[float, str] | str]:
    """Yield speed (km/h) and condition of each clause, or the clause that cannot be read."""
    for clause in split_clauses(text):
        value, at, condition = (part.strip() for part in clause.partition("@"))
        kmh = _UNLIMITED_KMH if value == "none" else speed_kmh(value)
        if kmh is None or not at:
            yield clause.strip()
        else:
            yield kmh, condition.strip("() ")
