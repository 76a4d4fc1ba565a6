"""What an answer of POST /paths holds, and how it is written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import TypeVar

import numpy as np
import orjson
from numpy.typing import NDArray

from api.roads.conditions import show_places
from routing.answer.gpx import Track, write
from routing.answer.instructions import Drive, Instructor, Step
from routing.answer.polyline import encode
from routing.answer.stretches import against_oneway, private_ends
from routing.answer.summary import Sheet, Summary, share_of, summarise
from routing.cost.network_rules import rules_of
from routing.cost.profile import Costs
from routing.cost.speed_profiles import ZONE
from routing.graph.weights import Floats, Ints
from routing.index.snap import SnapPoint
from routing.planning.stop_order import Order
from routing.query.leg import line, turning_points
from routing.query.lru import Lru
from routing.query.model import Path
from routing.query.network import RoadNetwork
from routing.query.refusal import first_unsure, list_to_check
from routing.query.travel_times import durations_by_hour
from spatial.geo.crs import CRS84, Crs
from spatial.geo.geojson import Feature, Geometry, feature
from spatial.json_types import Document, Shown
from spatial.rules import get_rule

KEPT_SHEETS = 16


class Prepared:
    """What answers need of a network beside itself, made when first needed."""

    def __init__(self, network: RoadNetwork) -> None:
        self._graph = network.graph
        self._carrying = network.structures.mask(len(network.graph.edges))
        self._sheets = Lru(KEPT_SHEETS)
        self._lock = Lock()
        self._instructor: Instructor | None = None
        self.profiles: set[str] = set()

    def sheet(self, costs: Costs) -> Sheet:
        """Return what figures need of the edges for some costs; they differ by their tolls too."""
        # The memory keeps the costs as well, so that no other array gets the same id.
        name = f"{id(costs.basis)} {id(costs.tolls)}"
        self.profiles.add(costs.profile.id)
        made = self._sheets.get(
            name, lambda: (costs, Sheet(self._graph.edges, costs, self._carrying))
        )
        return made[1]

    @property
    def instructor(self) -> Instructor:
        """Teller of steps."""
        with self._lock:
            self._instructor = self._instructor or Instructor(self._graph)
            return self._instructor


def warm(old: RoadNetwork, new: RoadNetwork) -> None:
    """Prepare for a network what answers needed of the one before, that none has to wait."""
    for name in old.derived.get(Prepared).profiles & set(new.profiles):
        new.derived.get(Prepared).sheet(new.costs(name))


@dataclass(frozen=True)
class Shape:
    """How an answer is wanted."""

    crs: Crs
    profile: str
    include: frozenset[str]
    geometry: str
    depart_at: datetime | None = None
    typical: bool = False


@dataclass(frozen=True)
class Answer:
    """Paths found, best first, with the order of the stops where it was looked for."""

    network: RoadNetwork
    found: Sequence[Path]
    order: Order | None
    shape: Shape


class Driven:
    """The parts of a path's edges in driving order: parallel arrays, and where each leg begins."""

    def __init__(self, network: RoadNetwork, found: Path) -> None:
        legs = found.legs
        self.keys = _joined([leg.keys for leg in legs])
        self.start = _joined([leg.start for leg in legs])
        self.part = _joined([leg.stop for leg in legs]) - self.start
        edges = self.keys >> 1
        cap = found.view.cap_kmh[self.keys]
        self.length_m = network.graph.edges.length_m[edges] * self.part
        driving = found.costs.duration_ms(self.keys, cap) * self.part
        self.duration_s = (driving + found.waits_ms()) / 1000
        self.starts = [0, *np.cumsum([len(leg.keys) for leg in legs]).tolist()]

    @property
    def edges(self) -> Ints:
        """The edges that are driven at all."""
        return np.asarray(self.keys[self.part > 0] >> 1)

    def drives(self, found: Path) -> list[Drive]:
        """Return the legs with length and time of their parts."""
        ends = zip(found.legs, self.starts[:-1], self.starts[1:], strict=True)
        return [Drive(leg, self.length_m[a:b], self.duration_s[a:b]) for leg, a, b in ends]


N = TypeVar("N", bound=np.generic)


def _joined(arrays: Sequence[NDArray[N]]) -> NDArray[N]:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def write_json(answer: Answer, extra: Sequence[Document] = ()) -> bytes:
    """Return the FeatureCollection; `extra` holds members to add to each path's properties."""
    features = [_feature(answer, rank) for rank in range(len(answer.found))]
    for one, more in zip(features, extra, strict=False):
        one["properties"].update(more)
    collection = {"type": "FeatureCollection", "features": features}
    return orjson.dumps(collection, option=orjson.OPT_SERIALIZE_NUMPY)


