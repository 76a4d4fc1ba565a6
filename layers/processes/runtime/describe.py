"""Processes in the words of OGC API Processes: summaries, descriptions, JSON Schemas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NotRequired, TypedDict, cast

from pydantic import BaseModel

from layers.processes.runtime.model import Process, media_type

SCHEMA_REF = "#/$defs/"


Schema = dict[str, object]
"""A JSON Schema."""


class Member(TypedDict):
    """What is said of one input or output."""

    title: str
    schema: Schema
    description: NotRequired[str]
    minOccurs: NotRequired[int]
    maxOccurs: NotRequired[int]


class Summary(TypedDict):
    """What a list of processes says of one (OGC API Processes 1)."""

    id: str
    version: str
    title: str
    description: str
    jobControlOptions: list[str]
    outputTransmission: list[str]


class Description(Summary):
    """The whole description of a process."""

    inputs: dict[str, Member]
    outputs: dict[str, Member]


def summary(process: Process, lang: str) -> Summary:
    """Return what a list of processes says of one."""
    return {
        "id": process.id,
        "version": process.version,
        "title": process.title[lang],
        "description": process.description[lang],
        "jobControlOptions": process.job_control_options,
        "outputTransmission": ["value"],
    }


def description(process: Process, lang: str) -> Description:
    """Return the whole description, with a schema for each input and output."""
    outputs = _members(process.outputs, lang, "serialization")
    for name, found in outputs.items():
        kind = media_type(process.outputs.model_fields[name])
        found["schema"].setdefault("contentMediaType", kind)
        del found["minOccurs"], found["maxOccurs"]
    return {
        **summary(process, lang),
        "inputs": _members(process.inputs, lang, "validation"),
        "outputs": outputs,
    }


def _members(
    model: type[BaseModel], lang: str, mode: Literal["validation", "serialization"]
) -> dict[str, Member]:
    whole = model.model_json_schema(mode=mode)
    definitions = whole.get("$defs", {})
    required = set(whole.get("required", []))
    found: dict[str, Member] = {}
    for name, raw in whole.get("properties", {}).items():
        schema = cast(Schema, inline(raw, definitions))
        in_zh = schema.pop("title_zh", None)
        title = in_zh if lang == "zh" and in_zh else schema.get("title", name)
        found[name] = {
            "title": str(title), "minOccurs": int(name in required), "maxOccurs": 1,
            "schema": schema,
        }  # fmt: skip
        if "description" in schema:
            found[name]["description"] = str(schema["description"])
    return found


def inline(node: object, definitions: Mapping[str, Schema]) -> object:
    """Return a schema in which nothing refers to elsewhere; our models do not recur."""
    if isinstance(node, list):
        return [inline(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target = definitions[node["$ref"].removeprefix(SCHEMA_REF)]
        rest = {key: value for key, value in node.items() if key != "$ref"}
        return inline({**target, **rest}, definitions)
    return {key: inline(value, definitions) for key, value in node.items()}
