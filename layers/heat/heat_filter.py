"""A free filter of heat: what of it the cube can tell, what needs the rows, what binds exposure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from layers.cql.parse import parse
from layers.cql.types import Node
from spatial.errors import BadParameter, TooComplex

LAYERS: Mapping[str, str] = {"case": "cases", "hit": "inspections"}
"""The layer whose listed columns a filter of these events may name."""
DIMENSIONS: Mapping[str, frozenset[str]] = {
    "case": frozenset({"violation", "admin_code"}),
    "hit": frozenset({"admin_code"}),
}
"""Columns that series of the cube have."""
SHARED = frozenset({"admin_code"})
"""Columns that records of exposure have as well."""
OF_BOTH = frozenset({"geom", "geometry", "opened_at"})
"""Place and time are of exposure too: of events alone they would make rates of nothing."""
BUDGET_MS = 300
"""What counting from rows may take where somebody waits."""


class NeedsJob(TooComplex):
    """A filter that is counted from so many rows that a job answers it."""

    type, status = "needs-job", 422
    title_zh, title_en = "须由任务计算", "Needs a job"


@dataclass(frozen=True)
class HeatFilter:
    """A checked filter: the conditions that all must hold, and those of them that bind exposure."""

    conditions: tuple[Node, ...]
    shared: tuple[Node, ...]
    on_cube: bool
    """Whether the cube has all that it names."""
    same_rows: bool
    """Whether events and exposure are told by the same rows."""


def read_filter(text: str, events: str, exposure: str) -> HeatFilter:
    """Read a filter.

    Raises
    ------
    BadParameter
        It is no CQL2 text, or bounds place or time of events that are told per other records.
    """
    parts = tuple(_conjuncts(parse(text)))
    named = [frozenset(_properties(part)) for part in parts]
    same = events == "hit" and exposure == "inspection"
    wrong = sorted(frozenset[str]().union(*named) & OF_BOTH)
    if wrong and not same:
        raise BadParameter(
            f"{wrong[0]} cannot be filtered here: {exposure} has it as well and is not filtered",
            f"此处不能按 {wrong[0]} 过滤：检查量（{exposure}）不受该条件限制",
            parameter="filter",
            mend_en="Use since and until, and bbox.", mend_zh="请使用 since、until 和 bbox。",
        )  # fmt: skip
    shared = tuple(part for part, of in zip(parts, named, strict=True) if of <= SHARED)
    return HeatFilter(parts, shared, all(of <= DIMENSIONS[events] for of in named), same)


def _conjuncts(node: Node) -> Iterator[Node]:
    """Yield the conditions that all must hold."""
    if isinstance(node, dict) and str(node.get("op", "")).lower() == "and":
        args = node.get("args")
        for part in args if isinstance(args, list) else []:
            yield from _conjuncts(part)
    else:
        yield node


def _properties(node: Node) -> Iterator[str]:
    """Yield the names of all columns in a condition."""
    if isinstance(node, list):
        for part in node:
            yield from _properties(part)
    elif isinstance(node, dict):
        if isinstance(name := node.get("property"), str):
            yield name
        for part in node.values():
            yield from _properties(part)
