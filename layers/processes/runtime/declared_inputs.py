"""What a declaration gives to a process, held against the process and the layers there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from pydantic import ValidationError

from layers.declare.relation import Relation
from layers.processes.runtime.model import Process
from layers.query.filters import parse_query
from spatial.errors import BadParameter

Faults = Iterator[tuple[str, str]]
"""Key and what is wrong with it."""


def unfit(at: str, process: Process, given: Mapping[str, object], *, whole: bool) -> Faults:
    """Return what the inputs' model says against some inputs; of a part only of what is given."""
    try:
        process.inputs.model_validate(given)
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_input=False):
            place = [str(part) for part in fault["loc"]]
            if whole or (place and place[0] in given):
                yield ".".join([at, *place]), fault["msg"]


def layers_named(at: str, value: object, relations: Mapping[str, Relation]) -> Faults:
    """Return layers that inputs name and that there are not, and filters that they refuse."""
    if isinstance(value, list):
        for number, member in enumerate(value):
            yield from layers_named(f"{at}.{number}", member, relations)
    if not isinstance(value, dict):
        return
    name = value.get("layer")
    relation = relations.get(name) if isinstance(name, str) else None
    if isinstance(name, str) and relation is None:
        yield f"{at}.layer", f"no layer {name!r}"
    if relation is not None and isinstance(value.get("filter"), str):
        asked = {"filter": value["filter"]}
        yield from bad(f"{at}.filter", partial(parse_query, relation, asked))
    for key, member in value.items():
        yield from layers_named(f"{at}.{key}", member, relations)


def bad(key: str, read: Callable[[], object]) -> Faults:
    """Return the words of a reader that refuses something."""
    try:
        read()
    except BadParameter as error:
        yield key, error.en
