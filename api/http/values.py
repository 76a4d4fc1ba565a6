"""Values that bodies of requests hold: numbers, words, places, moments; nothing unknown."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from layers.processes.runtime import model

MOST_SIZE = 1000.0
"""What no dimension of a vehicle is taken to exceed, unless its limit says so."""


def size_up_to(most: float) -> object:
    """Return the type of a dimension (m or t) above 0 and not above some value."""
    return Annotated[float, Field(gt=0, le=most, allow_inf_nan=False, strict=True)]


Number = Annotated[float, Field(allow_inf_nan=False, strict=True)]
"""A number of JSON: neither a text that reads like one, nor true or false."""

Whole = Annotated[int, Field(strict=True)]

Place = tuple[Number, Number]

Word = Annotated[str, Field(max_length=60)]

Moment = model.Moment


def _check_visible(text: str) -> str:
    if not any(sign.isprintable() and not sign.isspace() for sign in text):
        raise ValueError("it holds nothing that can be seen")
    return text


Visible = AfterValidator(_check_visible)
"""Of a text that people shall read: not only blanks and signs without a shape."""


class Strict(BaseModel):
    """A body whose unknown members are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)
