"""Texts that a filter compares coded columns with: one that is no code finds nothing, silently."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping

from layers.cql.types import Node

_COMPARED = frozenset({"=", "<>", "in"})


def list_unknown_codes(
    node: Node, codes: Mapping[str, Container[str]]
) -> Iterator[tuple[str, str]]:
    """Yield each coded column with a text that a filter compares it with and that is no code.

    Parameters
    ----------
    node
        The filter as CQL2 JSON.
    codes
        The codes of each coded column by its name.
    """
    if isinstance(node, list):
        for part in node:
            yield from list_unknown_codes(part, codes)
    args = node.get("args") if isinstance(node, dict) else None
    if not isinstance(node, dict) or not isinstance(args, list):
        return
    yield from list_unknown_codes(args, codes)
    if node.get("op") not in _COMPARED:
        return
    given: list[Node] = []
    for arg in args:
        given += arg if isinstance(arg, list) else [arg]
    for arg in args:
        column = arg.get("property") if isinstance(arg, dict) else None
        if isinstance(column, str) and column in codes:
            yield from (
                (column, text)
                for text in given
                if isinstance(text, str) and text not in codes[column]
            )
