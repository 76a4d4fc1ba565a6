"""Density of events on the plane by kernels: events per area, not per event."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import scipy  # loads its heavy parts when they are first used
from numpy.typing import ArrayLike

from routing.graph.weights import Floats
from routing.statistics import kde_kernels
from spatial.errors import BadParameter

Kernel = Literal["quartic", "gaussian"]
GAUSSIAN_REACH = 5.0
"""Bandwidths after which a Gaussian is 0: what lies beyond is 4e-6 of its mass."""
STAMP_WORK = 40_000_000
"""Products above which a Fourier transform is quicker than stamping."""


def kernel_values(squared_m2: Floats, bandwidth_m: float, kernel: Kernel) -> Floats:
    """Return density per m² of one event at squared distances (m²).

    Quartic: 3 / (π h²) · (1 − d²/h²)² below h (Silverman 1986, eq. 4.5). Gaussian:
    1 / (2π h²) · exp(−d² / 2h²).
    """
    u = squared_m2 / bandwidth_m**2
    if kernel == "quartic":
        return 3 / (math.pi * bandwidth_m**2) * np.maximum(1 - u, 0) ** 2 * (u < 1)
    near = u <= GAUSSIAN_REACH**2
    return np.where(near, np.exp(-u / 2) / (2 * math.pi * bandwidth_m**2), 0.0)


def density_at(
    places_m: ArrayLike,
    points_m: ArrayLike,
    bandwidth_m: float,
    kernel: Kernel = "quartic",
    weights: ArrayLike | None = None,
) -> Floats:
    """Return the exact density per m² at places, from all points.

    Parameters
    ----------
    places_m, points_m
        (n, 2) metres of one projection.
    bandwidth_m, kernel
        h of `kernel_values`, and which of them.
    weights
        Of the points; 1 each when None.

    Raises
    ------
    BadParameter
        The bandwidth is not a positive finite number.
    """
    check_bandwidth(bandwidth_m)
    places, points = (np.asarray(a, np.float64).reshape(-1, 2) for a in (places_m, points_m))
    mass = np.ones(len(points)) if weights is None else np.asarray(weights, np.float64)
    gaps = places[:, None, :] - points[None, :, :]
    return kernel_values((gaps**2).sum(axis=2), bandwidth_m, kernel) @ mass


def density_grid(
    weights: ArrayLike, cell_m: tuple[float, float], bandwidth_m: float, kernel: Kernel = "quartic"
) -> Floats:
    """Return the density per m² at the centres of a grid whose cells hold summed weights.

    Each event counts as if in the middle of its cell: an error of half a cell at most.

    Parameters
    ----------
    weights
        (rows, columns) of summed weights.
    cell_m
        Width and height of a cell, metres on the ground.
    bandwidth_m, kernel
        h of `kernel_values`, and which of them.

    Raises
    ------
    BadParameter
        The bandwidth is not a positive finite number, or reaches beyond four such grids.
    """
    check_bandwidth(bandwidth_m)
    grid = np.array(weights, np.float64, order="C")
    reach = bandwidth_m * (GAUSSIAN_REACH if kernel == "gaussian" else 1.0)
    right, down = (int(reach / size) for size in cell_m)
    if right > 4 * grid.shape[1] or down > 4 * grid.shape[0]:
        raise BadParameter(
            f"a bandwidth of {bandwidth_m:g} m is far wider than the area",
            f"带宽 {bandwidth_m:g} 米远大于所示范围",
            mend_en="Take a smaller bandwidth.",
            mend_zh="请减小带宽。",
        )
    x = np.arange(-right, right + 1) * cell_m[0]
    y = np.arange(-down, down + 1) * cell_m[1]
    pattern = kernel_values(x[None, :] ** 2 + y[:, None] ** 2, bandwidth_m, kernel)
    if np.count_nonzero(grid) * pattern.size <= STAMP_WORK:
        out = np.zeros_like(grid)
        kde_kernels.stamp(grid, np.ascontiguousarray(pattern), out)
        return out
    return _by_fourier(grid, pattern)


def _by_fourier(grid: Floats, pattern: Floats) -> Floats:
    """Return the same sums as stamping, to 1e-15 of the largest."""
    shape = [
        scipy.fft.next_fast_len(a + b - 1, real=True)
        for a, b in zip(grid.shape, pattern.shape, strict=True)
    ]
    spectrum = scipy.fft.rfft2(grid, shape) * scipy.fft.rfft2(pattern, shape)
    whole = scipy.fft.irfft2(spectrum, shape)
    up, left = pattern.shape[0] // 2, pattern.shape[1] // 2
    part = whole[up : up + grid.shape[0], left : left + grid.shape[1]]
    return np.maximum(part, 0.0)


def rule_bandwidth_m(points_m: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Return a bandwidth by rule: 0.9 · min(SD, D_m / √ln 2) · n^(−1/5).

    SD is the standard distance, D_m the median distance from the mean centre (Silverman 1986,
    section 3.4.2, for points of the plane as ArcGIS Pro documents it).

    Raises
    ------
    BadParameter
        There are fewer than two different points.
    """
    points = np.asarray(points_m, np.float64).reshape(-1, 2)
    mass = np.ones(len(points)) if weights is None else np.asarray(weights, np.float64)
    total = float(mass.sum())
    away = np.zeros(0)
    if total > 0:
        centre = mass @ points / total
        away = np.hypot(*(points - centre).T)
    if total <= 0 or not away.any():
        raise BadParameter(
            "too few events for a bandwidth by rule",
            "事件太少，无法按规则确定带宽",
            mend_en="Give a bandwidth in metres.",
            mend_zh="请直接给出以米计的带宽。",
        )
    order = np.argsort(away)
    half = np.searchsorted(np.cumsum(mass[order]), total / 2)
    median = float(away[order][min(int(half), len(away) - 1)])
    spread = math.sqrt(float(mass @ away**2) / total)
    candidates = [value for value in (spread, median / math.sqrt(math.log(2))) if value > 0]
    return float(0.9 * min(candidates) * total**-0.2)


def check_bandwidth(bandwidth_m: float) -> None:
    """Refuse a bandwidth that is none.

    Raises
    ------
    BadParameter
        It is not a positive finite number.
    """
    if not (math.isfinite(bandwidth_m) and bandwidth_m > 0):
        raise BadParameter(
            f"bandwidth {bandwidth_m} m is not above 0",
            f"带宽 {bandwidth_m} 米须大于 0",
            parameter="bandwidth_m",
            mend_en="Give metres above 0.",
            mend_zh="请给出大于 0 的米数。",
        )
