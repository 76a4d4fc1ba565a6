"""The readers by name: each module below `layers/processes/readers` registers its own."""

from __future__ import annotations

from typing import Any, TypeVar

from layers.processes.runtime.model import Reader

A = TypeVar("A")
R = TypeVar("R")

_READERS: dict[str, Reader[Any, Any]] = {}


def register(reader: Reader[A, R]) -> Reader[A, R]:
    """Make a reader known by its name.

    Raises
    ------
    ValueError
        The name is another reader's.
    """
    if _READERS.setdefault(reader.name, reader) is not reader:
        raise ValueError(f"two readers are called {reader.name!r}")
    return reader


def get_reader(name: str) -> Reader[Any, Any]:
    """Return a reader.

    Raises
    ------
    KeyError
        There is none of this name: a declaration that names it is refused when it is found.
    """
    return _READERS[name]


def list_readers() -> list[str]:
    """Return the names of all readers."""
    return sorted(_READERS)
