"""The ways in which one name may be typed, and the short pieces by which it is looked up.

A name is typed whole or without what everybody leaves out (`杭州湾跨海大桥` as 杭州湾大桥,
`Beilun District` as Beilun), in pinyin, or by the initials of its syllables. Pieces (grams) are two
characters of Chinese, three letters of a word or of the pinyin, two initials, and whole codes: a
wrong character leaves most of them right, so that an index over them finds what is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from spatial.names.fold import HAN, fold, is_han, plain, words_of
from spatial.names.readings import syllables

# What is left out of a name in speech, tried one after another; the rest must keep two characters.
_SHORTER = (
    (r"(?:畲族)?自治县$|[市县区省]$", ""),
    (r"国际(?:机场)$", "机场"),
    (r"跨[海江河湖]大桥$", "大桥"),
    (r"(?:地区)?(环线|绕城)?高速(?:公路)?$", r"\1"),
    (r"地区(环线高速)$", r"\1"),
    (r"枢纽船闸$", "船闸"),
    (r"港区$", "港"),
    (r"航道$|线$", ""),
    (r" (?:city|district|county|she autonomous county|province|municipality)$", ""),
    (r" international (airport)$", r" \1"),
    (r" expressway$", ""),
    (r" (?:port area|port|river port|inland port)$", ""),
)
_BRACKETS = re.compile(r"^(.+?)\s*\((.+)\)\s*$")
_MADE_UP = {"合成", "synthetic"}
LONGEST_INITIALS = 8


@dataclass(frozen=True, slots=True)
class Form:
    """One way of writing a name, folded; `worth` below 1 where it is not the whole name.

    A Chinese one has its reading by syllables and in one word, and their initials, in which numbers
    stay whole.
    """

    text: str
    words: tuple[str, ...]
    han: bool
    syllables: tuple[str, ...] = ()
    pinyin: str = ""
    initials: str = ""
    worth: float = 1.0


def form_of(text: str, worth: float = 1.0) -> Form:
    """Return a text as a form."""
    folded, words = fold(text), tuple(words_of(text))
    if not is_han(folded):
        return Form(folded, words, han=False, worth=worth)
    read = syllables(folded)
    initials = "".join(s if s[0].isdigit() else s[0] for s in read)
    return Form(folded, words, True, read, "".join(read), initials, worth)


@lru_cache(maxsize=16384)
def forms_of(name: str) -> tuple[Form, ...]:
    """Return the forms of a name, the whole one first."""
    whole = plain(name)
    parts = _BRACKETS.match(whole)
    texts = {whole: 1.0}
    if parts:
        outside, inside = parts[1], parts[2]
        texts[outside] = 0.995
        if inside not in _MADE_UP:
            texts[inside] = 0.98
    for text, worth in list(texts.items()):
        for pattern, short in _SHORTER:
            less = re.sub(pattern, short, text).strip()
            if less != text and len(less) > 1:
                texts.setdefault(less, worth - 0.01)
    return tuple(form_of(text, worth) for text, worth in texts.items() if fold(text))


def _pieces(text: str, size: int) -> set[str]:
    return {text[at : at + size] for at in range(len(text) - size + 1)}


def _latin(word: str) -> set[str]:
    """Return the pieces of a word of letters and digits; its begin counts as one."""
    return _pieces(f"^{word}", 3) if len(word) > 1 else {word}


def _han(text: str) -> set[str]:
    found: set[str] = set()
    for run in re.findall(f"[{HAN}]+", text):
        found |= _pieces(run, 2)
    return found


def grams_of_names(names: Iterable[str], codes: str) -> list[str]:
    """Return the pieces of an entry's names and codes, in order, each once."""
    found = {f"={code}" for code in plain(codes).split()}
    for form in (form for name in names for form in forms_of(name)):
        for word in form.words:
            found |= _han(word) if is_han(word) else _latin(word)
        if form.han:
            found |= {c for c in form.text if is_han(c)} | _pieces(f"^{form.pinyin}", 3)
            found |= {f"~{pair}" for pair in _pieces(form.initials, 2)}
        else:
            found |= _pieces(form.text, 3)
    return sorted(found)


def grams_of_query(query: str) -> list[str]:
    """Return the pieces by which the entries that a query may mean are looked up."""
    words = words_of(query)
    found = {f"={word}" for word in words if not is_han(word)}
    for word in words:
        if is_han(word):
            found |= _han(word) if len(word) > 1 else {word}
            found |= _pieces("".join(syllables(word)), 3) if len(word) > 1 else set()
        else:
            found |= _latin(word)
    joined = "".join(words)
    if joined.isascii():
        found |= _pieces(joined, 3)
        if 2 <= len(joined) <= LONGEST_INITIALS:
            found |= {f"~{pair}" for pair in _pieces(joined, 2)}
    return sorted(found)
