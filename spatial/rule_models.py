"""The rules of law, safety, works and quality, which loaders and servers both read."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from spatial.rules import RuleModel, RuleTable, register

Kg = Annotated[int, Field(gt=0, le=1_000_000)]
Colour = Literal["red", "orange", "yellow", "blue"]


class Above(RuleModel):
    """A colour above a score."""

    above: float = Field(ge=0)
    colour: Colour


class From(RuleModel):
    """A colour from a score on."""

    from_: float = Field(alias="from", ge=0)
    colour: Colour


class FourColours(RuleModel):
    """D = L × C: consequences, the highest likelihood, colours from the highest bound down."""

    formula: str
    consequences: tuple[Annotated[int, Field(gt=0)], ...] = Field(min_length=1)
    likelihood_max: float = Field(gt=0)
    bounds: tuple[Above, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _falling(self) -> Self:
        if not all(high.above > low.above for high, low in pairwise(self.bounds)):
            raise ValueError("bounds must fall")
        return self

    def colour_of(self, score: float) -> Colour:
        """Return the colour of the first bound that a score lies above, else the lowest."""
        return next((b.colour for b in self.bounds if score > b.above), self.bounds[-1].colour)


class Matrix(RuleModel):
    """R = L × S on five by five: colours from the highest bound down."""

    formula: str
    likelihood_max: float = Field(default=5, gt=0)
    bounds: tuple[From, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _falling(self) -> Self:
        if not all(high.from_ > low.from_ for high, low in pairwise(self.bounds)):
            raise ValueError("bounds must fall")
        return self

    def colour_of(self, score: float) -> Colour:
        """Return the colour of the first bound that a score reaches, else the lowest."""
        return next((b.colour for b in self.bounds if score >= b.from_), self.bounds[-1].colour)


class WeatherFactors(RuleTable[dict[Colour, Annotated[float, Field(ge=1, le=10)]]]):
    """By how much a weather warning of a colour multiplies the likelihood of a risk inside it."""


class ZoneGrade(RuleModel):
    """The colour of a zone by the risks in it.

    `max` is the worst of them; `share` the worst colour that at least this share of them reach.
    """

    method: Literal["max", "share"]
    share: float = Field(default=0.0, ge=0, le=1)


class Commitments(RuleTable[Annotated[tuple[str, ...], Field(min_length=1)]]):
    """What must be settled before a hazard leaves its registration."""


class CodeColours(RuleModel):
    """Bounds of a driver's safety code: points, and speedings within seven days."""

    red_points: int = Field(ge=1)
    yellow_points: int = Field(ge=1)
    yellow_overspeed_7d: int = Field(ge=1)
    low: str


RISK_COLOURS = register(
    "safety.risk_four_colour", FourColours, zh="风险四色（D=L×C）", en="Four colours of risk"
)
RISK_MATRIX = register(
    "safety.risk_matrix_5x5", Matrix, zh="5×5 风险矩阵", en="Risk matrix, five by five"
)
RISK_WEATHER = register(
    "safety.risk_weather", WeatherFactors, zh="天气预警对风险的影响", en="Weather and risk"
)
RISK_ZONE = register(
    "safety.risk_zone", ZoneGrade, zh="区域风险定级", en="Grade of a zone by its risks"
)
COMMITMENTS = register(
    "safety.hazard_commitments", Commitments, zh="隐患治理五落实", en="Commitments on a hazard"
)
SAFETY_CODE = register("safety.code_colour", CodeColours, zh="安全码", en="Safety code")


class Tolerance(RuleTable[Annotated[float, Field(gt=0, le=1_000_000)]]):
    """How far (m) a place may lie outside its unit."""


class Levels(RuleModel):
    """Share of the design value at which a bridge's reading is yellow, orange, red."""

    yellow: float = Field(gt=0, le=10)
    orange: float = Field(gt=0, le=10)
    red: float = Field(gt=0, le=10)

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if not self.yellow < self.orange < self.red:
            raise ValueError("yellow, orange and red must rise")
        return self

    def of(self, share: float) -> str:
        """Return the level of a reading, as a share of the design value."""
        if share >= self.yellow:
            return "red" if share >= self.red else "orange" if share >= self.orange else "yellow"
        return "normal"


class Heartbeats(RuleTable[dict[str, Annotated[float, Field(gt=0, le=31_536_000)]]]):
    """By kind of asset: the seconds within which it must be heard of again."""


class FeedLate(RuleModel):
    """After how many of its periods without a delivery a feed is late."""

    periods: float = Field(gt=0, le=100)


FEED_LATE = register("office.feed_late", FeedLate, zh="数据迟到判定", en="When a feed is late")
HEARTBEAT = register("office.heartbeat_s", Heartbeats, zh="资产心跳周期", en="Heartbeats of assets")
UNIT_TOLERANCE = register(
    "quality.unit_tolerance_m", Tolerance, zh="点位越界容差", en="Tolerance of a place's unit"
)
BRIDGE_LEVELS = register(
    "works.bridge_level_share", Levels, zh="桥梁监测预警分级", en="Levels of bridge monitoring"
)


class MassLimits(RuleModel):
    """Highest gross mass (kg) by number of axles."""

    truck: dict[Literal["2", "3", "4"], Kg]
    train: dict[Literal["3", "4", "5", "6"], Kg]
    six_single_drive_axle: Kg
    single_tyre_deduction: int = Field(ge=0, le=100_000)

    def of(self, kind: str, axles: int) -> int:
        """Return the limit (kg) of a truck or train."""
        table = self.truck if kind == "truck" else self.train
        return {str(number): kg for number, kg in table.items()}[str(axles)]


class Fine(RuleModel):
    """The fine (CNY) for exceeding a limit: a warning up to a mass, then so much a step."""

    warning_to_kg: Kg
    step_kg: Kg
    cny_per_step: float = Field(ge=0)
    cap_cny: float = Field(ge=0)


class Bands(RuleTable[Annotated[tuple[float, ...], Field(min_length=1)]]):
    """Upper bounds (%) of the bands of excess; the last band has none."""


class Days(RuleTable[Annotated[int, Field(gt=0, le=3650)]]):
    """A number of days."""


OVERLOAD_LIMIT = register(
    "law.overload_limit_kg", MassLimits, zh="车货总质量限值", en="Limits of gross mass"
)
OVERLOAD_FINE = register("law.overload_fine", Fine, zh="超限罚款", en="Fines for overload")
OVERLOAD_BANDS = register("law.overload_band_pct", Bands, zh="超限率分档", en="Bands of overload")
CASE_CLOCK = register(
    "law.case_clock_days", Days, zh="案件办理期限（日）", en="Days to decide a case"
)
