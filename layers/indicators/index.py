"""Indices: weighted parts, what caps them, and how much each part gives; by a rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import fsum

from layers.indicators.model import Index
from layers.indicators.rule_models import IndexRule, Veto

FULL = 100.0


@dataclass(frozen=True, slots=True)
class Share:
    """What one part gives to an index.

    Parameters
    ----------
    name, of
        Name of the part, and the indicator or index that it is.
    score
        0 to 100, the higher the better; None without cases.
    weight
        As applied: 0 where the part is missing and the others share its weight.
    gives
        weight × score; None where the index has no value for want of this part.
    """

    name: str
    of: str
    score: float | None
    weight: float
    gives: float | None


@dataclass(frozen=True, slots=True)
class Held:
    """A veto that holds, and the value for which it does."""

    veto: Veto
    value: float


@dataclass(frozen=True, slots=True)
class IndexValue:
    """An index with its decomposition.

    Parameters
    ----------
    value
        After vetoes; None where a part is missing that may not be.
    raw
        The sum of what the parts give.
    parts
        In the order declared.
    vetoes
        Those that hold, also where they take nothing away.
    """

    value: float | None
    raw: float | None
    parts: tuple[Share, ...]
    vetoes: tuple[Held, ...]


def score_of(value: float | None, better: str | None) -> float | None:
    """Return a share as a score from 0 to 100, the higher the better."""
    if value is None:
        return None
    return min(max(FULL - value if better == "lower" else value, 0.0), FULL)


def combine(
    index: Index,
    rule: IndexRule,
    scores: Mapping[str, float | None],
    value_of: Callable[[str], float | None],
) -> IndexValue:
    """Return an index made of the scores of its parts.

    Parameters
    ----------
    index, rule
        What is combined, and how.
    scores
        Score of each part by name.
    value_of
        Value of an indicator that a veto names.
    """
    told = {name for name in index.parts if scores[name] is not None}
    whole = fsum(rule.weights[name] for name in told)
    parts = tuple(_share(index, rule, name, scores[name], whole) for name in index.parts)
    gives = [part.gives for part in parts if part.gives is not None]
    raw = fsum(gives) if gives and len(gives) == len(parts) else None
    held = []
    for veto in rule.vetoes:
        found = value_of(veto.indicator)
        if found is not None and found > veto.above:
            held.append(Held(veto, found))
    caps = [one.veto.cap for one in held]
    value = None if raw is None else min([raw, *caps])
    return IndexValue(value, raw, parts, tuple(held))


def _share(index: Index, rule: IndexRule, name: str, score: float | None, whole: float) -> Share:
    weight = rule.weights[name]
    if score is None and rule.missing == "full":
        return Share(name, index.parts[name], None, weight, weight * FULL)
    if rule.missing == "reweigh":
        weight = weight / whole if score is not None else 0.0
    if score is None:
        nothing = 0.0 if rule.missing == "reweigh" and whole else None
        return Share(name, index.parts[name], None, weight, nothing)
    return Share(name, index.parts[name], score, weight, weight * score)


def weigh(values: list[tuple[float | None, float | None]]) -> float | None:
    """Return the mean of indices of units by their weights; units without either are left out."""
    known = [(v, w) for v, w in values if v is not None and w is not None and w > 0]
    total = fsum(weight for _, weight in known)
    return fsum(value * weight for value, weight in known) / total if known else None
