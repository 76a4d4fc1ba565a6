"""The rules of waterways alone: what each must be, with units in the names and ranges."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from routing.cost.network_rules import rules_of
from spatial.networks.waterway import CLASSES
from spatial.networks.waterway import KIND as WATERWAY
from spatial.rules import RuleModel, RuleTable, register

LimitKind = Literal["depth", "sill", "clearance", "width", "length", "bend_radius", "tonnage"]
ClassName = Literal["I", "II", "III", "IV", "V", "VI", "VII"]
Metres = Annotated[float, Field(gt=0, le=100_000)]
OF_WATERWAYS = rules_of(WATERWAY)
"""Those that any kind of network has."""


class Margin(RuleModel):
    """What a vessel needs of a limit: its size times `times`, plus `add` (m or t)."""

    times: float = Field(default=1.0, ge=1, le=10)
    add: float = Field(default=0.0, ge=0, le=20)


class Margins(RuleModel):
    """The margin of each kind of limit."""

    depth: Margin
    sill: Margin
    clearance: Margin
    width: Margin
    length: Margin
    bend_radius: Margin
    tonnage: Margin

    def of(self, kind: str) -> Margin:
        """Return that of a kind of limit."""
        found: Margin = getattr(self, kind)
        return found


class Needed(RuleModel):
    """Kinds of limits that must be known of an edge, and of an opening of a structure."""

    edge: tuple[LimitKind, ...]
    bridge: tuple[LimitKind, ...]
    lock: tuple[LimitKind, ...]
    other: tuple[LimitKind, ...]

    def of(self, structure: str) -> tuple[LimitKind, ...]:
        """Return what must be known of a kind of structure."""
        return {"bridge": self.bridge, "lock": self.lock}.get(structure, self.other)


class LevelReach(RuleModel):
    """How long a reading counts, how far apart values run straight, how far windows reach."""

    reading_hours: float = Field(gt=0, le=240)
    gap_hours: float = Field(gt=0, le=240)
    days: int = Field(ge=1, le=7)


class ClassTonnage(RuleTable[dict[ClassName, Annotated[float, Field(gt=0, le=100_000)]]]):
    """Tonnage (t) of the vessels that a class is for; all classes, falling."""

    @field_validator("root")
    @classmethod
    def _falling(cls, table: dict[ClassName, float]) -> dict[ClassName, float]:
        tonnes = [table[name] for name in CLASSES if name in table]
        if len(tonnes) < len(CLASSES) or sorted(tonnes, reverse=True) != tonnes:
            raise ValueError(f"all of {', '.join(CLASSES)} must be there, each less than the last")
        return table


class Standard(RuleModel):
    """Least dimensions of a class (m)."""

    depth: Metres
    width: Metres
    bend_radius: Metres
    clearance: Metres


class ClassStandard(RuleTable[dict[ClassName, Standard]]):
    """Least dimensions of each class."""


class StandardVessel(RuleModel):
    """A vessel that is laden as its class allows (m)."""

    draught_m: Metres
    air_draught_m: Metres
    beam_m: Metres
    length_m: Metres


class StandardVessels(RuleTable[dict[ClassName, StandardVessel]]):
    """A vessel of each class for which waterways are judged as a whole."""


class Title(RuleModel):
    """A text in both languages."""

    zh: str
    en: str


class Paper(RuleModel):
    """A paper that a vessel must have on board; an `article` says so.

    Where `persons`, it says how many must be on board. `grades` are the gross tonnages below which
    each grade is enough; a grade that is not named is enough for any.
    """

    title: Title
    article: str = Field(min_length=1)
    persons: bool = False
    grades: dict[str, Annotated[float, Field(gt=0)]] = {}


class Papers(RuleTable[dict[str, Paper]]):
    """The papers that a vessel needs, by kind."""


MARGINS = register("waterway.margins", Margins, zh="通航富余", en="Margins of vessels")
NEEDED = register("waterway.needed", Needed, zh="判定所需限值", en="Limits that must be known")
LEVELS = register("waterway.levels", LevelReach, zh="水位取值", en="How levels count")
CLASS_TONNAGE = register(
    "waterway.class_tonnage", ClassTonnage, zh="航道等级吨级", en="Tonnage by class"
)
CLASS_STANDARD = register(
    "waterway.class_standard", ClassStandard, zh="航道等级尺度", en="Dimensions by class"
)
CENSUS = register(
    "waterway.census", StandardVessels, zh="判定用标准船舶", en="Standard vessels of the census"
)
PAPERS = register("vessel.papers", Papers, zh="船舶证书", en="Papers of vessels")
