"""What models say against documents: by the key that stands in the file, mistyped ones first."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from spatial.faults import list_faults


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Road(Part):
    kind: Literal["road"]
    speed_kmh: float = 60


class Ferry(Part):
    kind: Literal["ferry"]
    waits: dict[Literal["day", "night"], float] = {}


class Way(Part):
    title: str
    road: str = ""
    ways: tuple[Annotated[Road | Ferry, Field(discriminator="kind")], ...] = ()
    ends: tuple[str, str] = ("", "")

    @model_validator(mode="after")
    def _told(self) -> Way:
        if self.title == "none":
            raise ValueError("title: says nothing")
        return self


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"titel": "a"}, [("titel", "is not known; did you mean title"),
                          ("title", "Field required")]),
        ({"title": "a", "x": 1}, [("x", "is not known; known: ends, road, title, ways")]),
        ({"title": "none"}, [("title", "says nothing")]),
        ({"title": "a", "road": "b", "ways": [{"kind": "road", "sped_kmh": 3}]},
         [("ways.0.sped_kmh", "is not known; did you mean speed_kmh")]),
        ({"title": "a", "ways": [{"kind": "ferry", "waits": {"noon": 3}}]},
         [("ways.0.waits.noon", "Input should be 'day' or 'night'")]),
        ({"title": "a", "ways": [{"kind": "ferry", "waits": {"day": "x"}}]},
         [("ways.0.waits.day",
           "Input should be a valid number, unable to parse string as a number")]),
        ({"title": "a", "ends": ["b"]}, [("ends.1", "Field required")]),
    ],
)  # fmt: skip
def test_each_fault_is_told_by_its_key(document, told):
    with pytest.raises(ValidationError) as caught:
        Way.model_validate(document)
    assert list_faults(caught.value, Way, document) == told
