"""All processes by id: one visible mapping. A further one is a module and one entry here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from layers.processes.roads.assign import PROCESS as ASSIGN
from layers.processes.roads.cover import PROCESS as COVER
from layers.processes.roads.coverage import PROCESS as COVERAGE
from layers.processes.roads.criticality import PROCESS as CRITICALITY
from layers.processes.roads.export_network import PROCESS as EXPORT
from layers.processes.roads.intercept import PROCESS as INTERCEPT
from layers.processes.roads.what_if import PROCESS as WHAT_IF
from layers.processes.runtime.model import Inputs, Process
from spatial.errors import BadParameter, NoSuchProcess

PROCESSES: Mapping[str, Process] = MappingProxyType(
    {
        process.id: process
        for process in (ASSIGN, INTERCEPT, COVER, COVERAGE, CRITICALITY, WHAT_IF, EXPORT)
    }
)


def get_process(process_id: str) -> Process:
    """Return a process.

    Raises
    ------
    NoSuchProcess
    """
    found = PROCESSES.get(process_id)
    if found is None:
        raise NoSuchProcess(
            f"No process {process_id[:60]!r}",
            f"没有处理 {process_id[:60]!r}",
            mend_en=f"There are: {', '.join(PROCESSES)}.",
            mend_zh=f"可用：{'、'.join(PROCESSES)}。",
        )
    return found


def check_inputs(process: Process, given: Mapping[str, Any]) -> Inputs:
    """Return the inputs of a process as its model.

    Raises
    ------
    BadParameter
        Names each input that cannot be used.
    """
    try:
        return process.inputs.model_validate(given)
    except ValidationError as error:
        places = [
            {"in": ".".join(str(part) for part in ("inputs", *item["loc"])), "why": item["msg"]}
            for item in error.errors(include_url=False, include_input=False)
        ]
        names = ", ".join(place["in"] for place in places[:20])
        raise BadParameter(
            f"Cannot be used: {names}",
            f"无法使用：{names}",
            mend_en=f"/api/processes/{process.id} describes every input.",
            mend_zh=f"/api/processes/{process.id} 说明每个输入。",
            invalid=places[:20],
        ) from error
