"""The register of the reform plan: 90 rows, whose each is, and what of this product carries it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from layers.declare.base import Declaration, Text
from layers.declare.catalog import Declared
from layers.declare.layer import Identifier
from layers.declare.reading import checked, wrong
from spatial.errors import ConfigError

FILE = "office/plan.toml"
DOCS = "scenarios"
RowId = r"^(P[0-9](\.[0-9])?|M[0-9]{2}|S[0-9]{2}|X[0-9]|G[0-9])$"


class Team(Declaration):
    """Who owns rows: the office, a work team, a team of an application, an area's institution."""

    id: str = Field(pattern=Identifier)
    kind: Literal["office", "work", "application", "area"]
    title: Text


class Feature(Declaration):
    """Something of the platform that carries rows: an address of the API, or a document."""

    id: str = Field(pattern=Identifier)
    title: Text
    path: str | None = Field(default=None, pattern=r"^/api/")
    document: str | None = Field(default=None, pattern=r"^[a-z-]+\.md$")

    @model_validator(mode="after")
    def _found_somewhere(self) -> Feature:
        if (self.path is None) == (self.document is None):
            raise ValueError("name either path or document")
        return self


class Owners(Declaration):
    """Where the ownership of all rows comes from."""

    origin: Literal["real", "derived", "schematic", "synthetic"]
    source: str


class Row(Declaration):
    """One row of the plan; one without a title is reserved."""

    id: str = Field(pattern=RowId)
    block: Literal["platform", "module", "scenario", "application", "guarantee"]
    area: str | None = Field(default=None, pattern=Identifier)
    title: Text | None = None
    size: Literal["S", "S/M", "M", "L"] | None = None
    team: str
    feature: str | None = None
    """Id of the feature that carries it; which scenario does stands in the scenario's file."""
    waits_for: Text | None = None
    """What it still lacks."""


class Plan(Declaration):
    """The whole register."""

    owners: Owners = Owners(origin="schematic", source="")
    teams: tuple[Team, ...] = ()
    features: tuple[Feature, ...] = ()
    rows: tuple[Row, ...] = ()

    @cached_property
    def by_id(self) -> dict[str, Row]:
        """Rows by id, in the order of the plan."""
        return {row.id: row for row in self.rows}

    @cached_property
    def team_of(self) -> dict[str, Team]:
        """Teams by id."""
        return {team.id: team for team in self.teams}

    @cached_property
    def feature_of(self) -> dict[str, Feature]:
        """Features by id."""
        return {feature.id: feature for feature in self.features}


def read_plan(declared: Declared) -> Plan:
    """Return the register, an empty one where there is no file: a part of the catalogue.

    Raises
    ------
    ConfigError
        A row is wrong; names file and key.
    """
    path = declared.reading.folder / FILE
    if not path.exists():
        return Plan()
    plan = checked(Plan, path, declared.reading.document(path), DOCS)
    for key, why in _faults(plan, declared):
        raise _wrong(path, key, why)
    return plan


def _faults(plan: Plan, declared: Declared) -> Iterator[tuple[str, str]]:
    for name in ("teams", "features", "rows"):
        counted = Counter(one.id for one in getattr(plan, name))
        yield from ((f"{name}.{one}", "stands twice") for one, n in counted.items() if n > 1)
    for row in plan.rows:
        at = f"rows.{row.id}"
        if row.team not in plan.team_of:
            yield f"{at}.team", f"no team {row.team!r}"
        if row.feature is not None and row.feature not in plan.feature_of:
            yield f"{at}.feature", f"no feature {row.feature!r}"
        if row.area is not None and row.area not in declared.areas:
            yield f"{at}.area", f"no area {row.area!r}"


def _wrong(path: Path, key: str, why: str) -> ConfigError:
    return wrong(path, key, why, DOCS)
