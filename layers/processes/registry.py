"""All processes by id: found by scanning `layers/processes/<area>/*.py` for a `PROCESS`.

A further process is one file; what it needs are readers, found in the same way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType, ModuleType

from pydantic import ValidationError

from layers import processes
from layers.processes.runtime.model import Inputs, Process
from layers.processes.runtime.readers import list_readers
from spatial.errors import BadParameter, ConfigError, NoSuchProcess

READERS, RUNTIME = "readers", "runtime"
_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")

Processes = Mapping[str, Process]


def find_processes() -> Processes:
    """Return the processes of all areas, in the order of their ids.

    Raises
    ------
    ConfigError
        A file cannot be imported, or declares what cannot be; names the file.
    """
    for path in _modules(READERS):
        _imported(path)
    found: dict[str, Process] = {}
    for path in _modules():
        process = getattr(_imported(path), "PROCESS", None)
        if process is None:
            continue
        for fault in _faults(process):
            raise _wrong(path, fault)
        if found.setdefault(process.id, process) is not process:
            raise _wrong(path, f"id: {process.id!r} is another process's")
    return MappingProxyType(dict(sorted(found.items())))


def _modules(area: str | None = None) -> Iterator[Path]:
    """Return the files of an area, or of all areas of processes."""
    for folder in processes.__path__:
        for path in sorted(Path(folder).glob("*/[!_]*.py")):
            name = path.parent.name
            if name == area or (area is None and name not in (READERS, RUNTIME)):
                yield path


def _imported(path: Path) -> ModuleType:
    try:
        return import_module(f"{processes.__name__}.{path.parent.name}.{path.stem}")
    except Exception as error:  # whatever a file does when it is imported, its name is told
        raise _wrong(path, f"{type(error).__name__}: {error}") from error


def _faults(process: object) -> Iterator[str]:
    if not isinstance(process, Process):
        yield f"PROCESS is no Process but {type(process).__name__}"
        return
    if not _ID.fullmatch(process.id):
        yield f"id: {process.id!r} is not of lower case, digits and single hyphens"
    known = list_readers()
    names = [need.name for need in process.reads]
    for need in process.reads:
        if need.reader not in known:
            yield f"reads: no reader {need.reader!r}; there are {', '.join(known)}"
        if isinstance(need.of, str) and need.of not in process.inputs.model_fields:
            yield f"reads: no input {need.of!r}"
        if names.count(need.name) > 1:
            yield f"reads: {need.name!r} twice"


def _wrong(path: Path, why: str) -> ConfigError:
    where = f"{path.parent.name}/{path.name}"
    return ConfigError(
        f"layers/processes/{where}: {why}",
        f"layers/processes/{where}：{why}",
        mend_en="docs/add-a-process.md says what the file of a process holds.",
        mend_zh="docs/add-a-process.md 说明处理文件的内容。",
        file=str(path),
    )


def get_process(found: Processes, process_id: str) -> Process:
    """Return a process.

    Raises
    ------
    NoSuchProcess
    """
    process = found.get(process_id)
    if process is None:
        raise NoSuchProcess(
            f"No process {process_id[:60]!r}",
            f"没有处理 {process_id[:60]!r}",
            mend_en=f"There are: {', '.join(found)}.",
            mend_zh=f"可用：{'、'.join(found)}。",
        )
    return process


def check_inputs(process: Process, given: Mapping[str, object]) -> Inputs:
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
