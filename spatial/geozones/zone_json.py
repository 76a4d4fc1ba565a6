"""What zones written as JSON share: reading with plain faults, limits, outlines, our own extras.

What a standard has no member for lies in its place for extensions, under `sigang`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import Literal, TypeAlias, cast

import numpy as np
import orjson
import shapely

from spatial.errors import BadParameter
from spatial.geo.datum import Floats
from spatial.geo.heights import METRES, Datum
from spatial.geo.volumes import Circle
from spatial.geozones.model import (
    Footprint,
    GeoZone,
    ZoneFault,
    ZoneFile,
    ZoneLimit,
    ZoneVolume,
    ceiling_of,
    plain_words,
)
from spatial.json_types import Json, JsonObject

Members: TypeAlias = Mapping[str, object]
REFERENCES: Mapping[str, Datum] = {"AGL": "AGL", "AMSL": "AMSL", "WGS84": "W84"}
"""Vertical references of both standards; neither has standard pressure."""
WRITTEN_REFERENCE: Mapping[str, str] = {datum: name for name, datum in REFERENCES.items()}
REASONS = (
    "AIR_TRAFFIC", "SENSITIVE", "PRIVACY", "POPULATION", "NATURE", "NOISE", "EMERGENCY", "DAR",
    "FOREIGN_TERRITORY", "OTHER",
)  # fmt: skip
LONGEST_IDENTIFIER = 7
OWN = "sigang"


def parse(body: bytes) -> Members:
    """Return a file of JSON, which is an object.

    Raises
    ------
    ZoneFault
        It is not: broken, NaN, nested too deep, or something else.
    """
    try:
        found = orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise ZoneFault("bad-file", f"not JSON: {error}", f"不是 JSON：{error}") from error
    if not isinstance(found, dict):
        raise ZoneFault("bad-file", "not a JSON object", "不是 JSON 对象")
    return found


def items_of(body: Members, name: str) -> list[object]:
    """Return the list of a member.

    Raises
    ------
    ZoneFault
        It is no list.
    """
    found = body.get(name)
    if not isinstance(found, list):
        raise ZoneFault("bad-file", f"{name} is no list", f"{name} 不是列表")
    return found


def read_each(whole: Members, name: str, read: Callable[[Members, int], GeoZone]) -> ZoneFile:
    """Return the zones of a list, each read with its number from 1; put aside what is none.

    Raises
    ------
    ZoneFault
        There is no such list.
    """
    found = ZoneFile()
    for number, item in enumerate(items_of(whole, name), start=1):
        try:
            found.zones.append(read(object_of(item, f"{name}[{number - 1}]"), number))
        except ZoneFault as error:
            found.refuse(error, number, item if isinstance(item, dict) else {"value": item})
    return found


def reasons_of(item: Members) -> tuple[str, ...]:
    """Return the reasons of a zone, which are a list or one of them."""
    given = item.get("reason") or []
    return plain_words(given if isinstance(given, list) else [str(given)])


def object_of(value: object, name: str) -> Members:
    """Return an object.

    Raises
    ------
    ZoneFault
        It is something else; names it.
    """
    if not isinstance(value, Mapping):
        raise ZoneFault("bad-zone", f"{name} is no object", f"{name} 不是对象")
    return value


def text_of(value: object) -> str:
    """Return a text, empty for null."""
    return "" if value is None else str(value).strip()


def number_of(value: object, name: str) -> float | None:
    """Return a number, also one written as text; None for null.

    Raises
    ------
    ZoneFault
        It is something else.
    """
    if value is None or value == "":
        return None
    try:
        if isinstance(value, bool):
            raise ValueError
        return float(cast(str, value))
    except (TypeError, ValueError):
        raise ZoneFault(
            "bad-height", f"{name}: not a number: {str(value)[:40]!r}", f"{name} 不是数字"
        ) from None


def limits_of(
    lower: tuple[object, object], upper: tuple[object, object], unit: object
) -> tuple[ZoneLimit, ZoneLimit | None]:
    """Return floor and ceiling of values with their references, in a unit (`m`, `ft`).

    Raises
    ------
    ZoneFault
        No lower limit, a value without reference, or an unknown unit.
    """
    to_m = METRES.get(text_of(unit).lower())
    if to_m is None:
        raise ZoneFault("bad-height", f"no such unit: {unit!r}", f"无此单位：{unit!r}")
    low, high = number_of(lower[0], "lower"), number_of(upper[0], "upper")
    if low is None:
        raise ZoneFault("missing-height", "no lower limit", "缺少下限")
    floor = ZoneLimit(low * to_m, _datum(lower[1], "lower"))
    if high is None:
        return floor, None
    return floor, ceiling_of(high, _datum(upper[1], "upper"), to_m)


def _datum(reference: object, side: str) -> Datum:
    found = REFERENCES.get(text_of(reference))
    if found is None:
        raise ZoneFault(
            "missing-datum", f"{side}: no such vertical reference: {reference!r}",
            f"{side} 高度基准缺失或未知：{reference!r}",
        )  # fmt: skip
    return found


def polygon_of(rings: object) -> shapely.Polygon:
    """Return a polygon of GeoJSON coordinates.

    Raises
    ------
    ZoneFault
        They are none.
    """
    if not isinstance(rings, list) or not rings:
        raise ZoneFault("no-geometry", "no ring", "没有环")
    shell, *holes = (_ring(ring) for ring in rings)
    return shapely.Polygon(shell, holes)


def _ring(ring: object) -> Floats:
    try:
        found = np.array(ring)
    except (TypeError, ValueError):
        found = np.empty(0)
    right = found.ndim == 2 and found.shape[1] >= 2 and found.dtype.kind in "fiu"
    if not right or (found != found[0]).any(axis=1).sum() < 2:
        raise ZoneFault("bad-shape", "a ring is no list of positions", "环不是坐标列表")
    return found[:, :2].astype(float)


def circle_of(centre: object, radius_m: float | None) -> Circle:
    """Return a circle.

    Raises
    ------
    ZoneFault
        It is none.
    """
    try:
        lon, lat = (float(x) for x in cast("list[float]", centre)[:2])
        return Circle((lon, lat), radius_m or 0.0)
    except (TypeError, ValueError):
        raise ZoneFault("bad-shape", "no centre", "没有圆心") from None
    except BadParameter as error:
        raise ZoneFault("bad-shape", error.en, error.zh) from error


def rings_of(shape: Footprint) -> list[Json]:
    """Return the coordinates of a polygon as GeoJSON has them."""
    assert not isinstance(shape, Circle)  # noqa: S101
    rings = (shape.exterior, *shape.interiors)
    return [[[x, y] for x, y in ring.coords] for ring in rings]


def unwritable(volume: ZoneVolume) -> str | None:
    """Return why a volume has no place in ED-269 and ED-318, None where it has."""
    limits = [one for one in (volume.floor, volume.ceiling) if one is not None]
    if any(one.datum not in WRITTEN_REFERENCE for one in limits):
        return "heights of standard pressure"
    return None


def short_identifier(identifier: str, country: str) -> str:
    """Return an identifier of at most seven characters, its own where it is so short."""
    if len(identifier) <= LONGEST_IDENTIFIER:
        return identifier
    digest = blake2b(f"{country}/{identifier}".encode(), digest_size=4).hexdigest()
    return digest[:LONGEST_IDENTIFIER].upper()


def extras_of(zone: GeoZone, carried: Mapping[str, str]) -> JsonObject:
    """Return what of a zone a standard has no member for, or carries otherwise.

    `carried` is what the standard's members say, by field.
    """
    own: JsonObject = {}
    for name in ("identifier", "name_zh", "name_en", "level", "country", "message", "conditions"):
        value = getattr(zone, name)
        if value != carried.get(name, ""):
            own[name] = value
    if any(reason not in REASONS for reason in zone.reasons):
        own["reasons"] = [*zone.reasons]
    if zone.given:
        own["given"] = dict(zone.given)
    included = [_included(volume) for volume in zone.volumes]
    if any(included):
        own["excluded"] = [*included]
    return own


def _included(volume: ZoneVolume) -> str:
    """Return which limits do not belong to a volume: of `floor` and `ceiling`."""
    named = (("floor", volume.floor), ("ceiling", volume.ceiling))
    return " ".join(name for name, one in named if one is not None and not one.included)


def with_extras(zone: GeoZone, extended: object) -> GeoZone:
    """Return a zone with what we ourselves wrote beside the standard's members."""
    own = extended.get(OWN) if isinstance(extended, Mapping) else None
    if not isinstance(own, Mapping):
        return zone
    reasons, kept = own.get("reasons"), own.get("given")
    zone = replace(
        zone,
        identifier=text_of(own.get("identifier", zone.identifier)),
        name_zh=text_of(own.get("name_zh", zone.name_zh)),
        name_en=text_of(own.get("name_en", zone.name_en)),
        level=text_of(own.get("level", zone.level)),
        country=text_of(own.get("country", zone.country)),
        message=text_of(own.get("message", zone.message)),
        conditions=text_of(own.get("conditions", zone.conditions)),
        reasons=tuple(map(text_of, reasons)) if isinstance(reasons, list) else zone.reasons,
        given={str(k): str(v) for k, v in kept.items()} if isinstance(kept, Mapping) else {},
    )
    excluded = own.get("excluded")
    if isinstance(excluded, list) and len(excluded) == len(zone.volumes):
        volumes = [_excluding(v, text_of(e)) for v, e in zip(zone.volumes, excluded, strict=True)]
        zone = replace(zone, volumes=tuple(volumes))
    return zone


def _excluding(volume: ZoneVolume, names: str) -> ZoneVolume:
    floor, ceiling = volume.floor, volume.ceiling
    if "floor" in names.split():
        floor = replace(floor, included=False)
    if ceiling is not None and "ceiling" in names.split():
        ceiling = replace(ceiling, included=False)
    return replace(volume, floor=floor, ceiling=ceiling)


Spelling = Literal["REQ_AUTHORISATION", "REQ_AUTHORIZATION"]


def declared_of(value: object, own: Spelling) -> tuple[str, tuple[str, ...]]:
    """Return what a zone asks of flight with S, and a warning where it is the other's spelling."""
    word = text_of(value)
    if word not in ("REQ_AUTHORISATION", "REQ_AUTHORIZATION"):
        return word, ()
    warning = () if word == own else (f"{word} is spelt {own} in this format",)
    return "REQ_AUTHORISATION", warning
