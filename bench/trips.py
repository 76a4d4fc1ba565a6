"""Trips whose line is known: the truth that matchers are compared with (see matching.py)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.matchers import CAR, NOISE_M, NOW, SAME_M, Osrm, Sigang, Valhalla
from routing.graph.weights import Floats
from routing.index.linear_measure import scales
from routing.index.snap import Usable
from routing.matching.matcher import Matcher
from routing.matching.trace import Trace
from routing.query.leg import line as leg_line
from routing.query.model import PathQuery
from routing.query.network import RoadNetwork
from spatial.errors import SigangError

LEAST_M, APART_M = 2_500.0, (500.0, 2_500.0)
SEED = 20261122


@dataclass(frozen=True)
class Trip:
    """A true line (EPSG:4326) and the speed at which it is driven."""

    by: str
    points: Floats
    metres: Floats
    speed_ms: float

    @classmethod
    def of(cls, by: str, points: Floats, seconds: float) -> Trip:
        """Measure a line."""
        step = np.hypot(*(np.diff(points, axis=0) * scales(points[1:, 1])).T)
        metres = np.concatenate([[0.0], np.cumsum(step)])
        return cls(by, points, metres, metres[-1] / max(seconds, 1.0))

    def fixes(self, every_s: float, rng: np.random.Generator) -> Trace:
        """Return noisy fixes from the first to the last place."""
        whole = self.metres[-1] / self.speed_ms
        seconds = np.append(np.arange(0, whole - every_s / 2, every_s), whole)
        at = seconds * self.speed_ms
        places = np.column_stack([np.interp(at, self.metres, c) for c in self.points.T])
        noisy = places + rng.normal(0, NOISE_M, places.shape) / scales(places[:, 1])
        return Trace(noisy.round(6), seconds.round(), np.full(len(seconds), NOISE_M))


def sigang_route(network: RoadNetwork, places: Sequence[Any]) -> tuple[Floats, float]:
    """Return the line of a path over places, and its time."""
    found = network.path(PathQuery("car", waypoints=[tuple(p) for p in places]), NOW)
    lines = [leg_line(network.graph, leg) for leg in found.legs]
    points = np.concatenate(lines)
    keys = np.concatenate([leg.keys for leg in found.legs])
    part = np.concatenate([leg.stop - leg.start for leg in found.legs])
    times = found.costs.duration_ms(keys, np.full(len(keys), np.nan, np.float32)) * part
    return points, float(times.sum()) / 1000


Route = Callable[[Sequence[Any]], tuple[Floats, float]]


def trips(
    network: RoadNetwork, routes: Mapping[str, Route], known: Callable[[Floats], bool], count: int
) -> list[Trip]:
    """Return trips over one to three random places on roads known to all, so many by each."""
    rng = np.random.default_rng(SEED)
    usable = np.flatnonzero(Matcher(network).lengths(CAR, NOW).usable)
    edges = network.graph.edges
    found: list[Trip] = []
    for name, route in routes.items():
        mine: list[Trip] = []
        while len(mine) < count:
            places = [edges.vertices(int(rng.choice(usable)))[0]]
            for _ in range(int(rng.integers(2, 5))):
                angle, metres = rng.uniform(0, 2 * np.pi), rng.uniform(*APART_M)
                step = np.array([np.cos(angle), np.sin(angle)]) * metres
                places.append(places[-1] + step / scales(places[-1][1:])[0])
            with contextlib.suppress(SigangError, OSError, KeyError):
                points, seconds = route([p.round(6).tolist() for p in places])
                trip = Trip.of(name, points, seconds)
                if trip.metres[-1] >= LEAST_M and trip.speed_ms > 2 and known(points):
                    mine.append(trip)
        found += mine
    return found


def places_along(points: Floats, every_m: float = 40.0) -> Floats:
    """Return places on a line."""
    trip = Trip.of("", points, 1.0)
    at = np.arange(0, trip.metres[-1], every_m)
    return np.column_stack([np.interp(at, trip.metres, c) for c in points.T])


def known_to_all(own: Sigang, osrm: Osrm, valhalla: Valhalla, points: Floats) -> bool:
    """Tell whether every engine has a road open to cars all along a line."""
    places = places_along(points)
    usable = Usable.among(own.matcher.lengths(CAR, NOW).usable)
    index = own.network.snapper.index
    near = all(index.nearest(x, y, usable, SAME_M, 0.0) for x, y in places.tolist())
    return near and valhalla.has(places) and osrm.has(places)
