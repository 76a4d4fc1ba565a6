"""A crooked grid town with one-way streets, and drives through it that are known exactly."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

import numpy as np
import shapely

from routing.cch.engine import Topology
from routing.cost.profile import load_profiles
from routing.graph.turns import split
from routing.index.linear_measure import scales
from routing.matching.matched_path import MatchedPath, line
from routing.matching.matcher import Matcher
from routing.matching.trace import Trace
from routing.query.network import RoadNetwork
from spatial.geo.crs import lengths_m
from spatial.ids import stable_uuid7
from spatial.networks.road import KIND as ROAD
from tests.routing.maps import edges_of, shipped_rules

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
SIDE = 12
BLOCK_DEG = 0.0018
SPEED_MS = 12.0


@cache
def town() -> tuple[RoadNetwork, Matcher]:
    """Return the town's network and its matcher."""
    rng = np.random.default_rng(3)
    place = {
        (x, y): (
            121 + BLOCK_DEG * (x + rng.uniform(-0.2, 0.2)),
            30 + BLOCK_DEG * (y + rng.uniform(-0.2, 0.2)),
        )
        for x in range(SIDE)
        for y in range(SIDE)
    }
    rows = []
    for (x, y), here in place.items():
        for there in ((x + 1, y), (x, y + 1)):
            if there not in place:
                continue
            bend = np.mean([here, place[there]], axis=0) + rng.uniform(-1e-4, 1e-4, 2)
            shape = [here, tuple(bend), place[there]]
            rows.append(
                {
                    "id": stable_uuid7("grid", f"{x} {y} {there}"),
                    "from_node": stable_uuid7("grid", f"{(x, y)}"),
                    "to_node": stable_uuid7("grid", f"{there}"),
                    "length_m": float(lengths_m([shapely.LineString(shape)])[0]),
                    "oneway": (x if there[0] == x else y) % 4 == 1,
                    "shape": shape,
                }
            )
    graph = split(edges_of(rows), [])
    profiles = {"car": load_profiles(ROAD)["car"]}
    network = RoadNetwork(graph, Topology.build(graph), profiles, shipped_rules())
    return network, Matcher(network)


def wander(rng: np.random.Generator, edges: int) -> list[int]:
    """Return the keys of a drive that turns anywhere but never back."""
    arcs = town()[0].graph.arcs
    while True:
        arc = int(rng.integers(len(arcs)))
        keys = [int(arcs.key[arc])]
        while len(keys) < edges:
            ways = np.flatnonzero((arcs.tail == arcs.head[arc]) & (arcs.key != keys[-1] ^ 1))
            if not len(ways):
                break
            arc = int(rng.choice(ways))
            keys.append(int(arcs.key[arc]))
        if len(keys) == edges:
            return keys


@dataclass(frozen=True)
class Driven:
    """A drive with its true line and the fixes of it."""

    drive: MatchedPath
    trace: Trace

    @property
    def line(self) -> np.ndarray:
        return line(town()[1].measure, self.drive)


def driven(
    keys: list[int],
    every_s: float,
    noise_m: float,
    rng: np.random.Generator,
    speed: float = SPEED_MS,
) -> Driven:
    """Drive keys at a steady speed, from within the first edge to within the last one."""
    network, matcher = town()
    key = np.array(keys)
    start, stop = np.zeros(len(key)), np.ones(len(key))
    start[0], stop[-1] = 0.3, 0.7
    metres = network.graph.edges.length_m[key >> 1] * (stop - start)
    at = np.concatenate([[0.0], np.cumsum(metres)])
    seconds = np.append(np.arange(0, at[-1] / speed - 1, every_s), at[-1] / speed)
    part = np.clip(np.searchsorted(at, seconds * speed, side="right") - 1, 0, len(key) - 1)
    share = start[part] + (seconds * speed - at[part]) / metres[part] * (stop - start)[part]
    points = matcher.measure.place(key[part] >> 1, np.where(key[part] & 1, 1 - share, share))
    points = points + rng.normal(0, 1, points.shape) * noise_m / scales(points[:, 1])
    sigma = np.full(len(points), max(noise_m, 3.0))
    return Driven(MatchedPath(key, start, stop, [], 1.0, None), Trace(points, seconds, sigma))


def share_near(line_: np.ndarray, others: list[np.ndarray], within_m: float = 5.0) -> float:
    """Return the share of a line that lies near others."""
    scale = scales(line_[:1, 1])[0]
    whole = shapely.MultiLineString([other * scale for other in others])
    own = shapely.LineString(line_ * scale)
    places = shapely.line_interpolate_point(own, np.arange(0, own.length, 5.0))
    shapely.prepare(whole)
    return float(shapely.dwithin(whole, places, within_m).mean())
