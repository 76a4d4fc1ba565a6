"""All processes by id: found by scanning `layers/processes/<area>/*.py` for a `PROCESS`.

A further process is one file; what it needs are readers, found in the same way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType, ModuleType

from pydantic import ValidationError

from layers import processes
from layers.processes.runtime.declared import faults
from layers.processes.runtime.model import Inputs, Process
from spatial.errors import BadParameter, ConfigError, NoSuchProcess
from spatial.faults import wrong_file

READERS, RUNTIME = "readers", "runtime"

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
    homes: dict[str, str] = {}
    for path in _modules():
        process = _declared(path)
        if process is None:
            continue
        for fault in faults(process):
            raise _wrong(path, fault)
        home = homes.setdefault(process.id, _place(path))
        if home != _place(path):
            raise _wrong(path, f"id: {process.id!r} is that of {home} too")
        found[process.id] = process
    return MappingProxyType(dict(sorted(found.items())))


def _declared(path: Path) -> Process | None:
    """Return what a file exports; one that has its process under another name is a slip."""
    members = vars(_imported(path))
    process = members.get("PROCESS")
    if process is None:
        for name, member in members.items():
            if isinstance(member, Process):
                raise _wrong(path, f"{name}: a process is exported as PROCESS")
        return None
    if not isinstance(process, Process):
        raise _wrong(path, f"PROCESS is no Process but {type(process).__name__}")
    return process


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


def _place(path: Path) -> str:
    return f"layers/processes/{path.parent.name}/{path.name}"


def _wrong(path: Path, why: str) -> ConfigError:
    return wrong_file(
        _place(path),
        why,
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
