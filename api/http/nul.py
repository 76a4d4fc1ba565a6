"""NUL characters and halves of characters: PostgreSQL stores none, so a request is told where."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import parse_qsl

import asyncpg
import psycopg
from starlette.requests import Request
from starlette.types import Scope

from spatial.errors import BadParameter, NotFound, SigangError

NUL = "\0"
REFUSALS = (
    asyncpg.CharacterNotInRepertoireError,
    asyncpg.UntranslatableCharacterError,
    UnicodeEncodeError,
    psycopg.DataError,
)
"""What is said to such a character in a text, in JSON, and before it is sent."""


def find_in_address(scope: Scope) -> SigangError | None:
    """Return the error that names the parameter with a NUL, None where there is none.

    Nothing lies at a path with such a character.
    """
    if NUL in scope["path"]:
        return NotFound("There is nothing at this address", "此地址没有内容")
    if b"%00" not in scope["query_string"]:
        return None
    pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    named = (name for name, value in pairs if NUL in name or NUL in value)
    return next((_at(name) for name in named), None)


def find_in_body(request: Request, error: Exception) -> BadParameter | None:
    """Return the error that names the place in the JSON body of a request that was read.

    None where what was raised is of another cause.
    """
    if not isinstance(error, REFUSALS):
        return None
    try:
        body = json.loads(getattr(request, "_body", b""))
        place = next(_places(body, "body"), None)
    except (ValueError, RecursionError):
        place = None
    if place is None and isinstance(error, UnicodeEncodeError | psycopg.DataError):
        return None
    return _at(place or "body")


def _at(place: str) -> BadParameter:
    place = place.encode("utf-8", "replace").decode().replace(NUL, "␀")[:80]
    return BadParameter(
        f"{place} holds a NUL or half a character", f"{place} 含有空字符（NUL）或残缺字符",
        mend_en="Leave the character out.", mend_zh="请去掉该字符。", parameter=place,
    )  # fmt: skip


def _unfit(text: str) -> bool:
    return NUL in text or any("\ud800" <= sign <= "\udfff" for sign in text)


def _places(value: object, place: str) -> Iterator[str]:
    """Yield the places of texts that cannot be stored."""
    if isinstance(value, str) and _unfit(value):
        yield place
    elif isinstance(value, dict):
        for name, part in value.items():
            if _unfit(name):
                yield f"{place}.{name}"
            yield from _places(part, f"{place}.{name}")
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _places(part, f"{place}.{number}")
