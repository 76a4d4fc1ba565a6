"""From the tags of an OpenStreetMap way to the columns of an edge."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from data.osm.values import duration_h, length_m, lowest, mass_t, speed_kmh, whole, yes_no
from spatial.networks.road import KIND as ROAD
from spatial.networks.road import MOTOR

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
FERRIES = frozenset({"ferry"})
KEYS = ("highway", "railway", "waterway", "route")  # a way with none of these is no edge

ACCESS_KEYS = (
    "access",
    "vehicle",
    "motor_vehicle",
    "motorcar",
    "motorcycle",
    "goods",
    "hgv",
    "psv",
    "bus",
    "taxi",
    "tourist_bus",
    "agricultural",
    "emergency",
    "bicycle",
    "foot",
    "boat",
    "ship",
    "motorboat",
)
_SIDES = ("", ":left", ":right", ":both")
_ONEWAY_KEYS = tuple(f"oneway:{name}" for name in ACCESS_KEYS if name != "access")
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
_REVERSED = {"-1", "reverse"}
_CHANGING = {"reversible"}
_BY_TURNS = "alternating"  # both ways are open, one after the other
_OTHER_WAY = {"yes": "-1", "-1": "yes", "forward": "backward", "backward": "forward"}
_AT_HOURS = re.compile(r"(?<![\w-])(yes|-1)(?=\s*@)")  # values of a conditional one-way tag
_CJK = re.compile(r"[\u3400-\u9fff]")
_ROUTE = re.compile(r"[GSXYCZ]\d{1,5}")
_LANE_LIMIT_SUFFIXES = ("", ":forward", ":backward", ":physical", ":legal", ":signed")


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
    access: dict[str, str]
    structure: str | None
    structure_name: str | None
    toll: bool | None
    route_id: str | None
    ferry_h: float | None
    props: Mapping[str, object]


def way_kind(tags: Tags) -> tuple[str, str] | None:
    """Return mode and class of a way that becomes edges, or None."""
    if tags.get("area") == "yes":
        return None
    candidates = (
        (ROAD.mode, "highway", ROADS),
        ("ferry", "route", FERRIES),
        ("walk", "highway", WALKS),
        ("rail", "railway", RAILS),
        ("waterway", "waterway", WATERS),
    )
    for mode, key, values in candidates:
        if tags.get(key) in values:
            return mode, tags[key]
    return None


def edge_tags(tags: Tags) -> EdgeTags | None:
    """Read a way's tags, or return None when it is no edge."""
    kind = way_kind(tags)
    if kind is None:
        return None
    mode, edge_class = kind
    oneway, reverse, changing = _direction(tags, mode, edge_class)
    access = _access(tags, mode, edge_class, changing)
    limits, known = _limits(tags, mode)
    structure, structure_name = _structure(tags, mode)
    name_zh, name_en = names(tags)
    speed = _speed(tags)
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
        limits=limits,
        limits_known=known,
        depth_m=length_m(tags.get("maxdraft") or tags.get("maxdraught")),
        clearance_m=length_m(tags.get("maxheight")) if mode == "waterway" else None,
        width_m=length_m(tags.get("width") or tags.get("est_width")),
        tonnage_t=mass_t(tags.get("maxtonnage")) if mode == "waterway" else None,
        hazmat=_hazmat(tags),
        access=_turned(access) if reverse else access,
        structure=structure,
        structure_name=structure_name,
        toll=yes_no(tags.get("toll")),
        route_id=_route_id(tags, mode),
        ferry_h=duration_h(tags.get("duration")) if mode == "ferry" else None,
        props=_props(tags),
    )


def names(tags: Tags) -> tuple[str | None, str | None]:
    """Return the Chinese name and the name for all others."""
    name = tags.get("name")
    chinese = name if name and _CJK.search(name) else None
    other = name if name and chinese is None else None
    zh = tags.get("name:zh") or tags.get("name:zh-Hans") or chinese
    return zh, tags.get("name:en") or other


def _direction(tags: Tags, mode: str, edge_class: str) -> tuple[bool, bool, bool]:
    """Return one-way, against the drawn direction, and changing by time."""
    if mode not in MOTOR.modes:
        return False, False, False
    value = tags.get("oneway")
    if value in _REVERSED:
        return True, True, False
    if value in _CHANGING:
        return False, False, True
    if value == _BY_TURNS:
        return False, False, False
    said = yes_no(value)
    implied = edge_class == "motorway" or tags.get("junction") in {"roundabout", "circular"}
    return (implied if said is None else said), False, False


