"""Read a signed pack of the air and say, without a network, what the server would have said.

Needs `cryptography`. The key comes with the app, never with the pack; `mark` is a file that keeps
the latest time seen. `undetermined` also says that the pack does not hold what the server knows.
"""

from __future__ import annotations

import base64
import json
import lzma
import math
import struct
import time
from array import array
from collections.abc import Callable
from datetime import datetime
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MAGIC, BODY = b"SGAIRPK1", 8 + 64
NO, PERHAPS, YES, CONFIRM, APPROVE = 0, 1, 2, 1, 2
NAMES = ("suitable", "needs_confirmation", "needs_approval", "prohibited")
EDGE_M, MARK_S, NOWHERE = 1e-4, 60.0, -32768
SEA_K, LAPSE, EXPONENT, STANDARD_HPA = 288.15, 0.0065, 5.25588, 1013.25  # ICAO atmosphere
Level = tuple[float, float, float]  # lowest and highest height, how far they may be wrong (m)
Levels = dict[str, Level]


class Refused(Exception):
    """The pack is not genuine, not in force, or cannot be asked this."""


class Pack:
    """A pack whose signature was checked."""

    def __init__(
        self, data: bytes, key: str, mark: Path | None = None,
        clock: Callable[[], float] = time.time, ticks: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
        try:
            public.verify(data[8:BODY], MAGIC + data[BODY:])
        except InvalidSignature as error:
            raise Refused("this is no pack of this form that the key signed") from error
        self.facts = json.loads(lzma.decompress(data[BODY:]))
        self._clock, self._ticks, self._mark = clock, ticks, mark
        self._opened, self._tiles = clock() - ticks(), dict[str, "array[int]"]()
        self._check_times()

    def _check_times(self, begin: float = 0.0, end: float = -math.inf) -> None:
        now, skew, mark = self._clock(), self.facts["skew_s"], self._mark
        seen = float(mark.read_text("ascii")) if mark and mark.exists() else 0.0
        for wrong, why in (
            (abs(now - self._ticks() - self._opened) > skew, "the clock was moved meanwhile"),
            (now < self.facts["begins"] - skew, "not in force yet, or the clock is wrong"),
            (now >= self.facts["expires"], "the pack has expired"),
            (now < seen - skew, "the clock was set back"),
            (begin > end > 0 or end >= self.facts["expires"], "not within the time of the pack"),
            (0 < begin < self.facts["begins"] - skew, "not within the time of the pack"),
        ):
            if wrong:
                raise Refused(why)
        if mark and now > seen + MARK_S:
            mark.write_text(repr(now), "ascii")

    def verdict(
        self, lon: float, lat: float, height_m: float, datum: str, aircraft: str, at: datetime,
        until: datetime | None = None, *, upper_m: float | None = None, accuracy_m: float = 0.0,
        task: str = "ordinary", facility: str | None = None, qnh_hpa: float = math.nan,
    ) -> tuple[str, list[str]]:  # fmt: skip
        """Return the verdict at one place and the ids of zones that speak, or refuse."""
        facts, begin, end = self.facts, at.timestamp(), (until or at).timestamp()
        self._check_times(begin, end)
        high_m = height_m if upper_m is None else upper_m
        levels = self._levels(lon, lat, datum, (height_m, high_m, accuracy_m), qnh_hpa)
        exempt_m, own = facts["tasks"][task]
        ceiling_m = facts["ceilings_m"].get(aircraft)
        state = YES if ceiling_m is None else _side(levels, [ceiling_m, "AGL", True], 1) + 1
        found, spoken = [_weighed(levels, state, APPROVE, None if own else exempt_m)], []
        for zone, over in self._over("zones", lon, lat):
            if zone["begin"] >= max(end, math.nextafter(begin, math.inf)) or zone["end"] <= begin:
                continue
            above = _side(levels, zone["floor"], 1) if zone["floor"] else 1
            below = _side(levels, zone["ceiling"], 0) if zone["ceiling"] else -1
            sure = over and not zone["uncertain"] and (above, below) == (1, -1)
            state = NO if above == -1 or below == 1 else YES if sure else PERHAPS
            meant = zone["exempt"] and (not own or zone["id"] == facility)
            found.append(_weighed(levels, state, zone["weight"], exempt_m if meant else None))
            spoken += [zone["id"]] if found[-1][1] and zone["id"] not in spoken else []
        counties = [county for county, _ in self._over("counties", lon, lat)]
        unknown = not counties or any("unknown" in one["ground"].values() for one in counties)
        names = NAMES[1:2] + NAMES[1:] if unknown else NAMES
        least, most = (names[max(side)] for side in zip(*found, strict=True))
        return least if least == most else "undetermined", spoken

    def _over(self, kind: str, lon: float, lat: float) -> list[tuple[dict[str, Any], bool]]:
        """Return what lies over a place, and whether surely: not so on the edge of a circle."""
        over, per = [], self.facts["buckets_per_degree"]
        bucket = f"{math.floor(lon * per)},{math.floor(lat * per)}"
        for one in (self.facts[kind][n] for n in self.facts["near"][kind].get(bucket, ())):
            if one["circle"]:
                gap_m = _metres(lon, lat, *one["circle"][:2]) - one["circle"][2]
                if gap_m <= EDGE_M:
                    over.append((one, gap_m < -EDGE_M))
            elif _inside(lon, lat, one["rings"]):
                over.append((one, True))
        return over

    def _levels(self, lon: float, lat: float, datum: str, asked: Level, qnh: float) -> Levels:
        """Return the heights in every datum, NaN where something is lacking."""
        by = {"AMSL": 0.0, "AGL": self._ground_m(lon, lat), "W84": -self._undulation_m(lon, lat)}

        def moved(level: Level, name: str, sign: int) -> Level:
            slack_m = level[2] + self.facts["slacks_m"][name]
            if name != "STD":
                return level[0] + sign * by[name], level[1] + sign * by[name], slack_m
            warmer = ((STANDARD_HPA / qnh) if sign > 0 else (qnh / STANDARD_HPA)) ** (1 / EXPONENT)
            low, high = ((1 - (1 - LAPSE * m / SEA_K) * warmer) * SEA_K / LAPSE for m in level[:2])
            return low, high, slack_m

        sea = moved(asked, datum, 1)
        return {name: moved(sea, name, -1) for name in (*by, "STD")} | {datum: asked}

    def _ground_m(self, lon: float, lat: float) -> float:
        terrain, west, south = self.facts["terrain"], math.floor(lon), math.floor(lat)
        tile = terrain["tiles"].get(name := f"{west},{south}")
        if tile is None:
            return math.nan
        cells, row = tile["cells"], tile["cells"] - 1 - int((lat - south) * tile["cells"])
        if name not in self._tiles:
            self._tiles[name] = array("h", lzma.decompress(base64.b64decode(tile["xz"])))
        steps = self._tiles[name][row * cells + int((lon - west) * cells)]
        value_m = math.nan if steps == NOWHERE else steps / terrain["steps_per_m"]
        return struct.unpack("f", struct.pack("f", value_m))[0]  # type: ignore[no-any-return]

    def _undulation_m(self, lon: float, lat: float) -> float:
        west, south, per, rows = self.facts["geoid"]
        x, y = (lon - west) * per, (lat - south) * per
        i, j = math.floor(x), math.floor(y)
        if not (0 <= i < len(rows[0]) - 1 and 0 <= j < len(rows) - 1):
            return math.nan
        low, high = (rows[n][i] + (x - i) * (rows[n][i + 1] - rows[n][i]) for n in (j, j + 1))
        return float(low + (y - j) * (high - low))


def _weighed(levels: Levels, state: int, weight: int, exempt_m: float | None) -> tuple[int, int]:
    """Return the least and most weight of a zone, milder where the task is exempt."""
    least = most = weight
    if exempt_m is not None:
        high = _side(levels, [exempt_m, "AGL", True], 1) + 1
        least = min(weight, CONFIRM) if high != YES else weight
        most = min(weight, CONFIRM) if high == NO else weight
    return least if state == YES else 0, most if state != NO else 0


def _side(levels: Levels, limit: list[Any], end: int) -> int:
    """Return -1 below a limit, 1 above it, 0 where nobody can say; `end` of the heights is held."""
    value_m, datum, belongs_below = limit
    if value_m is None or math.isnan(gap := levels[datum][end] - value_m):
        return 0
    both = gap - levels[datum][2], gap + levels[datum][2]
    return int(sum(m > 0 or (m == 0 and not belongs_below) for m in both)) - 1


def _metres(lon: float, lat: float, x: float, y: float) -> float:
    """Return the geodesic (m) of GRS 80 between two places up to 100 km apart, to 0.01 mm."""
    a, e2, places = 6378137.0, 0.006694380022900788, []
    for east, north in (map(math.radians, place) for place in ((lon, lat), (x, y))):
        n = a / math.sqrt(1 - e2 * math.sin(north) ** 2)
        xy = n * math.cos(north) * math.cos(east), n * math.cos(north) * math.sin(east)
        places.append((*xy, n * (1 - e2) * math.sin(north)))
    chord, middle = math.dist(*places), math.radians((lat + y) / 2)
    w2 = 1 - e2 * math.sin(middle) ** 2
    n, m = a / math.sqrt(w2), a * (1 - e2) / w2**1.5
    along = math.atan2(math.radians(x - lon) * n * math.cos(middle), math.radians(y - lat) * m)
    bend = chord**2 * (math.cos(along) ** 2 / m + math.sin(along) ** 2 / n) ** 2
    return float(chord * (1 + bend / 24 + 3 * bend**2 / 640))


def _inside(x: float, y: float, rings: list[list[list[float]]]) -> bool:
    """Tell whether a place lies within rings of which those inside others are holes, exactly."""
    inside = False
    for (x1, y1), (x2, y2) in (side for ring in rings for side in pairwise(ring)):
        if not (y1 <= y <= y2 or y2 <= y <= y1):
            continue
        left = (x2 - x1) * (y - y1) - (x - x1) * (y2 - y1)
        if abs(left) < 1e-12:
            a, b, c, d, e, f = map(Fraction, (x1, y1, x2, y2, x, y))
            left = float((c - a) * (f - b) - (e - a) * (d - b))
        if left == 0 and (x1 <= x <= x2 or x2 <= x <= x1):
            return True
        inside ^= (y1 > y) != (y2 > y) and (left > 0) == (y2 > y1)
    return inside
