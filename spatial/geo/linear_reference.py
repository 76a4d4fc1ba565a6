"""Stakes (桩号) on routes: calibrated, piecewise over broken chains (断链), by carriageway side.

A carriageway is a line (degrees) digitised in one direction. Its stake points tie a stake `k_m`
(metres from the route's zero) to a chainage (geodesic metres along the line). Between two stake
points both are interpolated linearly. Two stake points at one chainage are a broken chain: the
numbers jump there, and a stake may then exist twice (long chain) or not at all (short chain).
Without two stake points the raw length is used and every answer says `calibrated=False`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from spatial.errors import BadParameter, NotFound
from spatial.geo.carriageway_rows import CarriagewayRow, StakeRow
from spatial.geo.codes import format_stake, parse_stake
from spatial.geo.crs import WEB_MERCATOR, distance_m, project, segment_lengths_m
from spatial.geo.datum import Floats

Side = Literal["up", "down"]


_TOUCH_M = 1e-6


@dataclass(frozen=True)
class StakeFix:
    """A place on a route, as stake and as point; accuracies and distances in metres.

    `accuracy_m` is None where it is unknown. `distance_m` is how far the asked point lies off the
    carriageway (0 when a stake was asked). `side` tells the carriageway, `part` its piece.
    """

    route_id: str
    side: Side
    part: int
    k_m: float
    lon: float
    lat: float
    chainage_m: float
    calibrated: bool
    accuracy_m: float | None
    source_id: str
    distance_m: float = 0.0

    @property
    def stake(self) -> str:
        """Return the stake as it is written, K3926+300."""
        return format_stake(round(self.k_m))


@dataclass(frozen=True)
class _Piece:
    """A stretch without a jump: stakes over chainage, both monotone."""

    chainage: Floats
    k: Floats
    accuracy: Floats

    def k_range(self) -> tuple[float, float]:
        return float(min(self.k[0], self.k[-1])), float(max(self.k[0], self.k[-1]))

    def chainages_at(self, k_m: ArrayLike) -> Floats:
        order = slice(None) if self.k[-1] >= self.k[0] else slice(None, None, -1)
        k = np.asarray(k_m, np.float64)
        return np.asarray(np.interp(k, self.k[order], self.chainage[order]), np.float64)

    def chainage_at(self, k_m: float) -> float:
        return float(self.chainages_at(k_m))

    def accuracy_at(self, chainage_m: float) -> float | None:
        """Return the worse of the two stake points around plus half their interval's misfit."""
        at = int(np.clip(np.searchsorted(self.chainage, chainage_m), 1, len(self.chainage) - 1))
        worst = float(np.max(self.accuracy[at - 1 : at + 1]))
        stretch = abs(float(self.k[at] - self.k[at - 1]))
        misfit = abs(stretch - float(self.chainage[at] - self.chainage[at - 1])) / 2.0
        return None if np.isnan(worst) else worst + misfit


