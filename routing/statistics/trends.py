"""Trends of cells over slices of time, and what kind of hot or cold spot each is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from routing.graph.weights import Floats
from routing.statistics import hot_spot_kernels
from routing.statistics.hot_spots import two_sided
from spatial.errors import BadParameter

CLASSES = (
    "no_pattern",
    "new",
    "consecutive",
    "intensifying",
    "persistent",
    "diminishing",
    "sporadic",
    "oscillating",
    "historical",
)
"""By number; of a cold spot the number is negative."""
TOO_SHORT = -128
"""Instead of a class: too few slices are known."""
UNKNOWN = TOO_SHORT
"""Of a slice: the cell was not inspected in it."""


@dataclass(frozen=True, slots=True)
class Trend:
    """Mann and Kendall's S, its variance, z and two-sided chance of each series."""

    s: Floats
    variance: Floats
    z: Floats
    p: Floats


def mann_kendall(series: ArrayLike) -> Trend:
    """Return the trend of each series (Mann 1945, Kendall 1975; ties corrected).

    S = Σ sign(xⱼ − xᵢ), var = [n(n−1)(2n+5) − Σ t(t−1)(2t+5)] / 18, z = (S ∓ 1) / √var.

    Parameters
    ----------
    series
        (slices, cells), or (slices,) of one cell; NaN is left out.

    Raises
    ------
    BadParameter
        There is no slice.
    """
    x = np.asarray(series, np.float64)
    if x.ndim == 0 or len(x) == 0:
        raise BadParameter("a trend needs slices", "没有时间切片，无法计算趋势")
    table = np.array(x.reshape(len(x), -1), order="C")
    s, variance, z = (np.empty(table.shape[1]) for _ in range(3))
    hot_spot_kernels.mann_kendall(table, s, variance, z)
    return Trend(s, variance, z, two_sided(z))


def space_time_classes(
    states: ArrayLike, trend_z: ArrayLike, *, critical_z: float, share: float, least_slices: int
) -> NDArray[np.int8]:
    """Return the class of each cell: an index of `CLASSES`, negative when cold, or `TOO_SHORT`.

    The definitions are those of emerging hot spots as published with ArcGIS Pro: new is hot in the
    last slice only; consecutive in an unbroken run at the end and never before; intensifying,
    persistent and diminishing in `share` of the slices or more and the last one, by trend;
    historical as often but not in the last; sporadic on and off; oscillating was cold before.

    Parameters
    ----------
    states
        (slices, cells): 1 hot, −1 cold, 0 neither, `UNKNOWN`; unknown ones are left out.
    trend_z
        z of the trend of each cell's Gi*.
    critical_z
        From where on a trend is one.
    share
        Of slices that make a spot lasting, as 0.9.
    least_slices
        Known ones that a class needs.

    Raises
    ------
    BadParameter
        Sizes differ.
    """
    table = np.array(states, np.int8, order="C")
    z = np.array(trend_z, np.float64)
    if table.ndim != 2 or z.shape != table.shape[1:]:
        raise BadParameter(
            f"{z.shape} trends of {table.shape} states", f"状态 {table.shape} 与趋势 {z.shape} 不符"
        )
    out = np.empty(table.shape[1], np.int8)
    hot_spot_kernels.classify(table, z, critical_z, share, least_slices, UNKNOWN, out)
    return out


def class_name(number: int) -> str:
    """Return a class by name, as `new_hot` or `historical_cold`."""
    if number == TOO_SHORT:
        return "too_short"
    return f"{CLASSES[abs(number)]}_{'hot' if number > 0 else 'cold'}" if number else CLASSES[0]
