"""What is planted in the sample: each truth by name, where it is looked for, and what is found.

`data/truths.toml` is read by the generator, which plants it, and by whatever proves that it is
found, and nothing beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from spatial.errors import ConfigError
from spatial.faults import list_faults, wrong_file
from spatial.schema.declared_kinds import Title
from spatial.settings import PROJECT
from spatial.toml_file import Unreadable, parse_toml, read_bytes

FILE = PROJECT / "data" / "truths.toml"
LOOKED_AT = timedelta(hours=12)
"""Time of the sample's day at which truths are looked for."""


class Truth(BaseModel):
    """One planted truth.

    It is looked for in the rows of a layer, by the values of a column in their order, or in the
    numbers of an indicator, by the counties whose number is below what all others have.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    title: Title
    layer: str | None = None
    filter: str | None = None
    """CQL2 text; `{day}` and `{now}` stand for the day and noon of the sample."""
    column: str | None = None
    indicator: str | None = None
    months_ago: int = Field(default=0, ge=0, le=12)
    below: float | None = None
    finds: tuple[str, ...] | dict[str, float]
    planted: dict[str, Any] = {}
    """How the generator plants it."""

    @model_validator(mode="after")
    def _looked_for_in_one_place(self) -> Self:
        if (self.layer is None) == (self.indicator is None):
            raise ValueError("name either layer or indicator")
        if (self.layer is None) == (self.below is None) or (self.layer and not self.column):
            raise ValueError("a layer needs column, an indicator below")
        return self

    def asks(self, anchor: datetime) -> dict[str, str]:
        """Return the query of the layer on the sample's day.

        Parameters
        ----------
        anchor
            Start of that day, with offset.
        """
        noon = (anchor + LOOKED_AT).isoformat()
        if not self.filter:
            return {}
        text = self.filter.replace("{now}", f"TIMESTAMP('{noon}')")
        return {"filter": text.replace("{day}", f"DATE('{anchor.date().isoformat()}')")}


def read_truths() -> Mapping[str, Truth]:
    """Return the truths by name, in the order of the file.

    Raises
    ------
    ConfigError
        The file cannot be read, or a truth is wrong; names file and key.
    """
    try:
        document = parse_toml(read_bytes(FILE))
    except Unreadable as error:
        raise wrong_truth("TOML", str(error)) from error
    found: dict[str, Truth] = {}
    for name, one in document.items():
        try:
            found[name] = Truth.model_validate(one)
        except ValidationError as error:
            key, why = list_faults(error, Truth, one)[0]
            raise wrong_truth(f"{name}.{key}".rstrip("."), why) from error
    return MappingProxyType(found)


def wrong_truth(key: str, why: str) -> ConfigError:
    """Return the error for a key of the file of truths."""
    return wrong_file(
        f"{FILE.parent.name}/{FILE.name}", key, why,
        mend_en="docs/scenarios.md says what a truth is.",
        mend_zh="docs/scenarios.md 说明预置事实的写法。",
        file=str(FILE), key=key,
    )  # fmt: skip
