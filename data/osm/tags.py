"""From the tags of an OpenStreetMap way to the columns of an edge."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from data.osm.access import BY_TURNS, REVERSED, access_table, opens_to_motors, turned
from data.osm.clauses import split_clauses
from data.osm.limits import COLUMNS as LIMITS
from data.osm.limits import lower, read_limits
from data.osm.speeds import WAYS, read_speed
from data.osm.values import duration_h, length_m, mass_t, whole, yes_no
from spatial.networks.access_values import HAZMAT_OPEN
from spatial.networks.road import KIND as ROAD
from spatial.networks.road import MOTOR
from spatial.networks.waterway import KIND as WATERWAY

Tags = Mapping[str, str]

ROADS = frozenset(
    f"{name}{link}"
    for name in ("motorway", "trunk", "primary", "secondary", "tertiary")
    for link in ("", "_link")
) | {
    "unclassified",
    "residential",
    "living_street",
    "service",
    "track",
    ROAD.usual_class,
    "busway",
    "bus_guideway",
}
WALKS = frozenset({"pedestrian", "footway", "path", "cycleway", "bridleway", "steps"})
RAILS = frozenset({"rail", "light_rail", "subway", "tram", "narrow_gauge", "monorail", "funicular"})
WATERS = frozenset({"river", "canal", "fairway", "tidal_channel", "ship_canal", "lock"})
BARRAGES = frozenset({"weir", "dam", "sluice_gate", "waterfall"})  # no vessel passes them
FERRIES = frozenset({"ferry", "shuttle_train"})  # carry vehicles over water, or through a tunnel
AREAS = frozenset({"pedestrian", "footway"})  # areas of these are walked along their edges
KEYS = ("highway", "railway", "waterway", "route")  # a way with none of these is no edge

_KEPT = (
    "surface",
    "smoothness",
    "tracktype",
    "service",
    "junction",
    "usage",
    "gauge",
    "electrified",
    "CEMT",
    "intermittent",
    "lit",
    "operator",
    "destination",
    "destination:ref",
    "maxspeed:type",
    "source:maxspeed",
    "official_name",
    "int_ref",
    "bridge:name",
    "bridge:ref",
    "tunnel:name",
    "lock_name",
    "lock_ref",
)
_CHANGING = {"reversible"}
_QUALIFIERS = {"forward", "backward", "conditional"}
_CATEGORIES = {"a", "b", "c", "d", "e"}
_CJK = re.compile(r"[\u3400-\u9fff]")
_ROUTE = re.compile(r"[GSXYCZ]\d{1,5}")


@dataclass(frozen=True)
class EdgeTags:
    """What a way's tags say about each of its edges; the fields are columns of `edge`."""

    mode: str
    edge_class: str
    ref: str | None
    name_zh: str | None
    name_en: str | None
    oneway: bool
    reverse: bool
    speed_kmh: float | None
    speed_basis: str
    lanes: int | None
    layer: int
    limits: tuple[float | None, ...]  # height, width, length (m), mass, axle (t)
    limits_known: bool
    depth_m: float | None
    clearance_m: float | None
    width_m: float | None
    tonnage_t: float | None
    hazmat: str | None
    access: dict[str, object]
    structure: str | None
    structure_name: str | None
    toll: bool | None
    route_id: str | None
    ferry_h: float | None
    props: Mapping[str, object]


def way_kind(tags: Tags) -> tuple[str, str] | None:
    """Return mode and class of a way that becomes edges, or None."""
    if tags.get("area") == "yes":
        walked = tags.get("highway") in AREAS
        return ("walk", tags["highway"]) if walked else None
    if tags.get("highway") in WALKS and opens_to_motors(tags):
        return ROAD.mode, tags["highway"]
    if tags.get("route") in FERRIES and (opens_to_motors(tags) or _is_ferry_alone(tags)):
        return "ferry", "ferry"
    candidates = (
        (ROAD.mode, "highway", ROADS),
        ("walk", "highway", WALKS),
        ("rail", "railway", RAILS),
        (WATERWAY.mode, "waterway", WATERS),
    )
    for mode, key, values in candidates:
        if tags.get(key) in values:
            return mode, tags[key]
    return None


def _is_ferry_alone(tags: Tags) -> bool:
    return not {"highway", "railway"} & tags.keys()


def edge_tags(tags: Tags) -> EdgeTags | None:
    """Read a way's tags, or return None when it is no edge."""
    kind = way_kind(tags)
    if kind is None:
        return None
    mode, edge_class = kind
    oneway, reverse, changing = _direction(tags, mode, edge_class)
    limited, afloat = mode in MOTOR.modes, mode == WATERWAY.mode
    limits, own = read_limits(tags if limited else {})
    access = lower(access_table(tags, mode, edge_class, changing=changing), own)
    structure, structure_name = _structure(tags, mode)
    name_zh, name_en = names(tags)
    speed = read_speed(tags, edge_class, WAYS if not oneway else WAYS[reverse : reverse + 1])
    return EdgeTags(
        mode=mode,
        edge_class=edge_class,
        ref=tags.get("ref"),
        name_zh=name_zh,
        name_en=name_en,
        oneway=oneway,
        reverse=reverse,
        speed_kmh=speed,
        speed_basis="assumed" if speed is None else "posted",
        lanes=whole(tags.get("lanes")),
        layer=whole(tags.get("layer")) or 0,
        limits=_longest(tags) if afloat else limits,
        limits_known=limited and _limits_known(tags, limits, own),
        depth_m=length_m(tags.get("maxdraft") or tags.get("maxdraught")),
        clearance_m=length_m(tags.get("maxheight")) if afloat else None,
        width_m=_width(tags, afloat),
        tonnage_t=mass_t(tags.get("maxtonnage")) if afloat else None,
        hazmat=_hazmat(tags),
        access=turned(access) if reverse else access,
        structure=structure,
        structure_name=structure_name,
        toll=yes_no(tags.get("toll")),
        route_id=_route_id(tags, mode),
        ferry_h=duration_h(tags.get("duration")) if mode == "ferry" else None,
        props=_props(tags),
    )


