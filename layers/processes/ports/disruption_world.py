"""What disruptions close: hubs, ways of services, roads; and the world that they are closed in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from uuid import UUID

import numpy as np
import shapely

from layers.processes.ports.disruption_inputs import DisruptionGiven
from layers.processes.ports.road_legs import read_hub_legs
from layers.processes.readers.closable_rows import Closables
from layers.processes.readers.timetable_rows import HeldTimetable
from routing.disruption.closures import Closing, OnLine
from routing.disruption.roads import RoadLegs, Window
from routing.disruption.world import Blocked
from routing.graph.weights import Bools
from routing.multimodal.rule_models import Transferring
from routing.query.model import Conditions, Path, PathQuery
from routing.query.network import RoadNetwork
from spatial.errors import LimitViolated, NoSnap, Unreachable
from spatial.geo.crs import distance_m
from spatial.transport_modes import HAULAGE, MODES

PROFILE = "barge"
MOST_PARTS = 20
"""So many parts of a line in a polygon are looked at."""


@dataclass(frozen=True)
class Unsure:
    """A way of a service of which nobody can tell whether it passes what is closed."""

    service: str
    from_hub: str
    to_hub: str
    why_en: str
    why_zh: str


@dataclass
class Closed:
    """What disruptions close, as it is gathered."""

    closings: list[Closing] = field(default_factory=list)
    lines: dict[tuple[int, int], list[OnLine]] = field(default_factory=dict)
    unsure: list[Unsure] = field(default_factory=list)


def window_of(given: DisruptionGiven, at: datetime) -> Window:
    """Return the part of a window that is still to come, Unix seconds."""
    since = max(given.since, at)
    return Window(int(since.timestamp()), int(given.until.timestamp()))


def ways_of(held: HeldTimetable, modes: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Yield the halts from which services of some modes go on, each with both hubs."""
    table = held.timetable
    kept = [number for number, name in enumerate(MODES) if name in modes]
    for pattern in np.flatnonzero(np.isin(table.modes, kept)):
        halts = range(int(table.halt_first[pattern]), int(table.halt_first[pattern + 1]))
        for one, other in pairwise(halts):
            yield one, int(table.hub[one]), int(table.hub[other])


def close_hub(found: Closed, given: DisruptionGiven, cause: int, hub: int, at: datetime) -> None:
    """Close a hub; `flights` also take those runs by air that would leave or land there."""
    window = window_of(given, at)
    found.closings.append(Closing(f"hub:{hub}", cause, window, hub=hub))


def close_flights(
    found: Closed, held: HeldTimetable, given: DisruptionGiven, cause: int, hub: int, at: datetime
) -> None:
    """Take the runs by air that would leave a hub or land there in the window."""
    window = window_of(given, at)
    for halt, one, other in ways_of(held, ["air"]):
        for share, place in ((0.0, one), (1.0, other)):
            if place == hub:
                part = Blocked(halt, share, share, window)
                found.closings.append(Closing(f"hub:{hub}", cause, window, blocked=part))


def close_area(
    found: Closed, held: HeldTimetable, given: DisruptionGiven, cause: int, at: datetime
) -> tuple[int, int]:
    """Close the hubs in a polygon and the ways of services through it; return how many of each."""
    assert given.polygon is not None  # noqa: S101
    polygon, window = given.polygon.shape, window_of(given, at)
    shapely.prepare(polygon)
    inside = [n for n, hub in enumerate(held.hubs) if polygon.intersects(_point(hub.lon, hub.lat))]
    for hub in inside:
        close_hub(found, given, cause, hub, at)
    shares: dict[tuple[int, int], list[tuple[float, float]]] = {}
    crossed = 0
    for halt, one, other in ways_of(held, [name for name in MODES if name != HAULAGE]):
        pair = one, other
        if pair not in shares:
            shares[pair] = list(_inside(held, pair, polygon))
            found.lines.setdefault(pair, []).extend(
                OnLine(cause, *own, window) for own in shares[pair]
            )
        for own in shares[pair]:
            part = Blocked(halt, *own, window)
            found.closings.append(Closing(f"area:{given.id}", cause, window, blocked=part))
            crossed += 1
    return len(inside), crossed


def _point(lon: float, lat: float) -> shapely.Point:
    return shapely.Point(lon, lat)


def _inside(
    held: HeldTimetable, pair: tuple[int, int], polygon: shapely.Polygon
) -> Iterator[tuple[float, float]]:
    """Yield the shares of the straight line between two hubs that lie in a polygon."""
    line = shapely.LineString([(held.hubs[n].lon, held.hubs[n].lat) for n in pair])
    if line.length == 0:
        return
    crossed = line.intersection(polygon)
    for part in () if crossed.is_empty else shapely.get_parts(crossed)[:MOST_PARTS]:
        spots = [line.project(shapely.Point(place)) / line.length for place in part.coords]
        yield min(spots), max(spots)


