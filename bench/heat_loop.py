"""A year of patrols that are sent by what they found: who runs away from the truth, who does not.

    python -m bench.heat_loop --weeks 52 --seeds 20

Each week hours go to areas in shares of one policy, each hour sees some vehicles, and each vehicle
is a case with the area's true rate. The first quarter of hours goes to all areas alike. Four
policies: by counts of all that was found, by last year's plan (the counts of a year of patrols that
were sent unevenly), at random, and by rates of `routing.statistics.patrol` with random hours.

Printed: the share of the last quarter's hours, the largest distance of any area's share from that
in proportion to the true rates (the oracle), regret (cases missed against the oracle over the
year), and how often the 90 % interval of a rate at the year's end holds the true one.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from routing.statistics.patrol import patrol_shares
from routing.statistics.rates import empirical_bayes

Floats = NDArray[np.float64]
Policy = Callable[[Floats, Floats], Floats]
"""Shares of areas by what was found and inspected so far."""
HOURS, VEHICLES_PER_HOUR, FIRST_WEEKS, LAST_WEEKS = 40.0, 5.0, 13, 13
LEVEL, RANDOM_SHARE = 0.9, 0.1


@dataclass(frozen=True)
class Year:
    """What came of a policy over a year.

    Parameters
    ----------
    shares, oracle
        Shares of areas in the last quarter, and those in proportion to the true rates.
    regret
        Share of the oracle's cases that were missed.
    covered
        Of areas, whether the interval of the rate held the true one.
    """

    shares: Floats
    oracle: Floats
    regret: float
    covered: NDArray[np.bool_]

    @property
    def off(self) -> float:
        """The largest distance of a share from the oracle's."""
        return float(np.abs(self.shares - self.oracle).max())


def by_counts(events: Floats, _exposure: Floats) -> Floats:
    """Return shares in proportion to all that was found."""
    return events / events.sum()


def at_random(events: Floats, _exposure: Floats) -> Floats:
    """Return equal shares."""
    return np.full(len(events), 1 / len(events))


def by_rates(events: Floats, exposure: Floats) -> Floats:
    """Return the shares of the system."""
    return patrol_shares(events, exposure, RANDOM_SHARE)


def last_years(true: Floats, rng: np.random.Generator) -> Policy:
    """Return shares by the counts of a year of which the first area had most hours."""
    hours = np.where(np.arange(len(true)) == 0, 4.0, 1.0)
    seen = np.floor(52 * HOURS * VEHICLES_PER_HOUR * hours / hours.sum())
    plan = by_counts(rng.binomial(seen.astype(int), true).astype(np.float64) + 1.0, seen)
    return lambda _events, _exposure: plan


def policies(true: Floats, rng: np.random.Generator) -> Mapping[str, Policy]:
    """Return the four policies by name."""
    return {
        "counts": by_counts, "last year": last_years(true, rng), "random": at_random,
        "rates": by_rates,
    }  # fmt: skip


def simulate(true: Floats, policy: Policy, weeks: int, rng: np.random.Generator) -> Year:
    """Return what comes of a policy in areas of true rates over so many weeks."""
    events, exposure = np.zeros(len(true)), np.zeros(len(true))
    oracle = true / true.sum()
    sent, kept = [], 0.0
    for week in range(FIRST_WEEKS + weeks):
        first = week < FIRST_WEEKS
        share = at_random(events, exposure) if first else policy(events, exposure)
        seen = rng.poisson(share * HOURS * VEHICLES_PER_HOUR)
        events += rng.binomial(seen, true)
        exposure += seen
        if not first:
            sent.append(share)
            kept += float(share @ true)
    rates = empirical_bayes(events, exposure, LEVEL)
    covered = (rates.lower <= true) & (true <= rates.upper)
    shares = np.mean(sent[-LAST_WEEKS:], axis=0)
    return Year(shares, oracle, 1 - kept / (weeks * float(oracle @ true)), covered)


WORLDS: Mapping[str, Floats] = {
    "two areas, 0.05 and 0.30": np.array([0.05, 0.30]),
    "twelve areas, 0.02 to 0.24": np.linspace(0.02, 0.24, 12),
}


def compare(true: Floats, weeks: int, seeds: Sequence[int]) -> Mapping[str, Sequence[Year]]:
    """Return the years of each policy, one for each seed."""
    found: dict[str, list[Year]] = {}
    for seed in seeds:
        rng = np.random.default_rng(seed)
        for name, policy in policies(true, rng).items():
            found.setdefault(name, []).append(simulate(true, policy, weeks, rng))
    return found


def main() -> None:
    """Print a table for each world."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--weeks", type=int, default=52)
    parser.add_argument("--seeds", type=int, default=20)
    given = parser.parse_args()
    if given.weeks < 1 or given.seeds < 1:
        parser.error("--weeks and --seeds are at least 1")
    for world, true in WORLDS.items():
        print(f"{world}; {given.weeks} weeks, {given.seeds} seeds")
        print(
            f"{'policy':10} {'last area':>10} {'oracle':>8} {'off':>8} {'regret':>8} {'cover':>8}"
        )
        for name, years in compare(true, given.weeks, range(given.seeds)).items():
            last = np.mean([year.shares[-1] for year in years])
            off, regret = (np.mean([getattr(y, key) for y in years]) for key in ("off", "regret"))
            cover = np.mean([year.covered for year in years])
            print(
                f"{name:10} {last:10.1%} {years[0].oracle[-1]:8.1%} {off:8.1%}"
                f" {regret:8.1%} {cover:8.1%}"
            )


if __name__ == "__main__":
    main()
