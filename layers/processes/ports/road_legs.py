"""Road legs of shipments: from the start, to the goal, and between hubs near each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np

from layers.processes.readers.timetable_rows import Hub
from layers.processes.runtime.model import Scene
from routing.graph.weights import Floats, Ints
from routing.multimodal.question import Drives, Roads
from routing.multimodal.rule_models import Transferring
from routing.planning import island_rule
from routing.query.lru import Lru
from routing.query.model import Conditions
from routing.query.network import RoadNetwork
from routing.query.prepare import PreparedMetric, SnapPoints
from routing.query.snapping import Point
from spatial.geo.crs import distance_m

BLOCK = 200
"""So many hubs are looked from at once; those near them are the columns of their table."""
DEGREE_M = 110_000
"""No degree of latitude is shorter."""
HELD = 8
"""States of a network, with the hour of setting out, whose legs between hubs are kept."""


class Between(NamedTuple):
    """Legs between hubs: `first` (hubs + 1) and `to` tell where each hub's legs lead."""

    first: Ints
    to: Ints
    drives: Drives


class Places(NamedTuple):
    """Where legs begin and end (EPSG:4326), and the spots on the road of each, none off it."""

    points: Sequence[Point]
    spots: SnapPoints

    def some(self, numbers: Iterable[int]) -> tuple[list[Point], SnapPoints]:
        """Return chosen ones as a side of a table."""
        return [self.points[n] for n in numbers], [self.spots[n] for n in numbers]


def read_road_legs(
    scene: Scene,
    hubs: Sequence[Hub],
    ends: tuple[Point, Point],
    driven: tuple[bool, bool],
    rule: Transferring,
    at: datetime,
) -> tuple[Roads, int]:
    """Return the road legs as the network is now, at the hour of setting out, and its version.

    `driven` tells of start and goal whether a road leads there.
    """
    network = scene.network
    prepared = network.prepared(Conditions(rule.profile, depart_at=at), scene.now)
    places = _place(network, prepared, hubs, ends, driven)
    of_hubs = range(2, len(places.points))
    out, version = _table(network, prepared, places, [0], [1, *of_hubs])
    into, _ = _table(network, prepared, places, of_hubs, [1])
    between = _held_between(network, prepared, places, hubs, rule)
    return Roads(
        Drives(out.seconds[0, 1:].copy(), out.metres[0, 1:].copy()),
        Drives(into.seconds[:, 0].copy(), into.metres[:, 0].copy()),
        Drives(out.seconds[0, :1].copy(), out.metres[0, :1].copy()), *between,
    ), version  # fmt: skip


class PortRoads(NamedTuple):
    """The road legs from many places: to hubs, from hubs to ports, to ports, and between hubs.

    `access` is (places, hubs), `egress` (hubs, ports), `direct` (places, ports).
    """

    access: Drives
    egress: Drives
    direct: Drives
    between: Between
    version: int

    def to_port(self, column: int, port: int) -> Roads:
        """Return the legs to one of the ports, the hub `port`; nobody sets out."""
        seconds = self.egress.seconds[:, column].copy()
        seconds[port] = np.inf  # it is there already
        hubs = len(seconds)
        into = Drives(seconds, self.egress.metres[:, column].copy())
        return Roads(Drives.none(hubs), into, Drives.none(1), *self.between)

    def starts(self, column: int) -> list[tuple[Drives, Drives]]:
        """Return of each place the legs to all hubs, and the one to a port."""
        return [
            (
                Drives(self.access.seconds[row], self.access.metres[row]),
                Drives(
                    self.direct.seconds[row, column : column + 1],
                    self.direct.metres[row, column : column + 1],
                ),
            )
            for row in range(len(self.access.seconds))
        ]


def read_port_roads(
    network: RoadNetwork,
    prepared: PreparedMetric,
    hubs: Sequence[Hub],
    points: Sequence[Point],
    ports: Sequence[int],
    rule: Transferring,
) -> PortRoads:
    """Return the road legs from places to hubs and ports (numbers of hubs) on a network."""
    places = _place(network, prepared, hubs, points, [True] * len(points))
    starts = range(len(points))
    of_hubs = range(len(points), len(places.points))
    out, version = _table(network, prepared, places, starts, of_hubs)
    into, _ = _table(network, prepared, places, of_hubs, [of_hubs[port] for port in ports])
    chosen = list(ports)
    direct = Drives(out.seconds[:, chosen], out.metres[:, chosen])
    between = _held_between(network, prepared, places, hubs, rule)
    return PortRoads(out, into, direct, between, version)


