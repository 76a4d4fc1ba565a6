"""Along a carriageway: stakes on the directed network, devices up- and downstream, queue tails.

A search follows the network against or with the traffic, over merges and ramps where asked, and
measures metres as they are driven; stakes are only where it starts and how answers are named. So a
broken chain (断链), a ramp or the other side of a divided road cannot put a wrong device first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
import shapely.ops

from routing.corridor.directed_search import At, Heading, Reached, Streets, Way, as_metric
from routing.graph.weights import Bools, Ints
from routing.index.snap import metres_per_degree
from spatial.errors import BadParameter, NotFound
from spatial.geo.linear_reference import Carriageway, Side, StakeFix

OFF_M, MOST_OFF_M = 30.0, 100.0
HEADING_M = 10.0


@dataclass(frozen=True)
class Mainline:
    """One side of a route on the network: its calibrated pieces and its keys in driving order."""

    route_id: str
    side: Side
    pieces: Sequence[Carriageway]
    keys: Bools

    @classmethod
    def of(
        cls, streets: Streets, pieces: Sequence[Carriageway], edges: Ints, side: Side
    ) -> Mainline:
        """Choose the direction of each edge of a side in which its traffic drives."""
        keys = np.zeros(2 * len(streets.graph.edges), np.bool_)
        for edge in edges.tolist():
            way = _driven(streets, pieces, edge, side)
            key = 2 * edge + way
            keys[key if streets.all_keys[key] else key ^ 1] = True
        return cls(pieces[0].route_id, side, pieces, keys & streets.all_keys)

    def fixes(self, k_m: float) -> list[StakeFix]:
        """Return every place of a stake on this side.

        Raises
        ------
        NotFound
            The stake lies in a gap or beyond the ends.
        """
        found = [fix for piece in self.pieces for fix in piece.locate(k_m)]
        if not found:
            raise NotFound(
                f"{self.route_id} {self.side} has no stake at {k_m:.0f} m",
                f"{self.route_id} {self.side} 没有 {k_m:.0f} 米处的桩号（断链或超出起止点）",
            )
        return found

    def fix(self, k_m: float, occurrence: int | None = None) -> StakeFix:
        """Return the place of a stake; one that exists twice needs the number of the occurrence.

        Raises
        ------
        NotFound
            No such stake.
        BadParameter
            The stake exists more than once, or not as often as said.
        """
        found = sorted(self.fixes(k_m), key=lambda fix: (fix.part, fix.chainage_m))
        if occurrence is None and len(found) > 1:
            raise BadParameter(
                f"{self.route_id} has this stake {len(found)} times (long chain)",
                f"{self.route_id} 的该桩号出现 {len(found)} 次（长链）",
                mend_en="Say occurrence=1 or 2.", mend_zh="请用 occurrence=1 或 2 指明。",
                places=[[round(fix.lon, 7), round(fix.lat, 7)] for fix in found],
            )  # fmt: skip
        number = (occurrence or 1) - 1
        if number >= len(found):
            raise BadParameter(
                f"The stake exists {len(found)} times", f"该桩号只出现 {len(found)} 次",
                parameter="occurrence",
            )  # fmt: skip
        return found[number]

    def place(self, streets: Streets, fix: StakeFix) -> At:
        """Return a stake's place on the network.

        Raises
        ------
        NotFound
            No edge of this side runs there.
        """
        piece = next(p for p in self.pieces if p.part == fix.part)
        heading = _heading(piece, fix.chainage_m, self.side)
        reach = min(OFF_M + (fix.accuracy_m or 0.0), MOST_OFF_M)
        found = streets.nearest(fix.lon, fix.lat, self.keys, reach, heading)
        if not found:
            raise NotFound(
                f"No edge of {self.route_id} {self.side} runs at {fix.stake}",
                f"{self.route_id} {self.side} 在 {fix.stake} 处没有路段",
            )
        return found[0]

    def stake_at(self, lon: float, lat: float) -> StakeFix | None:
        """Return the stake beside a point, None in a gap or beyond the ends."""
        best: StakeFix | None = None
        for piece in self.pieces:
            chainage, off = piece.chainages_of(lon, lat)
            k = float(piece.stakes_at(chainage)[0])
            if not np.isnan(k) and (best is None or off[0] < best.distance_m):
                best = piece.fix(float(chainage[0]), k, float(off[0]))
        return best


@dataclass(frozen=True)
class Device:
    """Something beside the road: its place, and the route and stake that its owner gave it."""

    id: str
    lon: float
    lat: float
    route_id: str | None = None
    side: str | None = None
    k_m: float | None = None


@dataclass(frozen=True)
class Hit:
    """A device that a search met, with the driven distance to it."""

    device: Device
    at: At
    distance_m: float


def place_device(
    streets: Streets, line: Mainline, device: Device, kept: Bools, off_m: float
) -> At | None:
    """Return where a device stands on kept keys, None where it stands elsewhere.

    A route, side and stake of its own come first; of a stake that exists twice the place nearest to
    the device counts. Else the nearest road of the network decides, so that a device beside the
    other carriageway or a street is not taken for one of this side.
    """
    if device.route_id == line.route_id and device.k_m is not None and device.side:
        if device.side != line.side:
            return None
        try:
            fixes = line.fixes(device.k_m)
            return line.place(streets, min(fixes, key=lambda fix: _apart(fix, device)))
        except NotFound:
            return None
    found = streets.nearest(device.lon, device.lat, streets.all_keys, off_m)
    return next((at for at in found if kept[at.key]), None)


def find_devices(
    streets: Streets,
    place: At,
    placed: Iterable[tuple[Device, At]],
    kept: Bools,
    way: Way,
    *,
    within_m: float,
    beyond_m: float = 0.0,
    limit: int = 1_000_000,
) -> list[Hit]:
    """Return the devices up- or downstream of a place, nearest first.

    Only those at `beyond_m` or more, and at most `within_m`, driven metres from the place.
    """
    by_key: dict[int, list[tuple[Device, At]]] = {}
    for device, at in placed:
        by_key.setdefault(at.key, []).append((device, at))
    hits: list[Hit] = []
    for reached in streets.search([place], kept, within_m, way):
        for device, at in by_key.get(reached.key, []):
            distance = reached.distance_m(at.offset_m, way)
            if beyond_m <= distance <= within_m:
                hits.append(Hit(device, at, distance))
        done = sorted(hits, key=lambda hit: hit.distance_m)[:limit]
        if len(done) == limit and done[-1].distance_m <= reached.near_m:
            break
    return sorted(hits, key=lambda hit: (hit.distance_m, hit.device.id))[:limit]


@dataclass(frozen=True)
class Tail:
    """The end of a queue: where, how far, and the keys between it and the head, head first.

    `whole` is False where the carriageway begins before the queue ends.
    """

    at: At
    distance_m: float
    keys: tuple[Reached, ...]
    whole: bool


def find_tail(streets: Streets, head: At, kept: Bools, length_m: float) -> Tail:
    """Return the tail of a queue of a length (m) that stands upstream of a place."""
    trail: list[Reached] = []
    for reached in streets.search([head], kept, length_m, "upstream"):
        trail.append(reached)
        if reached.near_m + reached.length_m >= length_m:
            at = At(reached.key, reached.offset_at(length_m, "upstream"))
            return Tail(at, length_m, tuple(trail), True)
    last = max(trail, key=lambda r: r.near_m + r.length_m)
    return Tail(At(last.key, 0.0), last.near_m + last.length_m, tuple(trail), False)


def _apart(fix: StakeFix, device: Device) -> float:
    east, north = metres_per_degree(fix.lat)
    return float(np.hypot((fix.lon - device.lon) * east, (fix.lat - device.lat) * north))


def _with_chainage(piece: Carriageway, side: Side) -> bool:
    """Tell whether a side's traffic drives in the direction in which its line is digitised."""
    falling = bool(piece.pieces and piece.pieces[0].k[-1] < piece.pieces[0].k[0])
    return (side == "up") != falling


