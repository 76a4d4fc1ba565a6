"""Questions: a point, or a footprint with what is around it, at heights, for a flight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from routing.airspace.judge import Columns, Flight, Judge, Judgement
from routing.airspace.levels import Joins, Levels
from routing.airspace.zones import Whole, buffered
from spatial.errors import TooComplex
from spatial.geo.datum import Floats
from spatial.geo.heights import Datum
from spatial.geo.terrain import Terrain
from spatial.geo.volumes import Plane

MOST_CELLS = 100_000
COARSE_DEG = 0.01
"""Side of the cells of a footprint where there is no terrain."""


@dataclass(frozen=True)
class Heights:
    """Lowest and highest height (m) of a flight in one datum, ± slack."""

    datum: Datum
    low_m: float
    high_m: float
    slack_m: float = 0.0


@dataclass(frozen=True)
class Footprint:
    """A shape in degrees and how far around it the flight reaches: a circle, a corridor."""

    shape: shapely.Geometry
    reach_m: float = 0.0


def levels_at(lon: Floats, lat: Floats, heights: Heights, joins: Joins) -> Levels:
    """Return the heights of a question at places."""
    low, high, slack = (
        np.full(len(lon), value) for value in (heights.low_m, heights.high_m, heights.slack_m)
    )
    return Levels(lon, lat, heights.datum, low, high, slack, joins)


def judge_point(
    judge: Judge, lon: float, lat: float, heights: Heights, flight: Flight, joins: Joins
) -> Judgement:
    """Judge a flight at one place."""
    levels = levels_at(np.array([lon]), np.array([lat]), heights, joins)
    return judge_place(judge, levels, judge.air.zones.over_point(lon, lat), flight)


def judge_place(judge: Judge, levels: Levels, zones: Whole, flight: Flight) -> Judgement:
    """Judge a flight at heights of one place, over which zones lie."""
    county = judge.air.coverage.counties_of(levels.lon, levels.lat)
    pairs = (np.zeros(len(zones), np.int64), zones)
    beyond = bool(county[0] < 0)
    return judge.whole(levels, pairs, flight, county[county >= 0], beyond=beyond)


def judge_points(
    judge: Judge, lon: Floats, lat: Floats, heights: Heights, flight: Flight, joins: Joins
) -> Columns:
    """Judge a flight at each of many places."""
    return judge.columns(levels_at(lon, lat, heights, joins), flight)


@dataclass(frozen=True)
class Places:
    """The places that stand for a footprint: cells of the terrain, and the zones over each."""

    lon: Floats
    lat: Floats
    pairs: tuple[Whole, Whole]
    """Pairs of place and zone over it."""
    wide: shapely.Geometry
    """All that the flight reaches, degrees."""


def places_of(judge: Judge, footprint: Footprint, terrain: Terrain | None) -> Places:
    """Return the places that stand for a footprint.

    Raises
    ------
    TooComplex
        The footprint holds too many cells of the terrain.
    """
    shape = footprint.shape
    plane = Plane((shape.centroid.x, shape.centroid.y))
    zones = judge.air.zones.over_shape(shape, plane, footprint.reach_m)
    wide = _widened(footprint)
    lon, lat, squares = _cells(wide, terrain)
    place, zone = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for number in zones.tolist():
        shared = shapely.intersection(judge.air.zones.shapes[number], wide)
        shapely.prepare(shared)
        mine = np.flatnonzero(shapely.intersects(shared, squares))
        mine = mine if len(mine) else np.arange(len(squares))
        place.append(mine)
        zone.append(np.full(len(mine), number))
    return Places(lon, lat, (np.concatenate(place), np.concatenate(zone)), wide)


def judge_footprint(
    judge: Judge, footprint: Footprint, heights: Heights, flight: Flight, joins: Joins
) -> Judgement:
    """Judge a flight that fills a footprint.

    Raises
    ------
    TooComplex
        The footprint holds too many cells of the terrain.
    """
    places = places_of(judge, footprint, joins.terrain)
    levels = levels_at(places.lon, places.lat, heights, joins)
    return judge_places(judge, places, levels, flight)


def judge_places(judge: Judge, places: Places, levels: Levels, flight: Flight) -> Judgement:
    """Judge a flight that fills a footprint, from the places that stand for it at its heights."""
    counties, beyond = judge.air.coverage.touched_by(places.wide)
    return judge.whole(levels, places.pairs, flight, counties, beyond=beyond)


def zones_over(judge: Judge, footprint: Footprint) -> Whole:
    """Return the zones that a footprint touches at any height and time."""
    shape = footprint.shape
    if shape.geom_type == "Point" and not footprint.reach_m:
        return judge.air.zones.over_point(shape.x, shape.y)
    plane = Plane((shape.centroid.x, shape.centroid.y))
    return judge.air.zones.over_shape(shape, plane, footprint.reach_m)


def _widened(footprint: Footprint) -> shapely.Geometry:
    shape, reach_m = footprint.shape, footprint.reach_m
    plane = Plane((shape.centroid.x, shape.centroid.y))
    return buffered(shape, plane, reach_m) if reach_m else shape


def _cells(
    shape: shapely.Geometry, terrain: Terrain | None
) -> tuple[Floats, Floats, NDArray[np.object_]]:
    """Return middles and squares of the cells of the terrain that a shape touches."""
    side = _side_deg(shape, terrain)
    count = round(1 / side)
    west, south, east, north = np.floor(np.array(shape.bounds) * count).astype(int).tolist()
    if (east - west + 1) * (north - south + 1) > MOST_CELLS:
        raise TooComplex(
            f"The flight covers more than {MOST_CELLS:,} cells of the terrain",
            f"飞行范围超过 {MOST_CELLS:,} 个地形格网",
            mend_en="Ask for its parts.", mend_zh="请分段查询。", pointer="/geometry",
        )  # fmt: skip
    x, y = np.meshgrid(np.arange(west, east + 1), np.arange(south, north + 1))
    x, y = x.ravel() / count, y.ravel() / count
    squares = shapely.box(x, y, x + side, y + side)
    shapely.prepare(shape)
    touched = shapely.intersects(shape, squares)
    x, y, squares = x[touched], y[touched], squares[touched]
    return x + side / 2, y + side / 2, squares


def _side_deg(shape: shapely.Geometry, terrain: Terrain | None) -> float:
    middle = shape.centroid
    return (terrain and terrain.cell_deg(middle.x, middle.y)) or COARSE_DEG


def cells_in_box(shape: shapely.Geometry, terrain: Terrain | None) -> int:
    """Return how many cells of the terrain are looked at for a shape: those of its box."""
    west, south, east, north = shape.bounds
    side = _side_deg(shape, terrain)
    return int(((east - west) / side + 1) * ((north - south) / side + 1))
