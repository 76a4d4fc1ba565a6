"""KML: a Placemark is a zone; what it is lies in ExtendedData, what it looks like in its polygon.

Heights are told by ExtendedData (`floor`, `ceiling` as in GeoJSON). Where there are none, the
coordinates' own heights count if all are the same: `absolute` is above mean sea level,
`relativeToGround` above the ground; extruded polygons reach down to the ground. Document types are
not read: no entity is ever expanded.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import numpy as np
import orjson
import shapely
from lxml import etree

from spatial.geo.datum import Floats
from spatial.geo.volumes import Circle
from spatial.geozones.left_out import LeftOut
from spatial.geozones.model import Footprint, GeoZone, ZoneFault, ZoneFile, ZoneVolume
from spatial.geozones.zone_json import circle_of, number_of
from spatial.geozones.zone_members import joined, read_members, write_members
from spatial.json_types import Json, JsonObject

_NAMESPACE = "http://www.opengis.net/kml/2.2"
_DATUMS = {"absolute": "AMSL", "relativeToGround": "AGL"}
_MOST_DEPTH = 64
_STRUCTURED = ("floor", "ceiling", "applicability", "authorities", "reason", "given", "centre")
_UNSAID = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
Node: TypeAlias = "etree._Element"


def read_kml(body: bytes, _: str | None = None) -> ZoneFile:
    """Return the zones of a file.

    Raises
    ------
    ZoneFault
        It is no XML, declares a document type, or is nested too deep.
    """
    found = ZoneFile()
    number = 0
    for node in _placemarks(body):
        number += 1
        members = _members(node)
        try:
            shapes = list(_footprints(node, members))
            heights = {} if "floor" in members else _heights_of(node)
            found.zones.append(read_members(heights | members, shapes, number))
        except ZoneFault as error:
            row = {**members, "kml": etree.tostring(node, encoding="unicode")[:1_000_000]}
            found.refuse(error, number, row)
        node.clear()
    if not number:
        raise ZoneFault("bad-file", "no Placemark", "没有 Placemark")
    found.zones = joined(found.zones)
    return found


def _placemarks(body: bytes) -> Iterator[Node]:
    events = etree.iterparse(
        io.BytesIO(body), events=("start", "end"), resolve_entities=False, no_network=True,
        load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip
    depth = 0
    try:
        for event, node in events:
            if depth == 0 and node.getroottree().docinfo.doctype:
                raise ZoneFault("bad-file", "a document type is not read", "不接受文档类型声明")
            depth += 1 if event == "start" else -1
            if depth > _MOST_DEPTH:
                raise ZoneFault("bad-file", "nested too deep", "嵌套过深")
            if event == "end" and _name(node) == "Placemark":
                yield node
    except etree.XMLSyntaxError as error:
        raise ZoneFault("bad-file", f"not XML: {error}", f"不是 XML：{error}") from error


def _name(node: Node) -> str:
    return str(etree.QName(node).localname)


def _all(node: Node, name: str) -> Iterator[Node]:
    return (one for one in node.iter() if isinstance(one.tag, str) and _name(one) == name)


def _text(node: Node, name: str) -> str:
    found = next(_all(node, name), None)
    return "" if found is None else "".join(found.itertext()).strip()


def _members(node: Node) -> JsonObject:
    """Return what ExtendedData says: values that are JSON as such, others as text."""
    members: JsonObject = {"name": _text(node, "name")}
    for data in _all(node, "Data"):
        members[str(data.get("name"))] = _text(data, "value")
    for data in _all(node, "SimpleData"):
        members[str(data.get("name"))] = "".join(data.itertext()).strip()
    return {name: _value(text) if name in _STRUCTURED else text for name, text in members.items()}


def _value(text: object) -> Json:
    try:
        found: Json = orjson.loads(str(text))
    except orjson.JSONDecodeError:
        return str(text)
    return found


def _heights_of(node: Node) -> JsonObject:
    """Return floor and ceiling of a polygon that stands or hangs at one height."""
    polygon = next(_all(node, "Polygon"), None)
    datum = None if polygon is None else _DATUMS.get(_text(polygon, "altitudeMode"))
    if polygon is None or datum is None:
        raise ZoneFault("missing-height", "no floor and ceiling", "缺少上下限")
    heights = {
        number_of(part.split(",")[2], "altitude") for node in _all(polygon, "coordinates")
        for part in "".join(node.itertext()).split() if part.count(",") == 2
    }  # fmt: skip
    if len(heights) != 1 or None in heights or _text(polygon, "extrude") != "1":
        raise ZoneFault("missing-height", "no floor and ceiling: its heights differ, or it is not "
                        "extruded", "高度不一或未拉伸到地面，无法得知上下限")  # fmt: skip
    ceiling: JsonObject = {"value": heights.pop(), "datum": datum, "unit": "m"}
    return {"floor": {"value": 0, "datum": "AGL", "unit": "m"}, "ceiling": ceiling}


def _footprints(node: Node, members: Mapping[str, object]) -> Iterator[Footprint]:
    radius = members.get("radius_m")
    if radius is not None:
        centre = members.get("centre")
        yield circle_of(centre, number_of(radius, "radius_m"))
        return
    polygons = list(_all(node, "Polygon"))
    if not polygons:
        raise ZoneFault("no-geometry", "no Polygon", "没有 Polygon")
    for polygon in polygons:
        shells = [_ring(ring) for ring in _all(polygon, "outerBoundaryIs")]
        if len(shells) != 1:
            raise ZoneFault("bad-shape", "no outer boundary", "没有外边界")
        holes = [_ring(ring) for ring in _all(polygon, "innerBoundaryIs")]
        yield shapely.Polygon(shells[0], holes)


def _ring(node: Node) -> Floats:
    try:
        places = [part.split(",")[:2] for part in _text(node, "coordinates").split()]
        found = np.array(places, float)
        if found.ndim != 2 or len(found) < 3 or not np.isfinite(found).all():
            raise ValueError
    except ValueError:
        raise ZoneFault("bad-shape", "coordinates cannot be read", "坐标无法识别") from None
    return found


def write_kml(zones: Sequence[GeoZone], attribution: str, left: LeftOut) -> bytes:
    """Return zones as KML, which carries all of them; polygons hang down from their ceiling.

    The document's description names sources, licences and what is left out.
    """
    root = etree.Element(f"{{{_NAMESPACE}}}kml", nsmap={None: _NAMESPACE})
    document = _child(root, "Document")
    _child(document, "name", "Sigang")
    _child(document, "description", "\n".join([attribution, *left.lines()]))
    for zone in zones:
        for volume in zone.volumes:
            _add(document, zone, volume)
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return written


def _add(document: Node, zone: GeoZone, volume: ZoneVolume) -> None:
    mark = _child(document, "Placemark")
    _child(mark, "name", zone.name_zh or zone.name_en or zone.identifier)
    members, shape = write_members(zone, volume), volume.footprint
    if isinstance(shape, Circle):
        members |= {"centre": [*shape.centre], "radius_m": shape.radius_m}
    data = _child(mark, "ExtendedData")
    for name, value in members.items():
        one = _child(data, "Data")
        one.set("name", name)
        text = value if isinstance(value, str) else orjson.dumps(value).decode()
        _child(one, "value", text)
    polygon = _child(mark, "Polygon")
    ceiling = volume.ceiling
    mode = {"AMSL": "absolute", "AGL": "relativeToGround"}.get(ceiling.datum if ceiling else "")
    height = f",{ceiling.value_m!r}" if mode and ceiling else ""
    _child(polygon, "extrude", "1" if mode else "0")
    _child(polygon, "altitudeMode", mode or "clampToGround")
    holes = [(hole, "innerBoundaryIs") for hole in volume.shape.interiors]
    for ring, side in [(volume.shape.exterior, "outerBoundaryIs"), *holes]:
        line = _child(_child(polygon, side), "LinearRing")
        _child(line, "coordinates", " ".join(f"{x!r},{y!r}{height}" for x, y in ring.coords))


def _child(node: Node, name: str, text: str | None = None) -> Node:
    made = etree.SubElement(node, f"{{{_NAMESPACE}}}{name}")
    if text is not None:
        made.text = _UNSAID.sub("\ufffd", text)
    return made