def _feature(answer: Answer, rank: int) -> Feature:
    network, found, shape = answer.network, answer.found[rank], answer.shape
    properties = _properties(answer, rank)
    if "edges" in shape.include:
        row_id, edges = network.graph.edges.row_id, Driven(network, found).edges
        properties["edges"] = [str(row_id(e)) for e in dict.fromkeys(edges.tolist())]
    if "steps" in shape.include:
        steps = _steps(network, found, Driven(network, found))
        properties["steps"] = [_shown(step, shape.crs) for step in steps]
    if "delay_by_hour" in shape.include:
        properties["delay_by_hour"] = _delay_by_hour(network, found, shape)
    geometry: Geometry | None = None
    if shape.geometry == "polyline6":
        properties["polyline6"] = encode(_lonlat(network, found, shape.crs)).decode()
    else:
        geometry = {"type": "LineString", "coordinates": _points(network, found, shape.crs)}
    return feature(geometry, properties)


def _properties(answer: Answer, rank: int) -> Document:
    network, found = answer.network, answer.found[rank]
    total = summarise(
        network.graph.edges, found, found.legs, network.derived.get(Prepared).sheet(found.costs)
    )
    spots = [found.legs[0].source, *(leg.target for leg in found.legs)]
    properties: Document = {
        "profile": answer.shape.profile,
        "rank": rank,
        "length_m": round(total.length_m, 1),
        "duration_s": round(total.duration_s, 1),
        "duration_basis": total.basis,
        "duration_basis_share": total.basis_share,
        "turn_cost_s": round(total.delay_s, 1),
        "turn_cost_share": share_of(total.delay_s, total.duration_s),
        **(_costs(total) | _against_oneway(network, found, total)),
        "limits_unknown_share": total.limits_unknown_share,
        "limits_unknown_first": _first_unsure(network, found, answer.shape.crs, total),
        "unknown_limits": found.vehicle.unknown,
        "vehicle": found.vehicle.described,
        "vehicle_given": found.vehicle.given,
        "snap_m": [round(s.distance_m, 1) for s in spots],
        "snap_points": _snap_points(spots, answer.shape.crs),
        "legs": _legs(network, found, total),
        "network_version": found.version,
        "structures": network.structures.on(total.carried),
        "structures_to_check": list_to_check(network.graph.edges, found.vehicle, found.edges),
        "turns_round": total.turns_round,
        "turns_round_at": _turning_points(network, found, answer.shape.crs, total.turns_round),
        "origins": total.origin_share,
        "refs": total.refs,
        "shared_share": round(found.shared_share, 4),
        "stretch": round(found.stretch, 4),
    }
    properties.update(_times(answer.shape, total.duration_s))
    if answer.shape.typical:
        properties.update(_typical(network))
    if answer.order is not None:
        properties.update(_order(answer.order))
    return properties


def _legs(network: RoadNetwork, found: Path, total: Summary) -> list[Document]:
    profile = found.costs.profile
    return [
        {
            "length_m": round(metres, 1),
            "duration_s": round(seconds, 1),
            "access": private_ends(network.graph, profile, leg),
        }
        for (metres, seconds), leg in zip(total.by_leg, found.legs, strict=True)
    ]


def _against_oneway(network: RoadNetwork, found: Path, total: Summary) -> Document:
    """Return what is driven against one-way traffic, nothing where nothing is."""
    against = against_oneway(network.graph, found)
    if not against:
        return {}
    metres = sum(one["length_m"] for one in against)
    return {
        "against_oneway": against,
        "against_oneway_share": share_of(metres, total.length_m),
    }


def _snap_points(spots: Sequence[SnapPoint], crs: Crs) -> Shown:
    points = [(spot.lon, spot.lat) for spot in spots]
    return points if crs is CRS84 else show_places(np.array(points), crs)


def _first_unsure(network: RoadNetwork, found: Path, crs: Crs, total: Summary) -> Document | None:
    """Return where limits that matter to the vehicle begin to be unknown, None for nowhere."""
    first = first_unsure(network.graph.edges, found) if total.limits_unknown_share else None
    if first is None:
        return None
    about, metres, place = first
    (point,) = show_places(np.array([place]), crs)
    return {**about, "at_m": round(metres, 1), "point": point}


