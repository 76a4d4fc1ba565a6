"""Surfaces over cells of one level: from cases, hits and exposure to what the map shows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layers.processes.readers.heat_rows import HeatCells
from routing.graph.weights import Bools, Floats, Ints
from routing.statistics.hot_spots import Moran, getis_ord_gi_star, morans_i, significant_spots
from routing.statistics.kde import Kernel, density_at, density_grid
from routing.statistics.neighbours import queen, touching
from routing.statistics.patrol import explained_by_exposure
from routing.statistics.rates import Rates, empirical_bayes, standardised
from spatial.common_units import common_units
from spatial.geo.crs import GEOD
from spatial.geo.zorder import bounds_of, columns_and_rows

DEGREE_M = math.radians(1.0) * float(GEOD.a)
"""Metres of a degree along the equator."""
SQUARE_KM = 1_000_000.0
LEAST_OF_MORAN = 4
MOST_GRID = 4_000_000
"""Cells of a grid around all cells; farther apart they are asked one by one."""


@dataclass(frozen=True)
class Surface:
    """What cells show: state and value of each; the rates where there are such.

    `state` is `rated`, `not_inspected`, or `short` where there are more events than exposure:
    records are missing, and no rate is told.
    """

    state: NDArray[np.str_]
    value: Floats
    rates: Rates | None = None
    spot: NDArray[np.int8] | None = None


def coarser(cells: HeatCells, levels: int) -> HeatCells:
    """Return cells put together so many levels up."""
    keys, at = np.unique(cells.keys >> 2 * levels, return_inverse=True)
    return HeatCells(
        keys,
        common_units(cells.admin_codes, at, len(keys)),
        np.bincount(at, cells.events, len(keys)).astype(np.float64),
        np.bincount(at, cells.exposure, len(keys)).astype(np.float64),
    )


def states_of(cells: HeatCells) -> NDArray[np.str_]:
    """Return the state of each cell."""
    short = np.where(cells.events > cells.exposure, "short", "rated")
    return np.where(cells.exposure > 0, short, "not_inspected")


def explained(cells: HeatCells) -> Floats:
    """Return what share of each cell's excess of events its exposure explains.

    NaN without an excess beyond the mean of inspected cells, and where no rate is told.
    """
    known = states_of(cells) == "rated"
    found = np.full(len(known), np.nan)
    found[known] = explained_by_exposure(cells.events[known], cells.exposure[known])
    return found


def rate_surface(cells: HeatCells, level: float) -> Surface:
    """Return rates shrunk by empirical Bayes; NaN where nothing was inspected."""
    state = states_of(cells)
    known = state == "rated"
    rates = _spread(empirical_bayes(cells.events[known], cells.exposure[known], level), known)
    return Surface(state, rates.rate, rates)


def count_surface(cells: HeatCells) -> Surface:
    """Return plain counts of events."""
    return Surface(states_of(cells), cells.events)


def hot_spot_surface(cells: HeatCells, false_share: float, *, adjusted: bool) -> Surface:
    """Return z of Gi* on the exposure-adjusted residual, or on counts, and what is significant.

    Raises
    ------
    BadParameter
        No inspected cell has a neighbour.
    """
    state = states_of(cells)
    known = state == "rated"
    found = np.full(len(cells.keys), np.nan)
    events, exposure = cells.events[known], cells.exposure[known]
    values = standardised(events, exposure) if adjusted else events
    found[known] = getis_ord_gi_star(values, queen(cells.keys[known], with_self=True))
    return Surface(state, found, spot=significant_spots(found, false_share))


def clustering(cells: HeatCells, *, adjusted: bool) -> Moran | None:
    """Return Moran's I of what hot spots are of, over inspected cells that touch.

    None where it is not defined: fewer than four of them, all equal, or none that touches another.
    """
    known = states_of(cells) == "rated"
    events, exposure, keys = cells.events[known], cells.exposure[known], cells.keys[known]
    values = standardised(events, exposure) if adjusted else events
    if len(keys) < LEAST_OF_MORAN or np.ptp(values) == 0 or not touching(keys):
        return None
    return morans_i(values, queen(keys, with_self=False))


def density_surface(
    cells: HeatCells, cell_level: int, bandwidth_m: float, kernel: Kernel
) -> Surface:
    """Return events per km² at the middle of each cell; each event counts in that of its cell.

    Metres are those at the mean latitude of the cells.

    Raises
    ------
    BadParameter
        The bandwidth is none, or far wider than the area.
    """
    if not len(cells.keys):
        return Surface(states_of(cells), cells.events)
    column, row = columns_and_rows(cells.keys)
    x, y = column - column.min(), row - row.min()
    wide, tall = int(x.max()) + 1, int(y.max()) + 1
    if wide * tall > MOST_GRID:
        west, south, east, north = bounds_of(cells.keys, cell_level)
        middles = (west + east) / 2, (south + north) / 2
        return density_at_middles(cells, *middles, bandwidth_m, kernel)
    _, south, _, north = bounds_of(cells.keys, cell_level)
    side = 360 / (1 << cell_level) * DEGREE_M * math.cos(math.radians((south + north).mean() / 2))
    weights = np.zeros((tall, wide))
    weights[y, x] = cells.events
    found = density_grid(weights, (side, side), bandwidth_m, kernel)[y, x]
    return Surface(states_of(cells), found * SQUARE_KM)


def places_m(keys: Ints, level: int) -> Floats:
    """Return the middles of cells, (cells, 2), in metres at their mean latitude."""
    west, south, east, north = bounds_of(keys, level)
    return _metres((west + east) / 2, (south + north) / 2)


def _metres(lon: Floats, lat: Floats) -> Floats:
    scale = np.cos(np.radians(lat.mean())) if len(lat) else 1.0
    return np.stack((lon * scale, lat), axis=1) * DEGREE_M


def density_at_middles(
    cells: HeatCells, lon: Floats, lat: Floats, bandwidth_m: float, kernel: Kernel
) -> Surface:
    """Return the same for cells of any shape by their middles, degrees."""
    places = _metres(lon, lat)
    some = cells.events > 0
    parts = [
        density_at(part, places[some], bandwidth_m, kernel, cells.events[some])
        for part in np.array_split(places, max(1, len(places) // 500))
    ]
    return Surface(states_of(cells), np.concatenate(parts) * SQUARE_KM)


def _spread(rates: Rates, known: Bools) -> Rates:
    """Return rates of the known cells as those of all, NaN for the rest."""
    columns = []
    for column in (rates.rate, rates.lower, rates.upper):
        whole = np.full(len(known), np.nan)
        whole[known] = column
        columns.append(whole)
    return Rates(rates.pooled, rates.variance, *columns)
