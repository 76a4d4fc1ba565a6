"""Function layers as a part of the catalogue: each held against its engine and its rules."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import cast

from pydantic import ValidationError

from layers.declare.catalog import Declared, may_read_by
from layers.declare.reading import checked, wrong
from layers.functions.declared import DOCS, PATTERN, SUFFIX, FunctionLayer, SurfaceLook
from layers.functions.engine import Engine
from layers.functions.engines import ENGINES
from layers.functions.question import check_classes
from layers.processes.runtime.declared_inputs import Faults
from routing.statistics.rule_models import BREAKS, Breaks
from spatial.actor import Actor
from spatial.errors import BadParameter
from spatial.rule_files import list_declared, read_rules
from spatial.rules import type_rule


@dataclass(frozen=True)
class Function:
    """A function layer with what computes it."""

    layer: FunctionLayer
    engine: Engine

    def readable_by(self, actor: Actor) -> bool:
        """Tell whether an actor may read it; of what is counted its rights decide."""
        return may_read_by(self.layer.access, actor)


Functions = Mapping[str, Function]


def read_functions(declared: Declared) -> Functions:
    """Return the function layers by id, in their order.

    Raises
    ------
    ConfigError
        One names what there is not; names file and key.
    """
    rules = list_declared(declared.reading.folder)
    found: dict[str, Function] = {}
    for path in sorted(declared.reading.folder.glob(PATTERN)):
        layer = _read(path, declared)
        for key, why in _faults(layer, declared, rules):
            raise wrong(path, key, why, DOCS)
        if layer.id in found:
            raise wrong(path, "id", f"{layer.id} is declared twice", DOCS)
        found[layer.id] = Function(layer, ENGINES[layer.engine])
    ordered = sorted(found.values(), key=lambda one: (one.layer.order, one.layer.id))
    return MappingProxyType({one.layer.id: one for one in ordered})


def _read(path: Path, declared: Declared) -> FunctionLayer:
    document = declared.reading.document(path)
    if path.parent.name not in declared.areas:
        raise wrong(path.parent / "area.toml", "title", "the area has no area.toml", DOCS)
    if "area" in document:
        raise wrong(path, "area", "the folder is the area", DOCS)
    layer = checked(FunctionLayer, path, {**document, "area": path.parent.name}, DOCS)
    if path.name != f"{layer.id}{SUFFIX}":
        raise wrong(path, "id", f"the file must be called {layer.id}{SUFFIX}", DOCS)
    return layer


def _faults(layer: FunctionLayer, declared: Declared, rules: Container[str]) -> Faults:
    engine = ENGINES.get(layer.engine)
    if engine is None:
        yield "engine", f"no engine {layer.engine!r}; there are: {', '.join(ENGINES)}"
        return
    if layer.id in declared.layers:
        yield "id", f"{layer.id}.layer.toml has this id"
    if layer.minzoom > layer.maxzoom:
        yield "minzoom", f"{layer.minzoom} is above maxzoom {layer.maxzoom}"
    if not layer.access.within(engine.roles):
        yield "access.roles", f"name those of {', '.join(engine.roles)} who may read it"
    for name in sorted({*layer.parameters} & {*layer.fixed}):
        yield f"parameters.{name}", "it is fixed: leave it out"
    for place, given in (("fixed", layer.fixed), ("parameters", layer.parameters)):
        if given.get("surface", layer.first_surface) not in layer.surfaces:
            yield f"{place}.surface", f"none of surfaces: {', '.join(layer.surfaces)}"
    for name, look in layer.surfaces.items():
        yield from _wrong_rule(f"surfaces.{name}", look, rules, declared.reading.folder)
        own = engine.states.get(name, ())
        for state in sorted({*own} ^ {*look.states}):
            lacks = "say how it looks" if state in own else f"{name} has no such state"
            yield f"surfaces.{name}.states.{state}", lacks
    yield from _unfit(layer, engine, declared)


def _wrong_rule(place: str, look: SurfaceLook, rules: Container[str], folder: Path) -> Faults:
    """Yield what is wrong with the rule of a surface's bounds, in any of its versions."""
    if look.rule not in rules:
        yield f"{place}.rule", f"no rule {look.rule!r}"
        return
    if not BREAKS.covers(look.rule):
        yield f"{place}.rule", f"{look.rule} has no bounds: name one of {BREAKS.key}"
        return
    for rule in read_rules(folder, look.rule):
        bounds, colours = len(cast(Breaks, type_rule(rule).value).bounds), len(look.colors)
        if colours != bounds + 1:
            told = f"{colours} for {bounds} bounds of {rule.key}@{rule.version}"
            yield f"{place}.colors", f"{told}, which need one more than these"


def _unfit(layer: FunctionLayer, engine: Engine, declared: Declared) -> Iterator[tuple[str, str]]:
    """Yield what the engine says against the surfaces, parameters and fixed values.

    What an address may set otherwise need fit the surface alone that is shown unasked.
    """
    said = {**layer.parameters, **layer.fixed}
    unasked = said.get("surface", layer.first_surface)
    for name in layer.surfaces:
        free = frozenset[str]() if name == unasked else {*engine.parameters.model_fields}
        try:
            asked = engine.parameters.model_validate({**said, "surface": name})
            check_classes(layer, name, asked)
            engine.check(asked, declared, free - {*layer.fixed})
        except BadParameter as error:
            yield _place(layer, name, str(error.extra.get("parameter", "filter"))), error.en
        except ValidationError as error:
            fault = error.errors(include_url=False, include_input=False)[0]
            why = fault["msg"].removeprefix("Value error, ")
            yield _place(layer, name, str((*fault["loc"], "surface")[0])), why


def _place(layer: FunctionLayer, surface: str, key: str) -> str:
    if key == "surface":
        return f"surfaces.{surface}"
    return f"{'fixed' if key in layer.fixed else 'parameters'}.{key}"
