"""The rows of a timetable on their way in: good, or refused with file, line and reason."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar, cast

from pydantic import ValidationError

from data.linkage.tables import ROWS, TimetableRow
from spatial.errors import Quarantined
from spatial.postgres.ingest import BadRow

R = TypeVar("R", bound=TimetableRow)
Cells = Mapping[str, str]
Files = Mapping[str, Sequence[Cells]]
"""Rows by file, as they stand there; the first has line 2."""
_REASONS = {
    "greater_than_equal": "too-small",
    "missing": "missing-value",
    "extra_forbidden": "unknown-column",
}


@dataclass(frozen=True)
class Given(Generic[R]):
    """A row with where it stands."""

    file: str
    line: int
    cells: Cells
    row: R

    @property
    def at(self) -> str:
        """Its place, as messages name it."""
        return f"{self.file}:{self.line}"


@dataclass
class Stage:
    """All good rows by their kind, and the refused ones."""

    rows: dict[type[TimetableRow], list[Given[TimetableRow]]]
    bad: list[BadRow] = field(default_factory=list)
    left_out: int = 0
    """Trips without a fault of their own that miss a refused row."""

    def of(self, kind: type[R]) -> list[Given[R]]:
        """Return the good rows of a kind."""
        return cast(list[Given[R]], self.rows[kind])

    def keep(self, kind: type[R], kept: list[Given[R]]) -> None:
        """Keep these rows of a kind only."""
        self.rows[kind] = cast(list[Given[TimetableRow]], kept)

    def refuse(self, given: Given[R], reason: str, zh: str, en: str) -> None:
        """Put a row among the refused ones."""
        self.bad.append(_bad(given.file, given.line, reason, f"{zh} / {en}", given.cells))


def read_files(folder: Path) -> dict[str, list[Cells]]:
    """Return the rows of the files of a folder; empty cells are left out.

    Raises
    ------
    Quarantined
        A file that is needed is not there, or one is no table in UTF-8.
    """
    needed = ("feed_info.txt", "routes.txt", "trips.txt", "stop_times.txt")
    if missing := [name for name in needed if not (folder / name).is_file()]:
        raise Quarantined(
            f"{folder.name} has no {', '.join(missing)}", f"{folder.name} 缺少 {'、'.join(missing)}"
        )
    return {one.FILE: _read(folder / one.FILE) for one in ROWS if (folder / one.FILE).is_file()}


def _read(path: Path) -> list[Cells]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [
                {str(name): cell for name, cell in row.items() if isinstance(cell, str) and cell}
                for row in csv.DictReader(file)
            ]
    except (UnicodeDecodeError, csv.Error) as error:
        raise Quarantined(
            f"{path.name} is no table in UTF-8: {error}", f"{path.name} 不是 UTF-8 表格：{error}"
        ) from error


def stage_files(files: Files) -> Stage:
    """Return the rows of files, each checked by itself; of those with one key the first counts."""
    stage = Stage({kind: [] for kind in ROWS})
    for kind in ROWS:
        seen: dict[tuple[object, ...], int] = {}
        for line, cells in enumerate(files.get(kind.FILE, ()), 2):
            try:
                row = kind.model_validate(cells)
            except ValidationError as error:
                stage.bad.append(_faulty(kind.FILE, line, cells, error))
                continue
            given = Given(kind.FILE, line, cells, row)
            key = tuple(getattr(row, name) for name in kind.KEY)
            first = seen.setdefault(key, line)
            if first != line:
                told = (
                    "、".join(map(str, key)),
                    f"{', '.join(map(str, key))} stands in line {first}",
                )
                stage.refuse(given, "duplicate", f"{told[0]} 已见第 {first} 行", told[1])
            else:
                stage.rows[kind].append(given)
    return stage


def _faulty(file: str, line: int, cells: Cells, error: ValidationError) -> BadRow:
    fault = error.errors(include_url=False)[0]
    column = ".".join(map(str, fault["loc"][:1]))
    negative = fault["type"] == "greater_than_equal" and column.endswith(("_per_teu", "_per_t"))
    reason = "negative-price" if negative else _REASONS.get(fault["type"], "bad-value")
    told = f"{column}: {fault['msg']}" if column else str(fault["msg"])
    return _bad(file, line, reason, told, cells)


def _bad(file: str, line: int, reason: str, detail: str, cells: Cells) -> BadRow:
    return BadRow(line, reason, f"{file}:{line}: {detail}", {"file": file, **cells})
