"""Hot stretches of the made-up corridor, counted slowly from metres and stakes, without numpy."""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import groupby, pairwise

import scipy.stats

from tests.routing.corridor import UP_STAKES

PIECES = [UP_STAKES[0:2], UP_STAKES[2:6], UP_STAKES[6:8]]
"""Stakes without a jump between them: (x, stake) in metres."""


def stake_of(x: float) -> tuple[int, float]:
    """Return piece and stake of a place."""
    for number, piece in enumerate(PIECES):
        for (x_1, k_1), (x_2, k_2) in pairwise(piece):
            if x_1 <= x < x_2:
                return number, k_1 + (x - x_1) / (x_2 - x_1) * (k_2 - k_1)
    raise ValueError(x)


def x_of(piece: int, k: float) -> float:
    """Return the place of a stake."""
    for (x_1, k_1), (x_2, k_2) in pairwise(PIECES[piece]):
        if k_1 <= k <= k_2:
            return x_1 + (k - k_1) / (k_2 - k_1) * (x_2 - x_1)
    raise ValueError(k)


def segments(length: int) -> list[tuple[str, int, float, float, str]]:
    """Return side, piece, stakes and county of all segments, in the direction of the line."""
    found = []
    for side in ("up", "down"):
        mine = []
        for number, piece in enumerate(PIECES):
            low, high = piece[0][1], piece[-1][1]
            ends = sorted({low, high, *range(math.ceil(low / length) * length, high, length)})
            for a, b in pairwise(ends):
                middle = (x_of(number, a) + x_of(number, b)) / 2
                mine.append((side, number, a, b, "330101" if middle < 5000 else "330102"))
        found += mine if side == "up" else mine[::-1]
    return found


def mann_kendall(series: list[float]) -> float:
    n = len(series)
    s = sum((b > a) - (b < a) for i, a in enumerate(series) for b in series[i + 1 :])
    ties = sum(t * (t - 1) * (2 * t + 5) for t in map(series.count, set(series)))
    variance = (n * (n - 1) * (2 * n + 5) - ties) / 18
    return 0.0 if s == 0 or variance == 0 else (s - math.copysign(1, s)) / math.sqrt(variance)


def count(records: list[dict], length: int, false_share: float, level: float) -> list[dict]:
    """Return the stretches that records of x, side, week, events and exposure make."""
    table = segments(length)
    sums = [defaultdict(lambda: [0, 0]) for _ in table]
    units = [set() for _ in table]
    for record in records:
        piece, k = stake_of(record["x"])
        (at,) = (i for i, (side, number, low, high, _) in enumerate(table)
                 if (side, number) == (record["side"], piece) and low <= k < high)  # fmt: skip
        units[at].add(record["unit"])
        sums[at][record["week"]][0] += record["events"]
        sums[at][record["week"]][1] += record["exposure"]
    totals = [tuple(sum(w[i] for w in one.values()) for i in (0, 1)) for one in sums]
    rated = [i for i, (x, n) in enumerate(totals) if n and x <= n]
    all_x, all_n = (sum(totals[i][j] for i in rated) for j in (0, 1))
    m = all_x / all_n
    spread = sum(n * (x / n - m) ** 2 for x, n in (totals[i] for i in rated)) / all_n
    variance = spread - m * len(rated) / all_n
    assert variance > 0
    shape, scale = m * m / variance, m / variance
    chances, sides = {}, {}
    for i in rated:
        x, n = totals[i]
        law = scipy.stats.gamma(shape + x, scale=1 / (scale + n))
        not_hot, not_cold = law.cdf(1.5 * m), law.sf(m / 1.5)
        chances[i], sides[i] = min(not_hot, not_cold), "hot" if not_hot < not_cold else "cold"
    states = []
    for i, (x, n) in enumerate(totals):
        if not n:
            states.append("not_inspected")
        elif x > n:
            states.append("short")
        else:
            states.append(sides[i] if chances[i] <= false_share else "ordinary")
    keys = []
    for i, (side, piece, _, _, county) in enumerate(table):
        alone = states[i] in {"ordinary", "short"}
        keys.append((side, piece, county, states[i], i if alone else -1))
    found = []
    for (side, _, county, state, _), group in groupby(range(len(table)), key=keys.__getitem__):
        mine = list(group)
        x, n = (sum(totals[i][j] for i in mine) for j in (0, 1))
        law = scipy.stats.gamma(shape + x, scale=1 / (scale + n))
        weeks: dict[int, list[int]] = defaultdict(lambda: [0, 0])
        for i in mine:
            for week, (hits, looks) in sums[i].items():
                weeks[week][0] += hits
                weeks[week][1] += looks
        series = [
            hits / looks for _, (hits, looks) in sorted(weeks.items()) if looks >= hits and looks
        ]
        told = state in {"hot", "cold", "ordinary"}
        own = set().union(*(units[i] for i in mine)) or {county}
        code = own.pop() if len(own) == 1 else "330100"
        found.append({
            "side": side, "admin_code": code, "state": state, "events": x, "exposure": n,
            "k_from": min(table[i][2] for i in mine), "k_to": max(table[i][3] for i in mine),
            "rate": (shape + x) / (scale + n) if told else None,
            "lower": law.ppf((1 - level) / 2) if told else None,
            "upper": law.ppf((1 + level) / 2) if told else None,
            "wrong": max(chances[i] for i in mine) if told else None,
            "slices": len(series),
            "trend_z": mann_kendall(series) if told and len(series) >= 10 else None,
        })  # fmt: skip
    return found
