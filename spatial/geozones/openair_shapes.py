"""Footprints of OpenAir blocks: points, arcs and circles around a centre."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

import numpy as np
import shapely

from spatial.errors import BadParameter
from spatial.geo.crs import GEOD
from spatial.geo.volumes import Circle, LonLat
from spatial.geozones.model import Footprint, ZoneFault

NAUTICAL_MILE_M = 1852.0
ARC_STEP_DEG = 1.0
_PART = r"(\d{1,3}(?:\.\d+)?)(?::(\d{1,2}(?:\.\d+)?))?(?::(\d{1,2}(?:\.\d+)?))?"
_PLACE = re.compile(rf"^\s*{_PART}\s*([NS])\s*,?\s*{_PART}\s*([EW])\s*$", re.IGNORECASE)


def read_place(text: str) -> LonLat:
    """Return a position such as `48:47:27 N 016:53:33 E`, minutes or degrees decimal.

    Raises
    ------
    ZoneFault
        It is no position.
    """
    found = _PLACE.match(text)
    if found is None:
        raise ZoneFault("bad-place", f"not a position: {text.strip()!r}",
                        f"不是坐标：{text.strip()!r}")  # fmt: skip
    lat, lon = _degrees(found.groups()[:3], text), _degrees(found.groups()[4:7], text)
    lat, lon = (-lat if found[4].upper() == "S" else lat, -lon if found[8].upper() == "W" else lon)
    if abs(lat) > 90 or abs(lon) > 180:
        raise ZoneFault("out-of-range", f"no such place: {text.strip()!r}",
                        f"坐标超出范围：{text.strip()!r}")  # fmt: skip
    return lon, lat


def _degrees(parts: tuple[str | None, ...], text: str) -> float:
    degrees, minutes, seconds = (float(part) if part else 0.0 for part in parts)
    if minutes >= 60 or seconds >= 60:
        raise ZoneFault("bad-place", f"60 minutes or seconds: {text.strip()!r}",
                        f"分秒不得达到 60：{text.strip()!r}")  # fmt: skip
    return degrees + minutes / 60 + seconds / 3600


def write_place(place: LonLat) -> str:
    """Return a position in degrees, minutes and seconds, exact to 1e-9°."""
    lon, lat = place
    north, east = "S" if lat < 0 else "N", "W" if lon < 0 else "E"
    return f"{_sexagesimal(abs(lat), 2)} {north} {_sexagesimal(abs(lon), 3)} {east}"


def _sexagesimal(degrees: float, digits: int) -> str:
    units = round(degrees * 3_600_000_000)
    whole, rest = divmod(units, 3_600_000_000)
    minutes, rest = divmod(rest, 60_000_000)
    seconds = f"{rest / 1e6:09.6f}".rstrip("0").rstrip(".")
    return f"{whole:0{digits}d}:{minutes:02d}:{seconds}"


@dataclass
class Outline:
    """The footprint of one block as its lines come."""

    centre: LonLat | None = None
    clockwise: bool = True
    circle: Circle | None = None
    points: list[LonLat] = field(default_factory=list)

    def set_variable(self, text: str) -> None:
        """Take `X=` centre or `D=` direction; width and zoom say nothing of the footprint.

        Raises
        ------
        ZoneFault
            It is no variable that there is.
        """
        name, equals, value = text.partition("=")
        name = name.strip().upper()
        if not equals or name not in ("X", "D", "W", "Z", "T"):
            raise _bad_line(f"V {text}")
        if name == "X":
            self.centre = read_place(value)
        elif name == "D":
            if value.strip() not in ("+", "-"):
                raise _bad_line(f"V {text}")
            self.clockwise = value.strip() == "+"

    def add_point(self, text: str) -> None:
        """Add a vertex (`DP`).

        Raises
        ------
        ZoneFault
            It is no position.
        """
        self._no_circle()
        self.points.append(read_place(text))

    def add_circle(self, text: str) -> None:
        """Set the circle (`DC`, radius in nautical miles).

        Raises
        ------
        ZoneFault
            It has no centre or radius, or stands beside another shape.
        """
        if self.circle is not None or self.points:
            raise ZoneFault("two-shapes", "a circle beside another shape", "圆与其他图形并存")
        radius_m = _number(text, "DC") * NAUTICAL_MILE_M
        try:
            self.circle = Circle(self._centre("DC"), radius_m)
        except BadParameter as error:
            raise ZoneFault("bad-shape", error.en, error.zh) from error

    def add_arc_by_angles(self, text: str) -> None:
        """Add an arc (`DA`): radius in nautical miles, first and last azimuth.

        Raises
        ------
        ZoneFault
            It has no centre, or not three numbers.
        """
        self._no_circle()
        parts = text.split(",")
        if len(parts) != 3:
            raise _bad_line(f"DA {text}")
        radius, start, end = (_number(part, f"DA {text}") for part in parts)
        metres = radius * NAUTICAL_MILE_M
        self._arc((start, metres), (end, metres), ())

    def add_arc_between(self, text: str) -> None:
        """Add an arc (`DB`) from one position to another around the centre.

        Raises
        ------
        ZoneFault
            It has no centre, or not two positions.
        """
        self._no_circle()
        parts = text.split(",")
        if len(parts) != 2:
            raise _bad_line(f"DB {text}")
        ends = read_place(parts[0]), read_place(parts[1])
        centre = self._centre("DB")
        start, end = (GEOD.inv(*centre, *place)[::2] for place in ends)
        self._arc(start, end, ends)

    def _arc(
        self, start: tuple[float, float], end: tuple[float, float], ends: tuple[LonLat, ...]
    ) -> None:
        """Add an arc between two azimuths (°) and distances (m); `ends` stand as written."""
        centre = self._centre("arc")
        turn = (end[0] - start[0]) % 360 if self.clockwise else -((start[0] - end[0]) % 360)
        turn = turn or (360.0 if self.clockwise else -360.0)
        count = max(2, math.ceil(abs(turn) / ARC_STEP_DEG) + 1)
        share = np.linspace(0.0, 1.0, count)
        azimuth, metres = start[0] + share * turn, start[1] + share * (end[1] - start[1])
        lon, lat, _ = GEOD.fwd(
            np.full(count, centre[0]), np.full(count, centre[1]), azimuth, metres
        )
        points = list(zip(lon.tolist(), lat.tolist(), strict=True))
        if ends:
            points[0], points[-1] = ends
        self.points.extend(points)

    def finish(self) -> Footprint:
        """Return the footprint.

        Raises
        ------
        ZoneFault
            There is none, or it has fewer than three vertices.
        """
        if self.circle is not None:
            return self.circle
        kept = [p for n, p in enumerate(self.points) if n == 0 or p != self.points[n - 1]]
        if len(set(kept)) < 3:
            raise ZoneFault("no-geometry", f"{len(set(kept))} vertices are no footprint",
                            f"{len(set(kept))} 个顶点不成面")  # fmt: skip
        return shapely.Polygon(kept)

    def _centre(self, command: str) -> LonLat:
        if self.centre is None:
            raise ZoneFault("bad-line", f"{command} without a centre V X=", f"{command} 前无 V X=")
        return self.centre

    def _no_circle(self) -> None:
        if self.circle is not None:
            raise ZoneFault("two-shapes", "a circle beside another shape", "圆与其他图形并存")


def _number(text: str, line: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found) or found < 0:
        raise ZoneFault("bad-line", f"not a number: {line}", f"不是数字：{line}")
    return found


def _bad_line(line: str) -> ZoneFault:
    return ZoneFault("bad-line", f"cannot be read: {line}", f"无法识别：{line}")
