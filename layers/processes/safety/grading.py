"""Four colours of risk: D = L × C by rule, raised where and while a weather warning holds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import shapely

from spatial.rule_models import Colour, FourColours, Matrix, WeatherFactors, ZoneGrade

Scheme = FourColours | Matrix
WORST_FIRST: tuple[Colour, ...] = ("red", "orange", "yellow", "blue")


@dataclass(frozen=True)
class Warned:
    """A warning: where (EPSG:4326), its colour, and when, half-open."""

    area: shapely.Polygon | shapely.MultiPolygon
    colour: Colour
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Grade:
    """A score and its colour."""

    score: float
    colour: Colour


def grade(scheme: Scheme, likelihood: float, consequence: float, factor: float = 1.0) -> Grade:
    """Return the grade of a risk whose likelihood a factor raises, up to the scheme's highest.

    Parameters
    ----------
    scheme
        Four colours of D = L × C, or the matrix.
    likelihood, consequence
        As the scheme counts them.
    factor
        1 without a warning.
    """
    raised = min(likelihood * factor, max(likelihood, scheme.likelihood_max))
    score = round(raised * consequence, 6)
    return Grade(score, scheme.colour_of(score))


def factors_at(
    points: Sequence[tuple[float, float]],
    warnings: Sequence[Warned],
    factors: WeatherFactors,
    moment: datetime,
) -> list[float]:
    """Return by how much each place is raised at a time: the highest of the warnings there."""
    found = [1.0] * len(points)
    if not points:
        return found
    places = shapely.points(points)
    for warning in warnings:
        if not warning.start <= moment < warning.end:
            continue
        factor = factors.root.get(warning.colour, 1.0)
        for at in shapely.covers(warning.area, places).nonzero()[0].tolist():
            found[at] = max(found[at], factor)
    return found


def zone_colour(colours: Sequence[Colour], rule: ZoneGrade) -> Colour | None:
    """Return the colour of a zone by those of its risks and the declared rule, None for none."""
    ranks = sorted(map(WORST_FIRST.index, colours))
    if not ranks:
        return None
    needed = 1 if rule.method == "max" else max(1, math.ceil(rule.share * len(ranks)))
    return WORST_FIRST[ranks[needed - 1]]
