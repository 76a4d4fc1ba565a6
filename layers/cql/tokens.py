"""The tokens of CQL2 text, each with its place; one pass from left to right."""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple

from layers.cql.types import bad
from spatial.errors import BadParameter

Kind = Literal["name", "quoted", "text", "number", "sign", "end"]

_START = (
    ":_A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1ffe\u200c\u200d"
    "\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_SPACE = "[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*+"
_PATTERNS: Final[tuple[tuple[Kind, str], ...]] = (
    ("name", f"[{_START}][{_START}.0-9\u0300-\u036f\u203f\u2040]*+"),
    ("number", r"(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?"),
    ("sign", r"<>|<=|>=|!=|[-+*/%^=<>(),]"),
    ("text", r"'(?:[^'\\]++|''|\\.)*+'"),
    ("quoted", r'"(?:[^"]++|"")++"'),
)
_TOKEN = re.compile(
    f"(?:{'|'.join(f'(?P<{kind}>{pattern})' for kind, pattern in _PATTERNS)}){_SPACE}", re.DOTALL
)
_BEGIN = re.compile(_SPACE)
_ESCAPED = re.compile(r"''|\\.", re.DOTALL)
_CLOSED: dict[str, tuple[str, str, str]] = {
    "'": ("a text that begins", "文本", "name = 'it''s'"),
    '"': ("a name that begins", "名称", '"my name" = 1'),
}


class Token(NamedTuple):
    """A token; `text` is a name or sign as written, the content of quotes, or the digits."""

    kind: Kind
    text: str
    at: int
    """Place of its first character, from 1."""
    word: str = ""
    """A name or sign in small letters; empty for anything else."""


def tokens(text: str) -> list[Token]:
    """Return the tokens of a filter; the last one is of the kind `end`.

    Raises
    ------
    BadParameter
        A character that begins no token, or a quote that is not closed; names the place.
    """
    found: list[Token] = []
    here = _BEGIN.match(text).end()  # type: ignore[union-attr]
    while here < len(text):
        match = _TOKEN.match(text, here)
        if match is None:
            raise _no_token(text, here)
        kind: Kind = match.lastgroup  # type: ignore[assignment]
        written = match[kind]
        word = written.lower() if kind in ("name", "sign") else ""
        found.append(Token(kind, written if word else _content(kind, written), here + 1, word))
        here = match.end()
    found.append(Token("end", "", len(text) + 1))
    return found


def _content(kind: Kind, written: str) -> str:
    if kind == "text":
        return _ESCAPED.sub(_unescape, written[1:-1])
    if kind == "quoted":
        return written[1:-1].replace('""', '"')
    return written


def _unescape(match: re.Match[str]) -> str:
    """Return a quote for a doubled or escaped one; other escapes are those of LIKE and stay."""
    found = match.group()
    return "'" if found[1] == "'" else found


def _no_token(text: str, here: int) -> BadParameter:
    character = text[here]
    if character in _CLOSED:
        en, zh, example = _CLOSED[character]
        return bad(
            f"The filter is not CQL2: {en} at character {here + 1} does not end",
            f"过滤表达式不是有效的 CQL2：第 {here + 1} 个字符处的{zh}没有结束",
            mend_en=f"Close it with {character}; a {character} inside is doubled: {example}",
            mend_zh=f"请用 {character} 结束；其中的 {character} 要写两个：{example}",
        )
    return bad(
        f"The filter is not CQL2: {character!r} at character {here + 1} has no meaning",
        f"过滤表达式不是有效的 CQL2：第 {here + 1} 个字符 {character!r} 没有意义",
        mend_en="Texts stand in ', names with other signs in \": \"my-name\" = 'a'",
        mend_zh="文本写在 ' 中，含其他符号的名称写在 \" 中：\"my-name\" = 'a'",
    )
