"""OpenAir: airspace of gliding, classic and extended commands, one block for each airspace.

A block that cannot be read is refused whole, with the number of its line; one that only sets
colours is no airspace and is told as such. Nothing of the file is left out in silence.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from spatial.airspace_rules import Restriction
from spatial.geo.volumes import Circle
from spatial.geozones.decode import decode
from spatial.geozones.left_out import LeftOut
from spatial.geozones.model import GROUND, Footprint, GeoZone, ZoneFault, ZoneFile, ZoneVolume
from spatial.geozones.openair_heights import ReadHeight, read_height, write_height
from spatial.geozones.openair_shapes import NAUTICAL_MILE_M, Outline, write_place
from spatial.geozones.zone_members import joined

_LINE = re.compile(r"\r\n|\r|\n")
_COMMENT = re.compile(r"\s*\*.*$")
_STYLE = ("SP", "SB", "AT", "TO", "TC")
_WORDS = {"AN": "name", "AY": "type", "AF": "frequency", "AG": "station", "AI": "id",
          "AX": "squawk"}  # fmt: skip
FIRST_OF: Mapping[Restriction, str] = {
    "PROHIBITED": "P", "REQ_AUTHORISATION": "R", "CONDITIONAL": "Q", "NO_RESTRICTION": "G",
}  # fmt: skip


@dataclass
class _Block:
    """One block as its lines come: from one AC to the next."""

    line: int
    klass: str
    lines: list[str] = field(default_factory=list)
    words: dict[str, str] = field(default_factory=dict)
    heights: dict[str, ReadHeight] = field(default_factory=dict)
    outline: Outline = field(default_factory=Outline)
    doubts: list[str] = field(default_factory=list)
    fault: ZoneFault | None = None
    styled: bool = False

    @property
    def only_colours(self) -> bool:
        """Whether it only sets how a class is drawn."""
        shaped = self.outline.points or self.outline.circle
        return self.fault is None and not (self.words or self.heights or shaped)

    def take(self, number: int, command: str, text: str) -> None:
        """Take one line; the first that cannot be read spoils the block."""
        try:
            self._take(number, command, text)
        except ZoneFault as error:
            error.place = number
            self.fault = self.fault or error

    def _take(self, number: int, command: str, text: str) -> None:
        if command in _STYLE:
            self.styled = True
        elif command in _WORDS:
            self.words[command] = text
        elif command in ("AH", "AL"):
            self._height(number, command, text)
        elif command == "AA":
            self.doubts.append(f"line {number}: hours left aside: {text}")
        else:
            self._shape(command, text)

    def _height(self, number: int, command: str, text: str) -> None:
        if command in self.heights:
            raise ZoneFault("bad-line", f"{command} comes twice", f"{command} 重复")
        found = read_height(text)
        if command == "AL" and found.limit is None:
            raise ZoneFault("bad-height", f"no floor: {text!r}", f"下限写法有误：{text!r}")
        self.heights[command] = found
        self.doubts += [f"line {number}: {doubt}" for doubt in found.doubts]

    def _shape(self, command: str, text: str) -> None:
        takers = {
            "V": self.outline.set_variable, "DP": self.outline.add_point,
            "DC": self.outline.add_circle, "DA": self.outline.add_arc_by_angles,
            "DB": self.outline.add_arc_between,
        }  # fmt: skip
        take = takers.get(command)
        if take is None:
            raise ZoneFault("bad-line", f"no such command: {command} {text}".strip(),
                            f"无此命令：{command} {text}".strip())  # fmt: skip
        take(text)

    def zone(self) -> GeoZone:
        """Return the zone.

        Raises
        ------
        ZoneFault
            A line could not be read, or name, heights or footprint are lacking.
        """
        if self.fault is not None:
            raise self.fault
        lacking = [name for name in ("AL", "AH") if name not in self.heights]
        if lacking:
            raise ZoneFault("missing-height", f"no {' and '.join(lacking)}",
                            f"缺少 {'、'.join(lacking)}", self.line)  # fmt: skip
        if not self.words.get("AN"):
            raise ZoneFault("no-name", "no name (AN)", "缺少名称 AN", self.line)
        floor = self.heights["AL"].limit or GROUND
        volume = ZoneVolume(self._footprint(), floor, self.heights["AH"].limit)
        name = self.words["AN"]
        given = {_WORDS[key]: text for key, text in self.words.items() if key != "AN"}
        return GeoZone(
            self.words.get("AI", ""), (volume,), name, name, self.klass, level=self.klass,
            warnings=tuple(self.doubts), given=given, place=self.line,
        )  # fmt: skip

    def _footprint(self) -> Footprint:
        try:
            return self.outline.finish()
        except ZoneFault as error:
            error.place = self.line
            raise


def read_openair(body: bytes, encoding: str | None = None) -> ZoneFile:
    """Return the airspaces of a file; what cannot be read is refused block by block.

    Raises
    ------
    BadParameter
        The file is not in the encoding that was named.
    """
    text, used = decode(body, encoding)
    found = ZoneFile()
    if used not in ("utf-8", "utf-8-sig"):
        found.remarks.append(f"read as {used}; --encoding names another")
    for block in _blocks(text, found):
        row = {"line": block.line, "text": "\n".join(block.lines)}
        if block.only_colours:
            colours = ZoneFault("colour-block", f"AC {block.klass} sets colours, it is no airspace",
                             f"AC {block.klass} 仅设置颜色，不是空域")  # fmt: skip
            found.refuse(colours, block.line, row)
            continue
        try:
            found.zones.append(block.zone())
        except ZoneFault as error:
            found.refuse(error, block.line, row)
    found.zones = joined(found.zones)
    classes = Counter(zone.level for zone in found.zones)
    told = ", ".join(f"{name} {count}" for name, count in classes.most_common())
    painted = sum(one.reason == "colour-block" for one in found.refused)
    found.remarks.append(f"{len(found.zones)} airspaces ({told}), {painted} colour blocks")
    return found


def _blocks(text: str, found: ZoneFile) -> Iterator[_Block]:
    block: _Block | None = None
    for number, line in enumerate(_LINE.split(text), start=1):
        command, rest = _parts(line)
        if not command:
            continue
        if command == "AC":
            if block is not None:
                yield block
            block = _Block(number, rest.upper())
        elif block is None:
            fault = ZoneFault("bad-line", f"before the first AC: {line.strip()[:80]}",
                              f"首个 AC 之前：{line.strip()[:80]}")  # fmt: skip
            found.refuse(fault, number, {"line": number, "text": line})
            continue
        else:
            block.take(number, command, rest)
        block.lines.append(line)
    if block is not None:
        yield block


def _parts(line: str) -> tuple[str, str]:
    """Return command and text of a line; comments are left out, but not of names."""
    plain = line.strip().lstrip("\ufeff")
    if plain[:3].upper() not in ("AN ", "AG ", "AF "):
        plain = _COMMENT.sub("", plain)
    command, _, text = plain.partition(" ")
    return command.upper(), text.strip()


def write_openair(
    zones: Sequence[GeoZone], codes: Mapping[str, Restriction], attribution: str, left: LeftOut
) -> bytes:
    """Return zones as an OpenAir file; what it cannot carry is named in comments at its head.

    Parameters
    ----------
    zones
        Zones; each volume becomes a block.
    codes
        What classes of OpenAir ask of flight.
    attribution
        Sources and licences, told in the head.
    left
        What is left out already; what the format cannot carry is added.
    """
    blocks = []
    for zone in zones:
        for volume in left.stated(zone, _unwritable):
            blocks.append(_block(zone, volume, codes, left))
    head = [f"* {line}" for line in ("OpenAir", attribution, *left.lines())]
    lines = [*head, *(line for block in blocks for line in ("", *block)), ""]
    return "\r\n".join(lines).encode()


def _unwritable(volume: ZoneVolume) -> str | None:
    limits = [one for one in (volume.floor, volume.ceiling) if one is not None]
    if any(one.datum == "W84" for one in limits):
        return "heights above the ellipsoid"
    if not isinstance(volume.footprint, Circle) and volume.footprint.interiors:
        return "an inner ring"
    return None


def _block(
    zone: GeoZone, volume: ZoneVolume, codes: Mapping[str, Restriction], left: LeftOut
) -> list[str]:
    klass = zone.level if codes.get(zone.level) == zone.restriction else FIRST_OF[zone.restriction]
    name = " ".join((zone.name_zh or zone.name_en or zone.identifier).split())
    left.fields(zone, {
        "level": zone.level not in ("", klass), "name_en": zone.name_en not in ("", name),
        "applicability": bool(zone.applicability), "reasons": bool(zone.reasons),
        "authorities": bool(zone.authorities), "message": bool(zone.message),
        "conditions": bool(zone.conditions), "country": bool(zone.country),
        "included": any(not one.included for one in (volume.floor, volume.ceiling) if one),
    })  # fmt: skip
    words = {key: zone.given.get(word, "") for key, word in _WORDS.items()}
    words |= {"AN": name, "AI": zone.identifier}
    lines = [f"AC {klass}"]
    lines += [f"{key} {' '.join(text.split())}" for key, text in words.items() if text]
    lines += [f"AH {write_height(volume.ceiling)}", f"AL {write_height(volume.floor)}"]
    shape = volume.footprint
    if isinstance(shape, Circle):
        lines += [f"V X={write_place(shape.centre)}",
                  f"DC {shape.radius_m / NAUTICAL_MILE_M:.9f}"]  # fmt: skip
    else:
        lines += [f"DP {write_place((x, y))}" for x, y in shape.exterior.coords[:-1]]
    return lines