def close_water(
    found: Closed, held: HeldTimetable, given: Sequence[tuple[int, DisruptionGiven]],
    known: Closables, network: RoadNetwork, now: datetime, at: datetime,
) -> None:  # fmt: skip
    """Close locks and waterways: barges whose way on the network of waterways passes them.

    A way that is not found there is told as such: nobody can tell what it passes.
    """
    paths: dict[tuple[int, int], Path | None] = {}
    shown: set[tuple[str, int, int]] = set()
    table = held.timetable
    for halt, one, other in ways_of(held, ["barge"]):
        if (one, other) not in paths:
            paths[one, other] = _sailed(held, network, one, other, now)
        path = paths[one, other]
        if path is None:
            service = table.services[table.pattern_service[table.halt_pattern[halt]]].id
            if (service, one, other) not in shown:
                shown.add((service, one, other))
                found.unsure.append(
                    Unsure(
                        service, held.hubs[one].id, held.hubs[other].id,
                        "no way between these hubs is known on the waterways",
                        "航道网上没有这两个枢纽之间的已知航路",
                    )
                )  # fmt: skip
            continue
        for cause, each in given:
            window = window_of(each, at)
            for begin, end in _passed(path, network, known[str(each.number)].edges):
                part = Blocked(halt, begin, end, window)
                found.closings.append(
                    Closing(f"{each.kind}:{each.number}", cause, window, blocked=part)
                )


def _sailed(
    held: HeldTimetable, network: RoadNetwork, one: int, other: int, now: datetime
) -> Path | None:
    ends = [(held.hubs[n].lon, held.hubs[n].lat) for n in (one, other)]
    try:
        return network.path(PathQuery(PROFILE, ends, unknown_limits="allow"), now)
    except (NoSnap, Unreachable, LimitViolated):
        return None


def _passed(
    path: Path, network: RoadNetwork, edges: Iterable[UUID]
) -> Iterator[tuple[float, float]]:
    """Yield the shares of a voyage's time in which it is on one of some edges."""
    numbers = [network.graph.ids.find(edge) for edge in edges]
    _, _, took = path.parts()
    until = np.cumsum(took)
    whole = float(until[-1]) if len(until) else 0.0
    for place in np.flatnonzero(np.isin(path.edges, [n for n in numbers if n is not None])):
        if whole > 0:
            yield float((until[place] - took[place]) / whole), float(until[place] / whole)


def read_roads(
    held: HeldTimetable, network: RoadNetwork, rule: Transferring,
    given: Sequence[tuple[int, DisruptionGiven]], known: Closables, now: datetime, at: datetime,
    found: Closed,
) -> tuple[RoadLegs, RoadLegs, int]:  # fmt: skip
    """Return road legs as they are, and with what is closed; closures are added to `found`.

    Ways around closures are those with all of them closed at once.
    """
    usual = Conditions(rule.profile, depart_at=at)
    drives, version = read_hub_legs(network, held.hubs, usual, now)
    one, to = np.nonzero(np.isfinite(drives.seconds) & ~np.eye(len(held.hubs), dtype=np.bool_))
    seconds, metres = drives.seconds[one, to], drives.metres[one, to]
    legs = RoadLegs.open(one, to, seconds, metres, _near(held, rule.between_hubs_m)[one, to])
    shut: list[tuple[Bools, Window]] = []
    around, around_m = seconds, metres
    for cause, each in given:
        closed, _ = read_hub_legs(
            network, held.hubs, _avoiding(network, rule, at, [each], known), now
        )
        hit = (np.abs(closed.seconds - drives.seconds) > 0.5)[one, to]
        window = window_of(each, at)
        found.closings.append(
            Closing(f"{each.kind}:{each.ref or each.id}", cause, window, road=len(shut))
        )
        shut.append((hit, window))
        around, around_m = closed.seconds[one, to], closed.metres[one, to]
    if len(given) > 1:
        every = [each for _, each in given]
        closed, _ = read_hub_legs(
            network, held.hubs, _avoiding(network, rule, at, every, known), now
        )
        around, around_m = closed.seconds[one, to], closed.metres[one, to]
    return legs, RoadLegs(one, to, seconds, metres, legs.near, around, around_m, shut), version


def _avoiding(
    network: RoadNetwork,
    rule: Transferring,
    at: datetime,
    given: Sequence[DisruptionGiven],
    known: Closables,
) -> Conditions:
    edges = [
        edge
        for each in given
        if each.ref is not None
        for edge in known[str(each.number)].edges
        if network.graph.ids.find(edge) is not None
    ]
    areas = [each.polygon.shape for each in given if each.polygon is not None]
    return Conditions(rule.profile, depart_at=at, avoid_edges=edges, avoid_polygons=areas)


def _near(held: HeldTimetable, most_m: float) -> Bools:
    lon = np.array([hub.lon for hub in held.hubs])
    lat = np.array([hub.lat for hub in held.hubs])
    count = len(lon)
    apart = distance_m(np.repeat(lon, count), np.repeat(lat, count), np.tile(lon, count),
                       np.tile(lat, count))  # fmt: skip
    found: Bools = apart.reshape(count, count) <= most_m
    return found
