"""A divided expressway with ramps, a broken chain on each kind, signs: all made up, in metres.

        G92 down  <---------------------------------------------------  y +30
        G92 up    ---------------------------------------------------> y 0   towards Ningbo
   x    0    1000    2500     4000       6000      8000      10000
              ^ G15    \\ off   / on        \\ off     / on
              |         \\_____/             \\_______/             ramps
        street (two-way) ------------------------------------------    y -200

Stakes of the up side: K95+000 at x 0; the numbers jump from K98+000 to K98+200 at x 3000 (short
chain); 2,060 m of stakes lie on the 2,000 m of line from x 4000 to 6000; the numbers fall back from
K102+260 to K102+160 at x 7000 (long chain), so that K102+200 exists twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from uuid import UUID

import numpy as np
import shapely

from routing.corridor.carriageway import Device, Mainline, place_device
from routing.corridor.directed_search import At, Streets
from routing.graph.graph import Graph
from routing.graph.turns import split
from routing.index.snap import SnapIndex, metres_per_degree
from spatial.geo.linear_reference import Carriageway, Side
from spatial.ids import stable_uuid7
from tests.routing.maps import edges_of

LON_0, LAT_0 = 121.0, 30.0
EAST, NORTH = metres_per_degree(LAT_0)
BREAKS = (0, 1000, 2500, 3000, 4000, 6000, 7000, 8000, 10000)
STREET = (0, 2700, 3700, 6200, 7700, 10000)
UP_STAKES = (
    (0, 95_000), (3000, 98_000), (3000, 98_200), (4000, 99_200), (6000, 101_260),
    (7000, 102_260), (7000, 102_160), (10000, 105_160),
)  # fmt: skip
RAMPS = {  # name: class, points
    "off 1": ("motorway_link", ((2500, 0), (2600, -60), (2700, -200))),
    "on 1": ("motorway_link", ((3700, -200), (3850, -80), (4000, 0))),
    "off 2": ("motorway_link", ((6000, 0), (6200, -200))),
    "on 2": ("motorway_link", ((7700, -200), (8000, 0))),
    "G15 merge": ("motorway_link", ((1000, -800), (1000, 0))),
    "G15": ("motorway", ((1000, -3000), (1000, -800))),
    "G15 street": ("motorway_link", ((500, -3000), (1000, -3000))),
    "down on": ("motorway_link", ((5200, 200), (5000, 30))),
    "north": ("secondary", ((5200, 900), (5200, 200))),
    "south": ("secondary", ((0, -3000), (500, -3000))),
}
SIGNS = {  # name: x, y, and the stake and side that the owner wrote down, if any
    "up 4500": (4500, -8, None, None),
    "up 3900": (3900, -8, None, None),
    "up 1500": (1500, -8, None, None),
    "up 4800 staked": (4810, 14, 100_100.0, "up"),
    "up 4900": (4900, -8, None, None),
    "up 6990": (6990, -8, 102_250.0, "up"),
    "down 4600": (4600, 38, None, None),
    "down 4790": (4790, 22, 99_900.0, "down"),
    "on ramp": (3850, -84, None, None),
    "off ramp": (2600, -66, None, None),
    "G15 sign": (1008, -2000, None, None),
    "street": (4400, -205, None, None),
    "field": (4300, -110, None, None),
}


def at(x: float, y: float) -> tuple[float, float]:
    """Return longitude and latitude of a place in metres."""
    return round(LON_0 + x / EAST, 7), round(LAT_0 + y / NORTH, 7)


def edge_id(name: str) -> UUID:
    return stable_uuid7("corridor", name)


def _row(name: str, road_class: str, points: tuple[tuple[float, float], ...], oneway: bool) -> dict:
    shape = [at(x, y) for x, y in points]
    length = sum(float(np.hypot(b[0] - a[0], b[1] - a[1])) for a, b in pairwise(points))
    ends = [stable_uuid7("corridor", f"node {points[i]}") for i in (0, -1)]
    return {
        "id": edge_id(name), "from_node": ends[0], "to_node": ends[1], "oneway": oneway,
        "class": road_class, "length_m": length, "shape": shape, "name_en": name, "name_zh": name,
    }  # fmt: skip


def rows() -> list[dict]:
    """Return all edges."""
    made = []
    for a, b in pairwise(BREAKS):
        made.append(_row(f"up {a}", "motorway", ((a, 0), (b, 0)), True))
    downs = (10000, 5000, 2000, 0)
    for a, b in pairwise(downs):
        made.append(_row(f"down {a}", "motorway", ((a, 30), (b, 30)), True))
    for a, b in pairwise(STREET):
        made.append(_row(f"street {a}", "secondary", ((a, -200), (b, -200)), False))
    for name, (road_class, points) in RAMPS.items():
        made.append(_row(name, road_class, points, road_class != "secondary"))
    return made


def stakes(side: Side) -> list[dict]:
    """Return the stake points of a side; the down side is digitised as its traffic drives."""
    pairs = UP_STAKES if side == "up" else [(10_000 - x, k) for x, k in UP_STAKES]
    return [
        {"route_id": "G92", "side": side, "part": 0, "k_m": float(k), "chainage_m": float(x),
         "accuracy_m": 5.0}
        for x, k in pairs
    ]  # fmt: skip


def line(side: Side) -> shapely.LineString:
    """Return a carriageway's line, digitised in its driving direction."""
    ends = ((0, 0), (10_000, 0)) if side == "up" else ((10_000, 30), (0, 30))
    return shapely.LineString([at(*end) for end in ends])


def carriageway(side: Side) -> Carriageway:
    row = {
        "route_id": "G92", "side": side, "part": 0, "calibrated": True, "accuracy_m": 5.0,
        "source_id": "corridor", "geom": line(side),
    }  # fmt: skip
    return Carriageway(row, stakes(side))


def devices() -> list[Device]:
    """Return all signs."""
    return [
        Device(name, *at(x, y), "G92" if k is not None else None, side, k)
        for name, (x, y, k, side) in SIGNS.items()
    ]


@dataclass
class Corridor:
    """The network with both sides of the route."""

    @cached_property
    def graph(self) -> Graph:
        return split(edges_of(rows()), [])

    @cached_property
    def streets(self) -> Streets:
        return Streets(self.graph, SnapIndex(self.graph.edges))

    def mainline(self, side: Side) -> Mainline:
        names = [row["id"] for row in rows() if row["name_en"].startswith(f"{side} ")]
        edges = np.array([self.graph.ids.find(name) for name in names], np.int64)
        return Mainline.of(self.streets, [carriageway(side)], edges, side)

    def place(self, side: Side, k_m: float, occurrence: int | None = None) -> At:
        main = self.mainline(side)
        return main.place(self.streets, main.fix(k_m, occurrence))

    def x(self, place: At) -> float:
        """Return the x (m) of a place."""
        return (self.streets.point(place)[0] - LON_0) * EAST

    def placed(self, side: Side, kept: np.ndarray) -> list[tuple[Device, At]]:
        main = self.mainline(side)
        found = [(d, place_device(self.streets, main, d, kept, 60.0)) for d in devices()]
        return [(device, place) for device, place in found if place is not None]

    def name(self, key: int) -> str:
        return str(self.graph.edges.name_en.get(key >> 1))
