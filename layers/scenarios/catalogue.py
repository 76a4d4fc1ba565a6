"""Scenarios as a part of the catalogue: read, and resolved against all that they name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import cast

from layers.declare.catalog import Declared
from layers.declare.layer import Layer
from layers.declare.reading import checked, wrong
from layers.indicators.catalog import read_indicators
from layers.indicators.periods import parse_period
from layers.indicators.population import wrong_codes
from layers.processes.registry import Processes, find_processes
from layers.processes.runtime.declared_inputs import Faults, bad, layers_named, unfit
from layers.query.filters import parse_datetime, parse_query
from layers.scenarios.example_rows import WRITABLE
from layers.scenarios.model import (
    IndicatorExample,
    ProcessExample,
    SampleExample,
    Scenario,
    Step,
    Table,
)
from layers.scenarios.plan import DOCS, FILE, read_plan
from layers.scenarios.truth_faults import truth_faults
from layers.scenarios.values import fill_places
from spatial.errors import BadParameter
from spatial.json_types import JsonBody
from spatial.rule_files import list_declared
from spatial.truths import read_truths

PATTERN = "*/*.scenario.toml"
Scenarios = Mapping[str, Scenario]


def read_scenarios(declared: Declared) -> Scenarios:
    """Return all scenarios by id, in the order of areas and then their own.

    Raises
    ------
    ConfigError
        A scenario names what there is not; names file and key.
    """
    look = _Look(declared, find_processes())
    found: dict[str, tuple[Path, Scenario]] = {}
    for path in sorted(declared.reading.folder.glob(PATTERN)):
        scenario = _read(path, declared)
        for key, why in look.faults(scenario):
            raise wrong(path, key, why, DOCS)
        if scenario.id in found:
            raise wrong(path, "id", f"{scenario.id} is declared twice", DOCS)
        _check_rows(path, scenario, [other for _, other in found.values()], declared)
        found[scenario.id] = path, scenario
    place = {area: number for number, area in enumerate(declared.areas)}
    ordered = sorted(
        (scenario for _, scenario in found.values()),
        key=lambda one: (place[one.area], one.order, one.id),
    )
    return MappingProxyType({one.id: one for one in ordered})


def _read(path: Path, declared: Declared) -> Scenario:
    document, area = declared.reading.document(path), path.parent.name
    for key in ("id", "area"):
        if key in document:
            raise wrong(path, key, f"the {'file' if key == 'id' else 'folder'} is the {key}", DOCS)
    if area not in declared.areas:
        raise wrong(path.parent / "area.toml", "title", "the area has no area.toml", DOCS)
    name = path.name.removesuffix(".scenario.toml")
    return checked(Scenario, path, {"id": name, "area": area, **document}, DOCS)


def _check_rows(path: Path, scenario: Scenario, others: list[Scenario], declared: Declared) -> None:
    """Refuse rows that are not in the plan, another team's, or carried by something else."""
    plan = declared.part(read_plan)
    for name in scenario.rows:
        row = plan.by_id.get(name)
        carrier = next((other.id for other in others if name in other.rows), None)
        if row is None:
            raise wrong(path, "rows", f"{FILE} has no row {name!r}", DOCS)
        if row.title is None:
            raise wrong(path, "rows", f"row {name} is reserved", DOCS)
        if row.team != scenario.team:
            raise wrong(path, "team", f"row {name} is owned by {row.team}", DOCS)
        if carrier or row.feature:
            raise wrong(path, "rows", f"row {name} is carried by {carrier or row.feature}", DOCS)


