"""The files of rules, `<area>/*.rule.toml`: read and checked, all faults told at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Literal

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from spatial.errors import ConfigError
from spatial.faults import list_faults
from spatial.json_types import JsonObject
from spatial.rules import (
    M,
    Period,
    Rule,
    RuleBook,
    RuleFaults,
    RuleKind,
    get_rule,
    list_kinds,
)
from spatial.rules import type_rule as check_value
from spatial.settings import PROJECT
from spatial.toml_file import Unreadable, parse_toml, read_bytes

FOLDER = PROJECT / "layers" / "areas"
PATTERN = "*/*.rule.toml"
KNOWN = (
    "*/area.toml",
    "*/*.layer.toml",
    "*/*.function.toml",
    "*/*.indicator.toml",
    "*/*.scenario.toml",
    "*/*.report.toml",
    "office/plan.toml",
    PATTERN,
)


UNREAD = f"is none of {', '.join(KNOWN)}"


def list_unread(folder: Path) -> list[Path]:
    """Return the files of a folder of areas that nobody reads, for the name that they have."""
    found = sorted({*folder.glob("*.toml"), *folder.glob("*/*.toml")})
    places = ((path, path.relative_to(folder)) for path in found)
    return [path for path, at in places if not any(at.match(pattern) for pattern in KNOWN)]


class _Declared(BaseModel):
    """One version of one rule as a file has it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str = Field(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)+$", max_length=100)
    version: str = Field(min_length=1, max_length=100)
    value: object
    source: str = Field(pattern=r"\S")
    origin: Literal["real", "derived", "schematic", "synthetic"]
    legal_text: str | None = None
    valid_from: AwareDatetime
    valid_to: AwareDatetime | None = None


@dataclass
class _Reading:
    """What was read so far, and what is wrong with it."""

    only: str | None = None
    found: list[tuple[str, Period]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def read(self, path: Path) -> None:
        """Read one file."""
        place = f"{path.parent.name}/{path.name}"
        try:
            body = parse_toml(read_bytes(path))
        except Unreadable as error:
            self.wrong.append(f"{place}: {error}")
            return
        unknown = sorted(set(body) - {"rule"})
        self.wrong += [f"{place}: {name} is not known; known: rule" for name in unknown]
        items = body.get("rule", [])
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            self.wrong.append(f"{place}: rules are written as [[rule]]")
            return
        if not body:
            self.wrong.append(f"{place}: holds no rule; delete the file where its rules shall end")
        for item in items:
            if self.only in (None, item.get("key")):
                self._take(place, item)

    def _take(self, place: str, item: JsonObject) -> None:
        head = f"{place}: {item.get('key', 'a rule without key')}"
        try:
            declared = _Declared.model_validate(item)
            value = orjson.loads(orjson.dumps(declared.value))
        except ValidationError as error:
            told = list_faults(error, _Declared, item)
            self.wrong += [f"{head}: {key}: {why}" for key, why in told]
            return
        except TypeError as error:
            self.wrong.append(f"{head}: value: {error}")
            return
        period = Period(**declared.model_dump() | {"value": value})
        if period.empty:
            self.wrong.append(f"{head}: valid_to must be after valid_from")
        try:
            check_value(period)
        except RuleFaults as error:
            self.wrong += [f"{head}: {fault}" for fault in error.faults]
        self.found.append((place, period))

    def check_names(self, folder: Path) -> None:
        """Tell of files that nobody reads: a mistyped name would end the rules of a file."""
        self.wrong += [f"{path.relative_to(folder)}: {UNREAD}" for path in list_unread(folder)]

    def check(self) -> None:
        """Compare the versions of each rule."""
        by_key: dict[str, list[tuple[str, Period]]] = defaultdict(list)
        for place, period in self.found:
            by_key[period.key].append((place, period))
        for key, given in by_key.items():
            given.sort(key=lambda one: one[1].valid_from)
            versions = [period.version for _, period in given]
            twice = sorted({v for v in versions if versions.count(v) > 1})
            self.wrong += [f"{given[0][0]}: {key}: version {v} stands twice" for v in twice]
            for (_, first), (place, second) in pairwise(given):
                if first.valid_from == second.valid_from or _reaches(first, second):
                    begins = second.valid_from.isoformat()
                    self.wrong.append(
                        f"{place}: {key}: versions {first.version} and {second.version}"
                        f" are both in force at {begins}"
                    )


def _reaches(first: Period, second: Period) -> bool:
    """Tell whether a version is said to last into the next one; without an end it does not."""
    return first.valid_to is not None and first.valid_to > second.valid_from


def read_rules(folder: Path = FOLDER, only: str | None = None) -> list[Period]:
    """Return all rules below a folder of areas, or only those of one key, by key and time.

    Each ends where the next one begins.

    Raises
    ------
    ConfigError
        Names every fault with file, key and what is expected.
    """
    reading = _Reading(only)
    for path in sorted(folder.glob(PATTERN)):
        reading.read(path)
    reading.check_names(folder)
    reading.check()
    if reading.wrong:
        raise _wrong(folder, reading.wrong)
    return close_periods(period for _, period in reading.found)


def check_complete(periods: Iterable[Period], folder: Path) -> None:
    """Refuse files that lack a rule without which nothing works.

    Raises
    ------
    ConfigError
    """
    declared = {period.key for period in periods}
    lacking = [kind.key for kind in list_kinds() if kind.required and kind.key not in declared]
    if lacking:
        raise _wrong(folder, [f"{key}: no file declares it, it is needed" for key in lacking])


def _wrong(folder: Path, faults: list[str]) -> ConfigError:
    text = "\n  ".join(faults)
    return ConfigError(
        f"Rules in {folder}:\n  {text}", f"{folder} 中的规则：\n  {text}",
        mend_en="Mend the named files; docs/rules.md tells how.",
        mend_zh="请更正所列文件，说明见 docs/rules.md。",
        faults=faults,
    )  # fmt: skip


def close_periods(periods: Iterable[Period]) -> list[Period]:
    """Return declared versions by key and time, each ended where the next one begins."""
    ordered = sorted(periods, key=lambda period: (period.key, period.valid_from))
    closed = list(ordered)
    for number, (first, second) in enumerate(pairwise(ordered)):
        if first.key == second.key and first.valid_to is None:
            closed[number] = replace(first, valid_to=second.valid_from)
    return closed


def read_rule(kind: RuleKind[M], folder: Path = FOLDER) -> Rule[M]:
    """Return the version of a rule that the files put in force now.

    Raises
    ------
    ConfigError
        A file is wrong.
    RuleMissing
        No file declares it.
    """
    now = datetime.now(UTC)
    return get_rule(RuleBook.of(read_rules(folder, kind.key), now).at(now), kind)


def list_declared(folder: Path) -> set[str]:
    """Return the keys of all rules that files below a folder declare, whatever their values.

    Raises
    ------
    ConfigError
        A file is no TOML.
    """
    found: set[str] = set()
    for path in sorted(folder.glob(PATTERN)):
        try:
            items = parse_toml(read_bytes(path)).get("rule", [])
        except Unreadable as error:
            raise _wrong(folder, [f"{path.parent.name}/{path.name}: {error}"]) from error
        found |= {str(item.get("key")) for item in items if isinstance(item, dict)}
    return found
