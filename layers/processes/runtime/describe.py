"""Processes in the words of OGC API Processes: summaries, descriptions, JSON Schemas."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from layers.processes.runtime.model import Process, media_type

SCHEMA_REF = "#/$defs/"


def summary(process: Process, lang: str) -> dict[str, Any]:
    """Return what a list of processes says of one."""
    return {
        "id": process.id,
        "version": process.version,
        "title": process.title[lang],
        "description": process.description[lang],
        "jobControlOptions": process.job_control_options,
        "outputTransmission": ["value"],
    }


def description(process: Process, lang: str) -> dict[str, Any]:
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


def _members(model: type[BaseModel], lang: str, mode: Any) -> dict[str, Any]:
    whole = model.model_json_schema(mode=mode)
    definitions = whole.get("$defs", {})
    required = set(whole.get("required", []))
    found = {}
    for name, raw in whole.get("properties", {}).items():
        schema = inline(raw, definitions)
        title = schema.pop("title_zh", None) if lang == "zh" else None
        schema.pop("title_zh", None)
        found[name] = {
            "title": title or schema.get("title", name),
            **({"description": schema["description"]} if "description" in schema else {}),
            "minOccurs": int(name in required),
            "maxOccurs": 1,
            "schema": schema,
        }
    return found


def inline(node: Any, definitions: dict[str, Any]) -> Any:
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