class _Look:
    """Looks up what scenarios name."""

    def __init__(self, declared: Declared, processes: Processes) -> None:
        self._relations = declared.relations
        self._processes = processes
        self._indicators = declared.part(read_indicators)
        self._rules = list_declared(declared.reading.folder)
        self._truths = read_truths()

    def faults(self, scenario: Scenario) -> Faults:
        """Return each thing that a scenario names and that there is not."""
        yield from self._view(scenario)
        for number, step in enumerate(scenario.processes):
            yield from self._step(f"processes.{number}", step)
        for number, basis in enumerate(scenario.basis):
            if basis.rule not in self._rules:
                yield f"basis.{number}.rule", f"no rule {basis.rule!r}"
        for number, example in enumerate(scenario.examples):
            if isinstance(example, ProcessExample):
                yield from self._process(f"examples.{number}", example)
            elif isinstance(example, SampleExample):
                yield from self._planted(f"examples.{number}", example)
            else:
                yield from self._counted(f"examples.{number}", example)
        for key, name in (("view.colour", scenario.view.colour), *_numbers(scenario)):
            if name is not None and name not in self._indicators.stands_on:
                yield key, f"no indicator {name!r}"
        if scenario.workflow is not None:
            yield "workflow", f"no workflow {scenario.workflow!r}"

    def _view(self, scenario: Scenario) -> Faults:
        view = scenario.view
        for number, name in enumerate(view.layers):
            relation = self._relations.get(name)
            if relation is None:
                yield f"view.layers.{number}", f"no layer {name!r}"
            elif relation.layer.has_geometry and relation.layer.legend is None:
                yield f"view.layers.{number}", f"layer {name!r} has no legend"
        if view.table is not None:
            yield from self._table(view.table)
        if view.time is not None:
            yield from bad("view.time", partial(parse_datetime, view.time))

    def _table(self, table: Table) -> Faults:
        relation = self._relations.get(table.layer)
        if relation is None:
            yield "view.table.layer", f"no layer {table.layer!r}"
            return
        for number, name in enumerate(table.columns):
            if name not in relation.layer.by_name:
                yield f"view.table.columns.{number}", f"layer {table.layer} has no column {name!r}"
        for key, given in (("filter", table.filter), ("order", table.order)):
            if given is not None:
                asked = {"sortby" if key == "order" else key: given}
                yield from bad(f"view.table.{key}", partial(parse_query, relation, asked))
        if table.filter is not None:
            with suppress(BadParameter):  # told above
                for why in wrong_codes(table.filter, relation):
                    yield "view.table.filter", why

    def _step(self, at: str, step: Step) -> Faults:
        process = self._processes.get(step.id)
        if process is None:
            yield f"{at}.id", f"no process {step.id!r}"
            return
        known = process.inputs.model_fields
        for key, names in (("fixed", step.fixed), ("editable", step.editable)):
            for name in names:
                if name not in known:
                    yield f"{at}.{key}.{name}", f"process {step.id} has no input {name!r}"
        for name in step.editable:
            if name in step.fixed:
                yield f"{at}.editable.{name}", "is fixed"
        for name, one in known.items():
            if one.is_required() and name not in {*step.fixed, *step.editable}:
                yield f"{at}.editable", f"process {step.id} needs its input {name!r}"
        yield from unfit(f"{at}.fixed", process, step.fixed, whole=False)
        yield from layers_named(f"{at}.fixed", step.fixed, self._relations)

    def _process(self, at: str, example: ProcessExample) -> Faults:
        process = self._processes.get(example.process)
        if process is None:
            yield f"{at}.process", f"no process {example.process!r}"
            return
        try:
            inputs = cast(JsonBody, fill_places(example.inputs, example.town))
        except KeyError as error:
            yield f"{at}.inputs", f"the town has no {error.args[0]!r}"
            return
        yield from unfit(f"{at}.inputs", process, inputs, whole=True)
        yield from layers_named(f"{at}.inputs", inputs, self._relations)
        for number, expected in enumerate(example.expect):
            output = expected.at.partition(".")[0]
            if output not in process.outputs.model_fields:
                yield f"{at}.expect.{number}.at", f"process {process.id} has no output {output!r}"

    def _counted(self, at: str, example: IndicatorExample) -> Faults:
        """Return what an example counts that there is not, or cannot be written down."""
        needed = self._indicators.stands_on.get(example.indicator)
        if needed is None:
            yield f"{at}.indicator", f"no indicator {example.indicator!r}"
            return
        yield from bad(f"{at}.period", partial(parse_period, example.period))
        for name in sorted(set(example.sides) - needed):
            yield f"{at}.sides.{name}", f"{example.indicator} is not made of it"
        counted = {self._indicators.populations[one].indicator.layer for one in needed}
        for name, rows in example.rows.items():
            if name not in counted:
                yield f"{at}.rows.{name}", f"{example.indicator} counts no rows of it"
                continue
            layer = self._relations[name].layer
            if layer.source.table not in WRITABLE:
                yield f"{at}.rows.{name}", f"rows of {layer.source.name} cannot be tried out"
            for column in sorted({column for row in rows for column in row}):
                if column not in layer.by_name:
                    yield f"{at}.rows.{name}.{column}", f"layer {name} has no such column"
            for column, code in sorted(_unknown_codes(layer, rows)):
                yield f"{at}.rows.{name}.{column}", f"{column} of {name} has no code {code!r}"

    def _planted(self, at: str, example: SampleExample) -> Faults:
        """Return what an example looks for that is not planted, or not where it is said to be."""
        truth = self._truths.get(example.truth)
        if truth is None:
            yield f"{at}.truth", f"no truth {example.truth!r}"
            return
        for key, why in truth_faults(truth, self._relations, self._indicators):
            yield f"{at}.truth", f"{key} of {example.truth} in data/truths.toml: {why}"


def _unknown_codes(layer: Layer, rows: Sequence[Mapping[str, object]]) -> set[tuple[str, str]]:
    """Return coded columns with what rows have there that is no code of them."""
    coded = {c.name: c.values for c in layer.columns if c.values is not None}
    given = [(name, value) for row in rows for name, value in row.items() if value is not None]
    return {(n, str(v)) for n, v in given if n in coded and str(v) not in coded[n]}


def _numbers(scenario: Scenario) -> Iterator[tuple[str, str]]:
    for number, one in enumerate(scenario.numbers):
        yield f"numbers.{number}.indicator", one.indicator
