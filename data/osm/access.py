"""Who may use a way, by vehicle, direction and condition: the access table of an edge.

Its members are the tags of `KEYS`, each as it is, with a direction, with a condition, or both;
`oneway:<key>`; `hov`, open as rule `<prefix>.sharing` says; speeds as `data.osm.speeds` and limits
as `data.osm.limits` write them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from data.osm.clauses import split_clauses
from data.osm.limits import lower, over
from data.osm.speeds import speed_members
from data.osm.values import yes_no
from spatial.networks.access_values import ADMITTING, CLASSES, ENDING, KEYS, OWN, REFUSING

POWERED = frozenset(KEYS[2:14])
BUSWAYS = frozenset({"busway", "bus_guideway"})
BY_TURNS = "alternating"  # both ways are open, one after the other
REVERSED = frozenset({"-1", "reverse"})
_ONEWAY_KEYS = tuple(f"oneway:{name}" for name in KEYS if name != "access")
_SUFFIXES = tuple(
    way + when for way in ("", ":forward", ":backward") for when in ("", ":conditional")
)
_SIDES = ("", ":left", ":right", ":both")
_OTHER_WAY = {"yes": "-1", "-1": "yes", "forward": "backward", "backward": "forward"}
_AT_HOURS = re.compile(r"(?<![\w-])(yes|-1)(?=\s*@)")  # values of a conditional one-way tag
_SHUT = frozenset({"no", "private"})
_KNOWN = ADMITTING | CLASSES | REFUSING
_GENERAL = 3  # keys that speak of vehicles of all sizes

Tags = Mapping[str, str]
Table = dict[str, object]


def access_table(tags: Tags, mode: str, edge_class: str, *, changing: bool) -> Table:
    """Return the access table of a way; `changing` is one whose direction changes by time."""
    said = {
        key + suffix: _tidy(tags[key + suffix])
        for key in KEYS
        for suffix in _SUFFIXES
        if key + suffix in tags
    }
    table: Table = {**_implied(tags, mode, edge_class, said), **said}
    table |= _oneways(tags)
    if changing:
        table["motor_vehicle"] = "no"
    return _with_sizes(table) | speed_members(tags)


def _tidy(text: str) -> str:
    return text.strip() if "@" in text else text.strip().lower()


def _implied(tags: Tags, mode: str, edge_class: str, said: Tags) -> Table:
    """Return what other tags say of access; what is said of a vehicle itself counts more."""
    table: Table = {}
    if mode == "ferry" and not {"motor_vehicle", "vehicle"} & said.keys():
        table["motor_vehicle"] = "no"
    if edge_class in BUSWAYS:
        table |= {"motor_vehicle": "no", "bus": "yes"}
    if _for_many(tags) and "motor_vehicle" not in said:
        table |= {"hov": "designated", "goods": "no", "emergency": "yes"}
    if tags.get("motorroad") == "yes":
        table |= {"bicycle": "no", "foot": "no", "agricultural": "no"}
    if tags.get("trailer") == "no":
        table["hgv_articulated"] = "no"
    if tags.get("smoothness") == "impassable":
        table["vehicle"] = "no"
    return table


def _for_many(tags: Tags) -> bool:
    """Tell whether a way is for many occupants; one that is so at some hours counts as always."""
    at_hours = {value.strip() for value in _values(tags.get("hov:conditional", ""))}
    lanes = {lane.strip() for lane in tags.get("hov:lanes", "").split("|")}
    return "designated" in at_hours | {tags.get("hov")} or lanes == {"designated"}


def _oneways(tags: Tags) -> Table:
    table: Table = {}
    if any(tags.get(f"cycleway{side}", "").startswith("opposite") for side in _SIDES):
        table["oneway:bicycle"] = "no"
    at_hours = [f"{key}:conditional" for key in ("oneway", *_ONEWAY_KEYS)]
    table |= {key: tags[key] for key in at_hours if key in tags}
    said = {key: _oneway(tags[key].strip().lower()) for key in _ONEWAY_KEYS if key in tags}
    if "oneway" not in tags:  # what nobody can read opens no way against the drawn direction
        said = {key: value or "yes" for key, value in said.items()}
    return table | {key: value for key, value in said.items() if value}


def _oneway(value: str) -> str | None:
    """Return `yes`, `no` or `-1` (against the way) of one vehicle's one-way tag; None: unknown."""
    if value in REVERSED:
        return "-1"
    if value == BY_TURNS:
        return "no"
    said = yes_no(value)
    return None if said is None else "yes" if said else "no"


