"""A place in the tokens of a filter: what comes next, what was expected, how deep it is nested."""

from __future__ import annotations

import math
from typing import NamedTuple

from layers.cql.tokens import Token, tokens
from layers.cql.types import bad, too_deep
from spatial.errors import BadParameter

MAX_DEPTH = 20
"""Most levels of nesting of a filter, in text and in JSON: what compiles it to SQL calls itself up
to 33 times for a level, and Python allows 1,000 calls in all."""


class Expected(NamedTuple):
    """What the grammar asks for at a place, with an example of it."""

    en: str
    zh: str
    example: str


NUMBER = Expected("a number", "数字", "capacity > 100")


class Cursor:
    """Walks over the tokens of a filter, forwards only."""

    def __init__(self, text: str) -> None:
        self._tokens = tokens(text)
        self._at = 0
        self._depth = 0
        self.now: Token = self._tokens[0]

    @property
    def following(self) -> str:
        """The word after the present token."""
        return self._tokens[self._at + 1].word if self._at + 1 < len(self._tokens) else ""

    def advance(self) -> Token:
        """Return the present token and go on to the next."""
        passed = self.now
        self._at += 1
        self.now = self._tokens[self._at]
        return passed

    def take(self, word: str) -> bool:
        """Go on over a keyword or sign, if it is there."""
        if self.now.word != word:
            return False
        self.advance()
        return True

    def repeated(self, word: str) -> int:
        """Go on over a keyword or sign as often as it is there; each time is a level of nesting."""
        times = 0
        while self.now.word == word:
            self.enter()
            self.advance()
            times += 1
        return times

    def need(self, word: str, expected: Expected) -> None:
        """Go on over a keyword or sign that must be there.

        Raises
        ------
        BadParameter
            Something else is there.
        """
        if not self.take(word):
            raise self.wrong(expected)

    def enter(self, levels: int = 1) -> None:
        """Count levels of nesting.

        Raises
        ------
        BadParameter
            The filter is nested too deeply.
        """
        self._depth += levels
        if self._depth > MAX_DEPTH:
            raise too_deep(MAX_DEPTH, self.now.at)

    def leave(self, levels: int = 1) -> None:
        """Count levels of nesting down again."""
        self._depth -= levels

    def number(self, expected: Expected = NUMBER) -> float:
        """Return a number without its sign and go on.

        Raises
        ------
        BadParameter
            There is none, or none that a double holds.
        """
        if self.now.kind != "number":
            raise self.wrong(expected)
        value = float(self.now.text)
        if not math.isfinite(value):
            raise self.wrong(Expected("a number below 1.8e308", "小于 1.8e308 的数字", "1e6"))
        self.advance()
        return value

    def signed_number(self, expected: Expected = NUMBER) -> float:
        """Return a number with its sign and go on."""
        if self.take("-"):
            return -self.number(expected)
        self.take("+")
        return self.number(expected)

    def wrong(self, expected: Expected) -> BadParameter:
        """Return the error of something else than expected at the present place."""
        at, end = self.now.at, self.now.kind == "end"
        found = repr(self.now.text[:20])
        return bad(
            f"The filter is not CQL2: expected {expected.en} at character {at}, "
            f"not {'the end' if end else found}",
            f"过滤表达式不是有效的 CQL2：第 {at} 个字符处应为{expected.zh}，"
            f"而不是{'结尾' if end else f' {found}'}",
            mend_en=f"Example: {expected.example}",
            mend_zh=f"示例：{expected.example}",
        )
