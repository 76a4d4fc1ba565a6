"""Chinese names in pinyin, without tones."""

from __future__ import annotations

from functools import lru_cache

from pypinyin import lazy_pinyin, load_phrases_dict

# A road named after two places keeps each place's reading, which the dictionary has for the places
# alone: 长 is cháng in Changchun, Changxing and Changshu, 台 tái in Taizhou, 乐 yuè in Yueqing.
load_phrases_dict(
    {
        "长深": [["cháng"], ["shēn"]],
        "杭长": [["háng"], ["cháng"]],
        "长湖申": [["cháng"], ["hú"], ["shēn"]],
        "乐清": [["yuè"], ["qīng"]],
        "常台": [["cháng"], ["tái"]],
        "台金": [["tái"], ["jīn"]],
    }
)


@lru_cache(maxsize=16384)
def syllables(folded: str) -> tuple[str, ...]:
    """Return a folded text by syllables; what is not Chinese stays in one piece."""
    read = lazy_pinyin(folded)
    return tuple(part.replace("ü", "u").replace("v", "u") if _read(part) else part for part in read)


def _read(part: str) -> bool:
    return part.isascii() and part.isalpha()
