"""The tables of a delivery: which columns each has, and their cells as typed rows."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.fields import FieldInfo

from spatial.schema.cells import as_bool, as_text, as_time

LimitKind = Literal["depth", "sill", "clearance", "width", "length", "bend_radius", "tonnage"]
"""What a limit limits: metres, tonnes for the tonnage."""
SiteKind = Literal["lock", "bridge", "cable", "weir", "gauge"]
WaterwayClass = Literal["I", "II", "III", "IV", "V", "VI", "VII", "unclassified"]

Text = Annotated[str, BeforeValidator(as_text)]
Flag = Annotated[bool, BeforeValidator(as_bool)]
Moment = Annotated[datetime, BeforeValidator(as_time)]
Metres = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Size = Annotated[float, Field(ge=-100, le=100_000, allow_inf_nan=False)]
Level = Annotated[float, Field(ge=-500, le=9000, allow_inf_nan=False)]


class Row(BaseModel):
    """A row; empty cells are not there."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class ReachRow(Row):
    """A stretch of waterway; without ends it joins those whose ends lie within 1 cm."""

    key: Text
    start: Text | None = None
    end: Text | None = None
    class_: WaterwayClass = Field(default="unclassified", alias="class")
    name_zh: Text | None = None
    name_en: Text | None = None
    oneway: Flag = False
    width_m: Metres | None = None
    tonnage_t: Metres | None = None
    speed_kmh: Metres | None = None

    @model_validator(mode="after")
    def _both_ends(self) -> Self:
        if (self.start is None) != (self.end is None):
            raise ValueError("start and end belong together")
        return self


class SiteRow(Row):
    """A structure or a gauge; `reach` is what it stands on, several parted by `;`."""

    key: Text
    kind: SiteKind
    name_zh: Text | None = None
    name_en: Text | None = None
    reach: Text | None = None
    datum: Text | None = None
    highest_navigable_level_m: Level | None = None
    lowest_navigable_level_m: Level | None = None
    tidal: Flag | None = None

    @property
    def reaches(self) -> tuple[str, ...]:
        """Return the keys of the reaches."""
        return tuple(part.strip() for part in (self.reach or "").split(";") if part.strip())


class OpeningRow(Row):
    """An opening of a bridge or a chamber of a lock."""

    site: Text
    number: int = Field(ge=1, le=1000)
    name_zh: Text | None = None
    name_en: Text | None = None
    hours: Text | None = None
    lockage_s: Metres | None = None


class LimitRow(Row):
    """A limit of a reach, of a site or of one of its openings; no `value` is not known."""

    reach: Text | None = None
    site: Text | None = None
    opening: int | None = Field(default=None, ge=1)
    kind: LimitKind
    value: Size | None = None
    datum: Text | None = None
    reference_level_m: Level | None = None
    gauge: Text | None = None
    valid_from: Moment | None = None
    valid_to: Moment | None = None
    note: Text | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if (self.reach is None) == (self.site is None):
            raise ValueError("name either reach or site")
        if self.opening is not None and self.site is None:
            raise ValueError("an opening is one of a site")
        if (self.gauge is None) != (self.reference_level_m is None):
            raise ValueError("gauge and reference_level_m belong together")
        if self.value is not None and self.value < 0 and self.kind not in {"depth", "sill"}:
            raise ValueError("value is below 0")
        if self.valid_from and self.valid_to and self.valid_to <= self.valid_from:
            raise ValueError("valid_to is not after valid_from")
        return self


class LevelRow(Row):
    """A reading of a gauge, or with `issued_at` a forecast."""

    gauge: Text
    at: Moment
    p50_m: Level
    issued_at: Moment | None = None
    p10_m: Level | None = None
    p90_m: Level | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        order = [v for v in (self.p10_m, self.p50_m, self.p90_m) if v is not None]
        if order != sorted(order):
            raise ValueError("p10_m, p50_m and p90_m do not rise")
        if self.issued_at is None and len(order) > 1:
            raise ValueError("a forecast needs issued_at")
        if self.issued_at is not None and self.issued_at > self.at:
            raise ValueError("issued_at is after at")
        return self


ROWS: dict[str, type[Row]] = {
    "reaches": ReachRow,
    "sites": SiteRow,
    "openings": OpeningRow,
    "limits": LimitRow,
    "levels": LevelRow,
}
"""What the rows of each table are."""


def columns_of(table: str) -> dict[str, FieldInfo]:
    """Return the columns of a table with their fields, by the names that stand in files."""
    return {field.alias or name: field for name, field in ROWS[table].model_fields.items()}
