"""EUROCAE ED-269: UAS geographical zones, geometry with limits in each of its parts.

Both forms in use are read: `UASZoneList`, and `features` of zones whose geometry is a list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from spatial.geo.heights import METRES
from spatial.geo.volumes import Circle
from spatial.geozones.left_out import LeftOut
from spatial.geozones.model import (
    NO_CEILING_FROM,
    Authority,
    GeoZone,
    ZoneFault,
    ZoneFile,
    ZoneVolume,
)
from spatial.geozones.schedule import Period
from spatial.geozones.schedule_json import read_period, write_periods, written_moment
from spatial.geozones.zone_json import (
    OWN,
    REASONS,
    WRITTEN_REFERENCE,
    Members,
    circle_of,
    declared_of,
    extras_of,
    items_of,
    limits_of,
    object_of,
    parse,
    polygon_of,
    read_each,
    reasons_of,
    rings_of,
    short_identifier,
    text_of,
    unwritable,
    with_extras,
)
from spatial.json_types import Json, JsonObject

_AUTHORITY = {
    "name": "name", "service": "service", "contactName": "contact", "siteURL": "site",
    "email": "email", "phone": "phone", "purpose": "purpose", "intervalBefore": "interval_before",
}  # fmt: skip


def read_ed269(body: bytes, _: str | None = None) -> ZoneFile:
    """Return the zones of a file.

    Raises
    ------
    ZoneFault
        It is no such file.
    """
    whole = parse(body)
    return read_each(whole, "UASZoneList" if "UASZoneList" in whole else "features", _zone)


def _zone(item: Members, place: int) -> GeoZone:
    declared, warnings = declared_of(item.get("restriction"), "REQ_AUTHORISATION")
    geometry = items_of(item, "geometry")
    parts = [object_of(part, "geometry") for part in geometry]
    applicability = item.get("applicability") or []
    if not isinstance(applicability, list):
        raise ZoneFault("bad-time", "applicability is no list", "applicability 不是列表")
    name = text_of(item.get("name"))
    zone = GeoZone(
        identifier=text_of(item.get("identifier")),
        volumes=tuple(_volume(part) for part in parts),
        name_zh=name,
        name_en=name,
        declared=declared,
        country=text_of(item.get("country")),
        reasons=reasons_of(item),
        applicability=_periods(applicability),
        authorities=_authorities(item.get("zoneAuthority")),
        message=text_of(item.get("message")),
        conditions=text_of(item.get("restrictionConditions")),
        warnings=warnings,
        given=_given(item, parts),
        place=place,
    )
    return with_extras(zone, item.get("extendedProperties"))


def _given(item: Members, parts: Sequence[Members]) -> dict[str, str]:
    """Return what is read otherwise than it was written."""
    kept = {"restriction": text_of(item.get("restriction"))}
    kept = {key: text for key, text in kept.items() if text == "REQ_AUTHORIZATION"}
    for number, part in enumerate(parts):
        upper = part.get("upperLimit")
        if upper is not None and text_of(upper) != "" and float(str(upper)) >= NO_CEILING_FROM:
            kept[f"upper_{number}"] = f"{upper} {text_of(part.get('uomDimensions'))}"
    return kept


def _volume(part: Members) -> ZoneVolume:
    unit = text_of(part.get("uomDimensions")).lower()
    floor, ceiling = limits_of(
        (part.get("lowerLimit"), part.get("lowerVerticalReference")),
        (part.get("upperLimit"), part.get("upperVerticalReference")), unit,
    )  # fmt: skip
    where = object_of(part.get("horizontalProjection"), "horizontalProjection")
    kind = where.get("type")
    if kind == "Circle":
        radius = where.get("radius")
        if isinstance(radius, bool) or not isinstance(radius, int | float):
            raise ZoneFault("bad-shape", f"no radius: {radius!r}", "没有半径")
        return ZoneVolume(circle_of(where.get("center"), radius * METRES[unit]), floor, ceiling)
    if kind != "Polygon":
        raise ZoneFault("bad-shape", f"{kind!r} is no Circle or Polygon", f"{kind!r} 非圆或多边形")
    return ZoneVolume(polygon_of(where.get("coordinates")), floor, ceiling)


def _periods(items: Sequence[object]) -> tuple[Period, ...]:
    found = []
    for item in items:
        body = object_of(item, "applicability")
        hours = "schedule" if "schedule" in body else "dailyPeriod"
        found.append(read_period(body, hours))
    return () if any(period.always for period in found) else tuple(found)


def _authorities(given: object) -> tuple[Authority, ...]:
    if given is None:
        return ()
    items = given if isinstance(given, list) else [given]
    found = []
    for item in items:
        body = object_of(item, "zoneAuthority")
        texts = {name: text_of(body.get(key)) for key, name in _AUTHORITY.items()}
        found.append(Authority(**texts))
    return tuple(one for one in found if one.is_named)


def write_ed269(
    zones: Sequence[GeoZone], now: datetime, attribution: str, left: LeftOut
) -> JsonObject:
    """Return zones as an ED-269 document, which tells itself what it cannot carry.

    Parameters
    ----------
    zones
        Zones; a volume with heights of standard pressure is left out.
    now
        Time of the document.
    attribution
        Sources and licences.
    left
        What is left out already; what the format cannot carry is added.
    """
    items = []
    for zone in zones:
        volumes = left.stated(zone, unwritable)
        if volumes:
            items.append(_written(zone, volumes))
    return {
        "formatVersion": "1.0.0", "createdAt": written_moment(now), "UASZoneList": [*items],
        "extendedProperties": {OWN: {"attribution": attribution, "left_out": left.as_json()}},
    }  # fmt: skip


def _written(zone: GeoZone, volumes: Sequence[ZoneVolume]) -> JsonObject:
    name = zone.name_zh or zone.name_en or zone.identifier
    identifier, country = short_identifier(zone.identifier, zone.country), zone.country or "CHN"
    reasons = list(dict.fromkeys(r if r in REASONS else "OTHER" for r in zone.reasons))
    carried = {
        "identifier": identifier, "name_zh": name, "name_en": name, "country": country,
        "message": zone.message, "conditions": zone.conditions,
    }  # fmt: skip
    partial = replace(zone, volumes=tuple(volumes))
    extras = extras_of(partial, carried)
    return {
        "identifier": identifier, "country": country, "name": name, "type": "COMMON",
        "restriction": zone.restriction, "restrictionConditions": zone.conditions or None,
        "reason": [*reasons], "message": zone.message or None,
        "applicability": _written_periods(zone.applicability),
        "zoneAuthority": [_written_authority(one) for one in zone.authorities],
        "geometry": [_written_volume(volume) for volume in volumes],
        **({"extendedProperties": {OWN: extras}} if extras else {}),
    }  # fmt: skip


def _written_periods(periods: Sequence[Period]) -> list[Json]:
    if not periods:
        daily: Json = [{"day": [], "startTime": None, "endTime": None}]
        return [{"permanent": "YES", "startDateTime": None, "endDateTime": None,
                 "dailyPeriod": daily}]  # fmt: skip
    none: Mapping[str, Json] = {"startDateTime": None, "endDateTime": None}
    written = [body for body in write_periods(periods, "dailyPeriod") if isinstance(body, dict)]
    return [{"permanent": "NO", **none, **body} for body in written]


def _written_authority(one: Authority) -> Json:
    return {key: getattr(one, name) or None for key, name in _AUTHORITY.items()}


def _written_volume(volume: ZoneVolume) -> Json:
    floor, ceiling, shape = volume.floor, volume.ceiling, volume.footprint
    where: Json = (
        {"type": "Circle", "center": [*shape.centre], "radius": shape.radius_m}
        if isinstance(shape, Circle)
        else {"type": "Polygon", "coordinates": rings_of(shape)}
    )
    return {
        "uomDimensions": "M", "lowerLimit": floor.value_m,
        "lowerVerticalReference": WRITTEN_REFERENCE[floor.datum],
        "upperLimit": ceiling.value_m if ceiling else None,
        "upperVerticalReference": WRITTEN_REFERENCE[ceiling.datum if ceiling else floor.datum],
        "horizontalProjection": where,
    }  # fmt: skip