def _heading(piece: Carriageway, chainage_m: float, side: Side) -> Heading:
    """Return the driving direction at a place of a carriageway."""
    ends = np.clip([chainage_m - HEADING_M, chainage_m + HEADING_M], 0, piece.length_m)
    first, last = piece.points_at(ends)
    step = (last - first) * metres_per_degree(float(first[1]))
    sign = 1.0 if _with_chainage(piece, side) else -1.0
    return float(sign * step[0]), float(sign * step[1])


def _driven(streets: Streets, pieces: Sequence[Carriageway], edge: int, side: Side) -> int:
    """Return the direction (0 forward, 1 backward) in which a side's traffic drives an edge."""
    shape = streets.graph.edges.vertices(edge)
    middle = shape[len(shape) // 2]
    piece = min(pieces, key=lambda p: float(p.chainages_of(middle[0], middle[1])[1][0]))
    first, last = (float(piece.chainages_of(x, y)[0][0]) for x, y in (shape[0], shape[-1]))
    forward = (last >= first) == _with_chainage(piece, side)
    return 0 if forward else 1


def lines_of(streets: Streets, tail: Tail) -> list[list[tuple[float, float]]]:
    """Return the queue as lines in the driving direction, each key cut to what is queued."""
    lines = []
    edges = streets.graph.edges
    for reached in tail.keys:
        length = max(reached.length_m, 1e-9)
        start = max(reached.offset_at(tail.distance_m, "upstream"), 0.0) / length
        stop = min(reached.offset_at(0.0, "upstream"), length) / length
        shape = edges.vertices(reached.key >> 1)
        line, scale = as_metric(shape[::-1] if reached.key & 1 else shape)
        part = shapely.ops.substring(line, start, stop, normalized=True)
        if part.geom_type == "LineString" and part.length > 0:
            points = np.round(shapely.get_coordinates(part) / scale, 7)
            lines.append([(float(x), float(y)) for x, y in points])
    return lines
