"""A slow judge of "may I fly here?", written from the Rules; it imports nothing of Sigang.

A zone is a plain dict: `circle` (lon, lat, radius_m) or `polygon` (list of lon, lat); `sort`,
`level`, `restriction`; `floor` and `top` as (value or None, datum, included) or None for no limit;
`begin`, `end` in seconds or None; `uncertain`. The world holds zones, counties (polygon, statuses),
a terrain (function of lon, lat to metres or None, with accuracy) and a geoid likewise.
"""

from __future__ import annotations

import math
import tomllib
from pathlib import Path

import pyproj
import shapely

RULES = Path(__file__).parents[2] / "layers" / "areas" / "airport" / "airspace.rule.toml"
GEOD = pyproj.Geod(ellps="GRS80")
ORDER = ["suitable", "needs_confirmation", "needs_approval", "prohibited"]
NO, PERHAPS, YES = "no", "perhaps", "yes"


def read_rules() -> dict:
    with RULES.open("rb") as file:
        return {rule["key"]: rule["value"] for rule in tomllib.load(file)["rule"]}


def rings_of(rules: dict, runways: int, lon: float, lat: float, elevation: float | None) -> list:
    """Class B of an airport: discs, stacked."""
    found = []
    for ring in rules["airspace.class_b_rings"][str(min(runways, 3))]:
        limits = []
        for side in ("floor", "top"):
            limit = ring.get(side)
            if limit is None:
                limits.append(None)
            elif limit["datum"] == "AAE":
                value = None if elevation is None else elevation + limit["value_m"]
                limits.append((value, "AMSL", limit["included"]))
            else:
                limits.append((limit["value_m"], limit["datum"], limit["included"]))
        found.append({
            "circle": (lon, lat, ring["radius_m"]), "sort": "airspace", "level": "B",
            "restriction": "REQ_AUTHORISATION", "floor": limits[0], "top": limits[1],
        })  # fmt: skip
    return found


class Judge:
    def __init__(self, world: dict) -> None:
        self.world = world
        self.rules = read_rules()
        self.shapes = [
            None if "circle" in zone else shapely.Polygon(zone["polygon"])
            for zone in world["zones"]
        ]
        self.counties = [shapely.Polygon(county["polygon"]) for county in world["counties"]]

    def height(self, lon, lat, value, slack, datum, wanted, qnh):
        """The height in another datum and how far it may be wrong; None where nothing joins."""
        if datum == wanted:
            return value, slack
        if datum != "AMSL":
            if datum == "AGL":
                value, slack = self._add(value, slack, self.world["terrain"](lon, lat), 1)
            elif datum == "W84":
                value, slack = self._add(value, slack, self.world["geoid"](lon, lat), -1)
            else:
                value, slack = self._pressure(value, slack, 1013.25, qnh)
        if value is None or wanted == "AMSL":
            return value, slack
        if wanted == "AGL":
            return self._add(value, slack, self.world["terrain"](lon, lat), -1)
        if wanted == "W84":
            return self._add(value, slack, self.world["geoid"](lon, lat), 1)
        return self._pressure(value, slack, qnh, 1013.25)

    @staticmethod
    def _add(value, slack, step, sign):
        return (None, None) if step is None else (value + sign * step[0], slack + step[1])

    def _pressure(self, value, slack, setting, new):
        if setting is None or new is None:
            return None, None
        pressure = setting * (1 - 0.0065 * value / 288.15) ** 5.25588
        shown = (1 - (pressure / new) ** (1 / 5.25588)) * 288.15 / 0.0065
        return shown, slack + self.rules["airspace.accuracy"]["qnh_m"]

    def above(self, height, limit, limit_belongs_below):
        """Is the height above the limit? By its accuracy perhaps."""
        value, slack = height
        if value is None:
            return PERHAPS
        ends = []
        for end in (value - limit - slack, value - limit + slack):
            ends.append(end > 0 or (end == 0 and not limit_belongs_below))
        return {(True, True): YES, (False, False): NO}.get(tuple(ends), PERHAPS)

    def in_zone(self, number, lon, lat, height, when):
        zone = self.world["zones"][number]
        begin, end = zone.get("begin"), zone.get("end")
        if not ((begin is None or begin <= when) and (end is None or when < end)):
            return NO
        if "circle" in zone:
            x, y, radius = zone["circle"]
            if GEOD.inv(lon, lat, x, y)[2] > radius:
                return NO
        elif not self.shapes[number].intersects(shapely.Point(lon, lat)):
            return NO
        return self._between(zone, lon, lat, height)

    def _between(self, zone, lon, lat, height):
        value, slack, datum, qnh = height
        answers = []
        for side in ("floor", "top"):
            limit = zone.get(side)
            if limit is None:
                continue
            if limit[0] is None:
                answers.append(PERHAPS)
                continue
            there = self.height(lon, lat, value, slack, datum, limit[1], qnh)
            if side == "floor":
                answers.append(self.above(there, limit[0], not limit[2]))
            else:
                over = self.above(there, limit[0], limit[2])
                answers.append({YES: NO, NO: YES, PERHAPS: PERHAPS}[over])
        if NO in answers:
            return NO
        return PERHAPS if PERHAPS in answers or zone.get("uncertain") else YES

    def unknown(self, lon, lat):
        for county, shape in zip(self.world["counties"], self.counties, strict=True):
            if shape.intersects(shapely.Point(lon, lat)):
                return "unknown" in county["statuses"].values()
        return True

    def verdict(self, lon, lat, height, when, aircraft, task="ordinary", own_zone=None):
        """Every combination of what may hold is answered; all must agree."""
        clock = self.rules["uas.filing_clock"][task]
        exempt_to = clock.get("exempt_to_agl_m")
        agl = self.height(lon, lat, *height[:3], "AGL", height[3])
        too_high = YES if exempt_to is None else self.above(agl, exempt_to, True)
        ceiling = self.rules["uas.suitable_ceiling_m"].get(aircraft)
        over = YES if ceiling is None else self.above(agl, ceiling, True)
        own_only = clock.get("own_zone_only", False)
        speaking = [(over, "needs_approval", not own_only)]
        for number, zone in enumerate(self.world["zones"]):
            state = self.in_zone(number, lon, lat, height, when)
            free = zone["level"] in ("G", "W") or zone["restriction"] == "NO_RESTRICTION"
            if state != NO and not free:
                forbids = zone["restriction"] == "PROHIBITED"
                may_be_exempt = zone["sort"] != "airspace_restriction" and not forbids
                may_be_exempt &= not own_only or (
                    own_zone is not None and zone.get("id") == own_zone
                )
                speaking.append(
                    (state, "prohibited" if forbids else "needs_approval", may_be_exempt)
                )
        return self._agreed(speaking, too_high, self.unknown(lon, lat))

    @staticmethod
    def _agreed(speaking, too_high, unknown):
        options = []
        for state, verdict, may_be_exempt in speaking:
            if state == NO:
                continue
            said = [verdict]
            if may_be_exempt:
                mild = min(verdict, "needs_confirmation", key=ORDER.index)
                said = {YES: [verdict], NO: [mild], PERHAPS: [verdict, mild]}[too_high]
            options.append(said + (["suitable"] if state == PERHAPS else []))
        found = {"needs_confirmation" if unknown else "suitable"}
        for said in options:  # the worst of every combination
            found = {max(one, other, key=ORDER.index) for one in found for other in said}
        return found.pop() if len(found) == 1 else "undetermined"


def relief(lon: float, lat: float) -> float:
    """A made-up ground (m)."""
    return round(300 * (1 + math.sin(lon * 9) * math.cos(lat * 11)), 1)
