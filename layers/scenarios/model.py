"""The Scenario: who asks what, with which layers, numbers and processes, on which rules.

Read from one TOML file and nothing else. What it names is resolved in `catalogue.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field, model_validator

from layers.declare.base import Declaration, Text
from layers.declare.layer import Identifier
from layers.scenarios.plan import RowId
from layers.scenarios.town import Town

Id = Annotated[str, Field(pattern=Identifier)]
Maturity = Literal["sample", "unseen", "schematic", "live", "empty"]
MATURITY_TITLES: dict[Maturity, Text] = {
    "sample": Text(zh="样例", en="Sample"),
    "unseen": Text(zh="部分图层不可见", en="Not all layers seen"),
    "schematic": Text(zh="示意", en="Schematic"),
    "live": Text(zh="实测", en="Live"),
    "empty": Text(zh="无数据", en="No data"),
}


class Table(Declaration):
    """The table of a scenario: rows of a layer, in an order."""

    layer: Id
    columns: tuple[Id, ...] = Field(min_length=1)
    filter: str | None = Field(default=None, max_length=2_000)
    """CQL2 text over the layer's queryables."""
    order: str | None = None
    """Columns as the parameter `sortby` takes them: `-score,name_zh`."""


class View(Declaration):
    """What a map shows of a scenario."""

    layers: tuple[Id, ...] = Field(min_length=1)
    """Layers that are switched on, the first one lowest."""
    colour: Id | None = None
    """Indicator that colours the units."""
    table: Table | None = None
    time: str | None = None
    """Instant or interval that rows are shown of, as the parameter `datetime` takes it."""


class Number(Declaration):
    """A number that is shown, with its series."""

    indicator: Id
    series: Literal["week", "month"] | None = None


class Step(Declaration):
    """A process that can be run: some inputs are fixed, some may be edited."""

    id: str
    title: Text | None = None
    fixed: dict[str, object] = {}
    editable: tuple[str, ...] = ()


class Basis(Declaration):
    """A rule that the scenario stands on; text, source and version come from the rule."""

    rule: str


class Expected(Declaration):
    """What an example must give at a place of its outputs, as `summary.best` or `rows.0.id`."""

    at: str = Field(pattern=r"^[^.]+(\.[^.]+)*$")
    value: object = None
    tolerance: float | None = Field(default=None, ge=0, allow_inf_nan=False)


class _Example(Declaration):
    title: Text
    expect: tuple[Expected, ...] = Field(min_length=1)


class ProcessExample(_Example):
    """A question with a known answer: inputs of a process, on a network of its own if need be.

    Texts such as `@A`, `@AB:0.5` and `@AB` in the inputs are a place and a road of the town.
    """

    kind: Literal["process"]
    process: str
    town: Town | None = None
    inputs: dict[str, object]


class IndicatorExample(_Example):
    """Rows with a known number: they are counted by the real statements, then taken back.

    A row has values of the columns of its layer. It lies in a unit that there is not, or in the
    county that its `admin_code` names; then each county is told, and their prefectures, ranked.
    """

    kind: Literal["indicator"]
    indicator: Id
    """An indicator or index."""
    period: str
    """As `2026-W10` or `2026-03`."""
    rows: dict[Id, tuple[dict[Id, object], ...]] = {}
    """Rows by layer."""
    sides: dict[Id, tuple[float, float]] = {}
    """Numerator and denominator of indicators that an index is made of, instead of their rows."""

    @model_validator(mode="after")
    def _something_is_given(self) -> IndicatorExample:
        if not self.rows and not self.sides:
            raise ValueError("name rows or sides")
        return self


class SampleExample(_Example):
    """A truth that is planted in the sample, by name: looked for among the rows as they are."""

    kind: Literal["sample"]
    truth: str
    """A table of `data/truths.toml`."""


Example = Annotated[ProcessExample | IndicatorExample | SampleExample, Field(discriminator="kind")]


class Scenario(Declaration):
    """One scenario."""

    id: Id
    """The file's name; set by the catalogue."""
    area: Id
    """The folder that the file lies in; set by the catalogue."""
    rows: tuple[Annotated[str, Field(pattern=RowId)], ...] = Field(min_length=1)
    """Rows of the reform plan that it carries."""
    title: Text
    question: Text
    users: tuple[Text, ...] = Field(min_length=1)
    team: Id
    """The owner, as the register of the plan has it for the rows."""
    order: int = 100
    view: View
    numbers: tuple[Number, ...] = ()
    processes: tuple[Step, ...] = ()
    workflow: Id | None = None
    """Reserved for cases."""
    basis: tuple[Basis, ...] = Field(min_length=1)
    examples: tuple[Example, ...] = Field(min_length=1)


def maturity(origins: Iterable[str], *, hidden: bool = False) -> Maturity:
    """Return how far a scenario is, by the origins of the rows that it stands on.

    It is no better than its weakest rows, whatever a file says, and is not called live by who does
    not see all of its layers (`hidden`).
    """
    found = set(origins)
    if "synthetic" in found:
        return "sample"
    if hidden:
        return "unseen"
    if "schematic" in found:
        return "schematic"
    return "live" if found else "empty"
