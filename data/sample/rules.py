"""Rules: thresholds, class tables, limits and fines, read from TOML into table `rule`.

A rule that has changed its value must have a new version: a stored decision names the version that
it used, so an existing (key, version) never changes its meaning silently.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal

import psycopg
from psycopg.types.json import Jsonb
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from spatial.errors import ConfigError
from spatial.settings import PROJECT

FOLDER = PROJECT / "layers" / "areas"


class Rule(BaseModel):
    """One version of one rule."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str = Field(pattern=r"^[a-z0-9_.]+$")
    version: str = Field(min_length=1)
    value: Any
    source: str = Field(min_length=1)
    origin: Literal["real", "derived", "schematic", "synthetic"]
    legal_text: str | None = None
    valid_from: AwareDatetime | None = None
    valid_to: AwareDatetime | None = None


def read_rules(folder: Path = FOLDER) -> list[Rule]:
    """Return all rules below a folder of areas.

    Raises
    ------
    ConfigError
        A file is no TOML, a key is unknown or missing, or a version stands twice; names the file.
    """
    rules: dict[tuple[str, str], Rule] = {}
    for path in sorted(folder.glob("*/*.rule.toml")):
        for rule in _read(path):
            if (rule.key, rule.version) in rules:
                raise _wrong(path, f"{rule.key} {rule.version} stands twice")
            rules[rule.key, rule.version] = rule
    return list(rules.values())


def _read(path: Path) -> list[Rule]:
    try:
        body = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise _wrong(path, str(error)) from error
    unknown = sorted(set(body) - {"rule"})
    if unknown:
        raise _wrong(path, f"unknown key {', '.join(unknown)}")
    return [_check(path, item) for item in body.get("rule", [])]


def _check(path: Path, item: dict[str, Any]) -> Rule:
    try:
        return Rule.model_validate(item)
    except ValidationError as error:
        first = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
        key = ".".join(str(part) for part in first["loc"])
        raise _wrong(path, f"{item.get('key', 'rule')}: {key}: {first['msg']}") from error


def _wrong(path: Path, what: str) -> ConfigError:
    place = f"{path.parent.name}/{path.name}"
    return ConfigError(f"{place}: {what}", f"{place}：{what}")


def load_rules(conn: psycopg.Connection[Any]) -> None:
    """Insert or refresh all rules of the project."""
    rows = [
        (r.key, r.version, Jsonb(r.value), r.legal_text, r.source, r.valid_from, r.valid_to,
         r.origin)
        for r in read_rules()
    ]  # fmt: skip
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO sigang.rule"
            " (key, version, value, legal_text, source, valid_from, valid_to, origin)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (key, version) DO UPDATE SET value = excluded.value,"
            " legal_text = excluded.legal_text, source = excluded.source,"
            " valid_from = excluded.valid_from, valid_to = excluded.valid_to,"
            " origin = excluded.origin",
            rows,
        )


def read_rule(key: str) -> Rule:
    """Return the newest version of a rule as the files declare it.

    Raises
    ------
    ConfigError
        There is no such rule.
    """
    versions = [rule for rule in read_rules() if rule.key == key]
    if not versions:
        raise ConfigError(f"no rule {key!r}", f"没有规则 {key!r}")
    return max(versions, key=lambda rule: rule.version)