def _place(
    network: RoadNetwork,
    prepared: PreparedMetric,
    hubs: Sequence[Hub],
    ends: Sequence[Point],
    driven: Sequence[bool],
) -> Places:
    """Return ends and then hubs on the road."""
    points = [*ends, *((hub.lon, hub.lat) for hub in hubs)]
    usable = network.snapper.usable(prepared.metric, prepared.costs)
    spots = network.snapper.find(points, usable, prepared.resolved.snap)
    reached = [*driven, *(hub.by_road for hub in hubs)]
    return Places(
        points, [place if by_road else [] for place, by_road in zip(spots, reached, strict=True)]
    )


def _table(
    network: RoadNetwork,
    prepared: PreparedMetric,
    places: Places,
    outs: Iterable[int],
    intos: Iterable[int],
) -> tuple[Drives, int]:
    sides = places.some(outs), places.some(intos)
    found = island_rule.table(network, prepared, *sides, lengths=True)
    lengths = found.seconds if found.metres is None else found.metres
    return Drives(found.seconds, lengths), found.version


def read_hub_legs(
    network: RoadNetwork, hubs: Sequence[Hub], conditions: Conditions, now: datetime
) -> tuple[Drives, int]:
    """Return the road legs between all hubs, (hubs, hubs), and the version of the network."""
    prepared = network.prepared(conditions, now)
    usable = network.snapper.usable(prepared.metric, prepared.costs)
    points = [(hub.lon, hub.lat) for hub in hubs]
    spots = network.snapper.find(points, usable, prepared.resolved.snap)
    reached = [
        own if hub.by_road else [] for own, hub in zip(spots, hubs, strict=True)
    ]  # fmt: skip
    every = range(len(hubs))
    return _table(network, prepared, Places(points, reached), every, every)


def _held_between(
    network: RoadNetwork,
    prepared: PreparedMetric,
    places: Places,
    hubs: Sequence[Hub],
    rule: Transferring,
) -> Between:
    """Return the legs between hubs; the shipments of one state and hour share them."""
    stamp = prepared.metric.stamp
    of_hubs = tuple((hub.lon, hub.lat, hub.by_road) for hub in hubs)
    state = prepared.plan.key, stamp.version, stamp.serial
    first = len(places.points) - len(hubs)

    def make() -> Between:
        def drives(rows: Ints, columns: Ints) -> Drives:
            return _table(network, prepared, places, rows + first, columns + first)[0]

        lon, lat = np.array(places.points[first:]).reshape(-1, 2).T
        return join_near(lon, lat, rule.between_hubs_m, drives)

    found: Between = network.derived.get(_held).get((state, of_hubs, rule.between_hubs_m), make)
    return found


def _held(_: RoadNetwork) -> Lru:
    return Lru(HELD)


def join_near(
    lon: Floats, lat: Floats, most_m: float, drives: Callable[[Ints, Ints], Drives]
) -> Between:
    """Return the legs between places (degrees) that are near enough to each other in the air.

    `drives` answers tables by the numbers of places; they are asked for in blocks of places beside
    each other, so that what is far apart is hardly looked at.
    """
    parts = [_near(lon, lat, most_m, rows, drives) for rows in _blocks(lon, lat)]
    if not parts:
        return Between(np.zeros(1, np.int64), np.empty(0, np.int64), Drives.none(0))
    found = [np.concatenate([part[n] for part in parts]) for n in range(4)]
    order = np.lexsort((found[1], found[0]))
    rows, to, seconds, metres = (values[order] for values in found)
    first = np.searchsorted(rows, np.arange(len(lon) + 1)).astype(np.int64)
    return Between(first, to.astype(np.int64), Drives(seconds, metres))


def _blocks(lon: Floats, lat: Floats) -> Iterator[Ints]:
    """Yield the numbers of places beside each other, `BLOCK` at most."""
    order = np.lexsort((lat, np.floor(lon * 2)))
    for start in range(0, len(order), BLOCK):
        yield order[start : start + BLOCK]


def _near(
    lon: Floats,
    lat: Floats,
    most_m: float,
    rows: Ints,
    drives: Callable[[Ints, Ints], Drives],
) -> tuple[Ints, Ints, Floats, Floats]:
    """Return from, to, seconds and metres of the legs that begin in a block."""
    maybe = np.abs(lat - lat[rows, None]) * DEGREE_M <= most_m
    one, to = np.nonzero(maybe & (rows[:, None] != np.arange(len(lon))))
    near = distance_m(lon[rows[one]], lat[rows[one]], lon[to], lat[to]) <= most_m
    one, to = one[near], to[near]
    columns, place = np.unique(to, return_inverse=True)
    found = drives(rows, columns)
    seconds, metres = found.seconds[one, place], found.metres[one, place]
    driven = np.isfinite(seconds)
    return rows[one][driven], to[driven], seconds[driven], metres[driven]