def _speed(tags: Tags) -> float | None:
    whole_way = speed_kmh(tags.get("maxspeed"))
    if whole_way is not None:
        return whole_way
    each = [speed_kmh(tags.get(f"maxspeed:{d}")) for d in ("forward", "backward")]
    known = [value for value in each if value is not None]
    return min(known) if known else None


def _lowest(tags: Tags, keys: tuple[str, ...], read: Callable[[str], float | None]) -> float | None:
    texts = [tags.get(key + suffix) for key in keys for suffix in _LANE_LIMIT_SUFFIXES]
    known = [value for text in texts if text and (value := lowest(text, read)) is not None]
    return min(known, default=None)


def _limits(tags: Tags, mode: str) -> tuple[tuple[float | None, ...], bool]:
    """Return the limits, and whether both height and mass are stated (a number or none)."""
    if mode not in MOTOR.modes:
        return (None,) * 5, False
    limits = (
        _lowest(tags, ("maxheight",), length_m),
        _lowest(tags, ("maxwidth",), length_m),
        _lowest(tags, ("maxlength",), length_m),
        _lowest(tags, ("maxweight", "maxweightrating", "maxgcweight"), mass_t),
        _lowest(tags, ("maxaxleload",), mass_t),
    )
    height = limits[0] is not None or tags.get("maxheight") in {"none", "default"}
    mass = limits[3] is not None or tags.get("maxweight") == "none"
    return limits, height and mass


def _hazmat(tags: Tags) -> str | None:
    said = tags.get("hazmat")
    parts = [said] if said else []
    named = {k.removeprefix("hazmat:"): v for k, v in tags.items() if k[:7] == "hazmat:"}
    category = named.pop("adr_tunnel_cat", None)
    if category in {"B", "C", "D", "E"}:  # of ADR 1.9.5.2.2; A restricts nothing
        named.setdefault(category, "no")
    elif category == "A" and not said:
        parts.append("yes")
    return ";".join([*parts, *(f"{name}={value}" for name, value in named.items())]) or None


def _access(tags: Tags, mode: str, edge_class: str, changing: bool) -> dict[str, str]:
    table = {
        key + way: tags[key + way]
        for key in ACCESS_KEYS
        for way in ("", ":forward", ":backward", ":conditional")
        if key + way in tags
    }
    if any(tags.get(f"cycleway{side}", "").startswith("opposite") for side in _SIDES):
        table["oneway:bicycle"] = "no"
    at_hours = [f"{key}:conditional" for key in ("oneway", *_ONEWAY_KEYS)]
    table |= {key: tags[key] for key in at_hours if key in tags}
    said = {key: _oneway(tags[key]) for key in _ONEWAY_KEYS if key in tags}
    table |= {key: value for key, value in said.items() if value}
    if mode == "ferry" and not {"motor_vehicle", "motorcar", "vehicle"} & table.keys():
        table["motor_vehicle"] = "no"
    if edge_class in {"busway", "bus_guideway"}:
        table = {"motor_vehicle": "no", "bus": "yes", **table}
    if changing:
        table["motor_vehicle"] = "no"
    if tags.get("smoothness") == "impassable":
        table = {"vehicle": "no", **table}
    return table


def _oneway(value: str) -> str | None:
    """Return `yes`, `no` or `-1` (against the way) of one vehicle's one-way tag; None: unknown."""
    if value in _REVERSED:
        return "-1"
    if value == _BY_TURNS:
        return "no"
    said = yes_no(value)
    return None if said is None else "yes" if said else "no"


def _turned(access: Mapping[str, str]) -> dict[str, str]:
    """Return an access table as it reads against the drawn direction."""
    turned = {}
    for key, value in access.items():
        name, _, way = key.rpartition(":")
        if way == "conditional" and name.partition(":")[0] == "oneway":
            turned[key] = _AT_HOURS.sub(lambda said: _OTHER_WAY[said[0]], value)
        elif name == "oneway":
            turned[key] = _OTHER_WAY.get(value, value)
        else:
            turned[f"{name}:{_OTHER_WAY[way]}" if way in _OTHER_WAY else key] = value
    return turned


def _structure(tags: Tags, mode: str) -> tuple[str | None, str | None]:
    if mode == "ferry":
        return "ferry", None
    if mode == "waterway" and (tags.get("lock") == "yes" or tags.get("waterway") == "lock"):
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
    if tags.get("oneway") in {*_CHANGING, _BY_TURNS}:
        props["oneway"] = tags["oneway"]
    return props
