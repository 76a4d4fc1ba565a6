"""Runs the examples of scenarios: what was given, what was expected, and what came out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import orjson

from layers.declare.base import Text
from layers.declare.catalog import Catalog
from layers.processes.readers.airspace_rows import READER as AIRSPACE
from layers.processes.readers.airspace_rows import air_of_nothing
from layers.processes.readers.county_rows import READER as COUNTIES
from layers.processes.readers.network import network
from layers.processes.readers.rules_in_force import READER as RULES
from layers.processes.readers.unit_rows import READER as UNITS
from layers.processes.registry import Processes, check_inputs, get_process
from layers.processes.runtime.model import Sources
from layers.processes.runtime.run import Output, read_scene, run
from layers.scenarios.example_rows import count_example
from layers.scenarios.model import (
    Example,
    Expected,
    IndicatorExample,
    ProcessExample,
    SampleExample,
)
from layers.scenarios.town import Town
from layers.scenarios.truth_rows import find_truth, sample_anchor
from layers.scenarios.values import MISSING, agrees, fill_places, look_up
from routing.query.network import RoadNetwork
from spatial.actor import ANONYMOUS
from spatial.errors import SetupError, SigangError
from spatial.json_types import Document, JsonBody
from spatial.networks.road import KIND as ROAD
from spatial.postgres.db import Database
from spatial.rules import Rules
from spatial.truths import read_truths

ROADS = network(ROAD.name)
NO_SAMPLE = Text(zh="未加载样例数据", en="No sample is loaded")


@dataclass(frozen=True)
class Ground:
    """What examples run on: the database is read where an example does not say it itself."""

    db: Database
    catalog: Catalog
    processes: Processes
    rules: Rules


@dataclass(frozen=True)
class Compared:
    """One expected value beside what came out."""

    at: str
    expected: object
    tolerance: float | None
    got: object
    ok: bool


@dataclass(frozen=True)
class Result:
    """One example that was run."""

    example: Example
    compared: Sequence[Compared]
    error: Text | None = None
    """What the process refused, where it did."""
    skipped: Text | None = None
    """Why it was not run."""

    @property
    def ok(self) -> bool:
        """Whether all is as expected; so it is of what was not run."""
        return self.error is None and all(one.ok for one in self.compared)


async def run_example(example: Example, ground: Ground) -> Result:
    """Run an example as nobody in particular, and compare."""
    outputs: Mapping[str, object] | None
    try:
        if isinstance(example, SampleExample):
            outputs = await _found(example, ground)
        elif isinstance(example, IndicatorExample):
            outputs = await count_example(example, ground.db, ground.catalog, ground.rules)
        else:
            outputs = await _outputs(example, ground)
    except SigangError as error:
        return Result(example, (), Text(zh=error.zh, en=error.en))
    if outputs is None:
        return Result(example, (), skipped=NO_SAMPLE)
    return Result(example, [_compare(outputs, one) for one in example.expect])


async def _found(example: SampleExample, ground: Ground) -> Document | None:
    """Return what is found of a truth; None where no sample is loaded."""
    anchor = await sample_anchor(ground.db)
    if anchor is None:
        return None
    truth = read_truths()[example.truth]
    return await find_truth(truth, anchor, ground.db, ground.catalog, ground.rules)


def _compare(outputs: Mapping[str, object], expected: Expected) -> Compared:
    got = look_up(outputs, expected.at)
    ok = got is not MISSING and agrees(expected, got)
    return Compared(
        expected.at, expected.value, expected.tolerance, None if got is MISSING else got, ok
    )


async def _outputs(example: ProcessExample, ground: Ground) -> dict[str, object]:
    process = get_process(ground.processes, example.process)
    inputs = check_inputs(process, cast(JsonBody, fill_places(example.inputs, example.town)))
    given: dict[str, object] = {RULES.name: ground.rules}
    if any(need.reader == AIRSPACE.name for need in process.reads):
        given[AIRSPACE.name] = air_of_nothing(ground.rules)
    if example.town is not None:
        given |= await asyncio.to_thread(_world, example.town, ground.rules)
    sources = Sources(ground.db, ground.catalog, ANONYMOUS, _no_network, given)
    scene = await read_scene(process, inputs, sources)
    made = await asyncio.to_thread(run, process, inputs, scene)
    return {output.name: _plain(output) for output in made}


def _world(town: Town, rules: Rules) -> dict[str, object]:
    return {
        ROADS.name: town.build(rules),
        COUNTIES.name: town.list_counties(),
        UNITS.name: town.list_units(),
    }


async def _no_network(kind: str) -> RoadNetwork:
    """Refuse the live network: what happens on it changes, and an example must not."""
    raise SetupError(
        f"An example that asks the {kind} network draws a town of its own",
        f"使用{kind}路网的算例须自带示意路网",
    )


def _plain(output: Output) -> object:
    try:
        return orjson.loads(output.whole)
    except orjson.JSONDecodeError:
        return output.whole.decode()
