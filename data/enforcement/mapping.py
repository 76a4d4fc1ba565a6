"""The mapping of a delivery of enforcement: which kind of record it has, which rows take back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field

from data.layerfile.mapping import LayerMapping, read_mapping_as
from spatial.errors import BadParameter, ConfigError
from spatial.geo.codes import parse_stake
from spatial.schema.kinds import Kind, Line, Props


class RecordMapping(LayerMapping):
    """A mapping whose rows have a key; a row may take back what an earlier one brought."""

    key: str
    withdrawn: str | None = None


CODES: Mapping[str, tuple[str, ...]] = {
    "stage": ("investigating", "closed", "withdrawn"),
    "verdict": ("warning", "fine", "penalty"),
}
"""What these columns of cases and inspections may say: a misspelt one would count."""


def _stake(text: str) -> str:
    try:
        parse_stake(text)
    except BadParameter as error:
        raise ValueError(error.en) from error
    return text


Stake = Annotated[str, AfterValidator(_stake)]
Side = Literal["up", "down"]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
"""A word of a list, such as `overload`: never a text, which might name a person."""
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{16,128}$")]
"""A digest in hexadecimal: a number plate itself is not stored."""


class CaseProps(Props):
    """What a case holds beside its columns."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    violation: Code | None = None
    line: Line | None = None
    vehicle: str | None = None
    axles: int | None = Field(default=None, ge=2, le=20)
    gross_kg: float | None = Field(default=None, gt=0)
    limit_kg: float | None = Field(default=None, gt=0)
    over_kg: float | None = Field(default=None, gt=0)
    over_pct: float | None = Field(default=None, gt=0)
    plate_hash: Digest | None = None
    route_id: str | None = None
    stake: Stake | None = None
    side: Side | None = None


class InspectionProps(Props):
    """How many vehicles a shift inspected, and how many cases it found."""

    inspected: int = Field(ge=0, le=1_000_000)
    hits: int = Field(default=0, ge=0)
    route_id: str | None = None
    stake: Stake | None = None
    side: Side | None = None


@dataclass(frozen=True)
class RecordKind:
    """A kind of record: where it lies, which column says when it was, what else it may fill."""

    kind: Kind
    at: str
    more: tuple[str, ...]
    usual: Mapping[str, object]


def _case(name: str, props: type[Props], stage: str) -> RecordKind:
    more = ("workflow", "stage", "due_at", "closed_at", "verdict", "amount_cny")
    usual = {"workflow": name, "stage": stage}
    return RecordKind(Kind(name, "case_file", "point", props), "opened_at", more, usual)


RECORD_KINDS: Mapping[str, RecordKind] = {
    "enforcement": _case("enforcement", CaseProps, "investigating"),
    "inspection": _case("inspection", InspectionProps, "closed"),
    **{
        name: RecordKind(Kind(name, "exposure", "point"), "at", ("n",), {"n": 1})
        for name in ("passage", "shift")
    },
}


def read_record_mapping(path: Path) -> tuple[RecordMapping, RecordKind]:
    """Read and check the mapping of a delivery.

    Raises
    ------
    Quarantined
        The datum is not declared.
    ConfigError
        A key is unknown, missing or wrong; file and key are named.
    """
    mapping = read_mapping_as(RecordMapping, path)
    what = RECORD_KINDS.get(mapping.kind or "")
    if what is None:
        raise ConfigError(
            f"{path.name}: kind must be one of {', '.join(RECORD_KINDS)}",
            f"{path.name}：kind 须为 {'、'.join(RECORD_KINDS)} 之一",
        )
    named = {*mapping.columns, *mapping.values}
    if wrong := sorted(named - {what.at, *what.more}):
        raise ConfigError(
            f"{path.name}: columns.{wrong[0]}: a {what.kind.name} has {what.at},"
            f" {', '.join(what.more)}",
            f"{path.name}：columns.{wrong[0]}：{what.kind.name} 只有"
            f" {what.at}、{'、'.join(what.more)}",
        )
    if what.at not in named:
        raise ConfigError(
            f"{path.name}: columns.{what.at} must be mapped: when it was",
            f"{path.name}：须映射 columns.{what.at}（时间）",
        )
    values = {**what.usual, **mapping.values}
    return mapping.model_copy(update={"values": values}), what
