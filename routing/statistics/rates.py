"""Rates of events per exposure, shrunk by empirical Bayes, with intervals.

Raw counts follow where one looks. A rate of few looks jumps; it is drawn to the pooled rate by as
much as chance explains (Marshall 1991, "Mapping disease and mortality rates using empirical Bayes
estimators", Applied Statistics 40(2)). A cell without exposure has no rate: NaN, never 0 and never
the mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy  # loads its heavy parts when they are first used
from numpy.typing import ArrayLike

from routing.graph.weights import Bools, Floats
from spatial.errors import BadParameter

JEFFREYS = 0.5
"""Shape that Jeffreys' prior adds to a count (Brown, Cai and DasGupta 2003)."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Rates of cells; NaN where nothing was inspected.

    Parameters
    ----------
    pooled
        All events over all exposure; NaN without any.
    variance
        Between cells, of the true rates (method of moments); 0 where chance explains all.
    rate, lower, upper
        Shrunk rate and its interval, per unit of exposure.
    """

    pooled: float
    variance: float
    rate: Floats
    lower: Floats
    upper: Floats


def inspected(events: ArrayLike, exposure: ArrayLike) -> Bools:
    """Tell in which cells there was any exposure.

    Raises
    ------
    BadParameter
        Sizes differ, a number is negative or not finite, or there are more events than exposure.
    """
    x, n = np.asarray(events, np.float64), np.asarray(exposure, np.float64)
    if x.shape != n.shape:
        raise BadParameter(
            f"events {x.shape} and exposure {n.shape} differ in size",
            f"事件 {x.shape} 与检查 {n.shape} 数目不同",
        )
    if not (np.isfinite(x).all() and np.isfinite(n).all() and (x >= 0).all() and (n >= 0).all()):
        raise BadParameter(
            "events and exposure must be finite and not negative", "事件与检查须为非负有限数"
        )
    if (short := int((x > n).sum())) > 0:
        raise BadParameter(
            f"{short} cells have more events than exposure",
            f"有 {short} 个单元的事件多于检查",
            mend_en="Load the inspections that the events came from, or leave such cells out.",
            mend_zh="请补充事件所依据的检查记录，或剔除这些单元。",
            cells=short,
        )
    return n > 0


def between_variance(events: Floats, exposure: Floats) -> tuple[float, float]:
    """Return pooled rate m and variance between cells A = max(0, s² − m / mean(n)).

    s² = Σ nᵢ (rᵢ − m)² / Σ nᵢ over the cells, all of them inspected.
    """
    total = float(exposure.sum())
    pooled = float(events.sum()) / total
    spread = float((exposure * (events / exposure - pooled) ** 2).sum()) / total
    return pooled, max(0.0, spread - pooled * len(exposure) / total)


def empirical_bayes(events: ArrayLike, exposure: ArrayLike, level: float) -> Rates:
    """Return rates shrunk to the pooled one, with intervals of a level.

    rᵢ* = m + A / (A + m / nᵢ) · (rᵢ − m): the mean of the gamma posterior of a Poisson rate whose
    prior has mean m and variance A; the interval is between its quantiles. With A = 0 every cell is
    the pooled rate, with the interval of that one number.

    Parameters
    ----------
    events, exposure
        One number of each cell: hits and inspections, cases and passages.
    level
        Of the interval, as 0.9.

    Raises
    ------
    BadParameter
        As `inspected`, or the level is not between 0 and 1.
    """
    _check_level(level)
    seen = inspected(events, exposure)
    x, n = np.asarray(events, np.float64)[seen], np.asarray(exposure, np.float64)[seen]
    rate, lower, upper = (np.full(seen.shape, np.nan) for _ in range(3))
    if not seen.any():
        return Rates(np.nan, 0.0, rate, lower, upper)
    found = posterior(x, n)
    rate[seen] = found.rate
    lower[seen], upper[seen] = gamma_interval(found.shape, found.scale, level)
    return Rates(found.pooled, found.variance, rate, lower, upper)


@dataclass(frozen=True, slots=True)
class Posterior:
    """Pooled rate, variance between cells, and of each cell the rate and its gamma posterior."""

    pooled: float
    variance: float
    rate: Floats
    shape: Floats
    scale: Floats


def posterior(events: Floats, exposure: Floats) -> Posterior:
    """Return the shrunk rates of inspected cells without their intervals, which take longer."""
    pooled, variance = between_variance(events, exposure)
    if variance > 0:
        shape, scale = _posterior_of(events, exposure, pooled, variance)
        return Posterior(pooled, variance, shape / scale, shape, scale)
    shape = np.full(events.shape, events.sum() + JEFFREYS)
    scale = np.full(events.shape, exposure.sum())
    return Posterior(pooled, variance, np.full(events.shape, pooled), shape, scale)


def _posterior_of(
    events: Floats, exposure: Floats, pooled: float, variance: float
) -> tuple[Floats, Floats]:
    """Return shape and rate of the gamma posterior under a prior of a mean and variance above 0."""
    return pooled**2 / variance + events, pooled / variance + exposure


def shrunk(
    events: Floats, exposure: Floats, pooled: float, variance: float, level: float
) -> tuple[Floats, Floats, Floats]:
    """Return rate, lower and upper bound under a prior of mean and variance, the latter above 0."""
    shape, scale = _posterior_of(events, exposure, pooled, variance)
    return shape / scale, *gamma_interval(shape, scale, level)


def rates_of_sums(of: Rates, events: Floats, exposure: Floats, level: float) -> Rates:
    """Return the rates of sums over cells, under the pooled rate and variance of the cells."""
    rate, lower, upper = (np.full(events.shape, np.nan) for _ in range(3))
    seen = inspected(events, exposure)
    if of.variance > 0:
        told = shrunk(events[seen], exposure[seen], of.pooled, of.variance, level)
        rate[seen], lower[seen], upper[seen] = told
    elif seen.any():
        rate[seen] = of.pooled
        lower[seen], upper[seen] = np.nanmin(of.lower), np.nanmax(of.upper)
    return Rates(of.pooled, of.variance, rate, lower, upper)


def chance_below(
    events: Floats, exposure: Floats, pooled: float, variance: float, rate: float
) -> Floats:
    """Return the chance that the true rate of each cell is at most `rate`, given its record.

    That of the gamma posterior of `empirical_bayes`; with variance 0 every true rate is the pooled
    one. All cells are inspected.
    """
    if not variance > 0:
        return np.full(np.shape(events), float(pooled <= rate))
    shape, scale = _posterior_of(events, exposure, pooled, variance)
    return np.asarray(scipy.special.gammainc(shape, scale * rate), np.float64)


def standardised(events: ArrayLike, exposure: ArrayLike) -> Floats:
    """Return the exposure-adjusted residual (rᵢ − m) / √(A + m / nᵢ); NaN without exposure.

    Assunção and Reis 1999, "A new proposal to adjust Moran's I for population density". With A = 0
    it is Pearson's residual (xᵢ − m nᵢ) / √(m nᵢ). Where nothing happened at all it is 0.
    """
    seen = inspected(events, exposure)
    found = np.full(seen.shape, np.nan)
    if not seen.any():
        return found
    x, n = np.asarray(events, np.float64)[seen], np.asarray(exposure, np.float64)[seen]
    pooled, variance = between_variance(x, n)
    found[seen] = (x / n - pooled) / np.sqrt(variance + pooled / n) if pooled > 0 else 0.0
    return found


def rate_interval(events: float, exposure: float, level: float) -> tuple[float, float]:
    """Return the interval of one plain rate, not shrunk: Jeffreys' of a Poisson count.

    Without an event it begins at 0.

    Raises
    ------
    BadParameter
        Nothing was inspected, a number is negative, or the level is none.
    """
    _check_level(level)
    if not (exposure > 0 and events >= 0):
        raise BadParameter(
            f"{events} of {exposure} is no rate", f"{exposure} 次检查中的 {events} 次不成比率"
        )
    shape, inverse = events + JEFFREYS, scipy.special.gammaincinv
    lower = float(inverse(shape, (1 - level) / 2)) / exposure if events else 0.0
    return lower, float(inverse(shape, (1 + level) / 2)) / exposure


def difference(now: Rates, then: Rates) -> tuple[Floats, Floats, Floats]:
    """Return now − then of each cell, with lower and upper bound; NaN unless both are known.

    The interval is made of the two (MOVER: Zou and Donner 2008), so that it is as skew as they are.
    """
    gap = now.rate - then.rate
    down = np.hypot(now.rate - now.lower, then.upper - then.rate)
    up = np.hypot(now.upper - now.rate, then.rate - then.lower)
    return gap, gap - down, gap + up


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise BadParameter(
            f"level {level} is not between 0 and 1", f"水平 {level} 不在 0 与 1 之间"
        )


def gamma_interval(shape: Floats, scale: Floats, level: float) -> tuple[Floats, Floats]:
    """Return the quantiles of gamma distributions that leave out as much on both sides."""
    inverse = scipy.special.gammaincinv
    return inverse(shape, (1 - level) / 2) / scale, inverse(shape, (1 + level) / 2) / scale
