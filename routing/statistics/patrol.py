"""Where patrols go: by rates, with some at random; and what patrols explain of the counts.

Patrols sent where cases were found find cases there: counts run away from the truth (Ensign,
Friedler, Neville, Scheidegger and Venkatasubramanian 2018, "Runaway feedback loops in predictive
policing", PMLR 81). A rate per exposure does not follow how much was looked, and hours at random
keep every area looked at.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from routing.graph.weights import Floats
from routing.statistics.rates import between_variance, empirical_bayes, inspected
from spatial.errors import BadParameter

LEVEL = 0.9
"""Of the intervals that come with the rates; shares do not depend on it."""


def patrol_shares(events: ArrayLike, exposure: ArrayLike, random_share: float) -> Floats:
    """Return the share of patrol hours of each area, in proportion to its shrunk rate.

    Of all hours `random_share` go to areas at random, each as likely; the others make up what is
    left to the area's proportion. An area that nobody inspected is planned with the pooled rate.

    Parameters
    ----------
    events, exposure
        Of each area, what was found and how much was looked.
    random_share
        Above 0, at most 1.

    Raises
    ------
    BadParameter
        There are no areas, the share is none, or the counts are none (see `inspected`).
    """
    if not 0 < random_share <= 1:
        raise BadParameter(
            f"a random share of {random_share} is not above 0 and at most 1",
            f"随机份额 {random_share} 须大于 0 且不超过 1",
        )
    seen = inspected(events, exposure)
    if not len(seen):
        raise BadParameter("there are no areas to patrol", "没有可巡查的区域")
    rate = np.ones(len(seen))
    if seen.any():
        rates = empirical_bayes(events, exposure, LEVEL)
        rate = np.where(seen, rates.rate, rates.pooled)
    even = random_share / len(rate)
    wanted = rate / rate.sum() if rate.sum() > 0 else np.full(len(rate), 1 / len(rate))
    more = np.maximum(wanted - even, 0.0)
    if not more.sum() > 0:
        return np.full(len(rate), 1 / len(rate))
    shares: Floats = even + (1 - random_share) * more / more.sum()
    return shares


def explained_by_exposure(events: ArrayLike, exposure: ArrayLike) -> Floats:
    """Return what share of a cell's excess of events its exposure explains, 0 to 1.

    The excess is what it has beyond the mean of inspected cells; its exposure explains as much of
    it as it would have at the pooled rate. NaN where there is no excess or nothing was inspected.
    """
    seen = inspected(events, exposure)
    found = np.full(len(seen), np.nan)
    if not seen.any():
        return found
    x, n = np.asarray(events, np.float64)[seen], np.asarray(exposure, np.float64)[seen]
    pooled, _ = between_variance(x, n)
    excess = x - x.mean()
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.clip((pooled * n - x.mean()) / excess, 0.0, 1.0)
    found[seen] = np.where(excess > 0, share, np.nan)
    return found
