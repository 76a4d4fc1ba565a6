"""The declaration of a function layer: `<area>/<id>.function.toml`."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from layers.declare.base import Declaration, Text
from layers.declare.layer import Access, Identifier
from layers.declare.style import Colour

SUFFIX = ".function.toml"
PATTERN = f"*/*{SUFFIX}"
DOCS = "add-a-function-layer"


class Words(Declaration):
    """Sentences of a legend: of the lowest class, those between, the highest.

    `{from}` and `{to}` stand for the bounds of the class, times `factor` of the surface.
    """

    below: Text
    between: Text
    above: Text

    @model_validator(mode="after")
    def _places_that_are_filled(self) -> Self:
        for name, known in (("below", {"to"}), ("between", {"from", "to"}), ("above", {"from"})):
            for text in getattr(self, name).model_dump().values():
                if unknown := sorted({*re.findall(r"\{(.*?)\}", text)} - known):
                    raise ValueError(f"{name}: nothing stands for {{{unknown[0]}}} here")
                if re.search("[{}]", re.sub(r"\{.*?\}", "", text)):
                    raise ValueError(f"{name}: a brace without its other one")
        return self


Hex = Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$")]


class Paint(Colour):
    """A colour that tiles and pictures can be drawn in: six hexadecimal digits."""

    dark: Hex
    light: Hex


class StateLook(Declaration):
    """How cells without a value look: never a colour alone."""

    label: Text
    color: Paint
    pattern: Literal["hatch", "cross", "flat", "dots"]


class SurfaceLook(Declaration):
    """One surface that the layer offers: name, unit, the rule of its bounds, colours."""

    title: Text
    unit: Text
    rule: str
    """Key of the rule whose bounds part the classes."""
    factor: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    """Bounds are told times this, as 100 for per cent."""
    colors: tuple[Paint, ...] = Field(min_length=3, max_length=9)
    """Of each class, the lowest first: one more than the rule has bounds."""
    legend: Words
    states: dict[Literal["one_period", "no_statistic"], StateLook] = {}
    """How the further states without a value look that this surface has."""


class States(Declaration):
    """The two states without a value that every surface has."""

    not_inspected: StateLook
    short: StateLook


class FunctionLayer(Declaration):
    """A layer that has no rows: its cells are computed from the cube by the address."""

    id: str = Field(pattern=Identifier)
    area: str = Field(pattern=Identifier)
    """The folder that the file lies in; set by the catalogue."""
    title: Text
    description: Text
    engine: str
    """What computes it: one of `layers.functions.engines.ENGINES`."""
    parameters: dict[str, object] = {}
    """What counts where the address says nothing."""
    fixed: dict[str, object] = {}
    """What the address may not change."""
    surfaces: dict[str, SurfaceLook] = Field(min_length=1)
    states: States
    access: Access = Access()
    order: int = 100
    minzoom: int = Field(default=5, ge=0, le=16)
    maxzoom: int = Field(default=14, ge=0, le=16)
    opacity: float = Field(default=0.7, gt=0, le=1)

    @property
    def first_surface(self) -> str:
        """The surface that is meant where neither address nor declaration says one."""
        return next(iter(self.surfaces))

    def states_of(self, surface: str) -> dict[str, StateLook]:
        """Return how the states without a value look on a surface."""
        both = {"not_inspected": self.states.not_inspected, "short": self.states.short}
        return both | {str(name): look for name, look in self.surfaces[surface].states.items()}
