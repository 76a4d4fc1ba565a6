"""GeoJSON with floor and ceiling: each feature is a volume; a Point with `radius_m` a circle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from spatial.geo.volumes import Circle
from spatial.geozones.left_out import LeftOut
from spatial.geozones.model import Footprint, GeoZone, ZoneFault, ZoneFile
from spatial.geozones.zone_json import (
    Members,
    circle_of,
    number_of,
    object_of,
    parse,
    polygon_of,
    read_each,
    rings_of,
)
from spatial.geozones.zone_members import joined, read_members, write_members
from spatial.json_types import Json, JsonObject


def read_geojson(body: bytes, _: str | None = None) -> ZoneFile:
    """Return the zones of a FeatureCollection.

    Raises
    ------
    ZoneFault
        It is none.
    """
    found = read_each(parse(body), "features", _zone)
    found.zones = joined(found.zones)
    return found


def _zone(feature: Members, place: int) -> GeoZone:
    properties = object_of(feature.get("properties"), "properties")
    shapes = list(_footprints(feature.get("geometry"), properties.get("radius_m")))
    zone = read_members(properties, shapes, place)
    if not zone.identifier and feature.get("id") is not None:
        return replace(zone, identifier=str(feature["id"]))
    return zone


def _footprints(geometry: object, radius_m: object) -> Iterator[Footprint]:
    body = object_of(geometry, "geometry")
    kind, coordinates = body.get("type"), body.get("coordinates")
    if kind == "Point":
        yield circle_of(coordinates, number_of(radius_m, "radius_m"))
    elif kind == "Polygon":
        yield polygon_of(coordinates)
    elif kind == "MultiPolygon" and isinstance(coordinates, list):
        yield from (polygon_of(rings) for rings in coordinates)
    else:
        raise ZoneFault("bad-shape", f"{kind!r} is no area", f"{kind!r} 不是面")


def write_geojson(zones: Sequence[GeoZone], attribution: str, left: LeftOut) -> JsonObject:
    """Return zones as a FeatureCollection, which carries all of them; `left_out` is told in it."""
    features: list[Json] = []
    for zone in zones:
        for volume in zone.volumes:
            properties, shape = write_members(zone, volume), volume.footprint
            if isinstance(shape, Circle):
                properties["radius_m"] = shape.radius_m
                geometry: Json = {"type": "Point", "coordinates": [*shape.centre]}
            else:
                geometry = {"type": "Polygon", "coordinates": rings_of(shape)}
            features.append({"type": "Feature", "geometry": geometry, "properties": properties})
    head: JsonObject = {"attribution": attribution, "left_out": left.as_json()}
    return {"type": "FeatureCollection", **head, "features": features}
