"""What an application holds once: an object of each class that asks for it, on its state."""

from __future__ import annotations

from typing import TypeVar

from starlette.applications import Starlette

T = TypeVar("T")


def own(app: Starlette, kind: type[T]) -> T:
    """Return an application's one object of a class, made when it is first asked for."""
    kept: dict[type[object], object] = getattr(app.state, "own", None) or {}
    if not kept:
        app.state.own = kept
    found = kept.setdefault(kind, kept.get(kind) or kind())
    assert isinstance(found, kind)  # noqa: S101
    return found
