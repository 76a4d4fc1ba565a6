"""Write a small S-57 cell (IHO S-57 edition 3.1, appendix A part 3: ISO/IEC 8211) from features.

Only what a test needs: points, lines, areas of one ring and soundings, their attributes, and the
datums of the cell. Lines and rings are one edge each; a ring begins and ends at one connected node.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

FIELD_END, UNIT_END = b"\x1e", b"\x1f"
COORDINATES, SOUNDINGS = 10_000_000, 10  # COMF, SOMF
POINT, LINE, AREA = 1, 2, 3
ISOLATED, CONNECTED, EDGE = 110, 120, 130

_FIELDS = {
    "DSID": (
        "1600",
        "RCNM!RCID!EXPP!INTU!DSNM!EDTN!UPDN!UADT!ISDT!STED!PRSP!PSDN!PRED!PROF!AGEN!COMT",
        "(b11,b14,2b11,3A,2A(8),R(4),b11,2A,b11,b12,A)",
    ),
    "DSSI": ("1600", "DSTR!AALL!NALL!NOMR!NOCR!NOGR!NOLR!NOIN!NOCN!NOED!NOFA", "(3b11,8b14)"),
    "DSPM": (
        "1600",
        "RCNM!RCID!HDAT!VDAT!SDAT!CSCL!DUNI!HUNI!PUNI!COUN!COMF!SOMF!COMT",
        "(b11,b14,3b11,b14,4b11,2b14,A)",
    ),
    "FRID": ("1600", "RCNM!RCID!PRIM!GRUP!OBJL!RVER!RUIN", "(b11,b14,2b11,2b12,b11)"),
    "FOID": ("1600", "AGEN!FIDN!FIDS", "(b12,b14,b12)"),
    "ATTF": ("2600", "*ATTL!ATVL", "(b12,A)"),
    "FSPT": ("2600", "*NAME!ORNT!USAG!MASK", "(B(40),3b11)"),
    "VRID": ("1600", "RCNM!RCID!RVER!RUIN", "(b11,b14,b12,b11)"),
    "VRPT": ("2600", "*NAME!ORNT!USAG!TOPI!MASK", "(B(40),4b11)"),
    "SG2D": ("2500", "*YCOO!XCOO", "(2b24)"),
    "SG3D": ("2500", "*YCOO!XCOO!VE3D", "(3b24)"),
}


@dataclass(frozen=True)
class Feature:
    """A feature: code of its class, primitive, [lon, lat(, depth m)], attributes by code."""

    code: int
    primitive: int
    points: Sequence[Sequence[float]]
    attributes: Mapping[int, str] = field(default_factory=dict)


def write_cell(
    path: Path, features: Iterable[Feature], *, vertical: int = 3, sounding: int = 23
) -> Path:
    """Write a cell whose heights are above and whose depths below the datums of these codes."""
    head = [
        ("DSID", struct.pack("<BIBB", 10, 1, 1, 5) + _texts("TEST", "1", "0")
         + b"2026010120260101" + b"03.1" + b"\x01" + _texts("", "2.0") + b"\x01"
         + struct.pack("<H", 550) + _texts("")),
        ("DSSI", struct.pack("<BBB8I", 2, 1, 1, *[0] * 8)),
    ]  # fmt: skip
    parameters = struct.pack(
        "<BIBBBIBBBBII", 20, 1, 2, vertical, sounding, 10000, 1, 1, 1, 1, COORDINATES, SOUNDINGS
    )
    records = [head, [("DSPM", parameters + _texts(""))]]
    vectors, objects = count(1), count(1)
    for feature in features:
        records += _spatial(feature, vectors, next(objects))
    body = b"".join(
        _record([("0001", struct.pack("<H", number)), *record], b" ", b"D", b" ", b"   ")
        for number, record in enumerate(records, 1)
    )
    path.write_bytes(_description() + body)
    return path


def _spatial(feature: Feature, vectors: count[int], number: int) -> list[list[tuple[str, bytes]]]:
    """Return the records of a feature's vectors and its own."""
    out: list[list[tuple[str, bytes]]] = []

    def vector(kind: int, points: Sequence[Sequence[float]], ends: bytes = b"") -> bytes:
        own = next(vectors)
        record = [("VRID", struct.pack("<BIHB", kind, own, 1, 1))]
        if ends:
            record.append(("VRPT", ends))
        if points:
            tag = "SG3D" if len(points[0]) == 3 else "SG2D"
            record.append((tag, b"".join(map(_position, points))))
        out.append(record)
        return struct.pack("<BI", kind, own)

    if feature.primitive == POINT:
        name = vector(ISOLATED, feature.points)
        pointer = name + struct.pack("<3B", 255, 255, 255)
    else:
        first = vector(CONNECTED, feature.points[:1])
        ring = feature.primitive == AREA
        last = first if ring else vector(CONNECTED, feature.points[-1:])
        inner = feature.points[1:] if ring else feature.points[1:-1]
        ends = first + struct.pack("<4B", 255, 255, 1, 255)
        ends += last + struct.pack("<4B", 255, 255, 2, 255)
        name = vector(EDGE, inner, ends)
        pointer = name + struct.pack("<3B", 1, 1 if ring else 255, 2 if ring else 255)
    attributes = b"".join(
        struct.pack("<H", code) + _texts(text) for code, text in feature.attributes.items()
    )
    own = [
        ("FRID", struct.pack("<BIBBHHB", 100, number, feature.primitive, 1, feature.code, 1, 1)),
        ("FOID", struct.pack("<HIH", 550, number, 1)),
        *([("ATTF", attributes)] if attributes else []),
        ("FSPT", pointer),
    ]
    return [*out, own]


def _position(point: Sequence[float]) -> bytes:
    lon, lat, *depth = point
    scaled = [round(lat * COORDINATES), round(lon * COORDINATES)]
    return struct.pack(
        f"<{2 + len(depth)}i", *scaled, *(round(value * SOUNDINGS) for value in depth)
    )


def _texts(*texts: str) -> bytes:
    return b"".join(text.encode("latin-1") + UNIT_END for text in texts)


def _description() -> bytes:
    """Return the data descriptive record: the fields that there are, and how they are read."""
    pairs = (
        "0001DSIDDSIDDSSI0001DSPM0001FRIDFRIDFOIDFRIDATTFFRIDFSPT0001VRIDVRIDVRPTVRIDSG2DVRIDSG3D"
    )
    fields = [
        ("0000", b"0000;&   " + UNIT_END + pairs.encode()),
        ("0001", b"0500;&   ISO/IEC 8211 Record Identifier" + UNIT_END * 2 + b"(b12)"),
    ]
    for tag, (control, names, form) in _FIELDS.items():
        content = f"{control};&   {tag}".encode() + UNIT_END + names.encode() + UNIT_END
        fields.append((tag, content + form.encode()))
    return _record(fields, b"3", b"L", b"E1 09", b" ! ")


def _record(
    fields: Sequence[tuple[str, bytes]], level: bytes, kind: bytes, rest: bytes, charset: bytes
) -> bytes:
    """Return a record: leader, directory, fields."""
    contents = [content + FIELD_END for _, content in fields]
    directory, at = b"", 0
    for (tag, _), content in zip(fields, contents, strict=True):
        directory += f"{tag}{len(content):05d}{at:05d}".encode()
        at += len(content)
    directory += FIELD_END
    base = 24 + len(directory)
    leader = f"{base + at:05d}".encode() + level + kind + rest.ljust(5)
    leader += f"{base:05d}".encode() + charset + b"5504"
    return leader + directory + b"".join(contents)