class Carriageway:
    """One digitised piece of one side of a route, with its stakes."""

    def __init__(self, row: CarriagewayRow, stakes: Iterable[StakeRow] = ()) -> None:
        geometry = row["geom"]
        line = shapely.from_wkb(geometry) if isinstance(geometry, bytes | str) else geometry
        self.route_id: str = row["route_id"]
        self.side: Side = row["side"]
        self.part: int = row["part"]
        self.accuracy_m: float | None = row["accuracy_m"]
        self.source_id: str = row["source_id"]
        self.xy: Floats = shapely.get_coordinates(line)
        lengths = segment_lengths_m(self.xy[:, 0], self.xy[:, 1])
        self.chainage: Floats = np.concatenate([[0.0], np.cumsum(lengths)])
        self.length_m = float(self.chainage[-1])
        points = sorted(stakes, key=lambda s: s["chainage_m"])
        self.pieces = self._calibrate(points)
        self.calibrated = bool(row["calibrated"]) and len(points) > 1
        mercator = np.column_stack(project(self.xy[:, 0], self.xy[:, 1], WEB_MERCATOR))
        self._tree = shapely.STRtree(
            shapely.linestrings(np.stack([mercator[:-1], mercator[1:]], axis=1))
        )

    def _calibrate(self, points: list[StakeRow]) -> list[_Piece]:
        if len(points) < 2:
            start = points[0] if points else None
            zero = start["k_m"] - start["chainage_m"] if start else 0.0
            ends = np.array([0.0, self.length_m])
            return [_Piece(ends, ends + zero, np.full(2, np.nan))]
        pieces: list[list[StakeRow]] = []
        run: list[StakeRow] = []
        falling = points[-1]["k_m"] < points[0]["k_m"]
        for _, same in groupby(points, key=lambda s: s["chainage_m"]):
            before, after = _around_break(list(same), run, falling)
            run.append(before)
            if after is not None:
                pieces.append(run)
                run = [after]
        pieces.append(run)
        return [self._piece(run, falling) for run in pieces if len(run) > 1]

    def _piece(self, run: list[StakeRow], falling: bool) -> _Piece:
        k = np.array([s["k_m"] for s in run], dtype=float)
        if np.any((np.diff(k) >= 0) if falling else (np.diff(k) <= 0)):
            raise BadParameter(
                f"stakes of {self.route_id} {self.side}/{self.part} do not run one way",
                f"{self.route_id} {self.side}/{self.part} 的桩号不单调",
                mend_en="Mark each broken chain by two stakes at one chainage.",
                mend_zh="断链处请在同一里程给出两个桩号。",
            )
        accuracy = [self.accuracy_m if s["accuracy_m"] is None else s["accuracy_m"] for s in run]
        chainage = np.array([s["chainage_m"] for s in run], dtype=float)
        return _Piece(chainage, k, np.array(accuracy, dtype=float))

    def points_at(self, chainage_m: ArrayLike) -> Floats:
        """Return longitude and latitude, shape (n, 2), at chainages (m) along the line."""
        at = np.clip(np.atleast_1d(np.asarray(chainage_m, float)), 0.0, self.length_m)
        return np.column_stack([np.interp(at, self.chainage, self.xy[:, i]) for i in (0, 1)])

    def chainages_of(self, lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
        """Return the chainage (m) of the nearest place on the line, and its distance (m)."""
        x, y = np.atleast_1d(np.asarray(lon, float)), np.atleast_1d(np.asarray(lat, float))
        at = np.column_stack(project(x, y, WEB_MERCATOR))
        asked, segment = self._tree.query_nearest(shapely.points(at), all_matches=False)
        segment = segment[np.argsort(asked)]
        scale = np.column_stack([np.cos(np.radians(y)), np.ones_like(y)])
        start, step = self.xy[segment], np.diff(self.xy, axis=0)[segment]
        along, off = step * scale, (np.column_stack([x, y]) - start) * scale
        square = np.maximum((along**2).sum(axis=1), 1e-300)
        t = np.clip((off * along).sum(axis=1) / square, 0.0, 1.0)
        chainage = self.chainage[segment] + t * np.diff(self.chainage)[segment]
        foot = start + t[:, None] * step
        return chainage, distance_m(x, y, foot[:, 0], foot[:, 1])

    def stakes_at(self, chainage_m: ArrayLike) -> Floats:
        """Return the stake (m) at each chainage; NaN beyond the first and the last stake."""
        at = np.atleast_1d(np.asarray(chainage_m, float))
        result = np.full(at.shape, np.nan)
        for piece in self.pieces:
            inside = (at >= piece.chainage[0] - _TOUCH_M) & (at <= piece.chainage[-1] + _TOUCH_M)
            result[inside] = np.interp(at[inside], piece.chainage, piece.k)
        return result

    def fix(self, chainage_m: float, k_m: float, off_m: float = 0.0) -> StakeFix:
        """Return the full answer for one place on the line."""
        lon, lat = self.points_at(chainage_m)[0]
        accuracy = None
        for piece in self.pieces if self.calibrated else []:
            if piece.chainage[0] - _TOUCH_M <= chainage_m <= piece.chainage[-1] + _TOUCH_M:
                accuracy = piece.accuracy_at(chainage_m)
        return StakeFix(
            self.route_id,
            self.side,
            self.part,
            k_m,
            float(lon),
            float(lat),
            chainage_m,
            self.calibrated,
            accuracy if self.calibrated else self.accuracy_m,
            self.source_id,
            off_m,
        )

    def locate(self, k_m: float) -> list[StakeFix]:
        """Return every place of a stake: none in a gap, two in the overlap of a long chain."""
        found: list[StakeFix] = []
        for piece in self.pieces:
            low, high = piece.k_range()
            if low - _TOUCH_M <= k_m <= high + _TOUCH_M:
                chainage = piece.chainage_at(k_m)
                if not any(abs(f.chainage_m - chainage) < _TOUCH_M for f in found):
                    found.append(self.fix(chainage, k_m))
        return found

    def cut(self, k_from: float, k_to: float) -> list[NDArray[np.float64]]:
        """Return the coordinates between two stakes, in the line's direction, broken at jumps."""
        low, high = min(k_from, k_to), max(k_from, k_to)
        spans: list[tuple[float, float]] = []
        for piece in self.pieces:
            first, last = piece.k_range()
            if low < last and high > first:
                ends = sorted(piece.chainage_at(k) for k in (max(low, first), min(high, last)))
                if spans and ends[0] - spans[-1][1] < _TOUCH_M:
                    spans[-1] = (spans[-1][0], ends[1])
                else:
                    spans.append((ends[0], ends[1]))
        return [self.between(a, b) for a, b in spans]

    def between(self, start_m: float, end_m: float) -> Floats:
        """Return the coordinates between two chainages (m), in the line's direction."""
        inner = self.xy[(self.chainage > start_m) & (self.chainage < end_m)]
        ends = self.points_at([start_m, end_m])
        return np.vstack([ends[:1], inner, ends[1:]])


def _around_break(
    same: list[StakeRow], run: list[StakeRow], falling: bool
) -> tuple[StakeRow, StakeRow | None]:
    """Return the stake that ends the run and the one that starts the next, if numbers jump."""
    if len(same) == 1:
        return same[0], None
    if len(same) > 2:
        raise BadParameter("more than two stakes at one chainage", "同一里程有两个以上桩号")
    if not run:
        ordered = sorted(same, key=lambda s: s["k_m"], reverse=falling)
        return ordered[0], ordered[1]
    moved = same[0]["chainage_m"] - run[-1]["chainage_m"]
    expected = run[-1]["k_m"] + (-moved if falling else moved)
    before, after = sorted(same, key=lambda s: abs(s["k_m"] - expected))
    return before, after


class LinearReference:
    """All carriageways, asked by stake or by point."""

    def __init__(self, carriageways: Iterable[Carriageway]) -> None:
        self._by_route: dict[str, list[Carriageway]] = {}
        for carriageway in carriageways:
            self._by_route.setdefault(carriageway.route_id, []).append(carriageway)

    @classmethod
    def from_rows(
        cls, carriageways: Iterable[CarriagewayRow], stakes: Iterable[StakeRow]
    ) -> LinearReference:
        """Build from the rows of `CARRIAGEWAY_SQL` and `STAKE_SQL`, by any driver."""
        by_key: dict[tuple[str, str, int], list[StakeRow]] = {}
        for row in stakes:
            by_key.setdefault((row["route_id"], row["side"], row["part"]), []).append(row)
        return cls(
            Carriageway(row, by_key.get((row["route_id"], row["side"], row["part"]), ()))
            for row in carriageways
        )

    def routes(self) -> list[str]:
        """Return the ids of all routes."""
        return sorted(self._by_route)

    def carriageways(self, route_id: str, side: Side | None = None) -> list[Carriageway]:
        """Return the pieces of a route, of one side or of both.

        Raises
        ------
        NotFound
            There is no such route.
        """
        pieces = self._by_route.get(route_id.strip().upper()) or self._by_route.get(route_id)
        if not pieces:
            raise NotFound(f"no route {route_id!r}", f"没有路线 {route_id!r}")
        return [piece for piece in pieces if side is None or piece.side == side]

    def locate(self, route_id: str, stake: str | float, side: Side | None = None) -> list[StakeFix]:
        """Return every place of a stake on a route.

        Raises
        ------
        NotFound
            The stake lies in a gap, or before or behind the route.
        """
        k_m = parse_stake(stake) if isinstance(stake, str) else float(stake)
        pieces = self.carriageways(route_id, side)
        found = [fix for piece in pieces for fix in piece.locate(k_m)]
        if not found:
            spans = sorted({p.k_range() for piece in pieces for p in piece.pieces})
            text = ", ".join(f"{format_stake(a)}–{format_stake(b)}" for a, b in spans)
            raise NotFound(
                f"route {route_id} has no stake {format_stake(k_m)}",
                f"路线 {route_id} 没有桩号 {format_stake(k_m)}（断链或超出起止点）",
                mend_en=f"Stakes run {text}.",
                mend_zh=f"桩号范围：{text}。",
            )
        return found

    def stake_of(
        self, lon: float, lat: float, within_m: float, route_id: str | None = None
    ) -> list[StakeFix]:
        """Return the stake of a point on every carriageway within reach, nearest first."""
        names = [route_id] if route_id else self.routes()
        found = []
        for piece in (p for name in names for p in self.carriageways(name)):
            chainage, off = piece.chainages_of(lon, lat)
            k = piece.stakes_at(chainage)[0]
            if off[0] <= within_m and not np.isnan(k):
                found.append(piece.fix(float(chainage[0]), float(k), float(off[0])))
        return sorted(found, key=lambda fix: fix.distance_m)

    def sub_lines(
        self, route_id: str, k_from: str | float, k_to: str | float, side: Side | None = None
    ) -> dict[Side, shapely.MultiLineString]:
        """Return per side the MultiLineString between two stakes; jumps leave no false link.

        Raises
        ------
        NotFound
            There is nothing between the stakes.
        """
        low, high = (parse_stake(k) if isinstance(k, str) else float(k) for k in (k_from, k_to))
        lines: dict[Side, list[shapely.LineString]] = {}
        for piece in self.carriageways(route_id, side):
            cuts = [shapely.LineString(xy) for xy in piece.cut(low, high) if len(xy) > 1]
            lines.setdefault(piece.side, []).extend(cuts)
        if not any(lines.values()):
            raise NotFound(
                f"route {route_id} has nothing between {k_from} and {k_to}",
                f"路线 {route_id} 在 {k_from} 与 {k_to} 之间没有路段",
            )
        return {key: shapely.MultiLineString(value) for key, value in lines.items() if value}
