"""Tides of a rule as windows of deeper water."""

from __future__ import annotations

import math

from routing.berths.model import Tide
from routing.berths.rule_models import BerthTides


def tides_between(rule: BerthTides, since: int, until: int, low_m: float) -> list[Tide]:
    """Return the windows of a time (minutes since 1970) in which there is more water than at low.

    `low_m` is the depth at low water. Windows of a step lie within those of lower ones and are
    rounded inwards to whole minutes.
    """
    high = rule.high_water.timestamp() / 60
    first = math.floor((since - high) / rule.period_min)
    found = []
    for number in range(first, math.ceil((until - high) / rule.period_min) + 1):
        middle = high + number * rule.period_min
        for step in rule.steps:
            half = rule.period_min / (2 * math.pi) * math.acos(2 * step - 1)
            begin, end = math.ceil(middle - half), math.floor(middle + half)
            if begin < end and end > since and begin < until:
                found.append(Tide(begin, end, low_m + step * rule.rise_m))
    return found
