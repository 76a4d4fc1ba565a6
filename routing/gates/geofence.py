"""When a truck was in an area: crossings of its border between fixes, without jitter.

Between two fixes a truck is taken to go straight and evenly, so that a crossing has the time at
which that line meets the border. Pieces of a track between crossings are in or out by turns; a
piece counts once it reached `border_m` beyond the border or lasted `hold_s` (rule `gate.geofence`),
and its first moment is then the crossing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import shapely

from routing.gates.rule_models import Geofence
from routing.graph.weights import Floats
from spatial.geo.crs import GEOD

Between = tuple[float, float]
HOUR_S = 3600.0


class _Piece(NamedTuple):
    """A part of a track on one side of the border; `gap` is a time between fixes too far apart."""

    since: float
    until: float
    inside: bool
    depth_m: float
    gap: bool = False


@dataclass(frozen=True)
class Visit:
    """A stay in an area, in the seconds of the track.

    `enters` is None where the truck was there when the track began, or came between two fixes too
    far apart (`entered_between`); `leaves` likewise, or where it is there still. `gap` says that
    there is such a time within the stay: it may have been out meanwhile.
    """

    enters: float | None
    leaves: float | None
    entered_between: Between | None = None
    left_between: Between | None = None
    gap: bool = False
    seen_until: float = 0.0
    seen_since: float = 0.0

    @property
    def dwell_s(self) -> float | None:
        """How long it was there; None where an end is not known, or it may have been out."""
        if self.enters is None or self.leaves is None or self.gap:
            return None
        return self.leaves - self.enters

    def stays(self, rule: Geofence) -> bool:
        """Tell whether it did not leave in the time after which that is told."""
        since = self.seen_since if self.enters is None else self.enters
        there = self.leaves is None and self.left_between is None
        return there and self.seen_until - since > rule.stay_most_h * HOUR_S


def visits(
    lon: Floats, lat: Floats, seconds: Floats, area: shapely.Geometry, rule: Geofence
) -> list[Visit]:
    """Return the stays of a truck in an area, by time.

    Parameters
    ----------
    lon, lat
        Its fixes, EPSG:4326, shape (n,).
    seconds
        When each was, rising.
    rule
        What counts as in and out.
    area
        A polygon or several, EPSG:4326. Depths are measured on a plane about its middle, which is
        right to a thousandth for some kilometres.

    Raises
    ------
    ValueError
        Times do not rise.
    """
    if (np.diff(seconds) <= 0).any():
        raise ValueError("the times of a track must rise")
    if not len(seconds):
        return []
    centre = shapely.centroid(area)
    scale = _scale(centre.x, centre.y)
    points = np.column_stack([lon, lat]) * scale
    plane = shapely.transform(area, lambda xy: xy * scale)
    shapely.prepare(plane)
    return list(_stays(list(_pieces(points, seconds, plane, rule)), rule))


def _scale(lon: float, lat: float) -> Floats:
    """Return the metres of a degree of longitude and of latitude at a place."""
    step = 1e-3
    _, _, east = GEOD.inv(lon, lat, lon + step, lat)
    _, _, north = GEOD.inv(lon, lat, lon, lat + step)
    return np.array([east, north]) / step


def _pieces(
    points: Floats, seconds: Floats, area: shapely.Geometry, rule: Geofence
) -> Iterator[_Piece]:
    breaks = np.nonzero(np.diff(seconds) > rule.gap_s)[0] + 1
    before: _Piece | None = None
    for rows in np.split(np.arange(len(seconds)), breaks):
        own = list(_run(points[rows], seconds[rows], area))
        if before is not None:
            yield _Piece(before.until, own[0].since, before.inside, 0.0, gap=True)
        yield from own
        before = own[-1]


def _run(points: Floats, seconds: Floats, area: shapely.Geometry) -> Iterator[_Piece]:
    """Yield the pieces of a track whose fixes are near enough to each other."""
    cuts = np.unique(np.concatenate([seconds[[0, -1]], _crossings(points, seconds, area)]))
    if len(cuts) == 1:
        yield _piece(points, seconds, area, float(cuts[0]), float(cuts[0]))
        return
    held: _Piece | None = None
    for since, until in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
        piece = _piece(points, seconds, area, since, until)
        if held is not None and held.inside == piece.inside:  # it touched the border only
            piece = piece._replace(since=held.since, depth_m=max(held.depth_m, piece.depth_m))
        elif held is not None:
            yield held
        held = piece
    if held is not None:
        yield held


def _crossings(points: Floats, seconds: Floats, area: shapely.Geometry) -> Floats:
    """Return the times at which a track meets the border."""
    lines = shapely.linestrings(np.stack([points[:-1], points[1:]], axis=1))
    border = shapely.boundary(area)
    found = [np.empty(0)]
    for n in np.nonzero(shapely.intersects(border, lines))[0].tolist():
        at = shapely.get_coordinates(shapely.intersection(lines[n], border))
        way = points[n + 1] - points[n]
        length = float(way @ way)
        part = (at - points[n]) @ way / length if length else np.zeros(len(at))
        found.append(seconds[n] + np.clip(part, 0, 1) * (seconds[n + 1] - seconds[n]))
    return np.concatenate(found)


def _piece(
    points: Floats, seconds: Floats, area: shapely.Geometry, since: float, until: float
) -> _Piece:
    middle = (since + until) / 2
    at = np.array([np.interp(middle, seconds, points[:, k]) for k in (0, 1)])
    first, last = np.searchsorted(seconds, [since, until], "left")
    own = shapely.points(np.vstack([points[first : last + 1], at[None, :]]))
    inside = bool(shapely.covers(area, own[-1]))
    same = own[shapely.covers(area, own) == inside]
    depth = float(shapely.distance(shapely.boundary(area), same).max())
    return _Piece(since, until, inside, depth)


def _stays(pieces: Sequence[_Piece], rule: Geofence) -> Iterator[Visit]:
    """Yield the stays of a track by its pieces, those that count on the other side alone."""
    first = pieces[0]
    own = Visit(None, None, seen_since=first.since, seen_until=first.until)
    inside = first.inside
    before: _Piece | None = None
    for piece in pieces:
        if piece.gap:
            before = piece
            continue
        unseen = None if before is None else (before.since, before.until)
        before = None
        own = replace(own, seen_until=piece.until)
        if piece.inside == inside:
            own = replace(own, gap=own.gap or (inside and unseen is not None))
        elif unseen is not None or _counts(piece, rule):
            if inside:
                leaves = piece.since if unseen is None else None
                yield replace(own, leaves=leaves, left_between=unseen)
            else:
                enters = piece.since if unseen is None else None
                own = Visit(enters, None, unseen, None, False, piece.until, piece.since)
            inside = piece.inside
    if inside:
        yield own


def _counts(piece: _Piece, rule: Geofence) -> bool:
    return piece.depth_m >= rule.border_m or piece.until - piece.since >= rule.hold_s
