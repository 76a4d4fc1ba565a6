"""How well a name answers what was typed, from 0 (not at all) to 100 (it is the name)."""

from __future__ import annotations

from collections.abc import Iterable

from spatial.names.forms import LONGEST_INITIALS, Form, forms_of

SAME, CODE = 100.0, 100.5
ONE_WRONG = 76.0
"""A name in which one sign is wrong; the other likenesses stand around it."""
LEAST = 50.0
"""Below this a name is no answer."""


def likeness(asked: Form, names: Iterable[str]) -> float:
    """Return the likeness of the best form of an entry's names to what was typed."""
    best = 0.0
    for form in (form for name in names for form in forms_of(name)):
        found = _like(asked, form, best) * form.worth
        best = max(best, found)
    return best


def _like(asked: Form, form: Form, best: float) -> float:
    """Return the likeness of one form: equal, begin, part, reading, initials, one wrong sign.

    Signs are counted only where another form is not better already than a wrong one can be.
    """
    text, name = asked.text, form.text
    if text == name:
        return SAME
    share = min(1.0, len(text) / len(name))
    if name.startswith(text):
        return 84 + 10 * share
    if len(text) > 1 and text in name and (asked.han or _begins_a_word(asked, form)):
        return 68 + 10 * share
    like = _han_like if asked.han else _latin_like
    return like(asked, form, share, best)


def _begins_a_word(asked: Form, form: Form) -> bool:
    return any(word.startswith(asked.words[0]) for word in form.words)


def _han_like(asked: Form, form: Form, share: float, best: float) -> float:
    if not form.han:
        return 0.0
    found = 0.0
    if asked.pinyin == form.pinyin:
        found = 86.0
    elif len(asked.text) > 1 and _at_a_syllable(asked.pinyin, form):
        found = 60 + 10 * share
    length = len(asked.text)
    if length > 2 and share >= 0.4 and _scattered(asked.text, form.text):
        found = max(found, 64 + 16 * share)
    if length > 2 and max(found, best) < ONE_WRONG:
        wrong = distance(asked.text, form.text, 1)
        if wrong <= 1:
            found = max(found, ONE_WRONG)
        elif distance(asked.pinyin, form.pinyin, 1) <= 1:
            found = max(found, 74.0)
        elif len(form.text) > length and distance(asked.text, form.text[:length], 1) <= 1:
            found = max(found, 58 + 8 * share)
    return found


def _latin_like(asked: Form, form: Form, share: float, best: float) -> float:
    text = asked.text
    if form.han:
        found = _read_like(text, form)
        against = form.pinyin
    else:
        found = 70 + 10 * share if _in_order(asked.words, form.words) else 0.0
        against = form.text
    most = 2 if len(text) > 8 else 1 if len(text) > 4 else 0
    if most and max(found, best) < ONE_WRONG:
        wrong = distance(text, against, most)
        if wrong <= most:
            found = max(found, ONE_WRONG + 6 - 6 * wrong)
        elif len(against) > len(text):
            begins = [against[: len(text) + more] for more in (-1, 0, 1)]
            wrong = min(distance(text, part, most) for part in [*begins, *form.words])
            found = max(found, 68.0 - 6 * wrong) if wrong <= most else found
    return found


def _read_like(text: str, form: Form) -> float:
    """Return how well letters give the reading of a Chinese name, or its initials."""
    pinyin, initials = form.pinyin, form.initials
    found = 0.0
    if text == pinyin:
        return 97.0
    if pinyin.startswith(text):
        found = 80 + 10 * len(text) / len(pinyin)
    elif len(text) > 3 and _at_a_syllable(text, form):
        found = 62 + 10 * len(text) / len(pinyin)
    if 2 <= len(text) <= LONGEST_INITIALS:
        share = min(1.0, len(text) / len(initials))
        if text == initials:
            found = max(found, 90.0)
        elif len(text) > 2 and initials.startswith(text):
            found = max(found, 64 + 14 * share)
        elif len(text) > 2 and share >= 0.5 and _scattered(text, initials):
            found = max(found, 52 + 14 * share)
    return found


def _at_a_syllable(pinyin: str, form: Form) -> bool:
    """Tell whether a reading stands in a name from the begin of a syllable on."""
    whole, start = form.pinyin, 0
    for syllable in form.syllables:
        if whole.startswith(pinyin, start):
            return True
        start += len(syllable)
    return False


def _in_order(asked: tuple[str, ...], words: tuple[str, ...]) -> bool:
    """Tell whether each word begins one of a name's, in their order."""
    left = iter(words)
    return len(asked) > 1 and all(any(w.startswith(word) for w in left) for word in asked)


def _scattered(text: str, name: str) -> bool:
    """Tell whether a name has all signs of a text in their order."""
    left = iter(name)
    return all(sign in left for sign in text)


def distance(a: str, b: str, most: int) -> int:
    """Return how many signs must be put in, left out, changed or swapped with their neighbour.

    Counts to `most` only: `most` + 1 stands for all that is more (optimal string alignment).
    """
    if abs(len(a) - len(b)) > most:
        return most + 1
    start, end = 0, 0
    short = min(len(a), len(b))
    while start < short and a[start] == b[start]:
        start += 1
    while end < short - start and a[-1 - end] == b[-1 - end]:
        end += 1
    a, b = a[start : len(a) - end], b[start : len(b) - end]
    longest = max(len(a), len(b))
    if not a or not b or most == 0:
        return min(longest, most + 1)
    swapped = a[1:2] + a[:1] == b[:2]
    ways = [(a[1:], b[1:]), (a[1:], b), (a, b[1:]), *([(a[2:], b[2:])] if swapped else [])]
    return 1 + min(distance(rest, other, most - 1) for rest, other in ways)
