"""Where the flights of the synthetic day go: tracks over the ground, in metres around a place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.ops import substring

from data.facts import Facts, read_facts
from data.generate.world import TRUNK, Floats, Indices, Lines, Rng
from spatial.geo.crs import GEOD
from spatial.geo.volumes import LonLat, Plane

_AROUND_M = {"line": 5_000.0, "field": 12_000.0}
_BEND = 0.15
"""How far a line bends aside, as a share of its length."""


@dataclass(frozen=True)
class Track:
    """A way over the ground: metres (n, 2) in a plane, start to end."""

    plane: Plane
    points: Floats


@dataclass(frozen=True)
class Ways:
    """What missions go along, and how often they are in which prefecture."""

    roads: Lines
    main: NDArray[np.bool_]
    pads: Sequence[LonLat]
    busy: Mapping[str, float]

    @classmethod
    def of(cls, roads: Lines, facts: Facts) -> Ways:
        """Return the ways over the roads that there are."""
        long = np.isin(roads.classes, TRUNK) & (roads.length_m > 1_500)
        return cls(roads, long, [tuple(pad["at"]) for pad in facts["pad"]], facts["busy"])

    def draw(self, rng: Rng, mission: Facts) -> Track | None:
        """Return the track of a mission, None where the draw comes to nothing."""
        reach = float(rng.uniform(*mission["reach_m"]))
        way = str(mission["way"])
        if way == "field":
            return _mown(rng, self._near_seat(rng, way), reach, mission["lane_m"])
        return _DRAWS[way](self, rng, reach)

    def prefecture(self, rng: Rng) -> str:
        """Return the first digits of the codes of where a mission is: a busy prefecture, or any."""
        shares = [*self.busy.values(), 1.0 - sum(self.busy.values())]
        return str(rng.choice([*self.busy, "33"], p=shares))

    def _near_seat(self, rng: Rng, way: str) -> LonLat:
        begin = self.prefecture(rng)
        near = [seat for code, seat in _seats().items() if code.startswith(begin)]
        lon, lat = near[int(rng.integers(len(near)))]
        far = _AROUND_M[way] * float(rng.random()) ** 0.5
        found = GEOD.fwd(lon, lat, float(rng.uniform(0, 360)), far)
        return float(found[0]), float(found[1])

    def line(self, rng: Rng, reach: float) -> Track:
        """Return a line near a seat of a county, with a bend."""
        plane = Plane(self._near_seat(rng, "line"))
        angle = float(rng.uniform(0, 2 * np.pi))
        along = np.array([np.cos(angle), np.sin(angle)])
        aside = np.array([-along[1], along[0]]) * float(rng.uniform(-_BEND, _BEND)) * reach
        return Track(plane, np.array([0 * along, along * reach * 0.5 + aside, along * reach]))

    def trunk_road(self, rng: Rng, reach: float) -> Track | None:
        """Return a stretch of a main road."""
        begin = self.prefecture(rng)
        here = self.main & np.char.startswith(self.roads.admin.astype(str), begin)
        pool: Indices = self.roads.where(here)
        if not len(pool):
            return None
        edge = int(rng.choice(pool))
        share = min(1.0, reach / float(self.roads.length_m[edge]))
        start = float(rng.uniform(0.0, 1.0 - share))
        return _along(substring(self.roads.shapes[edge], start, start + share, normalized=True))

    def bridge(self, rng: Rng, reach: float) -> Track:
        """Return a stretch of a named bridge."""
        spans = _spans()
        line = spans[int(rng.integers(len(spans)))]
        share = min(1.0, reach / float(GEOD.geometry_length(line)))
        start = float(rng.uniform(0.0, 1.0 - share))
        return _along(substring(line, start, start + share, normalized=True))

    def port(self, rng: Rng, reach: float) -> Track:
        """Return a round over a port."""
        hubs = [hub["at"] for hub in read_facts("hubs")["hub"] if hub["kind"] in ("sea", "river")]
        lon, lat = hubs[int(rng.integers(len(hubs)))]
        east, north = rng.uniform(-2_000, 2_000, 2)
        corner = np.array([[0, 0], [1, 0], [1, 0.5], [0, 0.5], [0, 0]]) * reach
        return Track(Plane((lon, lat)), corner + np.array([east, north]))

    def between_pads(self, rng: Rng, reach: float) -> Track | None:
        """Return the line between two pads that are no further apart than that."""
        start, end = (self.pads[int(n)] for n in rng.choice(len(self.pads), 2, replace=False))
        plane = Plane(start)
        points = plane.project(np.array([start, end]))
        return Track(plane, points) if 5_000 < np.hypot(*points[1]) <= reach else None


_DRAWS: Mapping[str, Callable[[Ways, Rng, float], Track | None]] = {
    "line": Ways.line, "trunk_road": Ways.trunk_road, "bridge": Ways.bridge, "port": Ways.port,
    "pads": Ways.between_pads,
}  # fmt: skip


@cache
def _seats() -> Mapping[str, LonLat]:
    return {code: tuple(unit["seat"]) for code, unit in read_facts("admin")["county"].items()}


@cache
def _spans() -> Sequence[shapely.LineString]:
    structures = read_facts("structures")["structure"]
    return [
        shapely.LineString(one["span"])
        for one in structures
        if one["kind"] == "bridge" and "span" in one
    ]


def _along(line: shapely.LineString) -> Track:
    coords = shapely.get_coordinates(line)
    plane = Plane((float(coords[0, 0]), float(coords[0, 1])))
    metres = shapely.LineString(plane.project(coords)).simplify(25.0)
    return Track(plane, shapely.get_coordinates(metres))


def _mown(rng: Rng, at: LonLat, side: float, lane: float) -> Track:
    """Return the lanes to and fro over a square."""
    rows = np.arange(0.0, side, lane)
    turn = float(rng.uniform(0, np.pi))
    points = [
        (x, row) for n, row in enumerate(rows) for x in ((0.0, side) if n % 2 == 0 else (side, 0.0))
    ]
    cos, sin = np.cos(turn), np.sin(turn)
    return Track(Plane(at), np.array(points) @ np.array([[cos, sin], [-sin, cos]]))
