"""Named things that a text may mean, ranked: how like their names it is, then their kind.

A text is read whole, word by word (`beilun port`), and with the word for a kind taken out of it
(`港口 宁波`, `宁波服务区`): then entries of that kind count whose name, or whose area, is the rest.
A kind alone (`服务区`) is answered with what is nearest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import asyncpg

from layers.features.gazetteer import Gazetteer
from layers.features.search_hit import Hit
from spatial.geo.crs import distance_m
from spatial.names.fold import fold, is_han, plain, words_of
from spatial.names.forms import Form, form_of
from spatial.names.likeness import CODE, LEAST, likeness
from spatial.names.readings import syllables

Place = tuple[float, float]
Words = Mapping[str, Sequence[str]]
RANK_WEIGHT = 10.0
"""What the rank of an entry's kind, 0 to 1, may outweigh in likeness."""
KIND, IN_AREA = 90.0, 74.0
WORD_BY_WORD = 0.92
FALLS_OFF = 32.0
"""Answers that much worse than the best one are left out."""
MOST_WORDS = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """A text as it is compared: whole, by words, and without the word of a kind."""

    whole: Form
    words: tuple[Form, ...]
    kinds: frozenset[str] = frozenset()
    rest: Form | None = None
    """What is left beside the word of a kind; None where no kind is named or nothing is left."""
    area: str | None = None
    """The begin of the codes of the area that the rest names."""


class Kinds:
    """Words for kinds of things, and the layers that hold them."""

    def __init__(self, words: Words) -> None:
        self._layers: dict[str, set[str]] = {}
        for layer, known in words.items():
            for word in known:
                folded = fold(word)
                self._layers.setdefault(folded, set()).add(layer)
                if is_han(folded) and len(folded) > 1:
                    self._layers.setdefault("".join(syllables(folded)), set()).add(layer)

    def take(self, text: str) -> tuple[frozenset[str], str] | None:
        """Return the layers of the kind that a text names, and the text without its word."""
        words = words_of(text)
        for size in range(min(MOST_WORDS, len(words)), 0, -1):
            for at in range(len(words) - size + 1):
                layers = self._layers.get("".join(words[at : at + size]))
                if layers:
                    return frozenset(layers), " ".join(words[:at] + words[at + size :])
        for at, word in enumerate(words):
            for cut in range(1, len(word)) if is_han(word) else ():
                layers = self._layers.get(word[cut:])
                if layers:
                    return frozenset(layers), " ".join([*words[:at], word[:cut], *words[at + 1 :]])
        return None


def read_text(text: str, kinds: Kinds, names: Gazetteer) -> Asked:
    """Return a text as it is compared."""
    words = tuple(form_of(word) for word in words_of(text))
    asked = Asked(form_of(text), words if len(words) > 1 else ())
    taken = kinds.take(text)
    if taken is None:
        return asked
    layers, rest = taken
    if not rest:
        return replace(asked, kinds=layers)
    return replace(asked, kinds=layers, rest=form_of(rest), area=names.area_of(rest))


def rank(
    rows: Iterable[asyncpg.Record], asked: Asked, names: Gazetteer, near: Place | None
) -> list[tuple[float, Hit]]:
    """Return likeness and answer of each row that is like enough, best first."""
    found: dict[tuple[str, str], tuple[float, float, Hit]] = {}
    for row in rows:
        like = _like(row, asked)
        if like >= LEAST:
            score = like + RANK_WEIGHT * row["rank"]
            found.setdefault((row["layer"], row["feature_id"]), (score, like, _named(row, names)))
    if not found:
        return []
    scores, likes, hits = zip(*found.values(), strict=True)
    if near is not None:
        away = distance_m(*near, [hit.center[0] for hit in hits], [hit.center[1] for hit in hits])
        hits = tuple(
            replace(hit, distance_m=float(far)) for hit, far in zip(hits, away, strict=True)
        )
    best = max(scores)
    ranked = sorted(zip(scores, likes, hits, strict=True), key=_order)
    return [(like, hit) for score, like, hit in ranked if score >= best - FALLS_OFF]


def _order(ranked: tuple[float, float, Hit]) -> tuple[float, float, int, str]:
    score, _, hit = ranked
    return -round(score, 1), hit.distance_m or 0.0, len(hit.label["zh"]), hit.id or ""


def _like(row: asyncpg.Record, asked: Asked) -> float:
    """Return how well an entry answers: by code, whole, word by word, or as one of a kind."""
    names = [name for name in (row["label_zh"], row["label_en"], *row["aliases"]) if name]
    codes = plain(row["codes"]).split()
    found = _one(asked.whole, names, codes)
    if asked.words and found < KIND:
        each = [_one(word, names, codes) for word in asked.words]
        if min(each) >= LEAST:
            found = max(found, WORD_BY_WORD * sum(each) / len(each))
    if row["layer"] in asked.kinds:
        if asked.rest is None:
            return max(found, KIND)
        rest = _one(asked.rest, names, codes)
        if asked.area and (row["admin_code"] or "").startswith(asked.area):
            rest = max(rest, IN_AREA)
        if rest >= LEAST:
            found = max(found, (rest + KIND) / 2)
    return found


def _one(form: Form, names: Sequence[str], codes: Sequence[str]) -> float:
    return CODE if form.text in codes else likeness(form, names)


def _named(row: asyncpg.Record, names: Gazetteer) -> Hit:
    zh, en = row["label_zh"] or row["label_en"], row["label_en"] or row["label_zh"]
    return Hit(
        row["layer"], row["feature_id"], {"zh": zh, "en": en}, row["origin"],
        (row["lon"], row["lat"]), "feature", row["codes"], row["bbox"],
        names.area_title(row["admin_code"]),
    )  # fmt: skip
