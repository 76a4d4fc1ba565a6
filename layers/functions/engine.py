"""What computes function layers: the contract, and all there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Protocol

from pydantic import BaseModel

from layers.declare.catalog import Declared
from layers.functions.cells import CellKind
from layers.functions.counties import Counties
from layers.functions.declared import FunctionLayer
from layers.functions.surface import CellSurface
from layers.heat.counted import Counted
from layers.heat.narrowed import Summed
from layers.processes.runtime.model import PLANNERS
from spatial.rules import Rules


class Compute(Protocol):
    """Computes a surface; of counties as cells it is given their outlines."""

    def __call__(
        self,
        layer: FunctionLayer,
        asked: BaseModel,
        rules: Rules,
        cube: Summed,
        counties: Counties | None = None,
        /,
    ) -> CellSurface:
        """Return the surface of a question."""
        ...


@dataclass(frozen=True)
class Engine:
    """One way to compute cells from the cube.

    Parameters
    ----------
    id
        What declarations name it.
    parameters
        Model of what an address may ask; a field `surface` chooses among the declared ones.
    grain
        Which grain of the cube a question needs: `m`, `d` or `h`.
    compute
        The surface of a question, by rules, from the cube as the caller sees it. Runs in a thread.
    counted
        What is counted of each period of a question, the first one now.
    cells
        Which cells a question is about.
    states
        Further states without a value, by surface: a declaration says how they look.
    by_county
        Whether a question is about counties, so that their outlines are needed.
    check
        Refuses what a declaration may not ask by default or for good: BadParameter with the name.
        It is told which parameters an address may set otherwise.
    roles
        Who may ask it at all: no layer opens it to others.
    """

    id: str
    parameters: type[BaseModel]
    grain: Callable[[BaseModel], str]
    compute: Compute
    counted: Callable[[BaseModel], Sequence[Counted]]
    cells: Callable[[BaseModel, Rules], CellKind]
    states: Mapping[str, Sequence[str]]
    by_county: Callable[[BaseModel], bool] = lambda _: False
    check: Callable[[BaseModel, Declared, Set[str]], None] = lambda *_: None
    roles: Sequence[str] = PLANNERS
