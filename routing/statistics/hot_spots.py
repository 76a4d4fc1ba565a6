"""Hot and cold spots: Getis and Ord's Gi*, false discoveries, Moran's I."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy  # loads its heavy parts when they are first used
from numpy.typing import ArrayLike, NDArray

from routing.graph.weights import Bools, Floats
from routing.statistics import hot_spot_kernels
from routing.statistics.neighbours import Neighbours
from spatial.errors import BadParameter


def getis_ord_gi_star(values: ArrayLike, neighbours: Neighbours) -> Floats:
    """Return z of Gi* of each cell, slice by slice.

    Gᵢ* = (Σⱼ wᵢⱼ xⱼ − X̄ Wᵢ) / (S √[(n Σⱼ wᵢⱼ² − Wᵢ²) / (n − 1)]), S² = Σ x² / n − X̄²
    (Ord and Getis 1995). The weights must hold each cell itself; binary ones are meant, not
    row-standardised ones. NaN is a cell that was not inspected: it counts in no sum of its slice.
    NaN comes back for it, and where all cells are equal or all are neighbours of a cell.

    Parameters
    ----------
    values
        (cells,) or (slices, cells), each slice with its own mean and spread.
    neighbours
        Weights of the cells, self included.

    Raises
    ------
    BadParameter
        The number of cells is another one, or a cell is not its own neighbour.
    """
    x = np.array(values, np.float64, order="C")
    if x.shape[-1] != neighbours.size:
        raise BadParameter(
            f"{x.shape[-1]} values of {neighbours.size} cells",
            f"{neighbours.size} 个单元却有 {x.shape[-1]} 个值",
        )
    rows = np.repeat(np.arange(neighbours.size), np.diff(neighbours.first))
    if int((rows == neighbours.index).sum()) != neighbours.size:
        raise BadParameter("weights of Gi* include the cell itself", "Gi* 的权重须包含单元自身")
    found = np.empty_like(x)
    for one, out in zip(np.atleast_2d(x), np.atleast_2d(found), strict=True):
        hot_spot_kernels.gi_star(
            neighbours.first, neighbours.index, neighbours.weight, one, out
        )  # fmt: skip
    return found


def two_sided(z: ArrayLike) -> Floats:
    """Return the chance of a normal number as far from 0 as z on either side."""
    return np.asarray(scipy.special.erfc(np.abs(np.asarray(z, np.float64)) / np.sqrt(2)))


def benjamini_hochberg(chances: ArrayLike, level: float) -> Bools:
    """Tell which findings stay when at most a share `level` of them may be false.

    Benjamini and Hochberg 1995. NaN is no test, and is not found.
    """
    p = np.asarray(chances, np.float64)
    known = np.flatnonzero(~np.isnan(p))
    ranked = np.sort(p[known])
    passing = np.flatnonzero(ranked <= level * np.arange(1, len(ranked) + 1) / max(len(ranked), 1))
    found = np.zeros(p.shape, bool)
    if len(passing):
        found[known] = p[known] <= ranked[passing[-1]]
    return found


def significant_spots(z: ArrayLike, level: float) -> NDArray[np.int8]:
    """Return 1 hot, −1 cold, 0 neither at a share of false findings, slice by slice."""
    scores = np.asarray(z, np.float64)
    out = np.zeros(scores.shape, np.int8)
    for one, signs in zip(np.atleast_2d(scores), np.atleast_2d(out), strict=True):
        kept = benjamini_hochberg(two_sided(one), level)
        signs[kept] = np.sign(one[kept])
    return out


@dataclass(frozen=True, slots=True)
class Moran:
    """Moran's I, what it is expected to be by chance, and how far it is from that.

    `z_normal` takes the values as normal, `z_random` the ones seen in random order.
    """

    i: float
    expected: float
    z_normal: float
    z_random: float


def morans_i(values: ArrayLike, neighbours: Neighbours) -> Moran:
    """Return Moran's I of values under weights without the cells themselves.

    I = n / S₀ · Σᵢⱼ wᵢⱼ zᵢ zⱼ / Σᵢ zᵢ² (Cliff and Ord 1981, with both variances).

    Raises
    ------
    BadParameter
        A value is not finite, all are equal, there are fewer than four, or a cell is its own
        neighbour.
    """
    x = np.asarray(values, np.float64)
    n = len(x)
    if n < 4 or not np.isfinite(x).all() or np.ptp(x) == 0:
        raise BadParameter("four finite values that differ", "至少要有四个有限且不全相等的值")
    matrix = scipy.sparse.csr_array((neighbours.weight, neighbours.index, neighbours.first), (n, n))
    if matrix.diagonal().any():
        raise BadParameter("weights of I leave out the cell itself", "I 的权重不含单元自身")
    z = x - x.mean()
    m2, m4 = float((z**2).mean()), float((z**4).mean())
    both = matrix + matrix.T
    s0, s1 = float(matrix.sum()), float((both * both).sum()) / 2
    s2 = float(((matrix.sum(axis=1) + matrix.sum(axis=0)) ** 2).sum())
    i, expected = float(z @ (matrix @ z)) / (s0 * m2), -1 / (n - 1)
    normal = (n * n * s1 - n * s2 + 3 * s0 * s0) / (s0 * s0 * (n * n - 1)) - expected**2
    above = n * ((n * n - 3 * n + 3) * s1 - n * s2 + 3 * s0 * s0)
    above -= m4 / m2**2 * ((n * n - n) * s1 - 2 * n * s2 + 6 * s0 * s0)
    random = above / ((n - 1) * (n - 2) * (n - 3) * s0 * s0) - expected**2
    gap = i - expected
    return Moran(i, expected, gap / np.sqrt(normal), gap / np.sqrt(random))
