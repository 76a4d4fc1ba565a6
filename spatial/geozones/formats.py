"""The formats of zones by name: which one a file is in, how it is read and written."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import orjson

from spatial.airspace_rules import FeedRestrictions
from spatial.errors import BadParameter
from spatial.geozones.ed269 import read_ed269, write_ed269
from spatial.geozones.ed318 import read_ed318, write_ed318
from spatial.geozones.geojson import read_geojson, write_geojson
from spatial.geozones.left_out import LeftOut
from spatial.geozones.model import GeoZone, ZoneFile
from spatial.geozones.openair import read_openair, write_openair
from spatial.geozones.zone_json import Members, parse

Read = Callable[[bytes, str | None], ZoneFile]
_BLOCK = re.compile(rb"^\s*AC\s+\S", re.MULTILINE | re.IGNORECASE)
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_LOOKED_AT = 20


@dataclass(frozen=True)
class Writing:
    """What a file tells beside its zones.

    `unstated` are zones that no format can state, with the reason, by identifier: each file names
    them among what it left out.
    """

    now: datetime
    attribution: str
    words: FeedRestrictions
    unstated: Mapping[str, str] = field(default_factory=dict)

    def left_out(self) -> LeftOut:
        """Return what is left out of every format."""
        return LeftOut(dict(self.unstated))


@dataclass(frozen=True)
class Format:
    """How files of a format are read and written, their media type, the words that they use."""

    read: Read
    write: Callable[[Sequence[GeoZone], Writing], bytes]
    media_type: str
    words: str = "geozone"


def _ed269(zones: Sequence[GeoZone], writing: Writing) -> bytes:
    return orjson.dumps(write_ed269(zones, writing.now, writing.attribution, writing.left_out()))


def _ed318(zones: Sequence[GeoZone], writing: Writing) -> bytes:
    return orjson.dumps(write_ed318(zones, writing.now, writing.attribution, writing.left_out()))


def _openair(zones: Sequence[GeoZone], writing: Writing) -> bytes:
    return write_openair(zones, writing.words.openair, writing.attribution, writing.left_out())


def _geojson(zones: Sequence[GeoZone], writing: Writing) -> bytes:
    return orjson.dumps(write_geojson(zones, writing.attribution, writing.left_out()))


def _read_kml(body: bytes, source: str | None) -> ZoneFile:
    from spatial.geozones.kml import read_kml

    return read_kml(body, source)


def _kml(zones: Sequence[GeoZone], writing: Writing) -> bytes:
    from spatial.geozones.kml import write_kml

    return write_kml(zones, writing.attribution, writing.left_out())


FORMATS: Mapping[str, Format] = {
    "ed269": Format(read_ed269, _ed269, "application/json"),
    "ed318": Format(read_ed318, _ed318, "application/geo+json"),
    "openair": Format(read_openair, _openair, "text/plain; charset=utf-8", "openair"),
    "geojson": Format(read_geojson, _geojson, "application/geo+json"),
    "kml": Format(_read_kml, _kml, "application/vnd.google-earth.kml+xml"),
}


def recognise(body: bytes) -> str:
    """Return the name of the format of a file.

    Raises
    ------
    BadParameter
        It is none of them.
    ZoneFault
        It begins as JSON and is none.
    """
    start = body[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"{"):
        return _of_json(parse(body))
    if start.startswith(b"<"):
        return "kml"
    if start.startswith((b"*", *_UTF16)) or _BLOCK.search(body):
        return "openair"
    raise BadParameter(
        f"the file is none of {', '.join(FORMATS)}", f"文件不属于 {'、'.join(FORMATS)}",
        mend_en="Name its format with --format; unzip a KMZ first.",
        mend_zh="请用 --format 写明格式；KMZ 请先解压。",
    )  # fmt: skip


def _of_json(body: Members) -> str:
    if "UASZoneList" in body:
        return "ed269"
    features = body.get("features")
    looked = features[:_LOOKED_AT] if isinstance(features, list) else []
    items = [one for one in looked if isinstance(one, dict)]
    if any(isinstance(one.get("geometry"), list) for one in items):
        return "ed269"
    is_ed318 = any(_is_ed318(one) for one in items) or (not items and "metadata" in body)
    return "ed318" if is_ed318 else "geojson"


def _is_ed318(feature: Members) -> bool:
    properties, geometry = feature.get("properties"), feature.get("geometry")
    if isinstance(properties, dict) and {"variant", "zoneAuthority"} & set(properties):
        return True
    return isinstance(geometry, dict) and "layer" in geometry
