"""What is wrong with a process as its file declares it, told before anybody asks it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from inspect import iscoroutinefunction
from typing import get_args

from pydantic import BaseModel

from layers.declare.base import Text
from layers.processes.runtime.model import Inputs, Need, Outputs, Process
from layers.processes.runtime.readers import get_reader, list_readers
from spatial.actor import ROLES
from spatial.faults import models_of

_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def faults(process: Process) -> Iterator[str]:
    """Yield what is wrong with a process, each beginning with the member that is."""
    if not isinstance(process.id, str) or not _ID.fullmatch(process.id):
        yield f"id: {process.id!r} is not of lower case, digits and single hyphens"
    yield from _wrong_model("inputs", process.inputs, Inputs)
    yield from _wrong_model("outputs", process.outputs, Outputs)
    for member in ("title", "description"):
        if not isinstance(getattr(process, member), Text):
            yield f"{member}: is no Text of zh and en"
    for member in ("run", "check"):
        function = getattr(process, member)
        if not callable(function) or iscoroutinefunction(function):
            yield f"{member}: is no plain function; it runs in a thread"
    if not isinstance(process.roles, tuple) or not set(process.roles) <= set(ROLES):
        yield f"roles: {process.roles!r} are not of {', '.join(ROLES)}"
    if not isinstance(process.reads, tuple):
        yield "reads: is no tuple"
    elif issubclass(process.inputs, Inputs):
        yield from _unread(process)


def _wrong_model(member: str, model: object, base: type[BaseModel]) -> Iterator[str]:
    if not (isinstance(model, type) and issubclass(model, base)):
        yield f"{member}: {model!r} is no class of {base.__name__}"
    elif recurs(model):
        yield f"{member}: {model.__name__} holds itself, which no description can tell"


def _unread(process: Process) -> Iterator[str]:
    """Yield what a process names to be read and that cannot be."""
    known, names = list_readers(), []
    for need in process.reads:
        if not isinstance(need, Need):
            yield f"reads: {need!r} is no need; call the reader, as places('input')"
            continue
        if need.name in names:
            yield f"reads: {need.name!r} twice"
        names.append(need.name)
        if need.reader not in known:
            yield f"reads: no reader {need.reader!r}; there are {', '.join(known)}"
        elif isinstance(need.of, str):
            yield from _unlike(process, need.of, get_reader(need.reader).asks)


def _unlike(process: Process, name: str, asks: type[Inputs] | None) -> Iterator[str]:
    """Yield why an input cannot tell a reader what to read."""
    field = process.inputs.model_fields.get(name)
    if field is None:
        yield f"reads: no input {name!r}"
    elif asks is not None and asks not in (field.annotation, *get_args(field.annotation)):
        yield f"reads: the input {name!r} is no {asks.__name__}"


def recurs(model: type[BaseModel], above: tuple[type, ...] = ()) -> bool:
    """Tell whether a model holds itself, at whatever depth."""
    if model in above:
        return True
    inner = (
        found for field in model.model_fields.values() for found in models_of(field.annotation)
    )
    return any(recurs(one, (*above, model)) for one in inner)
