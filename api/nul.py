"""NUL characters: PostgreSQL stores none, so a request that holds one is told where it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import asyncpg
import orjson
from starlette.requests import Request
from starlette.types import Scope

from spatial.errors import BadParameter

NUL = "\0"
REFUSALS = (asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError)
"""What PostgreSQL says to a NUL in a text, and in JSON."""


def refuse_nul(scope: Scope) -> None:
    """Refuse an address with a NUL.

    Raises
    ------
    BadParameter
        Names the parameter.
    """
    if b"%00" in scope["query_string"] or NUL in scope["path"]:
        pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        named = (name for name, value in pairs if NUL in name or NUL in value)
        raise nul_at(next(named, "path"))


def nul_at(place: str) -> BadParameter:
    """Return the error that names the place of a NUL."""
    place = place.replace(NUL, "␀")[:80]
    return BadParameter(
        f"{place} holds a NUL character", f"{place} 含有空字符（NUL）",
        mend_en="Leave the character out.", mend_zh="请去掉该字符。", parameter=place,
    )  # fmt: skip


async def find_nul(request: Request) -> str:
    """Return the place of the first NUL in the JSON body of a request that was read."""
    body = getattr(request, "_body", b"")
    try:
        return next(_places(orjson.loads(body), "body"), "body")
    except orjson.JSONDecodeError:
        return "body"


def _places(value: Any, place: str) -> Iterator[str]:
    if isinstance(value, str) and NUL in value:
        yield place
    elif isinstance(value, dict):
        for name, part in value.items():
            if NUL in name:
                yield f"{place}.{name}"
            yield from _places(part, f"{place}.{name}")
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _places(part, f"{place}.{number}")
