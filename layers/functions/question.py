"""What an address asks of a function layer: its parameters read into the engine's model."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

import orjson
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from layers.functions.declared import FunctionLayer
from spatial.errors import BadParameter

SHOWN = "classes"
"""The parameter that says which cells are shown of a surface, whatever its engine."""
LONGEST = 8_000
MOST_OF_RANGE = 400


@dataclass(frozen=True, slots=True)
class Question:
    """Checked parameters; `digest` stands for them, `surface` for those beside what is shown."""

    inputs: BaseModel
    digest: str
    surface: str

    @property
    def classes(self) -> list[int] | None:
        """The classes of which cells are shown; None for all."""
        return getattr(self.inputs, SHOWN, None)

    @property
    def filter(self) -> str | None:
        """The free filter, where there is one."""
        return getattr(self.inputs, "filter", None)


def read_question(
    layer: FunctionLayer, model: type[BaseModel], given: Mapping[str, str]
) -> Question:
    """Return what an address asks for; lists are written `a,b`, numbers also `0-5`.

    Raises
    ------
    BadParameter
        A name that there is not, one that the layer fixes, or a value that cannot be used.
    """
    fields = model.model_fields
    for name in given:
        if name not in fields:
            known = ", ".join(n for n in fields if n not in layer.fixed)
            raise BadParameter(
                f"Unknown parameter {name[:40]!r}", f"未知参数 {name[:40]!r}", parameter=name[:40],
                mend_en=f"{layer.id} takes: {known}.", mend_zh=f"{layer.id} 的参数：{known}。",
            )  # fmt: skip
        if name in layer.fixed:
            raise BadParameter(
                f"{layer.id} has a fixed {name}: {layer.fixed[name]}",
                f"{layer.id} 的 {name} 固定为 {layer.fixed[name]}",
                parameter=name,
                mend_en=f"Leave {name} out.", mend_zh=f"请去掉 {name}。",
            )  # fmt: skip
    read = {name: _value(name, fields[name], text) for name, text in given.items()}
    first = {"surface": layer.first_surface} if "surface" in fields else {}
    inputs = _checked(layer, model, {**first, **layer.parameters, **read, **layer.fixed})
    surface = getattr(inputs, "surface", None)
    if surface is not None and surface not in layer.surfaces:
        raise _no_surface(layer, str(surface))
    if surface is not None:
        check_classes(layer, str(surface), inputs)
    return Question(inputs, _digest(inputs), _digest(inputs.model_copy(update={SHOWN: None})))


def check_classes(layer: FunctionLayer, surface: str, inputs: BaseModel) -> None:
    """Refuse classes that a surface does not have: they would look as if there were no cells.

    Raises
    ------
    BadParameter
    """
    last = len(layer.surfaces[surface].colors) - 1
    beyond = [one for one in getattr(inputs, SHOWN, None) or () if one > last]
    if beyond:
        raise BadParameter(
            f"{surface} has no class {beyond[0]}", f"{surface} 没有第 {beyond[0]} 级",
            parameter=SHOWN,
            mend_en=f"Its classes are 0 to {last}.", mend_zh=f"分级为 0 至 {last}。",
        )  # fmt: skip


def _digest(inputs: BaseModel) -> str:
    text = orjson.dumps(inputs.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(text, digest_size=9).hexdigest()


def _value(name: str, field: FieldInfo, text: str) -> object:
    if len(text) > LONGEST:
        raise BadParameter(
            f"{name} is longer than {LONGEST} characters", f"{name} 超过 {LONGEST} 个字符",
            parameter=name,
        )  # fmt: skip
    kind = _listed(field)
    if kind is None:
        return text
    parts = [part.strip() for part in text.split(",")]
    return [one for part in parts for one in _range(name, part)] if kind is int else parts


def _listed(field: FieldInfo) -> type | None:
    """Return of what type a parameter is a list, None where it is none."""
    for option in (field.annotation, *get_args(field.annotation)):
        if getattr(option, "__origin__", None) is list:
            inner = get_args(option)[0]
            return int if int in (inner, *get_args(inner)) else str
    return None


def _range(name: str, part: str) -> list[object]:
    first, dash, last = part.partition("-")
    if not (dash and first.isascii() and first.isdigit() and last.isascii() and last.isdigit()):
        return [part]
    low, high = int(first[:9]), int(last[:9])
    if not low <= high < low + MOST_OF_RANGE:
        raise BadParameter(
            f"{name}: {part} does not rise", f"{name}：{part} 须由小到大", parameter=name
        )
    return list(range(low, high + 1))


def _checked(
    layer: FunctionLayer, model: type[BaseModel], given: Mapping[str, object]
) -> BaseModel:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        why = first["msg"].removeprefix("Value error, ")
        word = why.split()[0]  # of what is wrong between parameters the first that is named
        name = str((*first["loc"], word if word in model.model_fields else "until")[0])
        shown = str(given.get(name, ""))[:60]
        if name == "surface":
            raise _no_surface(layer, shown) from error
        raise BadParameter(
            f"{name} cannot be {shown!r}: {why}", f"{name} 不能为 {shown!r}：{why}",
            parameter=name,
            mend_en=f"/api/collections/{layer.id} describes every parameter.",
            mend_zh=f"/api/collections/{layer.id} 说明每个参数。",
        ) from error  # fmt: skip


def _no_surface(layer: FunctionLayer, name: str) -> BadParameter:
    known = ", ".join(layer.surfaces)
    return BadParameter(
        f"{layer.id} has no surface {name!r}", f"{layer.id} 没有图面 {name!r}", parameter="surface",
        mend_en=f"Take one of: {known}.", mend_zh=f"可用：{known}。",
    )  # fmt: skip
