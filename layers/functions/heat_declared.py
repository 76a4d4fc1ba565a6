"""What a declaration of heat asks for, held against rules and layers before anybody asks."""

from __future__ import annotations

from collections.abc import Set

from pydantic import BaseModel

from layers.declare.catalog import Declared
from layers.functions.heat_question import HeatQuestion, check_cells, check_periods
from layers.heat.filter_rows import check_filter
from layers.heat.heat_filter import LAYERS
from layers.heat.recorded import declared_kinds
from layers.processes.law.cell_inputs import counted
from layers.processes.law.heat_surface import bandwidth_of
from layers.processes.runtime.model import wrong_input
from routing.statistics.rule_models import BANDWIDTH
from spatial.rule_files import read_rules
from spatial.rules import type_rule


def check_declared(asked: BaseModel, declared: Declared, free: Set[str]) -> None:
    """Refuse a bandwidth beyond any version of its rule, and kinds and columns that no layer lists.

    Cells and periods that the surface does not have are refused as well, unless they are `free`.
    Units are known to the database alone; a question is held against them when it is asked.

    Raises
    ------
    BadParameter
        Names the parameter.
    """
    assert isinstance(asked, HeatQuestion)  # noqa: S101
    for rule in read_rules(declared.reading.folder, BANDWIDTH.key):
        bandwidth_of(asked, {rule.key: type_rule(rule)})
    if "cells" not in free:
        check_cells(asked)
    check_periods(asked, free)
    _check_kinds(asked, declared)
    if asked.filter is not None:
        relation = declared.relations.get(LAYERS[asked.events])
        if relation is None:
            name = LAYERS[asked.events]
            raise wrong_input("filter", f"no layer {name} to filter", f"没有图层 {name}")
        check_filter(relation, counted(asked))


def _check_kinds(asked: HeatQuestion, declared: Declared) -> None:
    known = declared_kinds(declared.layers.values(), asked.events) | {"unknown"}
    if asked.events == "hit":
        known = {"inspection"}
    elif LAYERS[asked.events] not in declared.layers:
        return
    for kind in asked.kinds or ():
        if kind not in known:
            names = ", ".join(sorted(known))
            raise wrong_input(
                "kinds",
                f"no kind {kind!r}; there are: {names}",
                f"没有类别 {kind!r}；现有：{names}",
            )