def _turning_points(
    network: RoadNetwork, found: Path, crs: Crs, count: int
) -> Floats | list[object]:
    """Return where a path turns round, at stops too, in driving order; few do at all."""
    if not count:
        return []
    return show_places(np.array(turning_points(network.graph, found.legs)), crs)


def _costs(total: Summary) -> Document:
    return {
        "toll_cny": None if total.toll_cny is None else round(total.toll_cny, 2),
        "toll_basis": total.toll_basis,
        "co2_kg": None if total.co2_kg is None else round(total.co2_kg, 3),
        "co2_basis": total.co2_basis,
    }


def _times(shape: Shape, duration_s: float) -> Document:
    """Return departure and arrival where the question named one of them."""
    if shape.depart_at is None:
        return {}
    arrives = shape.depart_at + timedelta(seconds=duration_s)
    times = {"depart_at": shape.depart_at, "arrive_at": arrives}
    return {name: at.isoformat(timespec="seconds") for name, at in times.items()}


def _delay_by_hour(network: RoadNetwork, found: Path, shape: Shape) -> Document:
    """Return how much longer the path takes at each hour of its day than at the best one."""
    day = shape.depart_at or datetime.now(UTC)
    seconds = durations_by_hour(found, network.graph.edges, network.week, day)
    least = min(seconds)
    return {
        "day": day.astimezone(ZONE).date().isoformat(),
        "duration_s": [round(one, 1) for one in seconds],
        "delay_s": [round(one - least, 1) for one in seconds],
        **_typical(network),
    }


def _typical(network: RoadNetwork) -> Document:
    """Return where the speeds by hour of the week are from."""
    rule = get_rule(network.rules, rules_of(network.graph.edges.kind).hour_of_week)
    told = {"key": rule.key, "version": rule.version, "source": rule.source}
    return {
        "speeds": "typical",
        "speeds_rule": told,
        "speeds_measured_share": round(network.week.measured_share, 4),
    }


def _order(order: Order) -> Document:
    return {
        "waypoint_order": order.stops,
        "waypoint_order_proven": order.proven,
        "waypoint_order_duration_s": round(order.cost, 1) if math.isfinite(order.cost) else None,
        "waypoint_order_bound_s": round(order.bound, 1),
    }


def _points(network: RoadNetwork, found: Path, crs: Crs) -> Floats:
    lines = [line(network.graph, leg) for leg in found.legs]
    return show_places(_joined([lines[0], *(part[1:] for part in lines[1:])]), crs)


def _lonlat(network: RoadNetwork, found: Path, crs: Crs) -> Floats:
    """Return the degrees of a path longitude first: an encoded line has an order of its own."""
    points = _points(network, found, crs)
    return points[:, ::-1] if crs.north_first else points


def _steps(network: RoadNetwork, found: Path, driven: Driven) -> list[Step]:
    return network.derived.get(Prepared).instructor.steps(
        driven.drives(found), found.costs.passable
    )


def _shown(step: Step, crs: Crs) -> Document:
    shown = {
        "maneuver": step.maneuver,
        "text": step.text,
        "ref": step.ref,
        "name": step.name,
        "length_m": round(step.length_m, 1),
        "duration_s": round(step.duration_s, 1),
        "point": show_places(np.array([step.point]), crs)[0],
    }
    more = {"bearing": step.bearing, "exit": step.exit}
    return shown | {name: value for name, value in more.items() if value is not None}


def write_gpx(answer: Answer, lang: str) -> bytes:
    """Return the paths as GPX, in WGS 84 whatever system the question was in."""
    tracks = []
    for rank, found in enumerate(answer.found):
        driven = Driven(answer.network, found)
        steps = _steps(answer.network, found, driven)
        told = [(step.text[lang], step.point) for step in steps]
        tracks.append(
            Track(_title(rank, driven, lang), _points(answer.network, found, CRS84), told)
        )
    legs = answer.found[0].legs
    stops = [legs[0].source, *(leg.target for leg in legs)]
    return write([(s.lon, s.lat) for s in stops], tracks).encode()


def _title(rank: int, driven: Driven, lang: str) -> str:
    km, minutes = driven.length_m.sum() / 1000, driven.duration_s.sum() / 60
    if lang == "zh":
        return f"方案 {rank + 1}：{km:.1f} 公里，{minutes:.0f} 分钟"
    return f"Path {rank + 1}: {km:.1f} km, {minutes:.0f} min"
