"""What is wrong with a file that somebody wrote, told by file and key as its writer reads it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from spatial.errors import ConfigError
from spatial.json_types import Shown

Place = Sequence[str | int]


def wrong_file(*told: str, mend_en: str = "", mend_zh: str = "", **extra: Shown) -> ConfigError:
    """Return the error for what is wrong with a file.

    Parameters
    ----------
    told
        The file as its writer knows it, the key where one is wrong, and what is.
    mend_en, mend_zh
        The page that tells how it is written.
    extra
        More members of the problem document.
    """
    en, zh = ": ".join(told), "：".join(told)
    return ConfigError(en, zh, mend_en=mend_en, mend_zh=mend_zh, **extra)


def list_faults(
    error: ValidationError, model: type[BaseModel], document: object
) -> list[tuple[str, str]]:
    """Return each fault as its key and what is wrong there.

    Keys that are not known come first: what is missing is most often one of them, mistyped.

    Parameters
    ----------
    error
        What the model said.
    model
        The model.
    document
        What it was given; a key is named as it stands in there.
    """
    found = [
        (_key(fault["loc"], document), _why(fault, model))
        for fault in sorted(error.errors(include_url=False), key=_order)
    ]
    return [_of_whole(*one) for one in found]


def _order(fault: ErrorDetails) -> bool:
    return fault["type"] != "extra_forbidden"


def _of_whole(key: str, why: str) -> tuple[str, str]:
    """Return a fault of a whole file, whose text begins with the key, by that key."""
    word, colon, rest = why.partition(": ")
    return (word, rest) if not key and colon and " " not in word else (key, why)


def _key(place: Place, document: object) -> str:
    """Return a key without what a union, or a fault of the key itself, adds to it."""
    if "[key]" in place:
        place = place[: place.index("[key]")]
    parts, last = [], len(place) - 1
    for number, part in enumerate(place):
        inner = document.get(part) if isinstance(document, dict) else None
        if isinstance(document, list | tuple) and isinstance(part, int):
            inner = document[part] if part < len(document) else None  # a list that is too short
        elif isinstance(document, dict) and number < last and not isinstance(inner, dict | list):
            continue
        parts.append(str(part))
        document = inner
    return ".".join(parts)


def _why(fault: ErrorDetails, model: type[BaseModel]) -> str:
    if fault["type"] != "extra_forbidden":
        return fault["msg"].removeprefix("Value error, ")
    known = sorted(_known(model, fault["loc"]))
    near = get_close_matches(str(fault["loc"][-1]), known, 1)
    if near:
        return f"is not known; did you mean {near[0]}"
    return f"is not known; known: {', '.join(known)}" if known else "is not known"


def _known(model: type[BaseModel], place: Place) -> set[str]:
    """Return the keys of the tables that may stand at a place."""
    models = {model}
    for part in place[:-1]:
        inner = {
            found
            for one in models
            if part in one.model_fields
            for found in models_of(one.model_fields[str(part)].annotation)
        }
        models = inner or models
    return {field.alias or name for one in models for name, field in one.model_fields.items()}


def models_of(annotation: object) -> Iterator[type[BaseModel]]:
    """Yield the models that a type is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from models_of(inner)
