"""A zone of GeoJSON and KML: members of one object, which carry all that a zone is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import cast

from spatial.geo.heights import KINDS, METRES, Datum
from spatial.geozones.model import (
    NO_CEILING_FROM,
    Authority,
    Footprint,
    GeoZone,
    ZoneFault,
    ZoneLimit,
    ZoneVolume,
    plain_words,
)
from spatial.geozones.schedule_json import read_periods, write_periods
from spatial.geozones.zone_json import Members, declared_of, number_of, object_of, text_of
from spatial.json_types import JsonObject

_TEXTS = ("country", "level", "message", "conditions")


def read_members(item: Members, footprints: Sequence[Footprint], place: int) -> GeoZone:
    """Return a zone of its members and footprints, which all lie between the same limits.

    Floor and ceiling are objects with `value`, `datum` and `unit`, or members `floor_m` and
    `floor_datum` as lists of this system have them. A ceiling of null is not stated.

    Raises
    ------
    ZoneFault
        Heights are missing or without datum, or a member cannot be read.
    """
    floor, ceiling = _limit(item, "floor"), _limit(item, "ceiling")
    if floor is None:
        raise ZoneFault("missing-height", "no floor", "缺少下限 floor")
    declared, warnings = declared_of(item.get("restriction"), "REQ_AUTHORISATION")
    reasons = item.get("reason") or []
    name = text_of(item.get("name"))
    given = item.get("given")
    return GeoZone(
        identifier=text_of(item.get("identifier") or item.get("code")),
        volumes=tuple(ZoneVolume(shape, floor, ceiling) for shape in footprints),
        name_zh=text_of(item.get("name_zh")) or name,
        name_en=text_of(item.get("name_en")) or name,
        declared=declared,
        reasons=plain_words(reasons if isinstance(reasons, list) else str(reasons).split(",")),
        applicability=read_periods(item.get("applicability")),
        authorities=_authorities(item.get("authorities")),
        warnings=warnings,
        given={str(k): str(v) for k, v in given.items()} if isinstance(given, Mapping) else {},
        place=place,
        country=text_of(item.get("country")),
        level=text_of(item.get("level")),
        message=text_of(item.get("message")),
        conditions=text_of(item.get("conditions")),
    )


def _limit(item: Members, side: str) -> ZoneLimit | None:
    """Return a limit; None is one that is stated to be none."""
    if side not in item and f"{side}_m" not in item:
        raise ZoneFault("missing-height", f"no {side}", f"缺少 {side}")
    body = item.get(side)
    if body is None and item.get(f"{side}_m") is not None:
        included = item.get(f"{side}_included", True)
        body = {"value": item[f"{side}_m"], "datum": item.get(f"{side}_datum"), "unit": "m",
                "included": included}  # fmt: skip
    if body is None:
        return None
    if not isinstance(body, Mapping):
        raise ZoneFault("missing-datum", f"{side}: a height needs its datum: {body!r}",
                        f"{side} 须带基准")  # fmt: skip
    value, datum, unit = number_of(body.get("value"), side), body.get("datum"), body.get("unit")
    if value is None or value >= NO_CEILING_FROM:
        return None
    if not isinstance(datum, str) or datum not in KINDS:
        raise ZoneFault("missing-datum", f"{side}: no such datum: {datum!r}", f"无此基准 {datum!r}")
    if not isinstance(unit, str) or unit not in METRES:
        raise ZoneFault("bad-height", f"{side}: no such unit: {unit!r}", f"无此单位：{unit!r}")
    limit_m = value * METRES[unit]
    return ZoneLimit(limit_m, cast(Datum, datum), body.get("included") is not False)


def _authorities(given: object) -> tuple[Authority, ...]:
    found = []
    for item in given if isinstance(given, list) else ():
        body = object_of(item, "authorities")
        names = Authority.__dataclass_fields__
        found.append(Authority(**{name: text_of(body.get(name)) for name in names}))
    return tuple(found)


def write_members(zone: GeoZone, volume: ZoneVolume) -> JsonObject:
    """Return a volume of a zone as members."""
    item: JsonObject = {
        "identifier": zone.identifier, "name_zh": zone.name_zh, "name_en": zone.name_en,
        "restriction": zone.restriction, "floor": _written(volume.floor),
        "ceiling": _written(volume.ceiling) if volume.ceiling else None,
    }  # fmt: skip
    optional: JsonObject = {
        **{name: getattr(zone, name) for name in _TEXTS}, "reason": [*zone.reasons],
        "applicability": write_periods(zone.applicability),
        "authorities": [{k: v for k, v in asdict(one).items() if v} for one in zone.authorities],
        "given": dict(zone.given),
    }  # fmt: skip
    return item | {name: value for name, value in optional.items() if value}


def _written(limit: ZoneLimit) -> JsonObject:
    body: JsonObject = {"value": limit.value_m, "datum": limit.datum, "unit": "m"}
    return body if limit.included else {**body, "included": False}


def joined(zones: Sequence[GeoZone]) -> list[GeoZone]:
    """Return zones with the parts of one, which follow one another, put together."""
    found: list[GeoZone] = []
    for zone in zones:
        last = found[-1] if found else None
        if last is not None and zone.identifier and _rest(last) == _rest(zone):
            found[-1] = replace(last, volumes=(*last.volumes, *zone.volumes))
        else:
            found.append(zone)
    return found


def _rest(zone: GeoZone) -> JsonObject:
    return {k: v for k, v in vars(zone).items() if k not in ("volumes", "place")}
