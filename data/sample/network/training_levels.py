"""Levels of the training network: readings of a week, and forecasts of a month, from a seed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from zlib import crc32

import numpy as np

from data.facts import Facts
from data.waterway.records import Level

BEFORE, AHEAD = timedelta(days=7), timedelta(days=30)
STEP, TIDAL_STEP = timedelta(hours=6), timedelta(minutes=30)
TIDAL_AHEAD = timedelta(days=10)
M2_H, S2_H = 12.4206, 12.0  # periods of the tides of moon and sun, hours
Z90 = 1.2815515655446004  # standard normal quantile of 90 %


def levels_of(key: str, gauge: Facts, anchor: datetime) -> Iterator[Level]:
    """Yield the levels (m above the datum) of a gauge; none where it has no mean.

    Parameters
    ----------
    key, gauge
        Its key, of which the draws follow, and what the facts say of it.
    anchor
        Start of the sample's day: readings lie before, forecasts issued then from it on.
    """
    if "mean" not in gauge:
        return
    tidal = "tide" in gauge
    step, ahead = (TIDAL_STEP, TIDAL_AHEAD) if tidal else (STEP, AHEAD)
    count = int((BEFORE + ahead) / step)
    first = anchor - BEFORE
    hours = np.arange(count) * (step / timedelta(hours=1))
    level = _expected(gauge, hours)
    noise = np.random.default_rng(crc32(key.encode())).normal(0.0, gauge["noise"], count)
    past = hours < BEFORE / timedelta(hours=1)
    days_ahead = np.maximum(hours - hours[past][-1], 0.0) / 24
    spread = Z90 * gauge["spread"] * np.sqrt(1.0 + days_ahead)
    for i, at in enumerate(first + i * step for i in range(count)):
        if past[i]:
            yield Level(f"gauge/{key}", at, round(float(level[i] + noise[i]), 3), at)
            continue
        p50 = float(level[i])
        low, high = p50 - float(spread[i]), p50 + float(spread[i])
        yield Level(
            f"gauge/{key}", at, round(p50, 3), anchor, round(low, 3), round(high, 3), forecast=True
        )


def _expected(gauge: Facts, hours: np.ndarray) -> np.ndarray:
    """Return the expected level (m): the mean, less what it falls by, and the tide."""
    whole = (BEFORE + AHEAD) / timedelta(hours=1)
    level = gauge["mean"] - gauge.get("falls", 0.0) * hours / whole
    for amplitude, period in zip(gauge.get("tide", ()), (M2_H, S2_H), strict=False):
        level = level + amplitude * np.cos(2 * np.pi * hours / period)
    return np.asarray(level, dtype=float)
