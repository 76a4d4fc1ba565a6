"""EUROCAE ED-318: UAS geographical zones as GeoJSON with a layer of heights in each geometry.

Radii are metres. A dataset whose own times cannot be read is refused as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

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
from spatial.geozones.schedule_json import (
    read_moment,
    read_periods,
    write_periods,
    written_moment,
)
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
    number_of,
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

_PLAIN = {"siteURL": "site", "email": "email", "phone": "phone", "purpose": "purpose",
          "intervalBefore": "interval_before"}  # fmt: skip
_WORDS = {"name": "name", "service": "service", "contactName": "contact"}
_SHORT, _LIST = 200, 9
_TYPES = {"REQ_AUTHORISATION": "REQ_AUTHORIZATION"}


def read_ed318(body: bytes, _: str | None = None) -> ZoneFile:
    """Return the zones of a file.

    Raises
    ------
    ZoneFault
        It is no such file, or its metadata cannot be read; the odd spellings are told with it.
    """
    whole = parse(body)
    found = read_each(whole, "features", _zone)
    _check_metadata(whole, found)
    return found


def _check_metadata(whole: Members, found: ZoneFile) -> None:
    metadata = whole.get("metadata")
    if metadata is None:
        return
    wrong = []
    for name in ("validFrom", "validTo", "issued"):
        try:
            read_moment(object_of(metadata, "metadata").get(name))
        except ZoneFault as error:
            wrong.append(f"metadata.{name}: {error.en}")
    if wrong:
        doubts = [text for zone in found.zones for text in zone.warnings]
        text = "; ".join([*wrong, *dict.fromkeys(doubts)])
        raise ZoneFault("bad-file", text, f"元数据有误：{text}")


def _zone(feature: Members, place: int) -> GeoZone:
    item = object_of(feature.get("properties"), "properties")
    declared, warnings = declared_of(item.get("type"), "REQ_AUTHORIZATION")
    geometries = list(_geometries(feature.get("geometry")))
    name_zh, name_en = _names(item.get("name"))
    zone = GeoZone(
        identifier=text_of(item.get("identifier")),
        volumes=tuple(volume for one in geometries for volume in _volumes(one)),
        name_zh=name_zh,
        name_en=name_en,
        declared=declared,
        country=text_of(item.get("country")),
        reasons=reasons_of(item),
        applicability=read_periods(item.get("limitedApplicability")),
        authorities=_authorities(item.get("zoneAuthority")),
        message=_names(item.get("message"))[0],
        conditions=text_of(item.get("restrictionConditions")),
        warnings=(*warnings, *_radius_doubts(geometries)),
        given=_given(item, geometries),
        place=place,
    )
    return with_extras(zone, item.get("extendedProperties"))


def _radius_doubts(geometries: Sequence[Members]) -> tuple[str, ...]:
    """Return the doubt about a radius beside heights in feet."""
    feet = any(
        "extent" in one and object_of(one.get("layer"), "layer").get("uom") == "ft"
        for one in geometries
    )
    return ("a radius beside heights in feet is read as metres",) if feet else ()


def _given(item: Members, geometries: Sequence[Members]) -> dict[str, str]:
    """Return what is read otherwise than it was written."""
    kept = {"type": text_of(item.get("type"))}
    kept = {key: text for key, text in kept.items() if text == "REQ_AUTHORISATION"}
    for number, geometry in enumerate(geometries):
        layer = object_of(geometry.get("layer"), "layer")
        upper = number_of(layer.get("upper"), "upper")
        if upper is not None and upper >= NO_CEILING_FROM:
            kept[f"upper_{number}"] = f"{layer['upper']} {text_of(layer.get('uom')) or 'm'}"
    return kept


def _geometries(geometry: object) -> Iterator[Members]:
    body = object_of(geometry, "geometry")
    if body.get("type") != "GeometryCollection":
        yield body
        return
    for part in items_of(body, "geometries"):
        inner = object_of(part, "geometry")
        yield inner if "layer" in inner else {**inner, "layer": body.get("layer")}


def _volumes(geometry: Members) -> Iterator[ZoneVolume]:
    if geometry.get("layer") is None:
        raise ZoneFault("missing-height", "no layer of heights", "缺少高度 layer")
    layer = object_of(geometry["layer"], "layer")
    floor, ceiling = limits_of(
        (layer.get("lower"), layer.get("lowerReference")),
        (layer.get("upper"), layer.get("upperReference")), layer.get("uom") or "m",
    )  # fmt: skip
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind == "Point":
        extent = object_of(geometry.get("extent"), "extent")
        radius = number_of(extent.get("radius"), "radius")
        yield ZoneVolume(circle_of(coordinates, radius), floor, ceiling)
    elif kind == "Polygon":
        yield ZoneVolume(polygon_of(coordinates), floor, ceiling)
    elif kind == "MultiPolygon" and isinstance(coordinates, list):
        for rings in coordinates:
            yield ZoneVolume(polygon_of(rings), floor, ceiling)
    else:
        raise ZoneFault("bad-shape", f"{kind!r} is no area", f"{kind!r} 不是面")


def _names(value: object) -> tuple[str, str]:
    """Return Chinese and English of texts by language; the first stands for what lacks."""
    if not isinstance(value, list):
        return (text_of(value),) * 2
    texts = [object_of(one, "text") for one in value]
    by_language = {text_of(one.get("lang"))[:2]: text_of(one.get("text")) for one in texts}
    first = next(iter(by_language.values()), "")
    return by_language.get("zh", first), by_language.get("en", first)


def _authorities(given: object) -> tuple[Authority, ...]:
    items = given if isinstance(given, list) else []
    found = []
    for item in items:
        body = object_of(item, "zoneAuthority")
        texts = {name: text_of(body.get(key)) for key, name in _PLAIN.items()}
        texts |= {name: _names(body.get(key))[0] for key, name in _WORDS.items()}
        found.append(Authority(**texts))
    return tuple(one for one in found if one.is_named)


def write_ed318(
    zones: Sequence[GeoZone], now: datetime, attribution: str, left: LeftOut
) -> JsonObject:
    """Return zones as an ED-318 collection, which tells itself what it cannot carry.

    `metadata.technicalLimitations` says it in words, the member `left_out` by zone and field.
    """
    items = []
    for zone in zones:
        volumes = left.stated(zone, unwritable)
        if volumes:
            items.append(_written(zone, volumes))
    said = [attribution, *left.lines()]
    return {
        "type": "FeatureCollection", "name": "Sigang",
        "metadata": {"issued": written_moment(now),
                     "technicalLimitations": [*_texts(*said)]},
        "left_out": left.as_json(), "features": [*items],
    }  # fmt: skip


def _texts(*texts: str) -> list[Json]:
    return [{"text": text[:_SHORT], "lang": "en-GB"} for text in texts if text]


def _named(zh: str, en: str) -> list[Json]:
    pairs = ((zh, "zh-CN"), (en, "en-GB"))
    return [{"text": text[:_SHORT], "lang": lang} for text, lang in pairs if text]


def _written(zone: GeoZone, volumes: Sequence[ZoneVolume]) -> JsonObject:
    identifier, country = short_identifier(zone.identifier, zone.country), zone.country or "CHN"
    reasons = list(dict.fromkeys(r if r in REASONS[: _LIST - 1] else "OTHER" for r in zone.reasons))
    named = _names(_named(zone.name_zh, zone.name_en))
    carried = {
        "identifier": identifier, "name_zh": named[0], "name_en": named[1],
        "country": country, "conditions": zone.conditions, "message": zone.message[:_SHORT],
    }  # fmt: skip
    extras = extras_of(replace(zone, volumes=tuple(volumes)), carried)
    if len(reasons) != len(zone.reasons) or reasons != [*zone.reasons]:
        extras["reasons"] = [*zone.reasons]
    item: JsonObject = {
        "identifier": identifier, "country": country, "name": _named(zone.name_zh, zone.name_en),
        "type": _TYPES.get(zone.restriction, zone.restriction), "variant": "COMMON",
        "reason": [*reasons],
        "zoneAuthority": [_written_authority(one) for one in zone.authorities]
        or [{"purpose": "AUTHORIZATION"}],
    }  # fmt: skip
    optional: JsonObject = {
        "restrictionConditions": zone.conditions, "message": _texts(zone.message),
        "limitedApplicability": write_periods(zone.applicability),
        "extendedProperties": {OWN: extras} if extras else {},
    }  # fmt: skip
    item |= {name: value for name, value in optional.items() if value}
    geometries = [_written_volume(volume) for volume in volumes]
    whole: Json = (
        geometries[0] if len(geometries) == 1
        else {"type": "GeometryCollection", "geometries": [*geometries]}
    )  # fmt: skip
    return {"type": "Feature", "geometry": whole, "properties": item}


def _written_authority(one: Authority) -> Json:
    words: JsonObject = {key: _texts(getattr(one, name)) for key, name in _WORDS.items()}
    plain: JsonObject = {key: getattr(one, name) for key, name in _PLAIN.items()}
    both = {key: value for key, value in (words | plain).items() if value}
    return {"purpose": "AUTHORIZATION", **both}


def _written_volume(volume: ZoneVolume) -> JsonObject:
    floor, ceiling, shape = volume.floor, volume.ceiling, volume.footprint
    layer: JsonObject = {
        "lower": floor.value_m,
        "lowerReference": WRITTEN_REFERENCE[floor.datum],
        "uom": "m",
    }
    if ceiling is not None:
        layer |= {"upper": ceiling.value_m, "upperReference": WRITTEN_REFERENCE[ceiling.datum]}
    if isinstance(shape, Circle):
        extent: Json = {"subType": "Circle", "radius": shape.radius_m}
        return {"type": "Point", "coordinates": [*shape.centre], "extent": extent, "layer": layer}
    return {"type": "Polygon", "coordinates": rings_of(shape), "layer": layer}
