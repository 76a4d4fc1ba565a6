"""May one fly in the cells of a grid? Each cell is judged whole, by the judge of single flights.

What holds at a place of a cell lies between what holds everywhere in it and what holds somewhere:
zones that cover the cell at its least favourable heights, and zones that touch it at any height
that the flight has over some of its ground. Where both say the same, so does every place; else the
cell is mixed. Bounds are safe: a cell may be called mixed that is not, never the other way round.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
import shapely
from numpy.typing import NDArray

from routing.airspace.ask import Heights
from routing.airspace.held import NO
from routing.airspace.judge import Flight, Judge, Weights
from routing.airspace.levels import Between, Joins, Levels
from routing.airspace.verdict import NAMES, Weight, answer_of
from routing.airspace.zones import Whole, within_circle
from spatial.geo.datum import Floats
from spatial.geo.geoid import Geoid
from spatial.geo.terrain_range import grounds_between
from spatial.geo.volumes import Circle

Flags = NDArray[np.bool_]
MIXED = "mixed"
CELL_NAMES = np.array([*NAMES.tolist(), MIXED])
"""What cells are told by, as numbers of `CellColumns.verdict`."""
KNOWN, UNKNOWN, PARTLY = 0, 1, 2
CIRCLE_SLACK = 2e-4
"""A circle is taken so much larger, and 1 m, where it must not be missed."""
_NODES_PER_DEGREE = 4


@dataclass(frozen=True)
class Cells:
    """Cells of a grid: their columns and rows, of which so many make a degree."""

    column: Whole
    row: Whole
    per_degree: tuple[int, int]

    def __len__(self) -> int:
        return len(self.column)

    @property
    def west(self) -> Floats:
        """Their western edges, degrees."""
        return self.column / self.per_degree[0]

    @property
    def south(self) -> Floats:
        """Their southern edges, degrees."""
        return self.row / self.per_degree[1]

    @property
    def east(self) -> Floats:
        """Their eastern edges, degrees."""
        return (self.column + 1) / self.per_degree[0]

    @property
    def north(self) -> Floats:
        """Their northern edges, degrees."""
        return (self.row + 1) / self.per_degree[1]

    @property
    def middles(self) -> tuple[Floats, Floats]:
        """Their middles, degrees."""
        return (self.column + 0.5) / self.per_degree[0], (self.row + 0.5) / self.per_degree[1]


@dataclass(frozen=True)
class CellColumns:
    """What follows for each cell, and which pairs of cell and zone speak.

    `mildest` and `heaviest` are weights between which every place of the cell lies; `ground` says
    whether all is known of the ground, not all, or not all in a part of the cell.
    """

    verdict: NDArray[np.int8]
    mildest: Weights
    heaviest: Weights
    ground: NDArray[np.int8]
    cell: Whole
    zone: Whole
    whole: Flags
    """Whether the zone covers the cell."""
    height_w84_m: Floats
    """The height asked above the ellipsoid at the middle (m), NaN where nothing joins."""


def judge_cells(
    judge: Judge, cells: Cells, heights: Heights, flight: Flight, joins: Joins
) -> CellColumns:
    """Judge a flight at one moment in each of many cells."""
    boxes = shapely.box(cells.west, cells.south, cells.east, cells.north)
    touching, covering = (
        (cell[use], zone[use])
        for cell, zone in _zones_of(judge, cells, boxes)
        for use in [judge.in_force(zone, flight)]
    )
    place_cell, below = _below(cells, joins)
    count = len(cells)
    some = _levels(cells, place_cell, heights, joins, below)
    swapped = tuple(Between(one.high_m, one.low_m) for one in below)
    every = _levels(cells, place_cell, heights, joins, (swapped[0], swapped[1]))
    high = judge.weights(some, _at_places(touching, place_cell, count), flight)
    low = judge.weights(every, _at_places(covering, place_cell, count), flight)
    least = _each(low[0], high[0], place_cell, count)
    most = _each(low[1], high[1], place_cell, count)
    ground = _ground(judge, boxes)
    pairs = _speaking(judge, some, touching, place_cell, count)
    codes = covering[0] * len(judge.air.zones) + covering[1]
    whole = np.isin(pairs[0] * len(judge.air.zones) + pairs[1], codes)
    w84 = some.of("W84")
    middle = np.full(count, np.nan)
    middle[place_cell] = (w84.low_m + w84.high_m) / 2
    return CellColumns(
        _table()[ground, least[0], least[1], most[0], most[1]], least[0], most[1], ground,
        *pairs, whole, middle,
    )  # fmt: skip


def _zones_of(
    judge: Judge, cells: Cells, boxes: NDArray[np.object_]
) -> tuple[tuple[Whole, Whole], tuple[Whole, Whole]]:
    """Return the pairs of cell and zone that touch, and those of which the zone covers the cell."""
    zones = judge.air.zones
    touches: list[tuple[Whole, Whole]] = [(np.empty(0, np.int64), np.empty(0, np.int64))]
    covers = list(touches)
    box = cells.west.min(), cells.south.min(), cells.east.max(), cells.north.max()
    for number in zones.near(*map(float, box)):
        circle, shape = zones.all[number].circle, zones.shapes[number]
        if circle is None:
            found = shapely.intersects(shape, boxes), shapely.covers(shape, boxes)
        else:
            found = _circle_over(circle, cells)
        for kept, mine in zip((touches, covers), map(np.flatnonzero, found), strict=True):
            kept.append((mine, np.full(len(mine), number)))
    cell, zone = map(np.concatenate, zip(*touches, strict=True))
    inner, over = map(np.concatenate, zip(*covers, strict=True))
    return (cell, zone), (inner, over)


def _circle_over(circle: Circle, cells: Cells) -> tuple[Flags, Flags]:
    """Tell which cells a circle touches (or nearly does), and which it covers.

    The farthest place of a cell is one of its corners; its nearest one is beside the centre's own
    meridian and parallel, but for less than the slack.
    """
    x, y = circle.centre
    nearest = np.clip(x, cells.west, cells.east), np.clip(y, cells.south, cells.north)
    wider = Circle(circle.centre, circle.radius_m * (1 + CIRCLE_SLACK) + 1.0)
    corners = product((cells.west, cells.east), (cells.south, cells.north))
    covered = np.all([within_circle(circle, lon, lat) for lon, lat in corners], axis=0)
    return within_circle(wider, *nearest), covered


def _below(cells: Cells, joins: Joins) -> tuple[Whole, tuple[Between, Between]]:
    """Return what lies below cells, one place each, two where part of the ground is unknown."""
    low, high, gap = grounds_between(
        joins.terrain, cells.column, cells.row, cells.per_degree
    )  # fmt: skip
    partly = np.flatnonzero(gap & ~np.isnan(low))
    place_cell = np.concatenate([np.arange(len(cells)), partly])
    none = np.full(len(partly), np.nan)
    ground = Between(np.concatenate([low, none]), np.concatenate([high, none]))
    geoid = _undulations(joins.geoid, cells)
    return place_cell, (ground, Between(geoid.low_m[place_cell], geoid.high_m[place_cell]))


def _undulations(geoid: Geoid | None, cells: Cells) -> Between:
    """Return between what the geoid lies: the nodes around a cell hold what is between them."""
    if geoid is None:
        return Between(*(np.full(len(cells), np.nan) for _ in range(2)))
    n = _NODES_PER_DEGREE
    west, east = np.floor(cells.west * n + 1e-9), np.ceil(cells.east * n - 1e-9)
    south, north = np.floor(cells.south * n + 1e-9), np.ceil(cells.north * n - 1e-9)
    nodes = np.array([
        geoid.undulations_m(np.clip(west + i, west, east) / n, np.clip(south + j, south, north) / n)
        for i, j in product(range(2), range(3))
    ])  # fmt: skip
    return Between(nodes.min(axis=0), nodes.max(axis=0))


def _levels(
    cells: Cells, place_cell: Whole, heights: Heights, joins: Joins,
    below: tuple[Between, Between],
) -> Levels:  # fmt: skip
    """Return the heights at places of cells over what lies below: of each end its own."""
    lon, lat = (axis[place_cell] for axis in cells.middles)
    low, high = (np.full(len(lon), end) for end in (heights.low_m, heights.high_m))
    slack = np.full(len(lon), heights.slack_m)
    return Levels(lon, lat, heights.datum, low, high, slack, joins, below)


def _at_places(pairs: tuple[Whole, Whole], place_cell: Whole, count: int) -> tuple[Whole, Whole]:
    """Return pairs of cell and zone as pairs of place and zone."""
    cell, zone = pairs
    second = place_cell[count:]
    again = np.isin(cell, second)
    extra = count + np.searchsorted(second, cell[again])
    return np.concatenate([cell, extra]), np.concatenate([zone, zone[again]])


def _each(low: Weights, high: Weights, place_cell: Whole, count: int) -> tuple[Weights, Weights]:
    """Return the lowest and highest weight of each cell from those of its places."""
    least, most = low[:count].copy(), high[:count].copy()
    np.minimum.at(least, place_cell[count:], low[count:])
    np.maximum.at(most, place_cell[count:], high[count:])
    return least, most


def _speaking(
    judge: Judge, some: Levels, touching: tuple[Whole, Whole], place_cell: Whole, count: int
) -> tuple[Whole, Whole]:
    """Return the pairs of cell and zone in which the zone holds somewhere, or may."""
    place, zone = _at_places(touching, place_cell, count)
    free = judge.zone_weights[zone] == Weight.FREE
    speaks = (judge.held(some, place, zone).state != NO) & ~free
    codes = np.unique(place_cell[place[speaks]] * len(judge.air.zones) + zone[speaks])
    return codes // max(1, len(judge.air.zones)), codes % max(1, len(judge.air.zones))


def _ground(judge: Judge, boxes: NDArray[np.object_]) -> NDArray[np.int8]:
    """Return for each cell whether all is known of the ground: everywhere, nowhere or partly."""
    somewhere, everywhere = judge.air.coverage.unknown_in(boxes)
    return np.where(everywhere, UNKNOWN, np.where(somewhere, PARTLY, KNOWN)).astype(np.int8)


@cache
def _table() -> NDArray[np.int8]:
    """Return the verdict of a cell by ground, and by the bounds of its least and most weight."""
    names = CELL_NAMES.tolist()
    size = len(Weight)
    table = np.full((3, size, size, size, size), names.index(MIXED), np.int8)
    for ground, *bounds in product(range(3), *[range(size)] * 4):
        unknowns = {KNOWN: (False,), UNKNOWN: (True,), PARTLY: (False, True)}[ground]
        leasts, mosts = (range(bounds[n], bounds[n + 1] + 1) for n in (0, 2))
        found = {
            answer_of(least, most, unknown=unknown).value
            for least, most, unknown in product(leasts, mosts, unknowns) if least <= most
        }  # fmt: skip
        if len(found) == 1:
            table[(ground, *bounds)] = names.index(found.pop())
    return table
