"""Values of examples: places of their town filled in, outputs looked up and compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeGuard

from layers.scenarios.model import Expected
from layers.scenarios.town import Town

MARK = "@"
MISSING = object()


def fill_places(value: object, town: Town | None) -> object:
    """Return inputs with `@A` and the like as places and roads of the town.

    Raises
    ------
    KeyError
        The town has no such place; there is no town.
    """
    if isinstance(value, dict):
        return {key: fill_places(member, town) for key, member in value.items()}
    if isinstance(value, list):
        return [fill_places(member, town) for member in value]
    if isinstance(value, str) and value.startswith(MARK):
        if town is None:
            raise KeyError(value)
        try:
            return town.place(value.removeprefix(MARK))
        except (KeyError, ValueError) as error:
            raise KeyError(value) from error
    return value


def look_up(outputs: Mapping[str, object], at: str) -> object:
    """Return what stands at `rows.0.id` of some outputs, `MISSING` for nothing."""
    found: object = outputs
    for part in at.split("."):
        if isinstance(found, Mapping):
            found = found.get(part, MISSING)
        elif isinstance(found, list) and part.isdigit() and int(part) < len(found):
            found = found[int(part)]
        else:
            return MISSING
    return found


def agrees(expected: Expected, got: object) -> bool:
    """Tell whether a value is as expected, numbers within the tolerance."""
    wanted = expected.value
    if expected.tolerance is None or not _is_number(wanted) or not _is_number(got):
        return bool(wanted == got) and isinstance(wanted, bool) == isinstance(got, bool)
    return bool(abs(wanted - got) <= expected.tolerance)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
