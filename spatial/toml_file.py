"""Files that people write by hand, read so that nothing in them can do more than be refused."""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LARGEST = 4 << 20
"""Bytes of such a file."""
_SPACES = frozenset("\t\n\r")


class Unreadable(ValueError):
    """A file cannot be taken; the text says why."""


def read_bytes(path: Path) -> bytes:
    """Return what a file holds.

    Raises
    ------
    Unreadable
        There is no such file, it is something else, or too large, or no text.
    """
    try:
        with open(path, "rb", opener=_open_now) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise Unreadable("is no file")
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise Unreadable(error.strerror or str(error)) from error
    if len(data) > LARGEST:
        raise Unreadable(f"is larger than {LARGEST >> 20} MiB")
    if b"\0" in data:
        raise Unreadable("holds a NUL: it is no UTF-8 text")
    return data


TomlTable = dict[str, Any]
"""A table of TOML, of whatever its file declares; a model checks it."""


def parse_toml(data: bytes) -> TomlTable:
    """Return what TOML says.

    Raises
    ------
    Unreadable
        It is no TOML, or a text in it has a control character, which no database keeps.
    """
    try:
        body = tomllib.loads(data.decode("utf-8-sig"))  # editors of Windows put a mark before it
    except UnicodeDecodeError as error:
        raise Unreadable(f"is no UTF-8 text: byte {error.start}; save it as UTF-8") from error
    except RecursionError as error:
        raise Unreadable("is nested too deeply") from error
    except ValueError as error:
        raise Unreadable(str(error)) from error
    for text in _texts(body) if b"\\" in data else ():  # TOML takes none but escaped
        if not text.isprintable() and any(c < " " and c not in _SPACES for c in text):
            raise Unreadable(f"control character in {text[:60]!r}")
    return body


def _open_now(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)  # a pipe that nobody writes into holds nobody up


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, member in value.items():
            yield name
            yield from _texts(member)
    elif isinstance(value, list):
        for member in value:
            yield from _texts(member)