def _with_sizes(table: Table) -> Table:
    """Write conditions on sizes, as of `hgv:conditional=no @ (weight>7.5)`, as limits.

    What opens a road to those above a size for some purpose only is read of all lorries.
    """
    kept: Table = {}
    for key, text in table.items():
        name, _, last = key.rpartition(":")
        vehicle, _, way = name.partition(":")
        if last != "conditional" or vehicle not in KEYS:
            kept[key] = text
            continue
        rest: dict[str, list[str]] = {}
        for clause in split_clauses(str(text)):
            value, _, condition = clause.partition("@")
            limit = over(condition)
            if limit is None:
                rest.setdefault(key, []).append(clause.strip())
            elif value.strip() in _SHUT or not _values_of(value) & (ADMITTING | OWN):
                column, most, others = limit
                named = ":".join(part for part in ("limit", column, vehicle, way) if part)
                kept = lower(kept, {f"{named}@{others}" if others else named: most})
            elif _values_of(value) <= ENDING:
                for heavy in _heavy(vehicle, table):
                    rest.setdefault(key.replace(vehicle, heavy, 1), []).append(clause.strip())
        for named, clauses in rest.items():
            kept[named] = "; ".join([*([str(kept[named])] if named in kept else []), *clauses])
    return kept


def _values_of(text: str) -> set[str]:
    return {part.strip().lower() for part in text.split(";")}


def _heavy(vehicle: str, table: Table) -> list[str]:
    """Return whom a condition on size speaks of: of all vehicles lorries, and buses not named."""
    if vehicle not in KEYS[:_GENERAL]:
        return [vehicle]
    return ["hgv"] if {"psv", "bus"} & table.keys() else ["hgv", "bus"]


def turned(access: Mapping[str, object]) -> Table:
    """Return an access table as it reads against the drawn direction."""
    result: Table = {}
    for key, value in access.items():
        name, at, condition = key.partition("@")
        parts = name.split(":")
        if parts[0] == "oneway":
            at_hours = parts[-1] == "conditional"
            result[key] = (
                _opposite_at_hours(value) if at_hours else _OTHER_WAY.get(str(value), value)
            )
        else:
            result[":".join(_OTHER_WAY.get(part, part) for part in parts) + at + condition] = value
    return result


def _opposite_at_hours(text: object) -> str:
    return _AT_HOURS.sub(lambda said: _OTHER_WAY[said[0]], str(text))


def oneways_not_read(tags: Tags) -> Iterator[str]:
    """Yield the one-way tags that nobody can read, as `oneway=sometimes`."""
    for key in ("oneway", *_ONEWAY_KEYS):
        text = tags.get(key, "").strip().lower()
        if text and text != "reversible" and _oneway(text) is None:
            yield f"{key}={text}"


def not_understood(table: Mapping[str, object]) -> Iterator[str]:
    """Yield what an access table says that nobody can read, as `hgv=foo`; it shuts out."""
    for name, said in table.items():
        if not isinstance(said, str):
            continue
        values = {part.strip() for part in said.split(";")}
        known = name.endswith(":conditional") or values <= _KNOWN
        if name.startswith("limit:") or (name.partition(":")[0] in KEYS and not known):
            yield f"{name.removeprefix('limit:')}={said}"


def opens_to_motors(tags: Tags) -> bool:
    """Tell whether a way of another class says that motor vehicles of some kind may use it."""
    return any(
        any(value.strip().lower() not in {"", "no"} for value in _values(tags[key]))
        for name in sorted(POWERED - {"emergency", "agricultural"})
        for key in (name, f"{name}:conditional")
        if key in tags
    )


def _values(text: str) -> list[str]:
    return [part.partition("@")[0] for part in split_clauses(text)]
