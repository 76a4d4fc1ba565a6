"""Computed layers as a part of the catalogue: each held against its process, layers and rules."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from layers.declare.catalog import Declared
from layers.declare.layer import Computed, Layer
from layers.declare.reading import wrong
from layers.declare.relation import Relation
from layers.processes.readers.network import READER as NETWORK
from layers.processes.readers.timetable_rows import READER as TIMETABLE
from layers.processes.registry import Processes, find_processes
from layers.processes.runtime.declared_inputs import Faults, layers_named, unfit
from layers.processes.runtime.model import GEOJSON, PLANNERS, Inputs, Process, media_type
from spatial.rule_files import list_declared

DOCS = "add-a-computed-layer"


@dataclass(frozen=True)
class ComputedLayer:
    """A computed layer with its process, the layers that it reads, and the network.

    `services` tells whether it reads the services of the linkage.
    """

    layer: Layer
    how: Computed
    process: Process
    reads: tuple[Relation, ...]
    network: str | None
    services: bool = False


ComputedLayers = Mapping[str, ComputedLayer]


def read_computed(declared: Declared) -> ComputedLayers:
    """Return the computed layers by id.

    Raises
    ------
    ConfigError
        One names what there is not; names file and key.
    """
    rules, processes = list_declared(declared.reading.folder), find_processes()
    found: dict[str, ComputedLayer] = {}
    for layer in declared.layers.values():
        if layer.computed is None:
            continue
        for key, why in _faults(layer, layer.computed, declared, processes, rules):
            path = declared.reading.folder / layer.area / f"{layer.id}.layer.toml"
            raise wrong(path, f"computed.{key}", why, DOCS)
        found[layer.id] = _resolved(layer, layer.computed, declared, processes)
    return MappingProxyType(found)


def _faults(
    layer: Layer, how: Computed, declared: Declared, processes: Processes, rules: Container[str]
) -> Faults:
    process = processes.get(how.process)
    if process is None:
        yield "process", f"no process {how.process!r}"
        return
    closed = not {*PLANNERS} <= {*process.roles}
    if closed and not layer.access.within(process.roles):
        yield "process", f"access.roles must be of those who may run it: {', '.join(process.roles)}"
    yield from unfit("inputs", process, how.inputs, whole=True)
    yield from layers_named("inputs", how.inputs, declared.relations)
    output = process.outputs.model_fields.get(how.output)
    if output is None or media_type(output) != GEOJSON:
        yield "output", f"process {process.id} has no features {how.output!r}"
    for number, name in enumerate(how.stands_on):
        if name not in declared.relations:
            yield f"stands_on.{number}", f"no layer {name!r}"
    for number, name in enumerate(how.rules):
        if name not in rules:
            yield f"rules.{number}", f"no rule {name!r}"
    read = {relation.layer.id for relation in _reads(how, process, declared)}
    if layer.id in read:
        yield "inputs", "the layer stands on itself"


def _resolved(
    layer: Layer, how: Computed, declared: Declared, processes: Processes
) -> ComputedLayer:
    process = processes[how.process]
    networks = [n.asked(_inputs(how, process)) for n in process.reads if n.reader == NETWORK.name]
    reads = tuple(_reads(how, process, declared))
    services = any(need.reader == TIMETABLE.name for need in process.reads)
    return ComputedLayer(layer, how, process, reads, next(iter(networks), None), services)


def _inputs(how: Computed, process: Process) -> Inputs:
    return process.inputs.model_validate(how.inputs)


def _reads(how: Computed, process: Process, declared: Declared) -> Iterator[Relation]:
    """Yield the layers that the inputs name, those by default too, and those declared beside."""
    try:
        given = _inputs(how, process).model_dump()
    except ValueError:
        return
    for name in dict.fromkeys([*_named(given), *how.stands_on]):
        if name in declared.relations:
            yield declared.relations[name]


def _named(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("layer"), str):
            yield value["layer"]
        for member in value.values():
            yield from _named(member)
    elif isinstance(value, list | tuple):
        for member in value:
            yield from _named(member)
