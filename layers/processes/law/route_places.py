"""Records put on routes: which carriageway each lies on, and at which chainage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from layers.processes.readers.route_rows import Places, Records
from routing.graph.weights import Floats, Ints
from routing.statistics.rule_models import Stretches
from spatial.errors import BadParameter
from spatial.geo.codes import parse_stake
from spatial.geo.linear_reference import Carriageway, Side
from spatial.geo.measures import Measured, at_stakes, nearest

SIDES: tuple[Side, Side] = ("up", "down")


@dataclass(frozen=True)
class OnRoutes:
    """Each place on its carriageway, and which carriageways are counted by side.

    `way` is -1 off all routes and -2 where a route is counted by side and that of the place is
    unknown. `counted` are the carriageways that stretches are made of; `sided` those of them that
    stand for their own side alone, the others stand for both.
    """

    way: Ints
    chainage_m: Floats
    counted: Sequence[int]
    sided: frozenset[int]


def put_on_routes(ways: Sequence[Carriageway], records: Records, rule: Stretches) -> OnRoutes:
    """Put records on routes: by the route and stake that they state, else on the nearest one.

    A route is counted by side where almost all that lies on it has a side: one that is stated, or
    that of the carriageway which is clearly nearer. Else it is counted as a whole, on the line of
    rising stakes.
    """
    places = records.places
    weight = np.bincount(
        records.place, records.events + records.exposure, len(places.lon)
    )  # fmt: skip
    found = nearest(ways, range(len(ways)), places.lon, places.lat, rule.reach_m)
    by_route: dict[str, dict[Side, list[int]]] = {}
    for number, way in enumerate(ways):
        by_route.setdefault(way.route_id, {}).setdefault(way.side, []).append(number)
    routes = _routes(ways, places, found, by_route)
    stakes = np.array([_stake(text) for text in places.stake], np.float64)
    way_of, chainage = np.full(len(routes), -1, np.int64), np.full(len(routes), np.nan)
    counted: list[int] = []
    sided: set[int] = set()
    for route, sides in by_route.items():
        at = np.flatnonzero(routes == route)
        lines = {side: _measured(ways, sides[side], places, stakes, at, rule) for side in sides}
        side_of = _sides(lines, [places.side[i] for i in at.tolist()], rule.apart_m)
        known = weight[at][side_of >= 0].sum()
        apart = len(lines) == 1 or (len(at) > 0 and known >= rule.sided_share * weight[at].sum())
        chosen = [side for side in SIDES if side in lines][: 2 if apart else 1]
        for side in chosen:
            counted += sides[side]
            sided.update(sides[side] if apart else ())
            mine = side_of == SIDES.index(side) if len(chosen) > 1 else np.full(len(at), True)
            way_of[at[mine]] = lines[side].way[mine]
            chainage[at[mine]] = lines[side].chainage_m[mine]
        if len(chosen) > 1:
            way_of[at[side_of < 0]] = -2
    return OnRoutes(way_of, chainage, counted, frozenset(sided))


def _routes(
    ways: Sequence[Carriageway], places: Places, found: Measured,
    known: dict[str, dict[Side, list[int]]],
) -> np.ndarray[tuple[int], np.dtype[np.object_]]:  # fmt: skip
    """Return the route of each place: the one that it states, else the nearest, else None."""
    out = np.full(len(places.route), None, object)
    for i, stated in enumerate(places.route):
        name = (stated or "").strip().upper()
        if name in known:
            out[i] = name
        elif found.way[i] >= 0:
            out[i] = ways[found.way[i]].route_id
    return out


def _stake(text: str | None) -> float:
    try:
        return parse_stake(text) if text else np.nan
    except BadParameter:
        return np.nan


def _measured(
    ways: Sequence[Carriageway], among: Sequence[int], places: Places, stakes: Floats, at: Ints,
    rule: Stretches,
) -> Measured:  # fmt: skip
    """Return the places of a route on one side: at the stake, else at the nearest."""
    lon, lat = places.lon[at], places.lat[at]
    by_stake = at_stakes(ways, among, stakes[at], lon, lat, rule.stake_reach_m)
    by_place = nearest(ways, among, lon, lat, rule.reach_m)
    staked = by_stake.way >= 0
    return Measured(
        np.where(staked, by_stake.way, by_place.way),
        np.where(staked, by_stake.chainage_m, by_place.chainage_m),
        by_place.off_m,
    )


def _sides(lines: dict[Side, Measured], stated: Sequence[str | None], apart_m: float) -> Ints:
    """Return 0 for up, 1 for down, -1 where a place has no side."""
    out = np.array([SIDES.index(s) if s in SIDES else -1 for s in stated], np.int64)
    if len(lines) == 2:
        with np.errstate(invalid="ignore"):
            gap = lines["down"].off_m - lines["up"].off_m
        open_ = out < 0
        out[open_ & (gap > apart_m)] = 0
        out[open_ & (gap < -apart_m)] = 1
    return out