def is_lock(tags: Tags) -> bool:
    """Tell whether a way lies in the chamber of a lock."""
    return tags.get("lock") == "yes" or tags.get("waterway") == "lock"


def names(tags: Tags) -> tuple[str | None, str | None]:
    """Return the Chinese name and the name for all others."""
    name = tags.get("name")
    chinese = name if name and _CJK.search(name) else None
    other = name if name and chinese is None else None
    zh = tags.get("name:zh") or tags.get("name:zh-Hans") or chinese
    return zh, tags.get("name:en") or other


def _direction(tags: Tags, mode: str, edge_class: str) -> tuple[bool, bool, bool]:
    """Return one-way, against the drawn direction, and changing by time.

    A value that nobody can read opens no way against the drawn direction.
    """
    if mode not in MOTOR.modes:
        return False, False, False
    value = tags.get("oneway", "").strip().lower() or None
    if value in REVERSED:
        return True, True, False
    if value in _CHANGING:
        return False, False, True
    if value == BY_TURNS:
        return False, False, False
    said = yes_no(value)
    implied = (
        value is not None
        or edge_class == "motorway"
        or tags.get("junction") in {"roundabout", "circular"}
    )
    return (implied if said is None else said), False, False


def _limits_known(tags: Tags, limits: tuple[float | None, ...], own: Mapping[str, object]) -> bool:
    """Tell whether both height and mass are stated: a number, none or the legal default."""
    for column, key, nothing in ((0, "maxheight", {"none", "default"}), (3, "maxweight", {"none"})):
        each = [f"limit:{LIMITS[column]}:{way}" in own for way in WAYS]
        if limits[column] is None and tags.get(key) not in nothing and not all(each):
            return False
    return True


def _longest(tags: Tags) -> tuple[float | None, ...]:
    """Return the limits of a waterway that are not columns of their own: its longest vessel (m)."""
    return None, None, length_m(tags.get("maxlength")), None, None


def _width(tags: Tags, afloat: bool) -> float | None:
    """Return the width (m) of a way; of a waterway no more than the widest vessel allowed."""
    keys = ("width", "maxwidth", "maxbeam") if afloat else ("width",)
    known = [length_m(tags[key]) for key in keys if key in tags]
    widths = [width for width in known if width is not None]
    return min(widths, default=length_m(tags.get("est_width")))


def _hazmat(tags: Tags) -> str | None:
    """Return what is said of dangerous goods: of all (`no`), of some (`water=no`), or both.

    What shuts one direction, or at some hours, shuts both at all hours.
    """
    found: dict[str, str] = {}
    for key, text in tags.items():
        head, *names = key.split(":")
        name = ":".join(one for one in names if one not in _QUALIFIERS)
        if head != "hazmat":
            continue
        values = [part.partition("@")[0].strip().lower() for part in split_clauses(text)]
        if name == "adr_tunnel_cat":
            name, values = _category(values)
        shut = [value for value in values if value not in HAZMAT_OPEN]
        if shut or not _QUALIFIERS & {*names}:
            found[name] = (shut or [found.get(name, values[0])])[0]
    parts = [found.pop("")] if "" in found else []
    return ";".join([*parts, *(f"{name}={value}" for name, value in found.items())]) or None


def _category(values: list[str]) -> tuple[str, list[str]]:
    """Return of tunnel categories (ADR 1.9.5.2.2) the code that the strictest shuts out, as a tag.

    A restricts nothing; what is no category shuts out all.
    """
    letters = [letter.strip() for value in values for letter in value.split("/")]
    worst = max(letter if letter in _CATEGORIES else "e" for letter in letters)
    return ("", ["yes"]) if worst == "a" else (worst.upper(), ["no"])


def _structure(tags: Tags, mode: str) -> tuple[str | None, str | None]:
    if mode == "ferry":
        return "ferry", None
    if mode == WATERWAY.mode and is_lock(tags):
        return "lock", tags.get("lock_name") or tags.get("name")
    if tags.get("bridge", "no") != "no":
        return "bridge", tags.get("bridge:name") or tags.get("bridge:ref")
    if tags.get("tunnel", "no") not in {"no", "culvert"}:
        return "tunnel", tags.get("tunnel:name") or tags.get("name")
    return None, None


def _route_id(tags: Tags, mode: str) -> str | None:
    found = _ROUTE.match(tags.get("ref", "").replace(" ", ""))
    return found[0] if found and mode == ROAD.mode else None


def _props(tags: Tags) -> dict[str, str]:
    props = {key: tags[key] for key in _KEPT if key in tags}
    if "maxspeed" in tags and not tags["maxspeed"].isdigit():
        props["maxspeed"] = tags["maxspeed"]
    for key in ("maxspeed:forward", "maxspeed:backward"):
        if key in tags:
            props[key] = tags[key]
    if tags.get("oneway") in {*_CHANGING, BY_TURNS}:
        props["oneway"] = tags["oneway"]
    return props
