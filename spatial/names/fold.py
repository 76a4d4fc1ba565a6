"""Names without what people leave out: case, tones, blanks, points, and the traditional script."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from opencc import OpenCC

# the characters that pinyin is for: unified ideographs with extension A, and the ideographic zero
HAN = "〇㐀-䶿一-鿿"
_WORDS = re.compile(rf"[{HAN}]+|[^\W_{HAN}]+")
_SIMPLIFIED = OpenCC("t2s")


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """Return a text in compatible, simplified, lower-case characters without accents or tones."""
    compatible = unicodedata.normalize("NFKC", text).replace("'", "").replace("’", "")
    simple: str = _SIMPLIFIED.convert(compatible)
    apart = unicodedata.normalize("NFD", simple.casefold())
    return unicodedata.normalize("NFC", "".join(c for c in apart if not unicodedata.combining(c)))


def words_of(text: str) -> list[str]:
    """Return the runs of Chinese characters and of other letters and digits of a text, folded."""
    return _WORDS.findall(plain(text))


def fold(text: str) -> str:
    """Return a text folded, in one word; empty where it has neither letter nor digit."""
    return "".join(words_of(text))


def is_han(text: str) -> bool:
    """Tell whether a text has a Chinese character."""
    return re.search(f"[{HAN}]", text) is not None
