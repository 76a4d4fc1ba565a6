"""Zones as rows of `zone` and back: each volume is a row, what has no column lies in `props`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import cast

import orjson
import shapely

from spatial.airspace_rules import Restriction
from spatial.geo.heights import KINDS, Datum
from spatial.geo.volumes import Circle
from spatial.geozones.model import (
    GROUND,
    Authority,
    Footprint,
    GeoZone,
    ZoneFault,
    ZoneLimit,
    ZoneVolume,
)
from spatial.geozones.schedule import Period
from spatial.geozones.schedule_json import read_periods, write_periods
from spatial.json_types import JsonObject

COLUMNS = (
    "id", "kind", "admin_code", "visibility", "origin", "source_id", "rule_version", "name_zh",
    "name_en", "code", "level", "restriction", "reason", "floor_m", "floor_datum", "ceiling_m",
    "ceiling_datum", "centre", "radius_m", "valid_from", "valid_to", "geom", "props",
)  # fmt: skip
Row = Mapping[str, object]
When = datetime | None


def values_of(zone: GeoZone, part: int) -> dict[str, object]:
    """Return the columns that a volume of a zone has by itself."""
    volume = zone.volumes[part]
    floor, ceiling, circle = volume.floor, volume.ceiling, volume.footprint
    is_circle = isinstance(circle, Circle)
    return {
        "name_zh": zone.name_zh or zone.identifier, "name_en": zone.name_en or zone.identifier,
        "code": zone.identifier, "level": zone.level or None, "restriction": zone.restriction,
        "reason": ",".join(zone.reasons) or None, "floor_m": floor.value_m,
        "floor_datum": floor.datum, "ceiling_m": ceiling and ceiling.value_m,
        "ceiling_datum": ceiling and ceiling.datum,
        "centre": f"SRID=4326;POINT({circle.centre[0]!r} {circle.centre[1]!r})"
        if isinstance(circle, Circle) else None,
        "radius_m": circle.radius_m if isinstance(circle, Circle) else None,
        "geom": shapely.MultiPolygon([volume.shape]), "props": _props(zone, part, is_circle),
    }  # fmt: skip


def _props(zone: GeoZone, part: int, is_circle: bool) -> JsonObject:
    volume = zone.volumes[part]
    props: JsonObject = {
        "part": part, "declared": zone.declared, "circle": is_circle,
        "applicability": write_periods(zone.applicability),
        "floor_included": volume.floor.included,
    }  # fmt: skip
    if volume.ceiling is not None:
        props["ceiling_included"] = volume.ceiling.included
    if zone.authorities:
        named = [one.name or one.service for one in zone.authorities]
        text = next((name for name in named if name), "")
        if text:
            props |= {"authority_zh": text, "authority_en": text}
        props["authorities"] = [
            {key: value for key, value in asdict(one).items() if value}
            for one in zone.authorities
        ]  # fmt: skip
    texts = {"country": zone.country, "message": zone.message, "conditions": zone.conditions}
    props |= {key: text for key, text in texts.items() if text}
    if zone.given:
        props["given"] = dict(zone.given)
    if zone.warnings:
        props["warnings"] = [*zone.warnings]
    return props


def zones_of(rows: Iterable[Row]) -> tuple[list[GeoZone], dict[str, str]]:
    """Return the zones of rows, in their order, and why some are none, by identifier.

    Rows of one zone follow one another.
    """
    found: list[GeoZone] = []
    unstated: dict[str, str] = {}
    source: object = None
    for row in rows:
        try:
            zone = zone_of(row)
        except ZoneFault as error:
            unstated[_identifier(row)] = error.en
            continue
        part = bool(_props_of(row).get("part"))
        if found and part and row["source_id"] == source and _same(found[-1], zone):
            found[-1] = replace(found[-1], volumes=(*found[-1].volumes, *zone.volumes))
        else:
            found.append(zone)
        source = row["source_id"]
    return found, unstated


def _identifier(row: Row) -> str:
    return str(row["code"] or row["id"])


def _same(one: GeoZone, other: GeoZone) -> bool:
    return (one.identifier, one.restriction, one.level, one.applicability) == (
        other.identifier, other.restriction, other.level, other.applicability,
    )  # fmt: skip


def zone_of(row: Row) -> GeoZone:
    """Return the zone of one row; a geometry of several parts is as many volumes.

    Raises
    ------
    ZoneFault
        A limit of height is of no datum that is known.
    """
    props = _props_of(row)
    floor = _limit(row, props, "floor") or GROUND
    ceiling = _limit(row, props, "ceiling")
    volumes = tuple(ZoneVolume(shape, floor, ceiling) for shape in _footprints(row))
    reason = str(row["reason"] or "")
    given = props.get("given")
    return GeoZone(
        identifier=_identifier(row),
        volumes=volumes,
        name_zh=str(row["name_zh"] or ""),
        name_en=str(row["name_en"] or ""),
        declared=str(props.get("declared") or row["restriction"] or ""),
        restriction=cast(Restriction, row["restriction"] or "REQ_AUTHORISATION"),
        level=str(row["level"] or ""),
        country=str(props.get("country") or ""),
        reasons=tuple(reason.split(",")) if reason else (),
        applicability=_periods(row, props),
        authorities=_authorities(props),
        message=str(props.get("message") or ""),
        conditions=str(props.get("conditions") or ""),
        given={key: str(value) for key, value in given.items()} if isinstance(given, dict) else {},
    )


def _props_of(row: Row) -> JsonObject:
    props = row["props"] or {}
    return cast(JsonObject, orjson.loads(props) if isinstance(props, str) else props)


def _limit(row: Row, props: JsonObject, side: str) -> ZoneLimit | None:
    value, datum = row[f"{side}_m"], row[f"{side}_datum"]
    if value is None:
        return None
    if datum not in KINDS:
        raise ZoneFault("unknown-datum", f"{side} above {datum}: unknown here", f"{datum} 未知")
    included = bool(props.get(f"{side}_included", True))
    return ZoneLimit(float(cast(float, value)), cast(Datum, datum), included)


def _footprints(row: Row) -> list[Footprint]:
    lon, lat, radius = row["lon"], row["lat"], row["radius_m"]
    if radius is not None and lon is not None and lat is not None:
        centre = float(cast(float, lon)), float(cast(float, lat))
        return [Circle(centre, float(cast(float, radius)))]
    return list(shapely.get_parts(shapely.from_wkb(cast(bytes, row["geom"]))))


def _periods(row: Row, props: JsonObject) -> tuple[Period, ...]:
    """Return the times that a feed states, else those of the row."""
    if "applicability" in props:
        return read_periods(props["applicability"])
    period = Period(cast(When, row["valid_from"]), cast(When, row["valid_to"]))
    return () if period.always else (period,)


def _authorities(props: JsonObject) -> tuple[Authority, ...]:
    given = props.get("authorities")
    if isinstance(given, list):
        return tuple(Authority(**cast("dict[str, str]", one)) for one in given)
    name = props.get("authority_zh")
    return (Authority(name=str(name)),) if name else ()
