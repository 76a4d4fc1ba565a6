"""Filters as they are given, in CQL2 text or CQL2 JSON, to CQL2 JSON of bounded depth."""

from __future__ import annotations

import orjson

from layers.cql.cursor import MAX_DEPTH
from layers.cql.grammar import parse_text
from layers.cql.types import Node, bad, too_deep

MAX_LENGTH = 8192
_CONTAINERS = 3
"""JSON objects and arrays that one level of nesting may take."""


def parse(text: str, lang: str = "cql2-text") -> Node:
    """Return a filter as CQL2 JSON.

    Raises
    ------
    BadParameter
        It is no CQL2, nested too deeply, or longer than `MAX_LENGTH` characters.
    """
    if len(text) > MAX_LENGTH:
        raise bad(
            f"A filter has at most {MAX_LENGTH} characters", f"过滤表达式最长 {MAX_LENGTH} 字符"
        )
    return parse_text(text) if lang == "cql2-text" else _parse_json(text)


def _parse_json(text: str) -> Node:
    try:
        node: Node = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        at = error.pos + 1
        if "depth limit" in str(error):
            raise too_deep(MAX_DEPTH, at) from error
        raise bad(
            f"The filter is not JSON from character {at} on",
            f"过滤表达式从第 {at} 个字符起不是有效的 JSON",
            mend_en='Example: {"op": "=", "args": [{"property": "kind"}, "port"]}',
            mend_zh='示例：{"op": "=", "args": [{"property": "kind"}, "port"]}',
        ) from error
    _check_depth(node)
    return node


def _check_depth(node: Node) -> None:
    """Refuse a tree that others would have to go down too far; goes down itself by a stack."""
    waiting: list[tuple[list[Node] | dict[str, Node], int]] = [([node], 0)]
    while waiting:
        holder, depth = waiting.pop()
        if depth > _CONTAINERS * MAX_DEPTH:
            raise too_deep(MAX_DEPTH)
        inner = holder.values() if isinstance(holder, dict) else holder
        waiting += [(part, depth + 1) for part in inner if isinstance(part, (dict, list))]
